"""`V_name.up.sql` and `V_name.down.sql`, as golang-migrate and sqlx write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.migrations.layouts import group, left_alone, migration_set, unreadable
from gitmig.migrations.layouts.paired import PairedLayout
from gitmig.migrations.model import InvalidMigrations
from tests.samples import FOLDER, KEEPS_TO_ITSELF, files, grouped, labels, refused

if TYPE_CHECKING:
    from gitmig.migrations.model import Content

NAME_IT = (
    "name it V_name.up.sql and V_name.down.sql, as in 0001_create_comments.up.sql, "
    "or move it out of the migrations folder"
)


def pair(up: str, down: str | None = None) -> Content:
    """The content of `0001_a`, with a down file or without."""
    names = ["0001_a.up.sql"] + (["0001_a.down.sql"] if down is not None else [])
    (migration,) = migration_set(PairedLayout(), FOLDER, files(*names), unreadable).migrations
    return PairedLayout().parse(migration, {"up": up} | ({} if down is None else {"down": down}))


# --- names ---


def test_two_files_are_one_migration_in_whatever_order_they_come() -> None:
    found = grouped("paired", "0002_b.up.sql", "0001_a.down.sql", "0001_a.up.sql", "README.md", ".gitkeep")
    assert labels(found) == ["0001_a", "0002_b"]
    assert [[role for role, _ in one.files] for one in found.migrations] == [["up", "down"], ["up"]]
    assert found.migrations[0].path == f"{FOLDER}/0001_a.up.sql"


@pytest.mark.parametrize(
    ("stem", "version", "title"),
    [
        pytest.param("1_create_comments", "1", "create_comments", id="as golang-migrate names it"),
        pytest.param("20260101120000-a", "20260101120000", "a", id="a dash instead of an underscore"),
        pytest.param("4", "4", "", id="no name"),
        pytest.param("1_a.up", "1", "a.up", id="a name that ends in up"),
        pytest.param('1_-it\'s 100% "🐘"', "1", '-it\'s 100% "🐘"', id="odd characters"),
    ],
)
def test_a_pair_is_named_by_version_and_name(stem: str, version: str, title: str) -> None:
    (found,) = grouped("paired", f"{stem}.up.sql", f"{stem}.down.sql").migrations
    assert (found.version.text, found.name) == (version, title)
    assert [role for role, _ in found.files] == ["up", "down"]


@pytest.mark.parametrize(
    "name", ["0002_b.old.sql", "up.sql", "0002_b.UP.sql", "b.up.sql", "٣_b.up.sql", "old/0002_b.up.sql"]
)
def test_an_sql_file_whose_name_fits_no_migration_is_refused(name: str) -> None:
    assert refused(grouped, "paired", "0001_a.up.sql", name) == [
        (f"{FOLDER}/{name}", "does not fit the name of a migration", NAME_IT)
    ]


def test_a_directory_named_like_a_migration_is_refused() -> None:
    assert refused(grouped, "paired", "0001_a/0001_a.up.sql") == [
        (f"{FOLDER}/0001_a/0001_a.up.sql", "is in a directory that is named like a migration (0001_a/)", NAME_IT)
    ]


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["0001_a.down.sql"], id="a down alone"),
        pytest.param(["0002_a.up.sql", "0001_a.down.sql"], id="an up of another version"),
        pytest.param(["0001_b.up.sql", "0001_b.down.sql", "0001_a.down.sql"], id="an up that has its own down"),
    ],
)
def test_a_down_without_its_up_is_left_alone(names: list[str]) -> None:
    found, problems = group(PairedLayout(), files(*names, "0009_z.up.sql"), unreadable)
    assert problems == []
    assert [(p.path, p.message, p.hint) for p in left_alone(files(*names), found)] == [
        (
            f"{FOLDER}/0001_a.down.sql",
            "is left alone: no up script of its version is beside it",
            "add 0001_a.up.sql, or delete it",
        )
    ]


@pytest.mark.parametrize("down", ["0001_drop_a.down.sql", "0001.down.sql", "1_add_a.down.sql"])
def test_an_up_and_a_down_of_one_version_belong_together(down: str) -> None:
    (found,) = grouped("paired", down, "0001_add_a.up.sql").migrations
    assert found.label == "0001_add_a"
    assert [file.name for _, file in found.files] == ["0001_add_a.up.sql", down]


def test_an_up_may_stand_alone_as_sqlx_writes_it() -> None:
    found = grouped("paired", "0001_a.sql", "0002_b.up.sql", "0002_b.down.sql", "3.sql")
    assert labels(found) == ["0001_a", "0002_b", "3"]
    assert [[role for role, _ in one.files] for one in found.migrations] == [["up"], ["up", "down"], ["up"]]


def test_two_pairs_of_one_version_are_refused() -> None:
    assert refused(grouped, "paired", "0001_a.up.sql", "0001_a.down.sql", "1_b.up.sql", "1_b.down.sql") == [
        (
            f"{FOLDER}/1_b.up.sql",
            f"has the same version as {FOLDER}/0001_a.up.sql",
            "give one of them another version, by renaming the file",
        )
    ]


# --- scripts ---


def test_each_file_is_a_whole_script() -> None:
    found = pair("SELECT 1;\n", "SELECT 2;\n")
    assert found.down is not None
    assert [(s.text, s.path, s.first_line) for s in (found.up, found.down)] == [
        ("SELECT 1;\n", f"{FOLDER}/0001_a.up.sql", 1),
        ("SELECT 2;\n", f"{FOLDER}/0001_a.down.sql", 1),
    ]


def test_no_down_file_is_irreversible_and_an_empty_one_is_a_script() -> None:
    assert pair("SELECT 1;").down is None
    down = pair("SELECT 1;", "").down
    assert down is not None
    assert down.text == ""


@pytest.mark.parametrize(
    ("text", "transactional"),
    [
        pytest.param("SELECT 1;", True, id="nothing said"),
        pytest.param("-- no-transaction\nVACUUM;", False, id="as sqlx writes it"),
        pytest.param("\n  --no-transaction: indexes\nVACUUM;", False, id="other spaces, and a reason"),
        pytest.param("-- so\n-- no-transaction\nSELECT 1;", True, id="not at the beginning"),
        pytest.param("-- no-transactions\nSELECT 1;", True, id="another word"),
        pytest.param("SELECT '-- no-transaction';", True, id="in a string"),
    ],
)
def test_a_file_says_whether_it_runs_in_a_transaction(text: str, *, transactional: bool) -> None:
    found = pair(text, text)
    assert found.up.transactional is transactional
    assert found.down is not None
    assert found.down.transactional is transactional


def test_the_flag_of_one_file_is_not_that_of_the_other() -> None:
    found = pair("-- no-transaction\nVACUUM;", "SELECT 1;")
    assert found.down is not None
    assert (found.up.transactional, found.down.transactional) == (False, True)


def test_a_bare_transaction_around_a_script_is_accepted() -> None:
    """golang-migrate's documentation tells people to write it."""
    assert pair("BEGIN;\nCREATE TABLE t ();\nCOMMIT;\n").up.transactional


def test_what_is_wrong_in_the_up_is_told_with_its_line() -> None:
    assert refused(pair, "SELECT 1;\nROLLBACK;\n", "-- so\n\nROLLBACK;") == [
        (f"{FOLDER}/0001_a.up.sql:2", "ROLLBACK inside a script that runs in a transaction", KEEPS_TO_ITSELF),
    ]


def test_a_down_that_cannot_run_stands_in_nobodys_way() -> None:
    found = pair("SELECT 1;", "-- so\n\nROLLBACK;")
    assert found.down is not None
    (problem,) = found.down.problems
    assert (problem.place, problem.message) == (
        f"{FOLDER}/0001_a.down.sql:3",
        "ROLLBACK inside a script that runs in a transaction",
    )
    assert found.down.trouble == problem


def test_a_script_that_needs_its_own_commits_is_for_the_outside() -> None:
    up = "BEGIN;\nSET LOCAL search_path = s;\nCREATE TABLE a ();\nCOMMIT;\nCREATE TABLE b ();\n"
    assert not pair(up, "").up.transactional
    assert pair("BEGIN;\nCREATE TABLE a ();\nCOMMIT;\nCREATE TABLE b ();\n", "").up.transactional


# --- a new migration ---


def test_a_new_migration_can_be_read_again() -> None:
    rendered = PairedLayout().render("0002", "b", "SELECT 1;\n", "SELECT 2;\n")
    assert rendered == {"0002_b.up.sql": "SELECT 1;\n", "0002_b.down.sql": "SELECT 2;\n"}
    assert labels(grouped("paired", *rendered)) == ["0002_b"]


@pytest.mark.parametrize("text", ["-- migrate:up\nA;\n-- migrate:down\nB;\n", "\n-- +goose Down\nB;\n"])
def test_an_up_alone_with_sections_is_not_run_from_end_to_end(text: str) -> None:
    (migration,) = grouped("paired", "0001_a.sql").migrations
    with pytest.raises(InvalidMigrations, match="is of another layout than paired"):
        PairedLayout().parse(migration, {"up": text})
