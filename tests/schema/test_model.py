"""Fingerprints and differences of schemas as values."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmig.schema.model import ObjectKind, ObjectName, Schema, SchemaDifference, Tie, schema_difference

TABLE = ObjectName(ObjectKind.TABLE, "public.t")
COLUMN = ObjectName(ObjectKind.COLUMN, "public.t.a")
INDEX_A = ObjectName(ObjectKind.INDEX, "public.a")
VIEW = ObjectName(ObjectKind.VIEW, "public.v")
INDEX = ObjectName(ObjectKind.INDEX, "public.t.i")
ORDER = ObjectName(ObjectKind.COLUMN_ORDER, "public.t")
# PostgreSQL's text has no NUL, so that one can stand between two texts.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=3)
NAMES = st.tuples(st.sampled_from([ObjectKind.TABLE, ObjectKind.INDEX]), TEXTS).map(lambda given: ObjectName(*given))
SCHEMAS = st.dictionaries(NAMES, TEXTS).map(Schema)


def test_an_object_is_called_by_its_kind_and_its_name() -> None:
    assert str(COLUMN) == "column public.t.a"


def test_objects_are_sorted_by_kind_and_then_by_name() -> None:
    assert sorted([TABLE, INDEX, INDEX_A, COLUMN]) == [
        COLUMN,
        INDEX_A,
        INDEX,
        TABLE,
    ]


def test_a_fingerprint_is_short_and_says_nothing() -> None:
    fingerprint = Schema({TABLE: "secret"}).fingerprint
    assert len(fingerprint) == 64
    assert set(fingerprint) <= set("0123456789abcdef")


def test_a_fingerprint_stays_the_same_from_release_to_release() -> None:
    """Ledgers keep it: if this changes, every database looks as if somebody had changed it by hand."""
    schema = Schema({TABLE: "[1]", COLUMN: "[2]", ORDER: "a"})
    assert schema.fingerprint.startswith("322897bc790d")


def test_the_order_in_which_objects_were_read_does_not_matter() -> None:
    objects = {TABLE: "1", COLUMN: "2", INDEX: "3"}
    fingerprints = {Schema(dict(items)).fingerprint for items in itertools.permutations(objects.items())}
    assert len(fingerprints) == 1


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param({}, id="nothing"),
        pytest.param({TABLE: "x"}, id="one object less"),
        pytest.param({TABLE: "x", COLUMN: "y", INDEX: "z"}, id="one more"),
        pytest.param({TABLE: "x", COLUMN: "Y"}, id="another definition"),
        pytest.param({TABLE: "y", COLUMN: "x"}, id="definitions swapped"),
        pytest.param({TABLE: "x", ObjectName(ObjectKind.COLUMN, "public.t.b"): "y"}, id="another name"),
        pytest.param({TABLE: "x", ObjectName(ObjectKind.INDEX, "public.t.a"): "y"}, id="another kind"),
        pytest.param({ObjectName(ObjectKind.TABLE, "public.tx"): "", COLUMN: "y"}, id="a letter on the other side"),
    ],
)
def test_another_schema_has_another_fingerprint(objects: dict[ObjectName, str]) -> None:
    schema = Schema({TABLE: "x", COLUMN: "y"})
    assert schema.fingerprint != Schema(objects).fingerprint
    assert schema_difference(schema, Schema(objects))


def test_the_order_of_columns_is_in_neither_fingerprint_nor_difference() -> None:
    a, b, none = Schema({TABLE: "x", ORDER: "a, b"}), Schema({TABLE: "x", ORDER: "b, a"}), Schema({TABLE: "x"})
    assert a.fingerprint == b.fingerprint == none.fingerprint
    assert not schema_difference(a, b)
    assert not schema_difference(a, none)
    assert a != b


def test_a_difference_says_what_is_missing_too_much_and_changed() -> None:
    wanted = Schema({TABLE: "x", COLUMN: "y", VIEW: "v", ORDER: "a"})
    found = Schema({TABLE: "x", COLUMN: "z", INDEX: "i", INDEX_A: "i", ORDER: "b"})
    difference = schema_difference(wanted, found)
    assert difference == SchemaDifference(
        missing=(VIEW,),
        surplus=(INDEX_A, INDEX),
        changed=(COLUMN,),
    )
    assert difference.names == (COLUMN, INDEX_A, INDEX, VIEW)


@given(SCHEMAS, SCHEMAS)
def test_fingerprints_are_equal_exactly_when_there_is_no_difference(a: Schema, b: Schema) -> None:
    difference = schema_difference(a, b)
    assert (a.fingerprint == b.fingerprint) is not bool(difference)
    back = schema_difference(b, a)
    assert (back.missing, back.surplus, back.changed) == (difference.surplus, difference.missing, difference.changed)
    assert back.names == difference.names


@given(SCHEMAS)
def test_a_schema_does_not_differ_from_a_copy(schema: Schema) -> None:
    copy = Schema(dict(sorted(schema.objects.items(), reverse=True)))
    assert schema == copy
    assert schema.fingerprint == copy.fingerprint
    assert not schema_difference(schema, copy)


def test_a_schema_comes_back_from_json_with_its_edges() -> None:
    schema = Schema({TABLE: "ä", COLUMN: '["x"]', INDEX: ""}, {INDEX: {COLUMN: Tie.GOES_ALONG, TABLE: Tie.NEEDS}})
    assert Schema.from_json(schema.to_json()) == schema


def test_edges_are_no_part_of_the_fingerprint() -> None:
    assert Schema({TABLE: "x"}, {TABLE: {COLUMN: Tie.NEEDS}}).fingerprint == Schema({TABLE: "x"}).fingerprint


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("'2026-11-25 14:36:05.068574'::timestamp", "'2026-11-26 08:00:00.1234'::timestamp", True),
        ("'2026-11-25 14:36:05.068+00'::timestamptz", "'2026-11-25 14:36:05.0689+05:30'::timestamptz", True),
        ("'2026-11-25 14:36:05'::timestamp", "'2026-11-26 14:36:05'::timestamp", False),
        ("'2026-11-25 14:36:05.5'::timestamp", "'2026-11-25 14:36:05.6'::timestamp", False),
        ("'2026-12-31 23:59:59.999999'::timestamp", "'2027-12-31 23:59:59.999999'::timestamp", False),
        ("'9999-12-31 23:59:59.123456'::timestamp", "'9998-12-31 23:59:59.123456'::timestamp", False),
    ],
)
def test_the_instant_of_a_build_is_no_difference_but_a_time_somebody_wrote_is(one: str, other: str, same: bool) -> None:
    first, second = Schema({VIEW: f"SELECT {one}"}), Schema({VIEW: f"SELECT {other}"})
    assert (first.fingerprint == second.fingerprint) is same
    assert (not schema_difference(first, second)) is same
    assert first.at_the_time_of(second) == (second if same else first)
