"""What is wrong with migration files, found before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One thing that is wrong with one file; `line` counts from 1, None is the file as a whole."""

    path: str
    line: int | None = None
    message: str
    hint: str

    @property
    def place(self) -> str:
        """`path:line`, as editors and terminals make links of it."""
        return self.path if self.line is None else f"{self.path}:{self.line}"


class InvalidMigrations(GitmigError):
    """The migrations folder holds something gitmig cannot take; nothing was changed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        ordered = sorted(problems, key=lambda problem: (problem.path, problem.line or 0))
        if len(ordered) == 1:
            super().__init__(f"{ordered[0].place}: {ordered[0].message}", hint=ordered[0].hint)
        else:
            super().__init__(
                f"{len(ordered)} problems in the migration files",
                hint="nothing was changed; correct them and try again",
                details=tuple(f"{p.place}: {p.message} ({p.hint})" for p in ordered),
            )
        self.problems = tuple(ordered)
