"""SQL that brings kept rows (alias `k`) and the rows of a table (alias `t`) together, and values from one to the other.

Rows are told apart by key columns. Without any, by everything they still have in common, equal rows counted off
against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.kept.store import data_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.core.kept.item import KeptColumn
    from gitmig.core.kept.shape import Column, Table, TableName


EVERY = sql.SQL("true")
# These pieces stand in statements that write rows, too, and so mean the same under every search path: with the schema
# of each function, operator and type. What looks an operator up by its bare name (`=`, IN, BETWEEN, IS DISTINCT FROM)
# is not used in them.
EQUAL = sql.SQL("OPERATOR(pg_catalog.=)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A kept column and the column of the table it belongs to."""

    kept: KeptColumn
    column: Column
    table: TableName

    @property
    def same_type(self) -> bool:
        """Whether the kept copy holds the very type the column has."""
        return self.kept.native and self.kept.type == self.column.type

    @property
    def equal(self) -> sql.Composable:
        """`k` and `t` agree here, and are no nulls."""
        left, right = sql.Identifier("k", self.kept.data), sql.Identifier("t", self.column.name)
        if self.same_type and self.kept.key:
            return sql.SQL("{} {} {}").format(left, EQUAL, right)
        return sql.SQL("{}::pg_catalog.text {} {}").format(left, EQUAL, self.shown)

    @property
    def shown(self) -> sql.Composable:
        """What the column of `t` holds, as the text that the kept copy would have."""
        return as_text(sql.Identifier("t", self.column.name), composite=self.kept.composite)

    @property
    def value(self) -> sql.Composable:
        """The kept value, fit for the column. Never shortened: what is too long is refused by the assignment."""
        source = sql.Identifier("k", self.kept.data)
        if self.same_type:
            return source
        if self.kept.composite:
            name = sql.Identifier(self.column.name)
            return sql.SQL("CAST((pg_catalog.jsonb_populate_record(NULL::{}, {})).{} AS {})").format(
                sql.Identifier(self.table.schema, self.table.name),
                sql.SQL("pg_catalog.jsonb_build_object({}, {}::pg_catalog.jsonb)").format(
                    sql.Literal(self.column.name), source
                ),
                name,
                sql.SQL(self.column.plain),
            )
        return sql.SQL("CAST({}::pg_catalog.text AS {})").format(source, sql.SQL(self.column.plain))


def as_text(value: sql.Composable, *, composite: bool) -> sql.Composable:
    """A value as text; a composite one as JSON, which names its parts."""
    return sql.SQL("pg_catalog.to_jsonb({})::pg_catalog.text" if composite else "{}::pg_catalog.text").format(value)


def table_name(table: Table) -> sql.Composable:
    """The table as it stands in FROM: without the tables that inherit from it, with its partitions."""
    name = sql.Identifier(table.name.schema, table.name.name)
    return name if table.partitioned else sql.SQL("ONLY {}").format(name)


def plain_name(table: Table) -> sql.Composable:
    """The table as it stands in INSERT and ALTER."""
    return sql.Identifier(table.name.schema, table.name.name)


def columns(names: Iterable[str], alias: str | None = None) -> sql.Composable:
    """A list of columns."""
    return sql.SQL(", ").join(sql.Identifier(alias, name) if alias else sql.Identifier(name) for name in names)


def every_equal(pairs: Iterable[Pair]) -> sql.Composable:
    """`k` and `t` agree in all of these columns, and none of them is null."""
    return sql.SQL(" AND ").join(pair.equal for pair in pairs)


def alike(values: Iterable[sql.Composable]) -> sql.Composable:
    """One text for several values that is equal exactly where all of them are, nulls included, and can be hashed."""
    texts = sql.SQL(", ").join(sql.SQL("{}::pg_catalog.text").format(value) for value in values)
    return sql.SQL("ROW({})::pg_catalog.text").format(texts)


def same(left: sql.Composable, right: sql.Composable) -> sql.Composable:
    """Both are the same to the bit, or null (IS NOT DISTINCT FROM)."""
    return sql.SQL("pg_catalog.record_image_eq(ROW({}), ROW({}))").format(left, right)


def joined(
    data: str, pairs: Sequence[Pair], table: Table, how: str = "JOIN", only: sql.Composable = EVERY
) -> sql.Composable:
    """`data k JOIN table t ON …`. Of the `pairs` those count by which rows are known; of the kept rows, `only` some."""
    key = [pair for pair in pairs if pair.kept.key]
    if key:
        return sql.SQL("(SELECT * FROM {} k WHERE {}) k {} {} t ON {}").format(
            data_table(data), only, sql.SQL(how), table_name(table), every_equal(key)
        )
    like = [pair for pair in pairs if pair.kept.like]
    return sql.SQL(
        '(SELECT k.*, {left} AS "gitmig likeness", '
        'pg_catalog.row_number() OVER (PARTITION BY {left} ORDER BY n) AS "gitmig copy" '
        "FROM {data} k WHERE {only}) k "
        '{how} (SELECT t.*, t.tableoid, t.ctid, {right} AS "gitmig likeness", '
        'pg_catalog.row_number() OVER (PARTITION BY {right} ORDER BY t.tableoid, t.ctid) AS "gitmig copy" '
        "FROM {table} t) t "
        'ON k."gitmig likeness" {equal} t."gitmig likeness" AND k."gitmig copy" {equal} t."gitmig copy"'
    ).format(
        equal=EQUAL,
        left=alike(sql.Identifier("k", pair.kept.data) for pair in like),
        right=alike(pair.shown for pair in like),
        data=data_table(data),
        only=only,
        table=table_name(table),
        how=sql.SQL(how),
    )
