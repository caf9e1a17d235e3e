"""What other tools' tables say, from rows alone."""

from __future__ import annotations

import pytest

from gitmig.migrations.model import Version
from gitmig.schema.other_tools import OWN_PARTS, TOOLS, Claim, applied_among, own_tables, tool_of
from tests.samples import labels, migration

BY_NAME = {tool.name: tool for tool in TOOLS}


@pytest.mark.parametrize(
    ("tool", "rows", "claim"),
    [
        ("dbmate", [], Claim()),
        ("dbmate", [("20260101120000",), ("20260102120000",)], Claim(versions=("20260101120000", "20260102120000"))),
        ("diesel", [("20170923182408",)], Claim(versions=("20170923182408",))),
        ("golang-migrate", [], Claim()),
        ("golang-migrate", [("7", "false")], Claim(up_to="7")),
        ("golang-migrate", [("0", "false")], Claim(up_to="0")),
        ("golang-migrate", [("-1", "false")], Claim()),
        ("golang-migrate", [("7", "true")], Claim(broken=("7",))),
        ("golang-migrate", [("-1", "true")], Claim(broken=("-1",))),
        ("goose", [("0", "true")], Claim()),
        ("goose", [("0", "true"), ("1", "true"), ("2", "true")], Claim(versions=("1", "2"))),
        ("goose", [("1", "true"), ("2", "true"), ("2", "false")], Claim(versions=("1",))),
        ("goose", [("1", "true"), ("1", "false"), ("1", "true")], Claim(versions=("1",))),
        ("sqlx", [("1", "true"), ("2", "true")], Claim(versions=("1", "2"))),
        ("sqlx", [("1", "true"), ("2", "false")], Claim(versions=("1",), broken=("2",))),
        ("sqlx", [("1", "")], Claim(broken=("1",))),
    ],
)
def test_rows_say_what_is_applied(tool: str, rows: list[tuple[str, ...]], claim: Claim) -> None:
    assert BY_NAME[tool].read(rows) == claim
    assert bool(claim) is (claim != Claim())


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_tool_knows_its_own_table(tool: object) -> None:
    found = BY_NAME[tool.name]  # type: ignore[attr-defined]
    assert tool_of(found.table, found.columns) is found
    assert tool_of(found.table, found.columns | {"note"}) is found
    assert tool_of("others", found.columns) is None
    assert {*found.asked, found.order} <= found.columns


def test_a_table_that_lacks_a_column_is_nobodys() -> None:
    assert tool_of("goose_db_version", {"id", "version_id"}) is None
    assert tool_of("schema_migrations", {"filename"}) is None


def test_the_tool_that_explains_more_columns_is_meant() -> None:
    assert tool_of("schema_migrations", {"version", "dirty"}) is BY_NAME["golang-migrate"]
    assert tool_of("schema_migrations", {"version", "note"}) is BY_NAME["dbmate"]


def test_a_table_is_a_tools_own_by_its_name_and_exactly_its_columns() -> None:
    columns = [
        *("public.schema_migrations.version", "app.schema_migrations.version", "app.schema_migrations.dirty"),
        *("other.schema_migrations.version", "other.schema_migrations.note", '"a.b".schema_migrations.version'),
        *("public.my_schema_migrations.version", "schema_migrations.a.version", "public.a.id"),
    ]
    tables = [column.rpartition(".")[0] for column in columns]
    own = {"public.schema_migrations", "app.schema_migrations", '"a.b".schema_migrations'}
    assert own_tables(tables, columns) == own
    assert own_tables(tables, []) == own_tables([], columns) == frozenset()


def test_a_trigger_on_such_a_table_is_not_the_tools() -> None:
    assert not OWN_PARTS & {"trigger", "rule", "policy", "statistics"}


def test_what_is_passed_over_is_known_and_no_migration() -> None:
    claim = Claim(versions=("1", "3", "4"))
    found, missing = applied_among(claim, MIGRATIONS, {Version("0003")})
    assert (labels(found), missing) == (["0001_a"], ("4",))


MIGRATIONS = [migration(label) for label in ("0001_a", "0002_b", "0010_c", "2026-01-01-120000_d")]


@pytest.mark.parametrize(
    ("claim", "applied", "unknown"),
    [
        (Claim(versions=("1", "2", "10", "20260101120000")), ["0001_a", "0002_b", "0010_c", "2026-01-01-120000_d"], ()),
        (Claim(versions=("10", "0001")), ["0001_a", "0010_c"], ()),
        (Claim(versions=("1", "3", "11")), ["0001_a"], ("3", "11")),
        (Claim(up_to="10"), ["0001_a", "0002_b", "0010_c"], ()),
        (Claim(up_to="3"), ["0001_a", "0002_b"], ("3",)),
        (Claim(versions=("nonsense",)), [], ("nonsense",)),
        (Claim(), [], ()),
    ],
)
def test_versions_are_numbers_however_they_are_written(
    claim: Claim, applied: list[str], unknown: tuple[str, ...]
) -> None:
    found, missing = applied_among(claim, MIGRATIONS)
    assert (labels(found), missing) == (applied, unknown)
