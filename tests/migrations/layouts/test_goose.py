"""`V_name.sql` with `-- +goose Up` and `-- +goose Down`, as pressly/goose writes them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gitmig.migrations.languages.sql import SQL
from gitmig.migrations.layouts.goose import GooseLayout
from gitmig.migrations.model import Script
from tests.samples import FOLDER, KEEPS_TO_ITSELF, grouped, labels, parsed, refused

PATH = f"{FOLDER}/0001_a.sql"
NAME_IT = "name it V_name.sql, as in 20260101120000_create_comments.sql, or move it out of the migrations folder"
ONE_OF_EACH = "a migration has one section of each; make two of it"
KNOWN = "gitmig knows Up, Down, StatementBegin, StatementEnd and NO TRANSACTION"
CLOSE = "close every StatementBegin by a StatementEnd"
FUNCTION = """
-- +goose StatementBegin
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
-- +goose StatementEnd
"""


def script(text: str, first_line: int, *, transactional: bool = True) -> Script:
    return Script(language=SQL, text=text, path=PATH, first_line=first_line, transactional=transactional)


# --- names ---


def test_each_sql_file_is_a_migration() -> None:
    found = grouped("goose", "00010_b.sql", "00009_a.sql", "20260101120000_c.sql", "README.md", ".gitkeep", "main.go")
    assert labels(found) == ["00009_a", "00010_b", "20260101120000_c"]


@pytest.mark.parametrize("name", ["v1_a.sql", "-1_a.sql", "1_a.up.sql", "1_a.down.sql"])
def test_an_sql_file_whose_name_fits_no_migration_is_refused(name: str) -> None:
    assert refused(grouped, "goose", "0002_b.sql", name) == [
        (f"{FOLDER}/{name}", "does not fit the name of a migration", NAME_IT)
    ]


def test_a_directory_named_like_a_migration_is_refused() -> None:
    assert refused(grouped, "goose", "0001_a/up.sql") == [
        (f"{FOLDER}/0001_a/up.sql", "is in a directory that is named like a migration (0001_a/)", NAME_IT)
    ]


# --- sections ---


@pytest.mark.parametrize(
    ("text", "up", "down"),
    [
        pytest.param(
            "-- +goose Up\nSELECT 1;\n\n-- +goose Down\nSELECT 2;\n",
            script("\nSELECT 1;\n\n", 1),
            script("\nSELECT 2;\n", 4),
            id="both sections",
        ),
        pytest.param("-- +goose Up\nSELECT 1;\n", script("\nSELECT 1;\n", 1), None, id="no down: irreversible"),
        pytest.param("-- +goose Up\n-- +goose Down", script("\n", 1), script("", 2), id="an empty down is a script"),
        pytest.param(
            "-- a\n\n  --+goose UP\nSELECT 1;\n\t--  +GOOSE down\nSELECT 2;",
            script("\nSELECT 1;\n", 3),
            script("\nSELECT 2;", 5),
            id="other spaces and case",
        ),
        pytest.param(
            "-- +goose NO TRANSACTION\n-- +goose Up\nVACUUM;\n-- +goose Down\nVACUUM;\n",
            script("\nVACUUM;\n", 2, transactional=False),
            script("\nVACUUM;\n", 4, transactional=False),
            id="both sections outside a transaction",
        ),
        pytest.param(
            "-- +goose Up\n-- +goose no transaction\nVACUUM;\n",
            script("\n-- +goose no transaction\nVACUUM;\n", 1, transactional=False),
            None,
            id="said within a section, in small letters",
        ),
        pytest.param(
            f"-- +goose Up{FUNCTION}-- +goose Down{FUNCTION}",
            script(FUNCTION, 1),
            script(FUNCTION, 5),
            id="StatementBegin and StatementEnd stay as comments",
        ),
        pytest.param(
            "-- +goose Up\nSELECT 1; -- +goose Down\nSELECT ' -- +goose Down';\n",
            script("\nSELECT 1; -- +goose Down\nSELECT ' -- +goose Down';\n", 1),
            None,
            id="a directive begins its line",
        ),
    ],
)
def test_the_sections_of_a_file(text: str, up: Script, down: Script | None) -> None:
    found = parsed("goose", "0001_a.sql", text)
    assert found.up == up
    assert found.down == (down and replace(down, section="down"))


def test_statement_marks_do_not_change_the_content() -> None:
    """gitmig needs them no more than PostgreSQL does."""
    marked, plain = f"-- +goose Up{FUNCTION}", "-- +goose Up\n" + FUNCTION.strip().splitlines()[1]
    assert parsed("goose", "0001_a.sql", marked).checksum == parsed("goose", "0001_a.sql", plain).checksum


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("", [(PATH, "no section +goose Up", "write `-- +goose Up` before it")], id="an empty file"),
        pytest.param(
            "-- +goose Down\nSELECT 1;\n",
            [(PATH, "no section +goose Up", "write `-- +goose Up` before it")],
            id="a down alone",
        ),
        pytest.param(
            "\n-- +goose Down\n-- +goose Up\n",
            [(f"{PATH}:2", "Down stands before Up", "put the up section first")],
            id="the down first",
        ),
        pytest.param("-- +goose Up\n-- +goose up\n", [(f"{PATH}:2", "a second +goose up", ONE_OF_EACH)], id="two ups"),
        pytest.param(
            "-- +goose Up\n-- +goose Down\n\n-- +goose Down\n",
            [(f"{PATH}:4", "a second +goose Down", ONE_OF_EACH)],
            id="two downs",
        ),
        pytest.param(
            "-- +goose Up\n-- +goose Dwon\n",
            [(f"{PATH}:2", "unknown directive +goose Dwon", KNOWN)],
            id="a misspelt down",
        ),
        pytest.param(
            "-- +goose ENVSUB ON\n-- +goose Up\n",
            [(f"{PATH}:1", "unknown directive +goose ENVSUB ON", KNOWN)],
            id="a directive gitmig does not follow",
        ),
        pytest.param(
            "-- +goose NO TX\n-- +goose Up\n",
            [(f"{PATH}:1", "unknown directive +goose NO TX", KNOWN)],
            id="a misspelt NO TRANSACTION",
        ),
        pytest.param(
            "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n",
            [(f"{PATH}:2", "+goose StatementBegin without its counterpart", CLOSE)],
            id="a statement not closed",
        ),
        pytest.param(
            "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose Down\n-- +goose StatementEnd\n",
            [(f"{PATH}:2", "+goose StatementBegin without its counterpart", CLOSE)],
            id="a statement closed in the other section",
        ),
        pytest.param(
            "-- +goose StatementBegin\n-- +goose Up\nSELECT 1;\n-- +goose StatementEnd\n",
            [(f"{PATH}:1", "+goose StatementBegin without its counterpart", CLOSE)],
            id="a statement begun before the section",
        ),
        pytest.param(
            "-- +goose Up\nSELECT 1;\n-- +goose StatementEnd\n",
            [(f"{PATH}:3", "+goose StatementEnd without its counterpart", CLOSE)],
            id="a statement not begun",
        ),
        pytest.param(
            "-- +goose Up\n-- +goose StatementBegin\n-- +goose StatementBegin\n-- +goose StatementEnd\n",
            [(f"{PATH}:2", "+goose StatementBegin without its counterpart", CLOSE)],
            id="a statement within another",
        ),
        pytest.param(
            "-- a\nSELECT 0;\n-- +goose Up\n",
            [
                (
                    f"{PATH}:2",
                    "text before the first section",
                    "move it below the directive on line 3, or make it a comment",
                )
            ],
            id="text before the first section",
        ),
        pytest.param(
            "-- +goose Up\nSELECT 1;\nROLLBACK;\n-- +goose Down\nABORT;\n",
            [(f"{PATH}:3", "ROLLBACK inside a script that runs in a transaction", KEEPS_TO_ITSELF)],
            id="transaction control in the up",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, problems: list[tuple[str, str, str]]) -> None:
    assert refused(parsed, "goose", "0001_a.sql", text) == problems


# --- a new migration ---


def test_a_new_migration_can_be_read_again() -> None:
    rendered = GooseLayout().render("0002", "b", "SELECT 1;\n", "SELECT 2;\n")
    assert rendered == {"0002_b.sql": "-- +goose Up\nSELECT 1;\n\n-- +goose Down\nSELECT 2;\n"}
    found = parsed("goose", *next(iter(rendered.items())))
    assert (found.up.text, found.down and found.down.text) == ("\nSELECT 1;\n\n", "\nSELECT 2;\n")
