"""SQL for values: how a kept column (of alias `k`) and a column of its table (of alias `t`) are compared and copied.

These pieces stand in statements that write rows, too, and so mean the same under every search path: with the schema of
each function, operator and type. What looks an operator up by its bare name (`=`, IN, BETWEEN, IS DISTINCT FROM) is
not used in them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.rows.items import KeptColumn
    from gitmig.rows.tables import Column, TableName

SCHEMA = "gitmig_kept"
# A script converts between these by the time zone of its session, which is not that of gitmig's own statements.
INSTANT = re.compile(r"timestamp(?:\(\d\))? (with|without) time zone")
USERS_ZONE = sql.SQL("(SELECT reset_val FROM pg_catalog.pg_settings WHERE pg_catalog.lower(name) {} 'timezone')")
EQUAL = sql.SQL("OPERATOR(pg_catalog.=)")
TRUE = sql.SQL("true")
FALSE = sql.SQL("false")


class Pair(Struct, frozen=True, kw_only=True):
    """A kept column and the column of the table it belongs to."""

    kept: KeptColumn
    column: Column
    table: TableName

    @property
    def same_type(self) -> bool:
        """Whether the kept copy holds the very type the column has."""
        return self.kept.native and self.kept.type == self.column.type

    @property
    def is_by_zone(self) -> bool:
        """Whether one is a time of a zone and the other a time of none."""
        kept, now = INSTANT.fullmatch(self.kept.type), INSTANT.fullmatch(self.column.type)
        return self.kept.native and kept is not None and now is not None and kept[1] != now[1]

    @property
    def held(self) -> sql.Composable:
        """What the column makes of the kept value, which may have too many digits for it."""
        return sql.SQL("CAST({} AS {})").format(self.value, sql.SQL(self.column.type))

    @property
    def round_trips(self) -> sql.Composable:
        """The kept value is the same to the bit once it has been in the column, whose type is another one."""
        if self.is_by_zone:
            back = in_users_zone(self.held)
        else:
            back = sql.SQL("{}::pg_catalog.text").format(self.held)
            if self.kept.native:
                back = sql.SQL("CAST({} AS {})").format(back, sql.SQL(self.kept.type))
        return same(sql.SQL("{}::pg_catalog.text").format(back), self.kept_text())

    @property
    def equal(self) -> sql.Composable:
        """`k` and `t` agree here, and are no nulls."""
        return self.equals("k")

    def equals(self, alias: str) -> sql.Composable:
        """The copy, under this name, and `t` agree here, and are no nulls."""
        left, right = sql.Identifier(alias, self.kept.data), sql.Identifier("t", self.column.name)
        if self.same_type and self.kept.key:
            return sql.SQL("{} {} {}").format(left, EQUAL, right)
        return sql.SQL("{}::pg_catalog.text {} {}").format(left, EQUAL, self.shown())

    def shown(self, alias: str = "t") -> sql.Composable:
        """What the column of the table holds, as the text that the kept copy would have."""
        return as_text(sql.Identifier(alias, self.column.name), composite=self.kept.composite)

    def kept_text(self, column: str | None = None) -> sql.Composable:
        """A column of the copy that belongs to this one, as text."""
        return sql.SQL("{}::pg_catalog.text").format(sql.Identifier("k", column or self.kept.data))

    @property
    def differs(self) -> sql.Composable:
        """The kept value and that of the table are not the same, to the bit."""
        return sql.SQL("NOT {}").format(same(self.kept_text(), self.shown()))

    @property
    def value(self) -> sql.Composable:
        """The kept value, fit for the column. Never shortened: what is too long is refused by the assignment."""
        return self.fit(self.kept.data, same_type=self.same_type)

    def fit(self, source_name: str, *, same_type: bool = False, alias: str = "k") -> sql.Composable:
        """A column of the copy, fit for the column of the table."""
        source = sql.Identifier(alias, source_name)
        if same_type:
            return source
        if self.is_by_zone:
            return in_users_zone(source)
        if self.kept.composite and _order(self.kept.parts) == _order(self.column.parts):
            value = sql.SQL("pg_catalog.jsonb_extract_path_text({}::pg_catalog.jsonb, 'text')").format(source)
            return sql.SQL("CAST({} AS {})").format(value, sql.SQL(self.column.plain))
        if self.kept.composite:
            name = sql.Identifier(self.column.name)
            return sql.SQL("CAST((pg_catalog.jsonb_populate_record(NULL::{}, {})).{} AS {})").format(
                sql.Identifier(self.table.schema, self.table.name),
                sql.SQL("pg_catalog.jsonb_build_object({}, {})").format(
                    sql.Literal(self.column.name),
                    sql.SQL(
                        "coalesce(pg_catalog.jsonb_extract_path({0}::pg_catalog.jsonb, 'value'), {0}::pg_catalog.jsonb)"
                    ).format(source),
                ),
                name,
                sql.SQL(self.column.plain),
            )
        return sql.SQL("CAST({}::pg_catalog.text AS {})").format(source, sql.SQL(self.column.plain))


def in_users_zone(value: sql.Composable) -> sql.Composable:
    """A time of no zone as one of the time zone in which scripts run, and the other way round."""
    return sql.SQL("pg_catalog.timezone({}, {})").format(USERS_ZONE.format(EQUAL), value)


def _order(parts: Iterable[tuple[int, int, str]]) -> list[tuple[int, str]]:
    """The places and types of parts, whatever number the type has that they are parts of."""
    return sorted((number, type_) for _, number, type_ in parts)


def as_text(value: sql.Composable, *, composite: bool) -> sql.Composable:
    """A value as text; a composite one as JSON, with its text, and with the names of its parts."""
    if not composite:
        return sql.SQL("{}::pg_catalog.text").format(value)
    return sql.SQL(
        "CASE WHEN {0}::pg_catalog.text IS NOT NULL THEN pg_catalog.jsonb_build_object("
        "'text', {0}::pg_catalog.text, 'value', pg_catalog.to_jsonb({0}))::pg_catalog.text END"
    ).format(value)


def as_held(value: sql.Composable, kept: KeptColumn) -> sql.Composable:
    """A value of a table's column in the form in which the kept copy holds it."""
    return value if kept.native else as_text(value, composite=kept.composite)


def same(left: sql.Composable, right: sql.Composable) -> sql.Composable:
    """Both are the same to the bit, or null (IS NOT DISTINCT FROM)."""
    return sql.SQL("pg_catalog.record_image_eq(ROW({}), ROW({}))").format(left, right)


def likeness(values: Iterable[sql.Composable]) -> sql.Composable:
    """One text for several values that is equal exactly where all of them are, nulls included, and can be hashed."""
    texts = sql.SQL(", ").join(sql.SQL("{}::pg_catalog.text").format(value) for value in values)
    return sql.SQL("ROW({})::pg_catalog.text").format(texts)


def any_of(conditions: Iterable[sql.Composable]) -> sql.Composable:
    """One of them holds."""
    found = list(conditions)
    return sql.SQL("({})").format(sql.SQL(" OR ").join(found)) if found else FALSE


def all_of(conditions: Iterable[sql.Composable]) -> sql.Composable:
    """Each of them holds."""
    found = list(conditions)
    return sql.SQL("({})").format(sql.SQL(" AND ").join(found)) if found else TRUE


def listed(parts: Iterable[sql.Composable]) -> sql.Composable:
    """Parts of a list."""
    return sql.SQL(", ").join(parts)


def data_table(name: str) -> sql.Identifier:
    """The name of a table with kept rows, quoted."""
    return sql.Identifier(SCHEMA, name)
