"""What a printed page says to a scanner: the barcodes of a PNG."""

from __future__ import annotations

import struct
import zlib

import zxingcpp


def barcodes(png: bytes) -> list[str]:
    """The texts of all barcodes of a picture, from top to bottom."""
    found = zxingcpp.read_barcodes(_gray(png))
    return [each.text for each in sorted(found, key=lambda each: each.position.top_left.y)]


def _gray(png: bytes) -> memoryview:
    """The picture as rows of grey bytes: PNG, 8 bits, not interlaced, without or with colour and opacity."""
    at, packed, width, height, channels = 8, b"", 0, 0, 0
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8
            channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    raw, stride = zlib.decompress(packed), width * channels
    above = bytearray(stride)
    grey = bytearray()
    for row in range(height):
        start = row * (stride + 1)
        line = _unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), above, channels)
        grey += line[::channels]
        above = line
    return memoryview(bytes(grey)).cast("B", (height, width))


def _unfiltered(kind: int, line: bytearray, above: bytearray, step: int) -> bytearray:
    for i in range(len(line)):
        left = line[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        line[i] = (line[i] + _predicted(kind, left, above[i], corner)) & 255
    return line


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 4:
        guess = left + up - corner
        return min((left, up, corner), key=lambda each: abs(guess - each))
    return (0, left, up, (left + up) // 2)[kind]
