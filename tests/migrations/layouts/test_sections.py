"""Files of other tools, with sections that are marked in their way."""

from __future__ import annotations

import pytest

from gitmig.migrations.layouts import detect, layouts, unreadable
from gitmig.migrations.model import Content, InvalidMigrations
from tests.samples import files

MARKED = [
    pytest.param("-- +migrate Up\nUP;\n", "-- +migrate Down\nDOWN;\n", id="sql-migrate"),
    pytest.param("-- Up Migration\nUP;\n", "-- Down Migration\nDOWN;\n", id="node-pg-migrate"),
    pytest.param("--- up migration\nUP;\n", "--- DOWN migration\nDOWN;\n", id="node-pg-migrate, otherwise"),
    pytest.param("-- rambler up\nUP;\n", "-- rambler down\nDOWN;\n", id="rambler"),
    pytest.param("UP;\n", "---- create above / drop below ----\nDOWN;\n", id="tern"),
    pytest.param("-- // a title\nUP;\n", "-- //@UNDO\nDOWN;\n", id="MyBatis"),
    pytest.param("UP;\n", "--//  @UNDO\nDOWN;\n", id="MyBatis, otherwise"),
]


def parse(text: str, layout: str = "single") -> Content:
    (migration,), _ = layouts()[layout].group(files("0001_a.sql"), unreadable)
    return layouts()[layout].parse(migration, {migration.files[0][0]: text})


@pytest.mark.parametrize(("up", "down"), MARKED)
def test_both_sections_are_read(up: str, down: str) -> None:
    found = files("0001_a.sql", "0002-b.sql")
    assert detect(found, {found[0].path: up + down}, unreadable) == "single"
    content = parse(up + down)
    assert content.down is not None
    assert content.up.text.strip().splitlines()[-1] == "UP;"
    assert "DOWN" not in content.up.text
    assert (content.down.text.strip(), content.down.first_line) == ("DOWN;", (up + down).count("\n") - 1)
    if not up.startswith(("UP", "-- //")):
        assert parse(up).down is None


@pytest.mark.parametrize(("up", "down"), MARKED)
def test_who_takes_a_file_for_an_up_alone_does_not_run_them(up: str, down: str) -> None:
    with pytest.raises(InvalidMigrations, match="is of another layout than paired"):
        parse(up + down, "paired")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- rambler up\n-- rambler down\n-- rambler up\n", "0001_a.sql:3: a second up section of rambler"),
        ("-- +migrate Down\n-- +migrate Up\n", "0001_a.sql:1: the down section of sql-migrate stands before the up"),
        ("-- Down Migration\n", "0001_a.sql:1: no up section of node-pg-migrate"),
        ("DROP TABLE a;\n-- Up Migration\nUP;\n", "0001_a.sql:1: text before the first section"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(InvalidMigrations, match=f"{message}$"):
        parse(text)


def test_a_tool_says_what_runs_outside() -> None:
    assert not parse("-- +migrate Up notransaction\nUP;\n").up.transactional
    assert not parse("---- tern: disable-tx ----\nUP;\n---- create above / drop below ----\n").up.transactional
