"""Whom what is left undone belongs to: the last one that touched an object, told from the words of the ups."""

from __future__ import annotations

import pytest

from gitmig.execute.blame import blamed, share
from gitmig.schema.model import ObjectKind, ObjectName, Schema, Tie, schema_difference

EMPTY = Schema({})
CASES = {
    "who names it": (["create table b ()", "create table a ()"], {"table public.a": 1}),
    "of several the last": (["alter table a add x int", "create table a ()"], {"table public.a": 1}),
    "a part by both names": (
        ["create table u (c int)", "alter table t add c int", "create table t ()"],
        {"column public.t.c": 1},
    ),
    "a part by its table": (["create table t ()", "create table u ()"], {"constraint public.t.t_pkey": 0}),
    "what nobody names": (["create table t ()", "select f()"], {"sequence public.s": 1}),
    "quoted": (['create table "My T" ()', "select 1"], {'table public."My T"': 0}),
    "a function": (["create function f(a int) …", "create table f2 ()"], {"function public.f(integer)": 0}),
    "with its whole": (
        ["create table t (a int)", "alter table u add a int"],
        {"table public.t": 0, "column public.t.a": 0},
    ),
}


def named(text: str) -> ObjectName:
    kind, _, name = text.partition(" ")
    return ObjectName(ObjectKind(kind), name)


@pytest.mark.parametrize(("ups", "expected"), CASES.values(), ids=CASES)
def test_the_last_one_that_touched_it_is_to_blame(ups: list[str], expected: dict[str, int]) -> None:
    owners = {named(text): place for text, place in expected.items()}
    found = Schema(dict.fromkeys(owners, "[]"))
    assert blamed(schema_difference(EMPTY, found), found, EMPTY, ups) == owners


def test_what_goes_along_with_something_belongs_to_the_same_one() -> None:
    table, sequence = named("table public.t"), named("sequence public.t_id_seq")
    found = Schema({table: "", sequence: ""}, {sequence: {table: Tie.GOES_ALONG}})
    left = schema_difference(EMPTY, found)
    assert blamed(left, found, EMPTY, ["create table t (id serial)", "select 1"]) == {table: 0, sequence: 0}
    assert share(left, {table}).names == (table,)
