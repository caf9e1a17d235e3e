"""What is planted: statements for rows, and the order of tables."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import sql

from gitmig.rows.samples import Planted, Reference, Type, full_insert, in_order, sparse_insert, value
from gitmig.rows.tables import Column, Table, TableName


def kind_of(name: str, category: str, kind: str = "b", base: str = "", fields: int = 0) -> Type:
    return Type(base=base or f"pg_catalog.{name}", name=name, category=category, kind=kind, fields=fields)


def column(name: str, type_: str = "integer", plain: str = "pg_catalog.int4", **options: Any) -> Column:
    return Column(number=1, name=name, type=type_, plain=plain, **options)


TYPES = {"pg_catalog.int4": kind_of("int4", "N"), "pg_catalog.text": kind_of("text", "S")}


@pytest.mark.parametrize(
    ("written", "plain", "type_", "expected"),
    [
        ("integer", "pg_catalog.int4", kind_of("int4", "N"), "1::pg_catalog.int4"),
        ("character varying(3)", "pg_catalog.varchar", kind_of("varchar", "S"), "'sample'::character varying(3)"),
        ("date", "pg_catalog.date", kind_of("date", "D"), "pg_catalog.now()::pg_catalog.date"),
        ("jsonb", "pg_catalog.jsonb", kind_of("jsonb", "U"), "'{}'::pg_catalog.jsonb"),
        ("integer[]", "pg_catalog._int4", kind_of("_int4", "A"), "'{}'::pg_catalog._int4"),
        ("bit(3)", "pg_catalog.bit", kind_of("bit", "V"), "'111'::bit(3)"),
        ("bit varying", "pg_catalog.varbit", kind_of("varbit", "V"), "'1'::pg_catalog.varbit"),
        (
            "public.mood",
            "public.mood",
            kind_of("mood", "E", "e", base="public.mood"),
            "(pg_catalog.enum_range(NULL::public.mood))[1]::public.mood",
        ),
        ("public.pair", "public.pair", kind_of("pair", "C", "c", fields=2), "'(,)'::public.pair"),
        ("public.cube", "public.cube", kind_of("cube", "U"), None),
        ("public.email", "public.email", kind_of("varchar", "S"), "'sample'::public.email"),
    ],
)
def test_a_type_has_a_value(written: str, plain: str, type_: Type, expected: str | None) -> None:
    assert value(column("a", written, plain), type_) == expected


def planted(*columns: Column, oid: int = 1, **references: int) -> Planted:
    """A table, with references by column to tables by their oids."""
    leads = {
        name: Reference(target=target, source=sql.SQL("ONLY public.p"), column="i d")
        for name, target in references.items()
    }
    return Planted(table=Table(oid=oid, name=TableName("public", "t"), columns=columns), types=TYPES, references=leads)


def test_a_full_row_leaves_out_what_fills_itself_and_a_sparse_one_what_may_be_empty() -> None:
    table = planted(
        column("id", defaulted=True),
        column("a", required=True),
        column("b", "text", "pg_catalog.text"),
        column("p", defaulted=True),
        column("g", defaulted=True, generated=True),
        column("always", defaulted=True, always=True),
        p=2,
    )
    assert full_insert(table).as_string(None) == (
        """INSERT INTO "public"."t" ("a", "b", "p") """
        """VALUES (1::pg_catalog.int4, 'sample'::pg_catalog.text, (SELECT "i d" FROM ONLY public.p LIMIT 1))"""
    )
    assert sparse_insert(table).as_string(None) == 'INSERT INTO "public"."t" ("a") VALUES (1::pg_catalog.int4)'


def test_a_table_without_columns_to_fill_takes_defaults() -> None:
    assert full_insert(planted()).as_string(None) == 'INSERT INTO "public"."t" DEFAULT VALUES'


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([planted(oid=1, b=2), planted(oid=2, c=3), planted(oid=3)], [3, 2, 1]),
        ([planted(oid=1, a=1), planted(oid=2)], [1, 2]),
        ([planted(oid=1, b=2), planted(oid=2, a=1), planted(oid=3, a=1)], [2, 1, 3]),
        ([planted(oid=1, a=4)], [1]),
    ],
)
def test_a_table_comes_behind_those_it_refers_to(tables: list[Planted], expected: list[int]) -> None:
    assert [one.table.oid for one in in_order(tables)] == expected
