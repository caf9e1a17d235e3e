"""`V_name/up.sql`, `V_name/down.sql` and perhaps `V_name/metadata.toml`, as diesel writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.migrations.layouts import migration_set, unreadable
from gitmig.migrations.layouts.directory import DirectoryLayout
from tests.samples import FOLDER, KEEPS_TO_ITSELF, files, grouped, labels, refused

if TYPE_CHECKING:
    from gitmig.migrations.model import Content

NAME_IT = (
    "name it V_name/up.sql and V_name/down.sql, as in 2026-01-01-120000_create_comments/up.sql, "
    "or move it out of the migrations folder"
)
OPTIONS = f"{FOLDER}/1_a/metadata.toml"


def directory(**texts: str) -> Content:
    """The content of `1_a` with these files: up, down, options."""
    bases = {"up": "up.sql", "down": "down.sql", "options": "metadata.toml"}
    (migration,) = migration_set(
        DirectoryLayout(), FOLDER, files(*(f"1_a/{bases[role]}" for role in texts)), unreadable
    ).migrations
    return DirectoryLayout().parse(migration, texts)


# --- names ---


def test_the_files_of_a_directory_are_one_migration_in_whatever_order_they_come() -> None:
    found = grouped(
        "directory", "2_b/up.sql", "1_a/metadata.toml", "1_a/down.sql", "1_a/up.sql", "README.md", "1_a/README.md"
    )
    assert labels(found) == ["1_a", "2_b"]
    assert [[role for role, _ in one.files] for one in found.migrations] == [["up", "down", "options"], ["up"]]
    assert found.migrations[0].path == f"{FOLDER}/1_a/up.sql"


@pytest.mark.parametrize(
    ("name", "version", "title"),
    [
        pytest.param("2026-01-01-120000_create_comments", "2026-01-01-120000", "create_comments", id="as diesel"),
        pytest.param("00000000000000_diesel_initial_setup", "00000000000000", "diesel_initial_setup", id="its first"),
        pytest.param("20260101120000_a", "20260101120000", "a", id="no dashes"),
        pytest.param("7", "7", "", id="no name"),
        pytest.param("2023-05-23-1715-update-tables", "2023-05-23-1715", "update-tables", id="a dash before the name"),
        pytest.param('1_-it\'s 100% "🐘"', "1", '-it\'s 100% "🐘"', id="odd characters"),
    ],
)
def test_a_directory_is_named_by_version_and_name(name: str, version: str, title: str) -> None:
    (found,) = grouped("directory", f"{name}/up.sql").migrations
    assert (found.version.text, found.name) == (version, title)


def test_dashes_in_the_version_do_not_count_in_the_order() -> None:
    names = ("2019-01-01-000000_c", "20180101000000_b", "2017-09-23-182408_a", "00000000000000_setup")
    assert labels(grouped("directory", *(f"{name}/up.sql" for name in names))) == list(reversed(names))


def test_times_with_and_without_a_count_sort_as_in_diesel() -> None:
    names = ("2026-08-01-090000_c", "2026-07-30-140000-0000_b", "2026-07-30-120000_a")
    assert labels(grouped("directory", *(f"{name}/up.sql" for name in names))) == list(reversed(names))


def test_versions_that_differ_in_their_dashes_are_refused_as_one() -> None:
    assert refused(grouped, "directory", "2017-09-23-182408_a/up.sql", "20170923182408_b/up.sql") == [
        (
            f"{FOLDER}/20170923182408_b/up.sql",
            f"has the same version as {FOLDER}/2017-09-23-182408_a/up.sql",
            "give one of them another version, by renaming the file",
        )
    ]


@pytest.mark.parametrize("name", ["0002_b.sql", "up.sql", "setup/up.sql", "-1_a/up.sql", "٣_a/up.sql"])
def test_an_sql_file_whose_name_fits_no_migration_is_refused(name: str) -> None:
    assert refused(grouped, "directory", "1_a/up.sql", name) == [
        (f"{FOLDER}/{name}", "does not fit the name of a migration", NAME_IT)
    ]


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        pytest.param("1_a/seed.sql", "1_a", id="another script beside them"),
        pytest.param("1_a/old/up.sql", "1_a/old", id="one level too deep"),
    ],
)
def test_a_script_that_no_migration_runs_is_refused(name: str, parent: str) -> None:
    assert refused(grouped, "directory", "1_a/up.sql", name) == [
        (f"{FOLDER}/{name}", f"is in a directory that is named like a migration ({parent}/)", NAME_IT)
    ]


@pytest.mark.parametrize("name", ["2_b/down.sql", "2_b/metadata.toml"])
def test_a_directory_without_an_up_is_refused(name: str) -> None:
    assert refused(grouped, "directory", "1_a/up.sql", name) == [
        (f"{FOLDER}/{name}", "has no up script beside it", "add 2_b/up.sql, or delete it")
    ]


# --- scripts ---


def test_each_file_is_a_whole_script() -> None:
    found = directory(up="SELECT 1;\n", down="SELECT 2;\n")
    assert found.down is not None
    assert [(s.text, s.path, s.first_line) for s in (found.up, found.down)] == [
        ("SELECT 1;\n", f"{FOLDER}/1_a/up.sql", 1),
        ("SELECT 2;\n", f"{FOLDER}/1_a/down.sql", 1),
    ]


def test_no_down_file_is_irreversible_and_an_empty_one_is_a_script() -> None:
    assert directory(up="SELECT 1;").down is None
    down = directory(up="SELECT 1;", down="").down
    assert down is not None
    assert down.text == ""


@pytest.mark.parametrize(
    ("options", "transactional"),
    [
        pytest.param("", True, id="nothing said"),
        pytest.param("# run_in_transaction = false\n", True, id="a comment"),
        pytest.param("run_in_transaction = true\n", True, id="true"),
        pytest.param("run_in_transaction = false\n", False, id="false"),
    ],
)
def test_the_options_count_for_both_scripts(options: str, *, transactional: bool) -> None:
    found = directory(up="SELECT 1;", down="SELECT 2;", options=options)
    assert found.down is not None
    assert (found.up.transactional, found.down.transactional) == (transactional, transactional)


def test_an_option_of_another_type_is_refused() -> None:
    assert refused(lambda: directory(up="", options="run_in_transaction = 'no'")) == [
        (OPTIONS, "run_in_transaction is no boolean", "write true or false, without quotes")
    ]


def test_options_that_are_no_toml_are_refused_with_what_the_parser_says() -> None:
    ((place, message, hint),) = refused(lambda: directory(up="", options="\nrun_in_transaction: false\n"))
    assert place == OPTIONS
    assert message.startswith("is not TOML: ")
    assert "(at line 2, column " in message
    assert hint == "the only key is run_in_transaction = true or false"


def test_what_is_wrong_in_the_up_is_told_with_its_line() -> None:
    assert refused(lambda: directory(up="SELECT 1;\nROLLBACK;\n", down="-- so\n\nABORT;")) == [
        (f"{FOLDER}/1_a/up.sql:2", "ROLLBACK inside a script that runs in a transaction", KEEPS_TO_ITSELF),
    ]


def test_outside_a_transaction_a_script_may_roll_back() -> None:
    found = directory(up="SELECT 1;\nROLLBACK;\n", options="run_in_transaction = false")
    assert not found.up.transactional


# --- a new migration ---


def test_a_new_migration_can_be_read_again() -> None:
    rendered = DirectoryLayout().render("2026-01-01-120000", "b", "SELECT 1;\n", "SELECT 2;\n")
    assert rendered == {
        "2026-01-01-120000_b/up.sql": "SELECT 1;\n",
        "2026-01-01-120000_b/down.sql": "SELECT 2;\n",
    }
    assert labels(grouped("directory", *rendered)) == ["2026-01-01-120000_b"]
