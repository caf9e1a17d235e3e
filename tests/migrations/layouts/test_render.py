"""The files of a new migration, in every layout."""

from __future__ import annotations

import pytest

from gitmig.migrations.layouts import layouts, unreadable
from gitmig.migrations.layouts.single import SingleLayout
from gitmig.migrations.model import File


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("single", {"0001_a.sql": "-- migrate:up\nSELECT 1;\n"}),
        ("goose", {"0001_a.sql": "-- +goose Up\nSELECT 1;\n"}),
        ("paired", {"0001_a.up.sql": "SELECT 1;\n"}),
        ("directory", {"0001_a/up.sql": "SELECT 1;\n"}),
    ],
)
def test_a_migration_without_a_down_has_no_place_for_one(layout: str, expected: dict[str, str]) -> None:
    assert layouts()[layout].render("0001", "a", "SELECT 1;\n", None) == expected


def test_goose_is_told_not_to_cut_dollar_quoted_bodies() -> None:
    (text,) = layouts()["goose"].render("0001", "a", "DO $$ BEGIN; END $$;\n", "SELECT 1;\n").values()
    assert text == (
        "-- +goose Up\n-- +goose StatementBegin\nDO $$ BEGIN; END $$;\n-- +goose StatementEnd\n\n"
        "-- +goose Down\nSELECT 1;\n"
    )


TOOLS = {
    "sql-migrate": ("-- +migrate Up\nA;\n-- +migrate Down\n", "-- +migrate Up\nUP;\n\n-- +migrate Down\nDOWN;\n"),
    "node-pg-migrate": ("-- Up Migration\nA;\n", "-- Up Migration\nUP;\n\n-- Down Migration\nDOWN;\n"),
    "rambler": ("-- rambler up\nA;\n-- rambler down\n", "-- rambler up\nUP;\n\n-- rambler down\nDOWN;\n"),
    "tern": ("A;\n---- create above / drop below ----\n", "UP;\n\n---- create above / drop below ----\nDOWN;\n"),
    "MyBatis": ("-- // first\nA;\n-- //@UNDO\n", "-- // add x\nUP;\n\n-- //@UNDO\nDOWN;\n"),
    "dbmate": ("-- migrate:up\nA; -- +migrate Up\n", "-- migrate:up\nUP;\n\n-- migrate:down\nDOWN;\n"),
}


@pytest.mark.parametrize(("other", "expected"), TOOLS.values(), ids=TOOLS)
def test_a_new_migration_is_marked_as_the_tools_that_are_there(other: str, expected: str) -> None:
    file, layout = File(path="m/1_a.sql", name="1_a.sql", blob=""), SingleLayout()
    assert layout.render_like("2", "add_x", "UP;\n", "DOWN;\n", other=file, text=other) == {"2_add_x.sql": expected}
    for down in ("DOWN;\n", None):
        (text,) = layout.render_like("2", "add_x", "UP;\n", down, other=file, text=other).values()
        (migration,), _ = layout.group([file], unreadable)
        read = layout.parse(migration, {"both": text})
        assert "UP;" in read.up.text
        assert "DOWN" not in read.up.text
        assert (read.down.text.strip() if read.down else None) == (down.strip() if down else None)


def test_it_is_named_alike_and_not_cut_where_it_must_not_be() -> None:
    file, other = File(path="m/1-a_b.sql", name="1-a_b.sql", blob=""), TOOLS["sql-migrate"][0]
    body = "DO $$ BEGIN; END $$;\n"
    ((name, text),) = SingleLayout().render_like("2", "f", body, "DOWN;\n", other=file, text=other).items()
    assert name == "2-f.sql"
    assert text == (
        "-- +migrate Up\n-- +migrate StatementBegin\nDO $$ BEGIN; END $$;\n-- +migrate StatementEnd\n\n"
        "-- +migrate Down\nDOWN;\n"
    )
