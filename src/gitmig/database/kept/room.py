"""Making room for kept rows: what the step itself wrote gives way to them, and nothing else does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.kept.matching import EQUAL, alike, every_equal
from gitmig.database.kept.saving import heirs
from gitmig.database.kept.store import data_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitmig.core.kept.shape import Table
    from gitmig.database.connection import Connection
    from gitmig.database.kept.places import Place
    from gitmig.database.kept.saving import Image

# A row's transaction number tells who wrote it; that of a savepoint is only seen in what it wrote.
SAMPLE = (
    b"CREATE TABLE gitmig_kept.sample AS SELECT 1 AS one",
    b"SELECT xmin::text FROM gitmig_kept.sample",
    b"DROP TABLE gitmig_kept.sample",
)


def sample(connection: Connection) -> str:
    """The transaction number of a savepoint that begins and ends here; rows written later have higher ones."""
    create, read, drop = SAMPLE
    with connection.transaction():
        connection.execute(create)
        row = connection.execute(read).fetchone()
        connection.execute(drop)
    return str(row[0]) if row else "0"


@dataclass(frozen=True, slots=True)
class Written:
    """Rows that a script wrote anew: those with a transaction number between two samples.

    A script that updates rows or rewrites a table gives old rows new numbers, too. `images` are the copies of such
    tables from before, by the oid of what they have become: what was there then is not new.
    """

    since: str
    until: str
    images: Mapping[int, Image] = field(default_factory=dict)

    def condition(self, table: Table) -> sql.Composed:
        """Row `t` is one of them."""
        recent = sql.SQL(
            "(pg_catalog.age(t.xmin) OPERATOR(pg_catalog.<) pg_catalog.age({}::pg_catalog.xid) "
            "AND pg_catalog.age(t.xmin) OPERATOR(pg_catalog.>) pg_catalog.age({}::pg_catalog.xid))"
        ).format(sql.Literal(self.since), sql.Literal(self.until))
        image = self.images.get(table.oid)
        if image is None:
            return recent
        key = [pair for pair in heirs(image, table) if pair.kept.key]
        if not key:
            return sql.SQL("{} AND false").format(recent)
        same = sql.SQL(" AND ").join(
            sql.SQL("b.{}::pg_catalog.text {} {}").format(sql.Identifier(pair.kept.data), EQUAL, pair.shown)
            for pair in key
        )
        return sql.SQL("({} AND NOT EXISTS (SELECT FROM {} b WHERE {}))").format(recent, data_table(image.data), same)


NOTHING = Written("0", "0")


def make_room(place: Place, names: list[str], rows: sql.Composable, written: Written) -> sql.Composed | None:
    """Delete rows of the step that a unique index on the columns `names` would set against kept ones."""
    by_name = {pair.column.name: pair for pair in place.pairs}
    if not set(names) <= set(by_name) or set(names) == {pair.column.name for pair in place.key}:
        return None
    return sql.SQL("DELETE FROM {} t USING {} k WHERE {} AND {} AND NOT ({}) AND {}").format(
        place.source,
        data_table(place.data),
        rows,
        every_equal(by_name[name] for name in names),
        every_equal(place.key),
        written.condition(place.table),
    )


def replace_alike(place: Place, written: Written) -> sql.Composed | None:
    """Delete rows of the step that are kept ones in all but what they got by themselves: numbers, times, random keys.

    They are what the step wrote the first time, too. Each kept row counts once.
    """
    telling = [pair for pair in place.pairs if not pair.column.defaulted and not pair.kept.key]
    if not place.key or not telling:
        return None
    return sql.SQL(
        "WITH fresh AS (SELECT t.tableoid AS oid, t.ctid AS tid, {right} AS likeness, "
        "pg_catalog.row_number() OVER (PARTITION BY {right}) AS copy FROM {table} t WHERE {written} "
        "AND NOT EXISTS (SELECT FROM {data} k WHERE k.gone AND {same})), "
        "old AS (SELECT {left} AS likeness, pg_catalog.row_number() OVER (PARTITION BY {left}) AS copy FROM {data} k "
        "WHERE k.gone AND k.why IS NULL AND NOT EXISTS (SELECT FROM {table} t WHERE {same})) "
        "DELETE FROM {table} t USING fresh, old WHERE t.tableoid {equal} fresh.oid AND t.ctid {equal} fresh.tid "
        "AND fresh.likeness {equal} old.likeness AND fresh.copy {equal} old.copy"
    ).format(
        equal=EQUAL,
        left=alike(sql.Identifier("k", pair.kept.data) for pair in telling),
        right=alike(pair.shown for pair in telling),
        table=place.source,
        data=data_table(place.data),
        same=every_equal(place.key),
        written=written.condition(place.table),
    )


def clear_keyless(place: Place, written: Written) -> list[sql.Composed]:
    """Where nothing tells rows apart: delete what the step wrote, and what the opposite step had made of kept rows."""
    made = sql.SQL(
        "DELETE FROM {table} t USING (SELECT t.tableoid AS oid, t.ctid AS tid FROM {matched}) m "
        "WHERE t.tableoid {equal} m.oid AND t.ctid {equal} m.tid"
    ).format(table=place.source, matched=place.matched(only=sql.SQL("k.gone IS NULL")), equal=EQUAL)
    return [sql.SQL("DELETE FROM {} t WHERE {}").format(place.source, written.condition(place.table)), made]
