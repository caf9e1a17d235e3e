"""What is planted: statements for rows, and the order of tables."""

from __future__ import annotations

import pytest

from gitmig.core.sample_rows import Column, Table, Type, full_insert, in_order, sparse_insert, value


def plain(written: str, name: str, category: str, kind: str = "b", **more: int) -> Type:
    return Type(written=written, base=written, name=name, category=category, kind=kind, **more)


TEXT = plain("text", "text", "S")
INT = plain("integer", "int4", "N")


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (INT, "1::integer"),
        (plain("character varying(3)", "varchar", "S"), "'sample'::character varying(3)"),
        (plain("timestamp with time zone", "timestamptz", "D"), "pg_catalog.now()::timestamp with time zone"),
        (plain("jsonb", "jsonb", "U"), "'{}'::jsonb"),
        (plain("integer[]", "_int4", "A"), "'{}'::integer[]"),
        (plain("bit(3)", "bit", "V", length=3), "'111'::bit(3)"),
        (plain("public.mood", "mood", "E", "e"), "(pg_catalog.enum_range(NULL::public.mood))[1]::public.mood"),
        (plain("public.pair", "pair", "C", "c", fields=2), "'(,)'::public.pair"),
        (plain("public.cube", "cube", "U"), None),
        (
            Type(written="public.email", base="character varying(9)", name="varchar", category="S", kind="b"),
            "'sample'::public.email",
        ),
    ],
)
def test_a_type_has_a_value(type_: Type, expected: str | None) -> None:
    assert value(type_) == expected


def test_a_full_row_leaves_out_what_fills_itself_and_a_sparse_one_what_may_be_empty() -> None:
    table = Table(
        name="public.t",
        columns=(
            Column(name="id", type=INT, required=True, filled=True),
            Column(name="a", type=INT, required=True, filled=False),
            Column(name="b", type=TEXT, required=False, filled=False),
            Column(name='"p"', type=INT, required=False, filled=True, references=("public.p", '"i d"')),
        ),
    )
    assert full_insert(table) == (
        """INSERT INTO public.t (a, b, "p") VALUES (1::integer, 'sample'::text, (SELECT "i d" FROM public.p LIMIT 1))"""
    )
    assert sparse_insert(table) == "INSERT INTO public.t (a) VALUES (1::integer)"


def test_a_table_without_columns_to_fill_takes_defaults() -> None:
    assert full_insert(Table(name="t", columns=())) == "INSERT INTO t DEFAULT VALUES"


def refers(name: str, *parents: str) -> Table:
    columns = [Column(name=p, type=INT, required=False, filled=False, references=(p, "id")) for p in parents]
    return Table(name=name, columns=tuple(columns))


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([refers("a", "b"), refers("b", "c"), refers("c")], "cba"),
        ([refers("a", "a"), refers("b")], "ab"),
        ([refers("a", "b"), refers("b", "a"), refers("c", "a")], "bac"),
        ([refers("a", "elsewhere")], "a"),
    ],
)
def test_a_table_comes_behind_those_it_refers_to(tables: list[Table], expected: str) -> None:
    assert "".join(table.name for table in in_order(tables)) == expected
