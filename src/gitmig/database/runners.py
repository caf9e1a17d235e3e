"""Who runs a script: one runner per language. The executor knows none of them by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gitmig.core.languages.sql import SQL
from gitmig.database.piecewise import run_piecewise
from gitmig.database.sending import run_sql

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.core.languages import Language
    from gitmig.core.migration import Script
    from gitmig.database.connection import Connection


class Outside(Protocol):
    """Runs a script outside a transaction, after the first `done` units (see `piecewise.run_piecewise`)."""

    def __call__(
        self, connection: Connection, script: Script, *, done: int, started: bool, indexes: tuple[int, ...]
    ) -> None:
        """Run it; the ledger follows."""


@dataclass(frozen=True, slots=True)
class Runner:
    """How scripts of one language are run, inside the open transaction and outside. Both raise ScriptError."""

    inside: Callable[[Connection, Script], None]
    outside: Outside


RUNNERS = {SQL.name: Runner(inside=run_sql, outside=run_piecewise)}


def runner_of(language: Language) -> Runner:
    """The runner of a language; KeyError if a newer gitmig wrote the ledger."""
    return RUNNERS[language.name]
