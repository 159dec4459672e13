"""How a verb says no: in Shopify's own userErrors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UserError:
    """One refusal: the path of the input field it is about (None: the whole), a sentence, a code or None."""

    message: str
    field: tuple[str, ...] | None = None
    code: str | None = None


class Refused(Exception):
    """The shop refuses what was asked; `errors` say why."""

    def __init__(self, *errors: UserError) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


def refuse(message: str, *path: str, code: str | None = None) -> Refused:
    """A refusal with one error about the field at `path`; no path means the whole request."""
    return Refused(UserError(message, path or None, code))
