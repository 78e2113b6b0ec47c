"""Errors whose text a person reads.

Everything the product raises on purpose is a :class:`UserError`: what happened, where, and what to do next, without
values from the data. Any other exception is a defect; it reaches a person only as a reference id.
"""

from __future__ import annotations


class UserError(Exception):
    """A refusal a person can act on.

    code: stable, snake_case name for machines and tests (``too_many_columns``).
    message: one or two sentences: what happened and why.
    hint: what to do next; may be empty.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def to_json(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message, "hint": self.hint}


class NotFound(UserError):
    """The thing does not exist or does not belong to this person: deliberately the same answer."""

    def __init__(self, what: str = "page") -> None:
        super().__init__("not_found", f"This {what} does not exist or is not yours.", "Go back to the data page.")


class CannotAnswer(UserError):
    """The dataset lacks what a question needs; names the missing column or the missing number of people."""

    def __init__(self, message: str, missing: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__("cannot_answer", message, hint)
        self.missing = missing
