"""Who runs a script: one runner per language. The executor knows none of them by name."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from gitmig.core.languages.sql import SQL
from gitmig.database.piecewise import run_piecewise, run_units
from gitmig.database.pipelining import run_each
from gitmig.database.sending import run_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

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
    """How scripts of one language are run. All four raise ScriptError.

    `inside` the open transaction; `each` of several there (see `pipelining.run_each`); `outside` of any, with the
    ledger noting each unit; `unrecorded` outside where nobody will ever go on from the middle, as in a scratch
    database.
    """

    inside: Callable[[Connection, Script], None]
    each: Callable[[Connection, Sequence[Script]], Generator[None, None, None]]
    outside: Outside
    unrecorded: Callable[[Connection, Script], None]


RUNNERS = {SQL.name: Runner(inside=run_sql, each=run_each, outside=run_piecewise, unrecorded=run_units)}


def runner_of(language: Language) -> Runner:
    """The runner of a language; KeyError if a newer gitmig wrote the ledger."""
    return RUNNERS[language.name]


def run_all(connection: Connection, scripts: Sequence[Script]) -> Generator[None, None, None]:
    """Run scripts of any languages in order inside the open transaction; one is done with every item.

    Nothing else may be sent before the iterator is exhausted or closed. Raises ScriptError.
    """
    for _, neighbours in groupby(scripts, lambda script: script.language.name):
        group = list(neighbours)
        yield from runner_of(group[0].language).each(connection, group)
