"""A scratch database in which migrations are built one after the other, and tried before they are."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.execute.build import run_fresh
from gitmig.execute.scratch import clonable_scratch
from gitmig.postgres.run_sql import ScriptError
from gitmig.project.failures import not_fresh
from gitmig.rows.digests import read_contents
from gitmig.schema.catalog import read_schema
from gitmig.trials.round_trip import Observation, RoundTripOutcome, Stage, failure_of, observe, run_round_trip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.execute.scratch import ClonableScratch
    from gitmig.migrations.model import Content, Script
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project
    from gitmig.rows.digests import Contents
    from gitmig.schema.model import Schema


@contextmanager
def open_trial_database(project: Project, *, edges: bool = False) -> Iterator[TrialDatabase]:
    """A trial database on the project's server, with the bootstrap SQL run; dropped afterwards.

    Its schemas have `edges` if SQL is to be computed from them, which takes longer to read.
    """
    url = project.awake_url()
    with (
        project.programs() as programs,
        clonable_scratch(url, project.bootstrap_sql(), programs) as scratch,
    ):
        yield TrialDatabase(scratch, project.settings.ignore, edges=edges)


class Examined(Struct, frozen=True, kw_only=True):
    """What there is to say about a migration; `after` is the schema with it, None if its up fails."""

    findings: tuple[Observation, ...]
    after: Schema | None


class ScratchClone:
    """A clone of a scratch database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def run(self, script: Script) -> None:
        """Run a script as on a fresh database. Raises ScriptError."""
        run_fresh(self._connection, script)

    def rows(self) -> Contents:
        """What stands in every table and sequence."""
        return read_contents(self._connection)


class TrialDatabase:
    """The scratch database and the schema in it."""

    def __init__(self, scratch: ClonableScratch, ignore: Sequence[str], *, edges: bool) -> None:
        self._ignore = ignore
        self._scratch = scratch
        self._edges = edges
        self._schema: Schema | None = None

    @property
    def schema(self) -> Schema:
        """What is built there now."""
        if self._schema is None:
            self._schema = read_schema(self._scratch.connection, self._ignore, edges=self._edges)
        return self._schema

    def rows(self) -> Contents:
        """What stands in every table and sequence."""
        return read_contents(self._scratch.connection)

    def build(self, ups: Sequence[Script]) -> None:
        """Run the scripts in order. Raises GitmigError."""
        for up in ups:
            self._schema = None
            try:
                run_fresh(self._scratch.connection, up)
            except ScriptError as error:
                raise not_fresh(up, error) from error

    def schema_with(self, up: Script) -> Schema:
        """The schema that the script would make of what is built; tried on a clone. Raises ScriptError."""
        with self._scratch.clone() as connection:
            run_fresh(connection, up)
            return read_schema(connection, self._ignore, edges=self._edges)

    @contextmanager
    def clone(self) -> Iterator[ScratchClone]:
        """A clone of what is built, to run scripts on; it is gone afterwards."""
        with self._scratch.clone() as connection:
            yield ScratchClone(connection)

    def examine(self, content: Content) -> Examined:
        """Try the migration with rows planted, and without them where that fails; then build it."""
        before = self.schema
        with_rows = run_round_trip(self._scratch, content, before, self._ignore, rows=True)
        empty = run_round_trip(self._scratch, content, before, self._ignore, rows=False) if with_rows.failure else None
        self._schema = None
        connection = self._scratch.connection
        try:
            run_fresh(connection, content.up)
        except ScriptError as error:
            failure = failure_of(connection, Stage.UP, content.up, error)
            return Examined(findings=(Observation(outcome=RoundTripOutcome.UP_FAILS, failure=failure),), after=None)
        return Examined(findings=observe(before, self.schema, with_rows, empty), after=self.schema)
