"""Freeze the code of a commit as one file that Python imports from: the older version in the tests of upgrades.

    python tools/freeze.py 2410ebf tests/upgrade/ordna-before.zip

What it holds is what works on the database: everything but pages, API and practice shop. The same commit gives the same
bytes, so anyone with the history can check the file.
"""

import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

LEFT_OUT = ("src/ordna/web/", "src/ordna/api/", "src/ordna/practice/")
SAME_DATE = (1980, 1, 1, 0, 0, 0)


def freeze(commit: str, target: Path) -> int:
    """Write the file; how many modules and statements it holds."""
    archive = subprocess.run(["git", "archive", commit, "src/ordna"], check=True, capture_output=True).stdout
    count = 0
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar, zipfile.ZipFile(target, "w") as out:
        for member in sorted(tar.getmembers(), key=lambda member: member.name):
            content = tar.extractfile(member)
            if content is None or member.name.startswith(LEFT_OUT):
                continue
            info = zipfile.ZipInfo(member.name.removeprefix("src/"), SAME_DATE)
            info.external_attr = 0o644 << 16
            out.writestr(info, content.read(), zipfile.ZIP_DEFLATED, compresslevel=9)
            count += 1
    return count


if __name__ == "__main__":
    [_, commit, target] = sys.argv
    print(f"{freeze(commit, Path(target))} files of {commit} in {target}")
