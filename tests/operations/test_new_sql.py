"""Migrations whose up is given and whose down is computed."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError, UsageError
from gitmig.migrations.model import InvalidMigrations
from gitmig.operations.new import Composed, compose
from gitmig.project.project import Project
from gitmig.project.target import load_target
from gitmig.trials.round_trip import RoundTripOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)
COMMENTS = "CREATE TABLE comments (id bigint PRIMARY KEY, contents text NOT NULL);"


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox], database: Database) -> Sandbox:
    made = make_sandbox(url=database.url)
    made.migration("20260101000000_comments", COMMENTS, "DROP TABLE comments;")
    return made


@pytest.fixture
def run(repo: Sandbox, database: Database) -> Callable[..., Composed]:
    """Compose a migration; the database is not touched."""

    def call(*pieces: str, title: str | None = "title", irreversible: bool = False) -> Composed:
        project = Project.load(repo.root, database.url)
        made = compose(project, pieces, title=title, irreversible=irreversible, now=NOW)
        assert database.tables() == []
        return made

    return call


def text(repo: Sandbox, composed: Composed) -> str:
    return "".join((repo.root / path).read_text() for path in composed.paths)


def files(repo: Sandbox) -> list[str]:
    return sorted(path.name for path in (repo.root / "migrations").iterdir())


def test_a_renamed_column_is_renamed_back(repo: Sandbox, run: Callable[..., Composed]) -> None:
    composed = run("ALTER TABLE comments RENAME COLUMN contents TO body")
    assert composed.paths == ("migrations/20260304050607_title.sql",)
    assert composed.notes == ()
    assert text(repo, composed) == (
        "-- migrate:up\nALTER TABLE comments RENAME COLUMN contents TO body;\n\n"
        "-- migrate:down\nALTER TABLE public.comments RENAME COLUMN body TO contents;\n"
    )


@pytest.mark.parametrize("layout", ["single", "paired", "directory", "goose"])
def test_every_layout_gets_both_sections(make_sandbox: Callable[..., Sandbox], database: Database, layout: str) -> None:
    repo = make_sandbox(url=database.url)
    repo.write("gitmig.toml", f'layout = "{layout}"\n')
    repo.write("migrations/.gitkeep", "")
    project = Project.load(repo.root, database.url)
    function = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 2; END $$"
    compose(project, [function], title="f", now=NOW)
    compose(project, ["DROP FUNCTION f()"], title="g", now=NOW)
    target = load_target(project)
    first, second = target.contents(target.set.migrations).values()
    assert first.down is not None
    assert "DROP FUNCTION public.f()" in first.down.text
    assert second.down is not None
    assert "RETURN 2; END" in second.down.text


def test_pieces_follow_each_other_and_name_the_migration(repo: Sandbox, run: Callable[..., Composed]) -> None:
    composed = run("ALTER TABLE comments ADD likes int;", " ", "CREATE INDEX ON comments (likes)\n", title=None)
    assert composed.label == "20260304050607_alter_table_comments_add_likes_int"
    assert "ADD likes int;\nCREATE INDEX ON comments (likes);\n" in text(repo, composed)


def test_a_comment_at_the_end_of_a_piece_hides_nothing(repo: Sandbox, run: Callable[..., Composed]) -> None:
    composed = run("CREATE TABLE x () -- one", "CREATE TABLE y ();; -- two")
    assert text(repo, composed).startswith(
        "-- migrate:up\nCREATE TABLE x (); -- one\nCREATE TABLE y ();; -- two\n\n-- migrate:down\nDROP TABLE public."
    )


def test_an_index_that_is_made_concurrently_has_a_down(repo: Sandbox, run: Callable[..., Composed]) -> None:
    composed = run("CREATE INDEX CONCURRENTLY odd ON comments (contents)")
    assert "DROP INDEX public.odd;" in text(repo, composed)


def test_a_column_that_comes_back_at_the_end_is_told(run: Callable[..., Composed]) -> None:
    composed = run("ALTER TABLE comments DROP id")
    assert [note.outcome for note in composed.notes] == [
        RoundTripOutcome.DOWN_FAILS_ON_ROWS,
        RoundTripOutcome.COLUMN_ORDER,
    ]


def test_an_up_that_fails_on_rows_is_told(run: Callable[..., Composed]) -> None:
    composed = run("ALTER TABLE comments ADD likes int NOT NULL")
    assert [note.outcome for note in composed.notes] == [RoundTripOutcome.UP_FAILS_ON_ROWS]


def test_what_changes_no_schema_has_nothing_to_undo(repo: Sandbox, run: Callable[..., Composed]) -> None:
    composed = run("UPDATE comments SET contents = upper(contents)")
    assert text(repo, composed).endswith("-- migrate:down\n-- nothing to do: the schema is the same before and after\n")


@pytest.mark.parametrize("irreversible", [False, True])
def test_what_no_down_can_be_computed_for_is_refused_unless_that_is_meant(
    repo: Sandbox, run: Callable[..., Composed], irreversible: bool
) -> None:
    before = files(repo)
    if irreversible:
        composed = run("CREATE TYPE odd", irreversible=True)
        assert composed.obstacle is not None
        assert text(repo, composed) == "-- migrate:up\nCREATE TYPE odd;\n"
        return
    with pytest.raises(GitmigError) as caught:
        run("CREATE TYPE odd")
    assert caught.value.message == "no exact down of 20260304050607_title can be computed"
    assert caught.value.details == ("in the way: base type public.odd",)
    assert caught.value.hint == ("write its down yourself, in the file that `gitmig new` makes, or say --irreversible")
    assert files(repo) == before


def test_irreversible_is_no_wish(repo: Sandbox, run: Callable[..., Composed]) -> None:
    assert "-- migrate:down\nDROP TABLE public.a;" in text(repo, run("CREATE TABLE a ()", irreversible=True))


def test_sql_that_fails_writes_nothing(repo: Sandbox, run: Callable[..., Composed]) -> None:
    before = files(repo)
    with pytest.raises(GitmigError) as caught:
        run("ALTER TABLE comments ADD a int; ALTER TABLE nope ADD a int")
    assert caught.value.message == 'the SQL fails: relation "nope" does not exist'
    assert caught.value.details == ("statement: ALTER TABLE nope ADD a int",)
    assert files(repo) == before


def test_sql_that_no_migration_may_have_is_refused(repo: Sandbox, run: Callable[..., Composed]) -> None:
    before = files(repo)
    with pytest.raises(InvalidMigrations, match="ROLLBACK inside a script that runs in a transaction"):
        run("CREATE TABLE a (); ROLLBACK")
    assert files(repo) == before


@pytest.mark.parametrize("pieces", [(), ("",), (" \n", ";"), ("-- only a comment",)])
def test_no_sql_is_no_migration(run: Callable[..., Composed], pieces: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="there is no SQL to write a migration of"):
        run(*pieces)


def test_odd_names_survive(repo: Sandbox, run: Callable[..., Composed]) -> None:
    composed = run("""ALTER TABLE comments RENAME COLUMN contents TO "Body; 100% ""odd"" -- it's" """)
    down = """ALTER TABLE public.comments RENAME COLUMN "Body; 100% ""odd"" -- it's" TO contents;\n"""
    assert text(repo, composed).endswith(f"-- migrate:down\n{down}")
