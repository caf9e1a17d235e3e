"""What the schema shall be after so many migrations: remembered in the ledger, kept on disk, or built and measured.

Drift: the schema is not what the ledger says it should be, because somebody changed it without a migration.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import takewhile
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError, MayNotBuild
from gitmig.git import cache
from gitmig.ledger import store
from gitmig.ledger.rows import applied_of
from gitmig.project.failures import not_fresh
from gitmig.schema.baseline import PublicBaseline, may_have_baseline
from gitmig.schema.fingerprint import Fingerprinter
from gitmig.schema.model import PUBLIC, Schema, schema_difference

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from gitmig.ledger.rows import Row, State
    from gitmig.migrations.model import Script
    from gitmig.migrations.plan import Applied
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project
    from gitmig.schema.model import SchemaDifference


# A build that is under way anyway measures its surroundings, too: they will be asked for next, and a look at the
# catalogs takes a hundredth of the time of another build.
AROUND = 2


class ExpectedSchemas:
    """The schemas along one applied stack.

    `connection` is the one that holds its ledger; `unwritten` are the rows on top that are not in there yet. A schema
    is that of a fresh build, on the baseline of the database itself once that was noted (`stand_on`).
    """

    def __init__(
        self, project: Project, connection: Connection, stack: Sequence[Applied], unwritten: Sequence[Row] = ()
    ) -> None:
        self.fingerprinter = Fingerprinter(connection.info.server_version, project.settings.ignore)
        self._project = project
        self._connection = connection
        self._stack = stack
        self._rows = {row.position: row for row in unwritten}  # of the stack, which the ledger may not have
        self._bootstrap = project.bootstrap_sql()
        self._built: dict[int, Schema] = {}
        self._found = Schema({})
        self._baseline: PublicBaseline | None = (
            PublicBaseline()
        )  # None: there may be one, and nobody has asked for it yet

    @property
    def has_bootstrap(self) -> bool:
        """Whether a fresh database has more in it than PostgreSQL puts there."""
        return bool(self._bootstrap.strip())

    def fingerprint(self, position: int) -> str:
        """The fingerprint where the stack ends at `position` (0: nothing applied). Raises GitmigError."""
        return self._remembered(position) or self.fingerprinter.fingerprint(self.schema(position))

    def schema(self, position: int) -> Schema:
        """The schema there, as a fresh build has it. Raises GitmigError if it cannot be built.

        Where it is in doubt what is baseline, it is as it was when the database was there.
        """
        self.prepare({position})
        likeliest, *others = (baseline.under(self._built[position]) for baseline in self.baseline().readings())
        if (remembered := self._remembered(position)) is None:
            return likeliest
        return next((schema for schema in others if self.fingerprinter.fingerprint(schema) == remembered), likeliest)

    def stand_on(self, found: Schema) -> None:
        """Note the schema of the database to which the whole stack is applied; its baseline is told later."""
        self._found = found
        self._baseline = None if may_have_baseline(found, self.fingerprinter.server_version) else PublicBaseline()

    def baseline(self) -> PublicBaseline:
        """What no migration decided in the schema that was noted. Raises GitmigError if the stack cannot be built."""
        top = len(self._stack)
        if self._baseline is None:
            self.prepare({top})
            self._baseline = self._baseline_at(top)
        return self._baseline

    def is_at_hand(self, position: int) -> bool:
        """Whether `schema` can answer without a build."""
        top = {len(self._stack)} if self._baseline is None else set()
        return all(map(self._is_known, {position, *top}))

    def prepare(self, positions: Collection[int]) -> None:
        """Have the schemas at these positions at hand, with one build for all that are missing."""
        top = {len(self._stack)} if self._baseline is None else set()
        missing = sorted(position for position in {*positions, *top} if not self._is_known(position))
        if missing:
            self._build(missing)

    def remember(self, rows: Mapping[int, Row]) -> None:
        """Note rows that will leave the ledger: builds are of the whole stack also when some of it is reverted."""
        self._rows |= rows

    def every(self) -> tuple[list[Schema], GitmigError | None]:
        """The schemas after 0, 1, 2 … migrations, as far as they can be built; and why the next one cannot.

        Each is what to expect if the database is there.
        """
        last, failure = len(self._stack), None
        try:
            self.prepare(range(last + 1))
        except GitmigError as error:
            failure = error
        known = takewhile(self._is_known, range(last + 1))
        return [self._baseline_at(position).under(self._built[position]) for position in known], failure

    def beyond(self, keep: int, rows: Sequence[Row], found: Schema) -> ExpectedSchemas:
        """The schemas along a stack of which `keep` migrations stay, with those of the rows on top.

        `found` is the schema now that they are applied.
        """
        stack = [*self._stack[:keep], *(applied_of(row) for row in rows)]
        expected = ExpectedSchemas(self._project, self._connection, stack, rows)
        expected.stand_on(found)
        return expected

    def _baseline_at(self, position: int) -> PublicBaseline:
        """The baseline if what is applied ends there."""
        return PublicBaseline.of(self._found, self._built[position], self.fingerprinter.server_version)

    def _remembered(self, position: int) -> str | None:
        """The fingerprint from when the database was there, if it can be compared."""
        remembered = self._stack[position - 1].fingerprint if position else None
        return remembered if self.fingerprinter.knows(remembered) else None

    def _is_known(self, position: int) -> bool:
        """Whether the schema is at hand; it is fetched from the disk if it is there."""
        if position not in self._built:
            kept = cache.load_schema(self._project.repository, self._key(position))
            if kept is not None:
                self._built[position] = Schema.from_json(kept)
        return position in self._built

    def _build(self, missing: Sequence[int]) -> None:
        """Build and measure what is missing, in order, and a little around it."""
        rows = store.read_rows(self._connection, 0) | self._rows
        around = {place for position in missing for place in range(position - AROUND, position + AROUND + 1)}
        places = around & {*range(len(self._stack) + 1)}
        ups = [rows[k].up_on_fresh for k in range(1, max(places) + 1)]
        try:
            for place, schema in fresh_schemas(self._project, ups, places):
                self._built[place] = schema
                cache.keep_schema(self._project.repository, self._key(place), schema.to_json())
        except GitmigError:
            if missing[-1] not in self._built:
                raise

    def _key(self, position: int) -> str:
        """The same key means the same scripts after the same bootstrap, measured alike."""
        parts = [self.fingerprinter.scale, self._bootstrap, *(applied.checksum for applied in self._stack[:position])]
        return cache.cache_key(*parts)


def fresh_schemas(project: Project, ups: Sequence[Script], measure_at: Collection[int]) -> Iterator[tuple[int, Schema]]:
    """Position and schema, at each of `measure_at`, of an empty database in which the ups run in order.

    Position 0 is before the first of them. Raises GitmigError.
    """
    from gitmig.execute.build import BuildFailed, build  # most schemas are remembered
    from gitmig.execute.scratch import scratch_database

    url = project.awake_url()
    with (
        project.programs() as programs,
        scratch_database(url, project.bootstrap_sql(), programs) as connection,
    ):
        try:
            yield from build(connection, ups, measure_at, project.settings.ignore)
        except BuildFailed as failure:
            raise not_fresh(failure.script, failure.error) from failure


def baseline_of(project: Project, connection: Connection, found: Schema, built: Schema) -> PublicBaseline:
    """The baseline of the database connected to, which has `found`; `built` is a fresh build that it is compared with.

    The migrations that are applied there may be others than those of `built`, and are then built, too; where they
    cannot be, or no ledger names them, as if they were the same.
    """
    if found.objects.get(PUBLIC) != built.objects.get(PUBLIC) and (stack := store.read_state(connection).stack):
        expected = ExpectedSchemas(project, connection, stack)
        expected.stand_on(found)
        with suppress(GitmigError):
            return expected.baseline()
    return PublicBaseline.of(found, built, connection.info.server_version)


def find_drift(connection: Connection, expected: ExpectedSchemas, state: State) -> SchemaDifference | None:
    """How the schema differs from that of a fresh build of the applied stack; None if it does not.

    One look at the catalogs as long as the schema is as gitmig left it; else a fresh build is asked for.
    """
    found = expected.fingerprinter.measure(connection)
    expected.stand_on(found.schema)
    if found.fingerprint == state.fingerprint:
        return None
    position = len(state.stack)
    if position == 0 and not expected.has_bootstrap and found.schema.is_pristine:
        return None
    try:
        if found.fingerprint == expected.fingerprint(position):
            return None
        return schema_difference(expected.schema(position), found.schema) or None
    except MayNotBuild as error:
        if not expected.fingerprinter.knows(state.fingerprint):
            raise
        message = "the schema is not as the last sync left it, and what differs cannot be told"
        raise MayNotBuild(f"{message}: {error.message}", hint=error.hint) from error
