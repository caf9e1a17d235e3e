"""Changes by hand become migrations."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError
from gitmig.ledger import store
from gitmig.operations.capture import Captured, capture
from gitmig.operations.diff import diff
from gitmig.operations.status import status
from gitmig.project.project import Project
from gitmig.project.target import load_target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gitmig.events import Event
    from tests.conftest import Database, Sandbox

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)
BY_HAND = "ALTER TABLE a ADD author text; CREATE INDEX odd ON a (author);"


def nobody(event: Event) -> None:
    raise AssertionError(event)


@pytest.fixture
def run(sandbox: Sandbox, database: Database, run_sync: Callable[..., list[str]]) -> Callable[..., Captured]:
    """Capture what was changed in a database that was synced with migration 0001_a."""
    sandbox.table("0001_a", "a")
    run_sync()

    def call(title: str | None = "By hand!") -> Captured:
        return capture(Project.load(sandbox.root, database.url), title, now=NOW, notify=nobody)

    return call


def migrations(sandbox: Sandbox) -> list[Path]:
    return sorted((sandbox.root / "migrations").glob("*.sql"))


def events(database: Database) -> list[tuple[object, ...]]:
    return database.rows("SELECT action, version, name FROM gitmig.history ORDER BY id")


def test_a_column_that_was_added_where_one_was_dropped_is_no_rename(
    sandbox: Sandbox, database: Database, run: Callable[..., Captured]
) -> None:
    database.rows("ALTER TABLE a ADD secret text")
    run("secret")
    database.rows("ALTER TABLE a DROP secret; ALTER TABLE a ADD note text")
    text = (sandbox.root / run("note").paths[0]).read_text()
    assert text == (
        "-- migrate:up\nALTER TABLE public.a DROP COLUMN secret;\nALTER TABLE public.a ADD COLUMN note text;\n\n"
        "-- migrate:down\nALTER TABLE public.a DROP COLUMN note;\nALTER TABLE public.a ADD COLUMN secret text;\n"
    )
    database.rows("ALTER TABLE a RENAME note TO remark")
    assert "RENAME COLUMN note TO remark" in (sandbox.root / run("remark").paths[0]).read_text()


def test_a_change_by_hand_becomes_a_migration_that_is_applied(
    sandbox: Sandbox, database: Database, run: Callable[..., Captured]
) -> None:
    database.rows(BY_HAND)
    captured = run()
    assert (captured.label, captured.paths) == ("0002_by_hand", ("migrations/0002_by_hand.sql",))
    assert [str(name) for name in captured.drift.surplus] == ["column public.a.author", "index public.a.odd"]
    assert (sandbox.root / captured.paths[0]).read_text() == (
        "-- migrate:up\nALTER TABLE public.a ADD COLUMN author text;\n"
        "CREATE INDEX odd ON public.a USING btree (author);\n\n"
        "-- migrate:down\nALTER TABLE public.a DROP COLUMN author;\n"
    )
    project = Project.load(sandbox.root, database.url)
    assert status(project).in_sync
    assert not diff(project, None, None).difference
    assert database.applied() == ["0001_a", "0002_by_hand"]
    assert events(database)[-1] == ("capture", "0002", "by_hand")
    target = load_target(project)
    assert database.rows("SELECT to_set FROM gitmig.history ORDER BY id DESC LIMIT 1") == [(target.set.id,)]


def test_what_was_captured_can_be_reverted_and_applied_again(
    sandbox: Sandbox, database: Database, run: Callable[..., Captured], run_sync: Callable[..., list[str]]
) -> None:
    before = sandbox.commit("a")
    database.rows(BY_HAND)
    run()
    assert run_sync(before) == ["- 0002_by_hand"]
    assert database.columns("a") == ["id"]
    assert run_sync() == ["+ 0002_by_hand"]
    assert database.columns("a") == ["id", "author"]


def test_no_drift_is_said_and_writes_nothing(
    sandbox: Sandbox, database: Database, run: Callable[..., Captured]
) -> None:
    before, known = migrations(sandbox), events(database)
    captured = run()
    assert (captured.label, captured.paths, bool(captured.drift)) == (None, (), False)
    assert (migrations(sandbox), events(database)) == (before, known)


def test_what_is_gone_is_captured_too(sandbox: Sandbox, database: Database, run: Callable[..., Captured]) -> None:
    database.rows("DROP TABLE a")
    captured = run(None)
    assert captured.label == "0002_captured"
    assert "DROP TABLE public.a;" in (sandbox.root / captured.paths[0]).read_text()


@pytest.mark.parametrize("layout", ["single", "paired", "directory", "goose"])
def test_every_layout_is_written(make_sandbox: Callable[..., Sandbox], database: Database, layout: str) -> None:
    repo = make_sandbox(url=database.url)
    repo.write("gitmig.toml", f'layout = "{layout}"\n')
    repo.write("migrations/.gitkeep", "")
    database.rows("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 2; END $$")
    project = Project.load(repo.root, database.url)
    captured = capture(project, now=NOW, notify=nobody)
    assert captured.label == "20260304050607_captured"
    assert status(project).in_sync
    assert not diff(project, None, None).difference


def test_a_database_without_a_ledger_is_taken_as_it_is(
    make_sandbox: Callable[..., Sandbox], database: Database
) -> None:
    repo = make_sandbox(url=database.url)
    repo.write("migrations/.gitkeep", "")
    database.rows("""
        CREATE SCHEMA "Odd ""one"; CREATE TYPE mood AS ENUM ('it''s', '100%');
        CREATE TABLE "Odd ""one"."select" ("from" int PRIMARY KEY, mood mood DEFAULT '100%');
        CREATE TABLE b ("i d" int REFERENCES "Odd ""one"."select"); INSERT INTO b VALUES (NULL);
    """)
    project = Project.load(repo.root, database.url)
    captured = capture(project, "Before gitmig", now=NOW, notify=nobody)
    assert captured.label == "20260304050607_before_gitmig"
    assert database.applied() == ["20260304050607_before_gitmig"]
    assert not diff(project, None, None).difference
    assert database.rows("TABLE b") == [(None,)]


def test_what_is_pending_goes_below_what_was_captured(
    sandbox: Sandbox, database: Database, run: Callable[..., Captured], run_sync: Callable[..., list[str]]
) -> None:
    database.rows(f"{BY_HAND} INSERT INTO a VALUES (1, 'Ada')")
    sandbox.migration("0002_b", "ALTER TABLE a ADD b int;", "ALTER TABLE a DROP b;")
    captured = run()
    assert (captured.label, captured.pending) == ("0003_by_hand", ("0002_b",))
    assert database.applied() == ["0001_a", "0003_by_hand"]
    assert run_sync() == ["- 0003_by_hand", "+ 0002_b", "+ 0003_by_hand"]
    assert database.rows("SELECT id, author, b FROM a") == [(1, "Ada", None)]
    assert status(Project.load(sandbox.root, database.url)).in_sync


@pytest.mark.parametrize(
    ("pending", "fails"),
    [
        pytest.param("ALTER TABLE a ADD author int;", "what was changed by hand", id="the same column"),
        pytest.param("SELECT nonsense;", "0002_b", id="a pending migration that runs nowhere"),
    ],
)
def test_what_does_not_go_with_what_is_pending_is_refused(
    sandbox: Sandbox, database: Database, run: Callable[..., Captured], pending: str, fails: str
) -> None:
    database.rows(BY_HAND)
    sandbox.migration("0002_b", pending, "")
    before = migrations(sandbox)
    with pytest.raises(GitmigError) as caught:
        run()
    assert f" does not go with what is pending: {fails} fails: " in caught.value.message
    assert migrations(sandbox) == before
    assert database.applied() == ["0001_a"]


def test_migrations_that_the_work_tree_has_not_or_has_otherwise_are_refused(
    sandbox: Sandbox, database: Database, run: Callable[..., Captured]
) -> None:
    database.rows(BY_HAND)
    (path,) = migrations(sandbox)
    path.write_text(path.read_text().replace("id int", "id bigint"))
    with pytest.raises(GitmigError) as caught:
        run()
    assert caught.value.message.endswith(" has migrations that the work tree has not, or has otherwise")
    assert caught.value.details == ("sync would revert 0001_a", "sync would apply 0001_a")
    path.unlink()
    with pytest.raises(GitmigError) as caught:
        run()
    assert caught.value.details == ("sync would revert 0001_a",)


def test_an_interrupted_migration_is_finished_first(
    sandbox: Sandbox, database: Database, run: Callable[..., Captured]
) -> None:
    database.rows(BY_HAND)
    database.rows("""
        INSERT INTO gitmig.unfinished (direction, migration)
        SELECT 'apply', to_jsonb(a) - 'applied_at' - 'fingerprint' || '{"version": "0002", "name": "b"}'
        FROM gitmig.applied a
    """)
    with pytest.raises(GitmigError, match=r"^0002_b was interrupted in "):
        run()


def test_a_renamed_column_is_captured_as_a_rename(
    sandbox: Sandbox, database: Database, run: Callable[..., Captured]
) -> None:
    database.rows('ALTER TABLE a RENAME id TO "Key, 100%"')
    text = (sandbox.root / run().paths[0]).read_text()
    assert 'RENAME COLUMN id TO "Key, 100%"' in text
    assert 'RENAME COLUMN "Key, 100%" TO id' in text


def test_what_cannot_be_computed_is_refused_with_its_name(
    sandbox: Sandbox, database: Database, run: Callable[..., Captured]
) -> None:
    database.rows("CREATE TYPE odd")
    before, known = migrations(sandbox), events(database)
    with pytest.raises(GitmigError) as caught:
        run()
    assert caught.value.message.startswith("no exact migration of what was changed in ")
    assert caught.value.details == ("in the way: base type public.odd",)
    assert (migrations(sandbox), events(database)) == (before, known)


def test_a_failure_at_the_ledger_takes_the_file_away_again(
    sandbox: Sandbox, database: Database, run: Callable[..., Captured], monkeypatch: pytest.MonkeyPatch
) -> None:
    database.rows(BY_HAND)
    before, known = migrations(sandbox), events(database)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "record", fail)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert (migrations(sandbox), events(database)) == (before, known)
    assert database.applied() == ["0001_a"]


def test_a_file_that_cannot_be_written_leaves_the_ledger_alone(
    sandbox: Sandbox, database: Database, run: Callable[..., Captured]
) -> None:
    database.rows(BY_HAND)
    sandbox.write(".gitignore", "*by_hand*\n")
    with pytest.raises(GitmigError, match=r"git ignores migrations/0002_by_hand\.sql"):
        run()
    assert database.applied() == ["0001_a"]


def test_who_may_use_schema_public_is_nobodys_change(
    sandbox: Sandbox, database: Database, run: Callable[..., Captured]
) -> None:
    database.rows("REVOKE ALL ON SCHEMA public FROM PUBLIC; COMMENT ON SCHEMA public IS 'ours'")
    assert run().label is None
    assert not diff(Project.load(sandbox.root, database.url), None, None).difference
    database.rows(BY_HAND)
    assert {name.kind for name in run().drift.names} == {"column", "index"}
