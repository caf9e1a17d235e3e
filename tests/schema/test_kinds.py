"""Kinds as classes: fields, queries and the registry; what each of them writes is tested against PostgreSQL."""

from __future__ import annotations

import pytest

from gitmig.schema.kinds import DEFINITIONS, queries
from gitmig.schema.kinds.constraints import Constraint
from gitmig.schema.kinds.kind import Definition, Query, sql
from gitmig.schema.kinds.remote import Publication
from gitmig.schema.kinds.tables import ForeignTable, Table
from gitmig.schema.kinds.types import Attribute, CompositeType
from gitmig.schema.model import ObjectKind, ObjectName


class Gadget(Definition):
    """A kind of this test."""

    size: int = sql("g.size")
    parts: tuple[str, ...] = sql("g.parts")
    colour: str = sql("g.colour", since=160000, default="grey")

    KIND = ObjectKind.SERVER
    QUERY = Query(of="pg_gadget g", name="g.name", grants="g.acl", source="pg_gadget g", part_of="g.whole")


class Button(Gadget):
    """A kind with a field more, which is not read."""

    label: str = ""

    KIND = ObjectKind.CAST


COMMENT = (
    "(SELECT note.description FROM pg_description note WHERE note.objoid = g.oid "
    "AND note.classoid = 'pg_gadget'::regclass AND note.objsubid = 0)"
)


@pytest.mark.parametrize(("version", "colour"), [(150004, ""), (160000, "g.colour, ")])
def test_the_array_of_a_query_is_that_of_the_fields(version: int, colour: str) -> None:
    assert Gadget.query(version) == (
        f"SELECT 'server', g.name, jsonb_build_array(g.size, g.parts, {colour}g.acl, {COMMENT})::text, "
        "'pg_gadget'::regclass::oid, g.oid, 0, g.whole\nFROM pg_gadget g"
    )


def test_values_are_read_in_the_order_of_the_fields_and_those_of_newer_versions_may_be_missing() -> None:
    assert Gadget.read([1, ["a", "b"]]) == Gadget(size=1, parts=("a", "b"), colour="grey")
    assert Gadget.read([1, [], "red"]).colour == "red"
    assert Button(1, (), label="x").replaced(size=2) == Button(2, (), "grey", "x")
    assert "label" not in Button.query(160000)


def test_definitions_are_values() -> None:
    gadget = Gadget(1, ("a",))
    assert (gadget, hash(gadget), repr(gadget)) == (
        Gadget(1, ("a",)),
        hash(Gadget(1, ("a",))),
        "Gadget(size=1, parts=('a',), colour='grey')",
    )
    assert gadget != Button(1, ("a",))
    assert gadget != Gadget(2, ("a",))
    with pytest.raises(AttributeError, match="Gadget is frozen"):
        gadget.size = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param((1, (), "red", "too many"), {}, id="a value too many"),
        pytest.param((1, ()), {"size": 2}, id="a field twice"),
        pytest.param((1, ()), {"width": 2}, id="no such field"),
        pytest.param((1,), {}, id="a field without a value"),
    ],
)
def test_values_that_do_not_fit_the_fields_are_refused(values: tuple[object, ...], named: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        Gadget(*values, **named)  # type: ignore[arg-type]


def test_texts_are_found_and_changed_wherever_they_stand() -> None:
    row = CompositeType((Attribute("a", "s.t", None, "of s.t"), Attribute("b", "text", '"C"', None)))
    assert list(row.texts()) == ["a", "s.t", "of s.t", "b", "text", '"C"']
    changed = row.mapped(lambda text: text.replace("s.t", "s.u"))
    assert changed.attributes[0] == Attribute("a", "s.u", None, "of s.u")
    assert changed.attributes[0].full_type == "s.u"


def test_sql_calls_parts_by_their_table() -> None:
    constraint = ObjectName(ObjectKind.CONSTRAINT, 's."a.b".c')
    assert Constraint.subject(constraint) == 'CONSTRAINT c ON s."a.b"'
    assert ForeignTable.subject(ObjectName(ObjectKind.FOREIGN_TABLE, "s.t")) == "FOREIGN TABLE s.t"


def test_every_kind_has_a_class_but_for_the_one_that_is_only_among_the_edges() -> None:
    assert set(ObjectKind) - DEFINITIONS.keys() == {ObjectKind.PARTITION_KEY}
    assert all(one.KIND is kind for kind, one in DEFINITIONS.items())


@pytest.mark.parametrize("version", [140000, 150000, 160000, 170000, 180000])
def test_each_version_is_asked_once_for_what_it_has(version: int) -> None:
    texts = list(queries(version))
    assert len([text for text in texts if "pg_get_viewdef" in text]) == 1
    assert Table.query(version) in texts
    assert ("pubgencols" in Publication.query(version)) is (version >= 180000)
    assert any("pg_publication_namespace" in text for text in texts) is (version >= 150000)
