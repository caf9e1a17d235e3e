"""Which layout explains the files, and what no layout takes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmig.migrations.layouts import detect, layouts, migration_set, unreadable
from gitmig.migrations.model import InvalidMigrations
from tests.samples import BY_NAME, FOLDER, file, files, grouped, labels, refused, said

CONTENT_HERE = "put the migration itself here: its content must be in the commit"
RENAME = "give one of them another version, by renaming the file"
DBMATE = "-- migrate:up\nSELECT 1;\n"
GOOSE = "-- +goose Up\nSELECT 1;\n"
LAYOUTS = st.sampled_from(BY_NAME)
VERSIONS = st.lists(st.integers(0, 10**7), min_size=1, max_size=6, unique=True)


@pytest.mark.parametrize(
    ("names", "text", "layout"),
    [
        pytest.param(["0001_a.sql", "0002_b.sql"], DBMATE, "single", id="dbmate"),
        pytest.param(["0001_a.sql"], "", "single", id="one file each, without a directive"),
        pytest.param(["0001_a.sql", "0002_b.sql"], DBMATE.upper(), "single", id="a slip in dbmate's directive"),
        pytest.param(["0001_a.sql", "0002_b.sql"], GOOSE, "goose", id="goose"),
        pytest.param(["0001_a.up.sql", "0001_a.down.sql"], "SELECT 1;", "paired", id="golang-migrate"),
        pytest.param(["0001_a.up.sql"], "SELECT 1;", "paired", id="golang-migrate without a down"),
        pytest.param(["0001_a.sql", "0002_b.sql"], "SELECT 1;", "paired", id="sqlx without downs"),
        pytest.param(["0001_a.up.sql", "0002_b.up.sql"], "-- no +goose here", "paired", id="a pair that names goose"),
        pytest.param(["1_a/up.sql", "1_a/down.sql"], "SELECT 1;", "directory", id="diesel"),
        pytest.param(["1_a/up.sql", "1_a/metadata.toml", "README.md"], "SELECT 1;", "directory", id="diesel's options"),
        pytest.param(["0001_a.sql", "0002_b.sql", "schema.sql"], DBMATE, "single", id="a dump beside them"),
        pytest.param(["0001_a.sql", "0002_b.up.sql", "0002_b.down.sql"], "", "paired", id="the better of two"),
        pytest.param(["0001_a.sql", "0002_b.sql", "3_c/up.sql"], "", "single", id="most files count"),
    ],
)
def test_the_layout_is_that_which_explains_the_files(names: list[str], text: str, layout: str) -> None:
    found = files(*names)
    assert detect(found, {found[0].path: text}, unreadable) == layout
    assert detect(list(reversed(found)), {found[0].path: text}, unreadable) == layout


@pytest.mark.parametrize("names", [[], ["README.md", ".gitkeep"], ["schema.sql"], ["notes/a.sql"]])
def test_without_migrations_there_is_nothing_to_judge_by(names: list[str]) -> None:
    assert detect(files(*names), {}, unreadable) is None


@given(LAYOUTS, VERSIONS)
@settings(deadline=None)
def test_what_a_layout_writes_is_recognised_and_read_in_order(name: str, versions: list[int]) -> None:
    layout = layouts()[name]
    texts = {}
    for version in versions:
        texts.update(layout.render(str(version), "a", "SELECT 1;\n", "SELECT 2;\n"))
    found = files(*texts)
    assert detect(found, {one.path: texts[one.name] for one in found[:1]}, unreadable) == name
    migrations = migration_set(layout, FOLDER, found, unreadable).migrations
    assert labels(migrations) == [f"{version}_a" for version in sorted(versions)]
    for migration in migrations:
        content = layout.parse(migration, {role: texts[one.name] for role, one in migration.files})
        assert content.up.text.strip() == "SELECT 1;"
        assert content.down is not None
        assert content.down.text.strip() == "SELECT 2;"


def test_a_set_knows_its_folder_and_layout() -> None:
    found = grouped("paired", "0001_a.up.sql")
    assert (found.folder, found.layout, len(found)) == (FOLDER, "paired", 1)


def test_no_files_are_an_empty_set() -> None:
    assert [len(grouped(name)) for name in layouts()] == [0] * 6


@pytest.mark.parametrize("layout", BY_NAME)
@pytest.mark.parametrize(
    ("mode", "message"), [pytest.param("120000", "is a symbolic link", id="a symlink"), ("160000", "is a submodule")]
)
def test_what_is_no_plain_file_is_refused_in_every_layout(layout: str, mode: str, message: str) -> None:
    odd = file("0001_a.sql", mode=mode)
    assert refused(migration_set, layouts()[layout], FOLDER, [odd], unreadable) == [(odd.path, message, CONTENT_HERE)]


def test_an_executable_file_is_a_plain_one() -> None:
    assert len(migration_set(layouts()["single"], FOLDER, [file("0001_a.sql", mode="100755")], unreadable)) == 1


@pytest.mark.parametrize("layout", ["single", "goose"])
def test_every_file_of_a_version_but_the_first_is_refused(layout: str) -> None:
    """In the order of the paths, as git lists them."""
    assert refused(grouped, layout, "0001_a.sql", "0001_b.sql", "0002_c.sql", "1_d.sql") == [
        (f"{FOLDER}/0001_b.sql", f"has the same version as {FOLDER}/0001_a.sql", RENAME),
        (f"{FOLDER}/1_d.sql", f"has the same version as {FOLDER}/0001_b.sql", RENAME),
    ]


def test_everything_that_is_wrong_with_the_names_is_told_at_once() -> None:
    everything = [*files("0001_a.sql", "0001_b.sql", "v2_d.sql"), file("0002_c.sql", mode="120000")]
    with pytest.raises(InvalidMigrations) as caught:
        migration_set(layouts()["single"], FOLDER, everything, unreadable)
    name_it = "name it V_name.sql, as in 20260101120000_create_comments.sql, or move it out of the migrations folder"
    assert said(caught.value) == [
        (f"{FOLDER}/0001_b.sql", f"has the same version as {FOLDER}/0001_a.sql", RENAME),
        (f"{FOLDER}/0002_c.sql", "is a symbolic link", CONTENT_HERE),
        (f"{FOLDER}/v2_d.sql", "does not fit the name of a migration", name_it),
    ]
    assert caught.value.message == "3 problems in the migration files"
    assert caught.value.details == (
        f"{FOLDER}/0001_b.sql: has the same version as {FOLDER}/0001_a.sql ({RENAME})",
        f"{FOLDER}/0002_c.sql: is a symbolic link ({CONTENT_HERE})",
        f"{FOLDER}/v2_d.sql: does not fit the name of a migration ({name_it})",
    )
