"""`V_name.sql` with `-- migrate:up` and `-- migrate:down`, as dbmate writes them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gitmig.migrations.languages.sql import SQL
from gitmig.migrations.layouts import unreadable
from gitmig.migrations.layouts.single import SingleLayout
from gitmig.migrations.model import File, Script
from tests.samples import FOLDER, KEEPS_TO_ITSELF, grouped, labels, parsed, refused

PATH = f"{FOLDER}/0001_a.sql"
NAME_IT = "name it V_name.sql, as in 20260101120000_create_comments.sql, or move it out of the migrations folder"
NO_UP = ("no section migrate:up", "begin the file with a line `-- migrate:up`")
ONE_OF_EACH = "a migration has one section of each; make two of it"


def script(text: str, first_line: int, *, transactional: bool = True) -> Script:
    return Script(language=SQL, text=text, path=PATH, first_line=first_line, transactional=transactional)


# --- names ---


@pytest.mark.parametrize(
    ("name", "version", "title"),
    [
        pytest.param(
            "20260101120000_create_comments.sql", "20260101120000", "create_comments", id="as dbmate names it"
        ),
        pytest.param("0001-init.sql", "0001", "init", id="a dash instead of an underscore"),
        pytest.param("42.sql", "42", "", id="no name"),
        pytest.param("42_.sql", "42", "", id="an underscore and no name"),
        pytest.param("1__private.sql", "1", "_private", id="two underscores"),
        pytest.param("1_-f.sql", "1", "-f", id="a name with a leading dash"),
        pytest.param("1_rename to body.sql", "1", "rename to body", id="spaces"),
        pytest.param('1_it\'s "it".sql', "1", 'it\'s "it"', id="quotes"),
        pytest.param("1_100%.sql", "1", "100%", id="a percent sign"),
        pytest.param("1_año_コメント_🐘.sql", "1", "año_コメント_🐘", id="unicode"),
        pytest.param("1_v1.2.sql", "1", "v1.2", id="a dot"),
        pytest.param("9" * 5000 + "_a.sql", "9" * 5000, "a", id="a version of 5,000 digits"),
    ],
)
def test_a_file_is_named_by_version_and_name(name: str, version: str, title: str) -> None:
    (found,) = grouped("single", name).migrations
    assert (found.version.text, found.name) == (version, title)
    assert [(role, file.name) for role, file in found.files] == [("both", name)]
    assert found.path == f"{FOLDER}/{name}"


def test_what_is_no_sql_file_is_left_alone() -> None:
    others = ("README.md", ".gitkeep", "notes/0001_a.txt", "0001_a", "sql", "0001_a.sql.orig", "0001_a.sql/README.md")
    assert labels(grouped("single", *others, "0001_a.sql")) == ["0001_a"]
    assert labels(grouped("single")) == []


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("v1_a.sql", id="a letter before the version"),
        pytest.param("-1_a.sql", id="a leading dash"),
        pytest.param(" 1_a.sql", id="a leading space"),
        pytest.param("1 a.sql", id="a space behind the version"),
        pytest.param("1.5_a.sql", id="a version with a dot"),
        pytest.param("1a.sql", id="nothing between version and name"),
        pytest.param("._1_a.sql", id="what macOS leaves on foreign disks"),
        pytest.param("٣_a.sql", id="digits that are not 0 to 9"),
        pytest.param("1_a.up.sql", id="half a pair"),
        pytest.param("1_a.down.sql", id="the other half"),
    ],
)
def test_an_sql_file_whose_name_fits_no_migration_is_refused(name: str) -> None:
    assert refused(grouped, "single", "0002_b.sql", name) == [
        (f"{FOLDER}/{name}", "does not fit the name of a migration", NAME_IT)
    ]


@pytest.mark.parametrize(
    ("name", "directory"), [("0001_a.sql/up.sql", "0001_a.sql"), ("0001_a/up.sql", "0001_a"), ("1/2/3_c.sql", "1/2")]
)
def test_a_directory_named_like_a_migration_is_refused(name: str, directory: str) -> None:
    message = f"is in a directory that is named like a migration ({directory}/)"
    assert refused(grouped, "single", name) == [(f"{FOLDER}/{name}", message, NAME_IT)]


# --- sections ---


@pytest.mark.parametrize(
    ("text", "up", "down"),
    [
        pytest.param(
            "-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 2;\n",
            script("\nSELECT 1;\n\n", 1),
            script("\nSELECT 2;\n", 4),
            id="both sections",
        ),
        pytest.param("-- migrate:up\nSELECT 1;\n", script("\nSELECT 1;\n", 1), None, id="no down: irreversible"),
        pytest.param("-- migrate:up\n-- migrate:down", script("\n", 1), script("", 2), id="both empty"),
        pytest.param("-- migrate:up", script("", 1), None, id="an empty up alone"),
        pytest.param(
            "-- migrate:up\nSELECT 1;\n-- migrate:down\n",
            script("\nSELECT 1;\n", 1),
            script("\n", 3),
            id="an empty down is a script",
        ),
        pytest.param(
            "\n-- Ada wrote this\n  -- with care\n--migrate:up\nSELECT 1;\n--\tmigrate:down\t\nSELECT 2;",
            script("\nSELECT 1;\n", 4),
            script("\nSELECT 2;", 6),
            id="comments first, and other spaces",
        ),
        pytest.param(
            "-- migrate:up transaction:false\nVACUUM;\n-- migrate:down\nSELECT 1;",
            script("\nVACUUM;\n", 1, transactional=False),
            script("\nSELECT 1;", 3),
            id="up outside a transaction",
        ),
        pytest.param(
            "-- migrate:up\nSELECT 1;\n-- migrate:down   transaction:false  \nVACUUM;",
            script("\nSELECT 1;\n", 1),
            script("\nVACUUM;", 3, transactional=False),
            id="down outside a transaction",
        ),
        pytest.param("-- migrate:up transaction:true\n", script("\n", 1), None, id="transaction:true"),
        pytest.param(
            "-- migrate:up transaction:false\nBEGIN;\nSELECT 1;\nCOMMIT;\nVACUUM;\n",
            script("\nBEGIN;\nSELECT 1;\nCOMMIT;\nVACUUM;\n", 1, transactional=False),
            None,
            id="transactions of its own, outside",
        ),
        pytest.param(
            "-- migrate:up\nSELECT '100%', $1; -- see migrate:down\nSELECT ' -- migrate:down';\n",
            script("\nSELECT '100%', $1; -- see migrate:down\nSELECT ' -- migrate:down';\n", 1),
            None,
            id="a directive begins its line",
        ),
    ],
)
def test_the_sections_of_a_file(text: str, up: Script, down: Script | None) -> None:
    found = parsed("single", "0001_a.sql", text)
    assert found.up == up
    assert found.down == (down and replace(down, section="down"))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("", [(PATH, *NO_UP)], id="an empty file"),
        pytest.param("-- a comment\nSELECT 1;\n", [(PATH, *NO_UP)], id="no directive"),
        pytest.param(
            "\n-- migrate:down\nSELECT 1;\n",
            [(f"{PATH}:2", "migrate:down stands before migrate:up", NO_UP[1])],
            id="a down alone",
        ),
        pytest.param(
            "-- migrate:down\n-- migrate:up\n",
            [(f"{PATH}:1", "migrate:down stands before migrate:up", NO_UP[1])],
            id="the down first",
        ),
        pytest.param(
            "-- migrate:up\n-- migrate:down\n\n-- migrate:down\n",
            [(f"{PATH}:4", "a second migrate:down", ONE_OF_EACH)],
            id="two downs",
        ),
        pytest.param(
            "-- migrate:up\n-- migrate:up\n-- migrate:up\n",
            [(f"{PATH}:{line}", "a second migrate:up", ONE_OF_EACH) for line in (2, 3)],
            id="three ups",
        ),
        pytest.param(
            "-- migrate:up\n-- migrate:downn\n",
            [(f"{PATH}:2", "unknown directive migrate:downn", "write migrate:up or migrate:down")],
            id="a misspelt down",
        ),
        pytest.param(
            "-- migrate:UP\n",
            [
                (f"{PATH}:1", "unknown directive migrate:UP", "write migrate:up or migrate:down"),
                (f"{PATH}:1", *NO_UP),
            ],
            id="in capitals",
        ),
        pytest.param(
            "-- migrate:up transaction=false\n",
            [(f"{PATH}:1", "unknown option transaction=false", "the only option is transaction:false")],
            id="a misspelt option",
        ),
        pytest.param(
            "-- migrate:up\n-- migrate:down transaction:false now\n",
            [(f"{PATH}:2", "unknown option now", "the only option is transaction:false")],
            id="one word too many",
        ),
        pytest.param(
            "-- a\n\nSELECT 0;\n-- migrate:up\nSELECT 1;\n",
            [
                (
                    f"{PATH}:3",
                    "text before the first section",
                    "move it below the directive on line 4, or make it a comment",
                )
            ],
            id="text before the first section",
        ),
        pytest.param(
            "-- migrate:up\nSELECT 1;\n\n  ABORT;\n-- migrate:down\n-- so\nROLLBACK;\n",
            [(f"{PATH}:4", "ABORT inside a script that runs in a transaction", KEEPS_TO_ITSELF)],
            id="transaction control in the up",
        ),
        pytest.param(
            "-- migrate:up transaction:false\nVACUUM;\nCOPY t FROM STDIN;\n1\n\\.\n",
            [
                (
                    f"{PATH}:3",
                    "COPY … FROM STDIN needs a client that sends the data",
                    "write the rows as INSERT statements",
                )
            ],
            id="data for the client",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, problems: list[tuple[str, str, str]]) -> None:
    assert refused(parsed, "single", "0001_a.sql", text) == problems


def test_everything_that_is_wrong_is_told_at_once() -> None:
    text = "DROP TABLE t;\n-- migrate:up foo\n-- migrate:sideways\n-- migrate:up\n"
    assert refused(parsed, "single", "0001_a.sql", text) == [
        (f"{PATH}:1", "text before the first section", "move it below the directive on line 2, or make it a comment"),
        (f"{PATH}:2", "unknown option foo", "the only option is transaction:false"),
        (f"{PATH}:3", "unknown directive migrate:sideways", "write migrate:up or migrate:down"),
        (f"{PATH}:4", "a second migrate:up", ONE_OF_EACH),
    ]


def test_a_form_feed_is_no_line_end() -> None:
    """Editors and PostgreSQL count lines by LF alone."""
    ((place, _, _),) = refused(parsed, "single", "0001_a.sql", "--\f\u2028\nSELECT 0;\n-- migrate:up\n")
    assert place == f"{PATH}:2"


# --- a new migration ---


def test_a_new_migration_can_be_read_again() -> None:
    rendered = SingleLayout().render("0002", "b", "SELECT 1;\n", "SELECT 2;\n")
    assert rendered == {"0002_b.sql": "-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 2;\n"}
    found = parsed("single", *next(iter(rendered.items())))
    assert (found.up.text, found.down and found.down.text) == ("\nSELECT 1;\n\n", "\nSELECT 2;\n")


def test_the_place_of_an_error_is_relative_to_the_repository() -> None:
    file = File(path="deep/down/migrations/0001_a.sql", name="0001_a.sql", blob="f00")
    (migration,), _ = SingleLayout().group([file], unreadable)
    ((place, _, _),) = refused(SingleLayout().parse, migration, {"both": ""})
    assert place == "deep/down/migrations/0001_a.sql"
