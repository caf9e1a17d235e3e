"""What of schema public is its baseline, told from the database and a fresh build, and expected under other builds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmig.schema.baseline import PublicBaseline, may_have_baseline
from gitmig.schema.model import PUBLIC, ObjectKind, ObjectName, Schema

COMMENT = "standard public schema"
EVERYBODY, CREATOR = "PUBLIC=USAGE", "PUBLIC=CREATE"
OWNER = ["owner=CREATE", "owner=USAGE"]
FRESH = [EVERYBODY, *OWNER]
TABLE = ObjectName(ObjectKind.TABLE, "public.t")


def schema(grants: list[str] | None, comment: str | None = COMMENT) -> Schema:
    """A schema with a table, and with schema public as the catalogs are read."""
    return Schema({TABLE: "[]", PUBLIC: text(grants, comment)}, {TABLE: {}})


def text(grants: list[str] | None, comment: str | None = COMMENT) -> str:
    """What only the owner has by default is written as null."""
    written = None if grants is None or sorted(grants) == OWNER else sorted(grants)
    return json.dumps([written, comment], ensure_ascii=False)


# Each case: what the database has, a fresh build where its stack ends, a fresh build elsewhere, what is expected there.
@pytest.mark.parametrize("version", [140011, 150004, 180000])
@pytest.mark.parametrize(
    ("found", "built", "elsewhere", "expected"),
    [
        pytest.param([], [], [], [], id="nobody said anything"),
        pytest.param(["-u"], ["-u"], [], [], id="a migration took from everybody what they get back below it"),
        pytest.param(["+app=USAGE"], ["+app=USAGE"], [], [], id="a migration gave what is gone below it"),
        pytest.param([], [], ["+app=USAGE"], ["+app=USAGE"], id="a migration above gives"),
        pytest.param(["-u"], [], [], ["-u"], id="a DBA took from everybody"),
        pytest.param(["-u"], [], ["-u"], ["-u"], id="a DBA took it, and a migration elsewhere"),
        pytest.param(["+app=CREATE"], [], [], ["+app=CREATE"], id="a DBA gave"),
        pytest.param(["+app=CREATE"], [], ["-u"], ["-u", "+app=CREATE"], id="a DBA gave, a migration elsewhere took"),
        pytest.param(
            ["+app=CREATE", "+ro=USAGE"], ["+ro=USAGE"], [], ["+app=CREATE"], id="a DBA gave, and a migration gave"
        ),
        pytest.param(["+app=CREATE", "-u"], ["-u"], [], ["+app=CREATE"], id="a DBA gave, and a migration took"),
        pytest.param(["-u", "+ro=USAGE"], ["+ro=USAGE"], [], ["-u"], id="a DBA took, and a migration gave"),
        pytest.param([], ["+ro=USAGE"], ["+ro=USAGE"], ["+ro=USAGE"], id="somebody took what a migration gave"),
        pytest.param([], ["-u"], ["-u"], ["-u"], id="somebody gave again what a migration took"),
        pytest.param(["-oc"], [], [], ["-oc"], id="a DBA took something from the owner"),
        pytest.param(["-oc", "-u"], ["-u"], [], ["-oc"], id="a DBA took something from the owner, a migration more"),
        pytest.param(["-u", "-oc", "-ou"], [], [], ["-u", "-oc", "-ou"], id="a DBA took everything"),
        pytest.param(["+app=USAGE*"], ["+app=USAGE"], ["+app=USAGE"], ["+app=USAGE*"], id="a DBA gave more of it"),
        pytest.param(["+app=USAGE"], [], ["+app=USAGE*"], ["+app=USAGE*"], id="a migration gives more of it"),
        pytest.param(
            ["+app=USAGE"], ["+app=USAGE*"], ["+app=USAGE*"], ["+app=USAGE*"], id="somebody took the grant option"
        ),
        pytest.param(["+app=USAGE"], ["+app=USAGE*"], [], [], id="the rest of that is gone below it"),
        pytest.param(["+b=USAGE by app"], [], [], ["+b=USAGE by app"], id="an application gave"),
    ],
)
def test_who_may_use_schema_public(
    version: int, found: list[str], built: list[str], elsewhere: list[str], expected: list[str]
) -> None:
    def made(changes: list[str]) -> list[str]:
        words = {"u": EVERYBODY, "oc": OWNER[0], "ou": OWNER[1]}
        gone = [words[change[1:]] for change in changes if change[0] == "-"]
        fresh = [*FRESH, CREATOR] if version < 150000 else FRESH
        return [entry for entry in fresh if entry not in gone] + [one[1:] for one in changes if one[0] == "+"]

    baseline = PublicBaseline.of(schema(made(found)), schema(made(built)), version)
    assert baseline.under(schema(made(elsewhere))) == schema(made(expected))


@pytest.mark.parametrize(
    ("version", "found", "expected"),
    [(140000, FRESH, FRESH), (150000, [*FRESH, CREATOR], [*FRESH, CREATOR])],
    ids=["taken on 14", "given on 15"],
)
def test_who_may_create_in_it_is_another_matter_since_postgresql_15(
    version: int, found: list[str], expected: list[str]
) -> None:
    fresh = schema([*FRESH, CREATOR] if version < 150000 else FRESH)
    assert PublicBaseline.of(schema(found), fresh, version).under(fresh) == schema(expected)


@pytest.mark.parametrize(
    ("found", "built", "elsewhere", "expected"),
    [
        ("ours", COMMENT, COMMENT, "ours"),
        (None, COMMENT, COMMENT, None),
        ("ours", COMMENT, "a migration's", "a migration's"),
        ("a migration's", "a migration's", COMMENT, COMMENT),
        ("by hand", "a migration's", "a migration's", "a migration's"),
        ("by hand", None, None, None),
        ('schöne "Welt"\n', COMMENT, COMMENT, 'schöne "Welt"\n'),
    ],
)
def test_the_comment_is_the_ground_s_where_no_migration_has_one(
    found: str | None, built: str | None, elsewhere: str | None, expected: str | None
) -> None:
    baseline = PublicBaseline.of(schema(FRESH, found), schema(FRESH, built), 150000)
    assert baseline.under(schema(FRESH, elsewhere)) == schema(FRESH, expected)


def test_without_schema_public_there_is_no_ground() -> None:
    """Dropped by hand it is missed, dropped by a migration it comes back; ignored it is in none of them."""
    none, ours = Schema({TABLE: "[]"}), schema(["app=CREATE"], "ours")
    assert PublicBaseline.of(none, ours, 150000) == PublicBaseline.of(ours, none, 150000) == PublicBaseline()
    assert PublicBaseline.of(ours, schema(FRESH), 150000).under(none) is none
    assert not may_have_baseline(none, 150000)


def test_a_database_as_postgresql_makes_it_has_no_ground_whatever_was_built() -> None:
    assert not may_have_baseline(schema(FRESH), 150000)
    assert not may_have_baseline(schema([*FRESH, CREATOR]), 140000)
    assert may_have_baseline(schema([*FRESH, CREATOR]), 150000)
    assert may_have_baseline(schema(FRESH), 140000)
    assert may_have_baseline(schema(FRESH, "ours"), 150000)
    assert PublicBaseline.of(schema(FRESH), schema(["app=USAGE"], "a migration's"), 150000) == PublicBaseline()


def test_what_both_have_done_is_in_doubt_and_every_reading_of_it_is_offered() -> None:
    """The likeliest comes first: that only migrations did it."""
    found, fresh = schema([*OWNER, "app=USAGE", "ro=USAGE"]), schema(FRESH)
    baseline = PublicBaseline.of(found, schema([*OWNER, "ro=USAGE"]), 150000)
    assert [reading.under(fresh) for reading in baseline.readings()] == [
        schema([*FRESH, "app=USAGE"]),
        schema([*OWNER, "app=USAGE"]),
        schema([*FRESH, "app=USAGE", "ro=USAGE"]),
        found,
    ]


def test_of_too_many_doubts_nobody_is_offered_every_reading() -> None:
    found = schema([*FRESH, *(f"{role}=USAGE" for role in "abcdefgh")])
    assert len(list(PublicBaseline.of(found, found, 150000).readings())) == 1


RIGHTS = st.sampled_from(["PUBLIC=CREATE", "PUBLIC=USAGE", "a=USAGE", "a=USAGE by b", "owner=CREATE", "owner=USAGE"])
ENTRIES = st.dictionaries(RIGHTS, st.booleans()).map(
    lambda rights: [right.replace("USAGE", "USAGE*") if option else right for right, option in rights.items()]
)
SCHEMAS = st.builds(schema, ENTRIES, st.sampled_from([COMMENT, "ours", None]))
VERSIONS = st.sampled_from([140000, 150000])


@given(SCHEMAS, SCHEMAS, VERSIONS)
def test_what_is_put_right_is_right(found: Schema, built: Schema, version: int) -> None:
    baseline = PublicBaseline.of(found, built, version)
    expected = baseline.under(built)
    assert PublicBaseline.of(expected, built, version).under(built) == expected
    assert baseline.under(expected) == expected
    assert {reading.under(built).fingerprint for reading in baseline.readings()} == {expected.fingerprint}


@given(SCHEMAS, VERSIONS)
def test_where_no_migration_says_anything_everything_is_right(found: Schema, version: int) -> None:
    fresh = schema([*FRESH, CREATOR] if version < 150000 else FRESH)
    assert PublicBaseline.of(found, fresh, version).under(fresh) == found


@given(SCHEMAS, SCHEMAS, VERSIONS)
def test_without_a_ground_a_fresh_build_is_expected(found: Schema, built: Schema, version: int) -> None:
    if not may_have_baseline(found, version):
        assert PublicBaseline.of(found, built, version).under(built) == built
