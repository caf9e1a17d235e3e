"""The value every check returns: what is wrong, how sure that is, and what to do."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(Enum):
    """How much a finding matters; an error keeps the two sides from living together."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(Struct, frozen=True, kw_only=True):
    """One result of a check, documented under its code in docs/findings.md.

    `message` and `hint` are one sentence each. `migrations` are labels, ours first; `objects` are written as in
    `column public.comments.body`. `path` and `line` (from 1) say where to look, None if there is no one place.
    `doubt` says why the answer is not certain, None if it is.
    """

    code: str
    severity: Severity
    message: str
    hint: str
    migrations: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    path: str | None = None
    line: int | None = None
    doubt: str | None = None


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The most serious first, then by code and place."""
    rank = list(Severity)
    return tuple(sorted(findings, key=lambda f: (rank.index(f.severity), f.code, f.path or "", f.line or 0)))
