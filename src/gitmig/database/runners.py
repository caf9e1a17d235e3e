"""Who runs a script: one runner per language. The executor knows none of them by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gitmig.core.languages.sql import SQL
from gitmig.database.piecewise import run_piecewise, run_units
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
    """How scripts of one language are run. All three raise ScriptError.

    `inside` the open transaction; `outside` of any, with the ledger noting each unit; `unrecorded` outside where
    nobody will ever go on from the middle, as in a scratch database.
    """

    inside: Callable[[Connection, Script], None]
    outside: Outside
    unrecorded: Callable[[Connection, Script], None]


RUNNERS = {SQL.name: Runner(inside=run_sql, outside=run_piecewise, unrecorded=run_units)}


def runner_of(language: Language) -> Runner:
    """The runner of a language; KeyError if a newer gitmig wrote the ledger."""
    return RUNNERS[language.name]
