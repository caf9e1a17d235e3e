"""Trying the opposite step: what it would not give back as it was is kept, with what it would give beside it."""

from __future__ import annotations

from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING

from msgspec import Struct
from psycopg import sql

from gitmig.postgres.run_sql import ScriptError
from gitmig.rows.bisect import is_about_data
from gitmig.rows.changes import Extent, change_of, find_changes, heir_of
from gitmig.rows.constraints import quiet
from gitmig.rows.sequences import attempt
from gitmig.rows.snapshot import pair, pair_through
from gitmig.rows.values import EQUAL, TRUE, any_of, data_table, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.changes import TableChange
    from gitmig.rows.snapshot import Pairing, TableSnapshot
    from gitmig.rows.step import Runnable
    from gitmig.rows.store import Store
    from gitmig.rows.tables import TableReader, Tables

IN_MEMORY = 16 << 20  # bytes


class Given(Struct, frozen=True, kw_only=True):
    """What the opposite step would make of the tables.

    `fresh` names, by the number of a snapshot, the table with the rows that would not come back as they were: n (null:
    a row that was not there), there (whether it would be), theirs (whether it is there now), each column as text. None:
    nobody knows, it failed. `same` are the snapshots of which all rows would come back, and no others.
    `read` and `written` are the tables (oids) it reads only, or writes; `unseen` those of which there is no snapshot,
    `cut` those of which it changes more columns than the snapshot has, or rows.
    `fails`: it does so because of rows.
    """

    fresh: Mapping[int, str] | None
    same: frozenset[int] = frozenset()
    read: frozenset[int] = frozenset()
    written: frozenset[int] = frozenset()
    unseen: frozenset[int] = frozenset()
    cut: frozenset[int] = frozenset()
    fails: bool = False


class Compared(Struct, frozen=True, kw_only=True):
    """A table to compare: its snapshot from before the step, and which of the rows now are which.

    `now` is a snapshot of these, where rows are known by their places only.
    """

    snapshot: TableSnapshot
    pairing: Pairing | None
    now: TableSnapshot | None


def try_opposite(  # noqa: PLR0917 - the database, what is run, and the states it lies between
    connection: Connection,
    store: Store,
    reader: TableReader,
    script: Runnable,
    compared: Sequence[Compared],
    before: Tables,
    now: Tables,
    *,
    picks: bool,
) -> Given:
    """Run the opposite step, compare with the snapshots from `before` this one, and take it back.

    `picks`: it may come upon other rows the next time, so that rows which would come back by it are told as well.
    """
    read: set[int] = set()
    written: set[int] = set()
    cut: set[int] = set()
    copies: dict[int, tuple[IO[bytes], int]] = {}

    def work() -> bool:
        script.run()
        there = reader.read()
        read.update(_reads(now, there))
        changes = {change.table.oid: change for change in find_changes(now, there).tables}
        written.update(changes)
        cut.update(one.snapshot.table.oid for one in compared if _is_cut(one.snapshot, changes))
        if cut:
            return False
        with quiet(connection):
            copies.update(_copies(connection, store, compared, before, there, is_sure=not (picks and read)))
        return False

    seen = {one.snapshot.table.oid for one in compared}
    with ExitStack() as files:
        try:
            attempt(connection, work)
        except ScriptError as error:
            blamed = {table.oid for table in now if (table.name.schema, table.name.name) == error.table}
            if is_about_data(error.sqlstate) and (unseen := (blamed & before.by_oid.keys()) - seen):
                return Given(fresh=None, unseen=frozenset(unseen))  # it writes there without naming it
            tables = frozenset(table.oid for table in now) & seen
            return Given(fresh=None, written=tables, fails=is_about_data(error.sqlstate))
        finally:
            for file, _ in copies.values():
                files.enter_context(file)
        unseen = {oid for oid in written if oid in before.by_oid and oid not in seen}
        if unseen or cut:
            return Given(fresh=None, unseen=frozenset(unseen), cut=frozenset(cut))
        same = frozenset(number for number, (file, _) in copies.items() if not file.tell())
        different = {number: copy for number, copy in copies.items() if number not in same}
        fresh = {number: _copy_in(connection, store, number, *copy) for number, copy in different.items()}
    return Given(fresh=fresh, same=same, read=frozenset(read - written), written=frozenset(written))


def _copies(
    connection: Connection, store: Store, compared: Sequence[Compared], before: Tables, there: Tables, *, is_sure: bool
) -> Iterator[tuple[int, tuple[IO[bytes], int]]]:
    """By snapshot, what was copied out of the tables whose rows differ from it."""
    for one in compared:
        if (copy := _copy_out(connection, store, one, before, there, is_sure=is_sure)) is not None:
            yield one.snapshot.number, copy


def _reads(before: Tables, after: Tables) -> Iterator[int]:
    """The tables (oids) of which rows were read in between."""
    for table in before:
        later = after.by_oid.get(table.oid)
        if later is not None and (later.activity - table.activity).read:
            yield table.oid


def _is_cut(snapshot: TableSnapshot, changes: Mapping[int, TableChange]) -> bool:
    """Whether the opposite step changes what the snapshot has not, so that nobody knows what would be lost."""
    missing = {column.number for column in snapshot.table.stored} - {column.number for column in snapshot.columns}
    change = changes.get(snapshot.table.oid)
    if not missing or change is None or change.extent is Extent.INSERTED:
        return False
    return change.extent is Extent.ROWS or not missing.isdisjoint(column.number for column in change.columns)


def _copy_out(
    connection: Connection, store: Store, one: Compared, before: Tables, there: Tables, *, is_sure: bool
) -> tuple[IO[bytes], int] | None:
    """The rows that are not as they were, or not surely, as COPY writes them; None if the table is not there at all."""
    snapshot = one.snapshot
    after = heir_of(snapshot.table, before, there)
    if after is None:
        return None
    is_theirs: sql.Composable = sql.SQL("false")
    if one.now is not None and one.pairing is not None:
        between = one.now.table
        heir = there.by_oid.get(between.oid) or after
        second = pair(connection, store, one.now, change_of(between, heir, one.now.columns))
        pairing, through = pair_through(connection, store, one.pairing, second)
        is_theirs = sql.SQL("EXISTS (SELECT FROM {} q WHERE q.oid {} t.tableoid AND q.tid {} t.ctid)").format(
            data_table(through), EQUAL, EQUAL
        )
    else:
        pairing = pair(connection, store, snapshot, change_of(snapshot.table, after, snapshot.columns))
    pairs = {one.kept.data: one for one in snapshot.pairs(after)}
    values = listed(
        pairs[saved.data].shown() if saved.data in pairs else sql.SQL("NULL::pg_catalog.text")
        for saved in snapshot.saved
    )
    is_whole = len(pairs) == len(snapshot.columns)
    query = sql.SQL(
        "SELECT k.n, t.ctid IS NOT NULL, false, {values} FROM {left} WHERE t.ctid IS NULL OR {differs} "
        "UNION ALL SELECT NULL, true, {is_theirs}, {values} FROM {right} WHERE k.n IS NULL"
    ).format(
        values=values,
        is_theirs=is_theirs,
        left=pairing.join("LEFT JOIN"),
        differs=any_of(one.differs for one in pairs.values()) if is_whole and is_sure else TRUE,
        right=pairing.join("RIGHT JOIN"),
    )
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller closes it
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY ({}) TO STDOUT").format(query)) as rows:
        for row in rows:
            file.write(row)
    return file, len(snapshot.columns)


def _copy_in(connection: Connection, store: Store, number: int, file: IO[bytes], width: int) -> str:
    name = f"fresh_{number}"
    columns = "".join(f", NULL::text AS f{place}" for place in range(1, width + 1))
    store.create(
        name,
        sql.SQL("SELECT NULL::bigint AS n, NULL::bool AS there, NULL::bool AS theirs{} WHERE false").format(
            sql.SQL(columns)
        ),
    )
    file.seek(0)
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(data_table(name))) as into:
        while part := file.read(1 << 16):
            into.write(part)
    return name
