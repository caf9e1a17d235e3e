"""What the schema shall be after so many migrations: remembered in the ledger, kept on disk, or built and measured."""

from __future__ import annotations

import hashlib
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING

from gitmig.core.ground import Ground
from gitmig.core.schema import Schema
from gitmig.database import ledger
from gitmig.database.building import BuildFailed, build
from gitmig.database.gauge import Gauge
from gitmig.database.scratch import scratch_database
from gitmig.errors import GitmigError
from gitmig.operations.failures import not_fresh
from gitmig.repository import schema_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from gitmig.core.migration import Script
    from gitmig.core.plan import Applied
    from gitmig.database.connection import Connection
    from gitmig.database.ledger import Row
    from gitmig.operations.project import Project

# A build that is under way anyway measures its surroundings, too: they will be asked for next, and a look at the
# catalogs takes a hundredth of the time of another build.
AROUND = 25


class Expected:
    """The schemas along one applied stack.

    `connection` is the one that holds its ledger; `unwritten` are the rows on top that are not in there yet.
    """

    def __init__(
        self, project: Project, connection: Connection, stack: Sequence[Applied], unwritten: Sequence[Row] = ()
    ) -> None:
        self.gauge = Gauge(connection.info.server_version, project.settings.ignore)
        self._project = project
        self._connection = connection
        self._stack = stack
        self._unwritten = {row.position: row for row in unwritten}
        self._bootstrap = project.bootstrap_sql()
        self._built: dict[int, Schema] = {}
        self._rows: dict[int, Row] = {}
        self._ground: Callable[[], Ground] = Ground

    @property
    def has_bootstrap(self) -> bool:
        """Whether a fresh database has more in it than PostgreSQL puts there."""
        return bool(self._bootstrap.strip())

    def fingerprint(self, position: int) -> str:
        """The fingerprint where the stack ends at `position` (0: nothing applied). Raises GitmigError."""
        remembered = self._stack[position - 1].fingerprint if position else None
        if remembered is not None and self.gauge.knows(remembered):
            return remembered
        return self.gauge.fingerprint(self.schema(position))

    def schema(self, position: int) -> Schema:
        """The schema there, as a fresh build has it. Raises GitmigError if it cannot be built."""
        return self._ground().under(self._fresh(position))

    def stand_on(self, found: Schema) -> None:
        """Note the schema of the database, which has the whole stack: what no migration decides stays as it is there.

        Told when a schema is asked for; where schema public is as in a new database, that costs nothing.
        """
        if not Ground.is_plain(found):
            if self._stack:
                self._rows = ledger.read_rows(self._connection, 0)  # as long as all of them are there
            self._ground = cache(lambda: Ground.between(self._fresh(len(self._stack)), found))

    def prepare(self, first: int, last: int) -> None:
        """Have the schemas from `first` to `last` at hand, with one build for all that are missing."""
        missing = [position for position in range(first, last + 1) if not self._is_known(position)]
        if missing:
            self._build(missing[0], missing[-1])

    def every(self) -> tuple[list[Schema], GitmigError | None]:
        """The schemas after 0, 1, 2 … migrations, as far as they can be built; and why the next one cannot."""
        last, failure = len(self._stack), None
        try:
            self.prepare(0, last)
        except GitmigError as error:
            failure = error
        return [self.schema(position) for position in takewhile(self._is_known, range(last + 1))], failure

    def beyond(self, keep: int, rows: Sequence[Row]) -> Expected:
        """The schemas along a stack of which `keep` migrations stay, with those of the rows on top."""
        stack = [*self._stack[:keep], *(ledger.applied_of(row) for row in rows)]
        found = Expected(self._project, self._connection, stack, rows)
        found._ground = self._ground
        return found

    def _fresh(self, position: int) -> Schema:
        if not self._is_known(position):
            self._build(position, position)
        return self._built[position]

    def _is_known(self, position: int) -> bool:
        """Whether the schema is at hand; it is fetched from the disk if it is there."""
        if position not in self._built:
            kept = schema_cache.read(self._project.repository, self._key(position))
            if kept is not None:
                self._built[position] = Schema.from_json(kept)
        return position in self._built

    def _build(self, first: int, last: int) -> None:
        """Build and measure what lies from `first` to `last`, and a little around it."""
        rows = (self._rows or ledger.read_rows(self._connection, 0)) | self._unwritten
        lowest, highest = max(first - AROUND, 0), min(last + AROUND, len(self._stack))
        ups = [rows[k].content.up for k in range(1, highest + 1)]
        try:
            for place, schema in fresh_schemas(self._project, ups, range(lowest, highest + 1)):
                self._built[place] = schema
                schema_cache.write(self._project.repository, self._key(place), schema.to_json())
        except GitmigError:
            if last not in self._built:
                raise

    def _key(self, position: int) -> str:
        """The same key means the same scripts on the same ground, measured alike."""
        ground = [self.gauge.scale, self._bootstrap, *(applied.checksum for applied in self._stack[:position])]
        return hashlib.sha256("\0".join(ground).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def fresh_schemas(project: Project, ups: Sequence[Script], measure_at: Collection[int]) -> Iterator[tuple[int, Schema]]:
    """Position and schema, at each of `measure_at`, of an empty database in which the ups run in order.

    Position 0 is before the first of them. Raises GitmigError.
    """
    if project.settings.database is None:
        project.wake()
    with scratch_database(project.url, project.bootstrap_sql()) as connection:
        try:
            yield from build(connection, ups, measure_at, project.settings.ignore)
        except BuildFailed as failure:
            raise not_fresh(failure.script, failure.error) from failure
