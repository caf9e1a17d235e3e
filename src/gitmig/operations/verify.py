"""Does the down of a migration undo its up? Found out by running both on a scratch database, rows planted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gitmig.core.verification import Finding, Outcome, Stage, Verdict, Weight, judge
from gitmig.database.bench import open_bench
from gitmig.database.building import run_fresh
from gitmig.database.catalogs import read_schema
from gitmig.database.sending import ScriptError
from gitmig.database.trial import failure_of, run_trial
from gitmig.operations.diff import not_fresh
from gitmig.operations.selection import select

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.core.migration import Content, Migration
    from gitmig.core.schema import Schema
    from gitmig.database.bench import Bench
    from gitmig.operations.project import Project
    from gitmig.operations.selection import Selection


class VerifyObserver(Protocol):
    """Is told how far the work is."""

    def selected(self, selection: Selection) -> None:
        """These migrations are going to be verified."""

    def verified(self, verdict: Verdict) -> None:
        """One of them is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A verdict on each of the migrations selected, in order, but for those `unreached` behind an up that fails."""

    selection: Selection
    verdicts: tuple[Verdict, ...]
    unreached: tuple[Migration, ...]

    def has(self, weight: Weight) -> bool:
        """Whether there is a verdict of this weight."""
        return any(verdict.weight is weight for verdict in self.verdicts)


def verify(project: Project, what: str | None, observer: VerifyObserver, *, everything: bool = False) -> Verified:
    """Verify the migrations that `what` names (see `selection.select`). Raises GitmigError, UsageError."""
    selection = select(project, what, everything=everything)
    observer.selected(selection)
    verdicts = []
    if selection.chosen:
        if project.settings.database is None:
            project.wake()
        with open_bench(project.url, project.bootstrap_sql()) as bench:
            for verdict in _verdicts(bench, selection):
                observer.verified(verdict)
                verdicts.append(verdict)
    return Verified(selection=selection, verdicts=tuple(verdicts), unreached=selection.chosen[len(verdicts) :])


def _verdicts(bench: Bench, selection: Selection) -> Iterator[Verdict]:
    """Build the set in order, in one pass; a migration that was chosen is tried before it is built.

    Ends behind an up that fails: there is nothing to build the others on.
    """
    chosen = {migration.path for migration in selection.chosen}
    migrations = selection.target.set.migrations
    needed = migrations[: 1 + max(k for k, migration in enumerate(migrations) if migration.path in chosen)]
    contents = selection.target.contents(needed)
    schema: Schema | None = None
    for migration in needed:
        content = contents[migration.path]
        if migration.path not in chosen:
            _build(bench, content)
            schema = None
            continue
        findings, schema = _verify(bench, content, schema or read_schema(bench.connection))
        yield Verdict(migration=migration, findings=findings)
        if schema is None:
            return


def _build(bench: Bench, content: Content) -> None:
    try:
        run_fresh(bench.connection, content.up)
    except ScriptError as error:
        raise not_fresh(content.up, error) from error


def _verify(bench: Bench, content: Content, before: Schema) -> tuple[tuple[Finding, ...], Schema | None]:
    """What there is to say, and the schema with the migration; None if its up fails on a fresh database."""
    with_rows = run_trial(bench, content, before, rows=True)
    empty = run_trial(bench, content, before, rows=False) if with_rows.failure else None
    try:
        run_fresh(bench.connection, content.up)
    except ScriptError as error:
        failure = failure_of(bench.connection, Stage.UP, content.up, error)
        return (Finding(outcome=Outcome.UP_FAILS, failure=failure),), None
    after = read_schema(bench.connection)
    return judge(before, after, with_rows, empty), after
