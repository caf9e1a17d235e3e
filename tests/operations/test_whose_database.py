"""A database whose ledger is another project's is left alone, and one's own never taken for another's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gitmig.ledger.ownership import ForeignLedger
from gitmig.ledger.protection import Caller
from gitmig.operations.capture import capture
from gitmig.operations.rebuild import rebuild_to
from gitmig.operations.status import status
from gitmig.operations.sync import sync
from gitmig.postgres.address import Address
from gitmig.project.project import Project
from tests.conftest import Sandbox
from tests.operations.conftest import Answers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gitmig.operations.sync import Outcome
    from gitmig.project.decisions import Decisions
    from tests.conftest import Database

    Make = Callable[..., Sandbox]


def run(sandbox: Sandbox, database: Database, decisions: Decisions | None = None, **options: Any) -> Outcome:
    return sync(Project.load(sandbox.root, database.url), decisions=decisions or Answers(), **options)


def steps(synced: Outcome) -> list[str]:
    return [f"{done.step.direction.sign} {done.step.label}" for done in synced.done]


@pytest.fixture
def shop(make_sandbox: Make, database: Database) -> Sandbox:
    """A project whose database has two migrations and rows."""
    made = make_sandbox("shop", database.url)
    made.table("0001_items", "items")
    made.table("0002_orders", "orders")
    head = made.commit("shop")
    run(made, database)
    assert head
    database.rows("INSERT INTO items VALUES (1), (2)")
    return made


@pytest.fixture
def blog(make_sandbox: Make, database: Database) -> Sandbox:
    """Another one that has the same URL."""
    made = make_sandbox("blog", database.url)
    made.table("0001_posts", "posts")
    made.commit("blog")
    return made


def refused(blog: Sandbox, database: Database, **options: Any) -> ForeignLedger:
    before = database.tables(), database.applied()
    with pytest.raises(ForeignLedger) as caught:
        run(blog, database, **options)
    assert (database.tables(), database.applied()) == before
    return caught.value


def test_it_is_refused_with_what_is_known_about_it(shop: Sandbox, blog: Sandbox, database: Database) -> None:
    error = refused(blog, database)
    head = shop.git("rev-parse", "HEAD").out[:10]
    when = database.rows("SELECT to_char(applied_at, 'YYYY-MM-DD HH24:MI') FROM gitmig.applied WHERE position = 2")[0][
        0
    ]
    by = database.rows("SELECT applied_by FROM gitmig.applied LIMIT 1")[0][0]
    assert error.message == (
        f"{Address.of(database.url)} belongs to another project: this clone knows nothing of what is applied there "
        f"(2 migrations, 0001_items to 0002_orders, the last by {by} on {when} at commit {head})"
    )
    assert error.hint == (
        "its URL comes from --database; to make it this project's all the same: `gitmig sync --take-over`"
    )
    assert error.exit_code == 3


def test_nothing_of_it_is_run_anywhere(
    shop: Sandbox, blog: Sandbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at the other project's schema would build its scripts on a scratch database."""
    database.rows("CREATE TABLE drift (id int)")
    monkeypatch.setattr("gitmig.operations.status.find_drift", None)
    monkeypatch.setattr("gitmig.operations.sync.find_drift", None)
    found = status(Project.load(blog.root, database.url))
    assert found.foreign is not None
    assert (found.drift, found.in_sync) == (None, False)
    refused(blog, database)
    refused(blog, database, dry_run=True)


@pytest.mark.parametrize("options", [{}, {"dry_run": True}, {"revision": "HEAD"}, {"discard_drift": True}])
def test_every_way_to_sync_refuses(shop: Sandbox, blog: Sandbox, database: Database, options: dict[str, Any]) -> None:
    refused(blog, database, **options)
    refused(blog, database, caller=Caller.HOOK)


def test_rebuild_and_capture_refuse(shop: Sandbox, blog: Sandbox, database: Database) -> None:
    project = Project.load(blog.root, database.url)
    with pytest.raises(ForeignLedger):
        rebuild_to(project)
    with pytest.raises(ForeignLedger):
        capture(project)
    assert database.tables() == ["items", "orders"]


def test_taking_it_over_reverts_what_is_applied_and_keeps_the_rows(
    shop: Sandbox, blog: Sandbox, database: Database
) -> None:
    assert steps(run(blog, database, take_over=True)) == ["- 0002_orders", "- 0001_items", "+ 0001_posts"]
    assert database.tables() == ["posts"]
    assert database.rows("SELECT table_name, rows FROM gitmig_kept.item") == [("items", 2)]
    assert steps(run(blog, database)) == []
    refused(shop, database)


def test_a_rebuild_takes_over_as_well(shop: Sandbox, blog: Sandbox, database: Database) -> None:
    rebuilt = rebuild_to(Project.load(blog.root, database.url), take_over=True)
    assert database.tables() == ["posts"]
    database.rows(f'DROP DATABASE "{rebuilt.kept_as}"')


def test_the_case_of_two_projects_with_one_exported_url(
    sandbox: Sandbox, make_sandbox: Make, database: Database
) -> None:
    """A `git switch` in the blog took the shop's schema down."""
    sandbox.table("1_shop", "shop_items")
    sandbox.commit("shop")
    sandbox.gitmig("sync")
    database.rows("INSERT INTO shop_items SELECT generate_series(1, 1000)")
    blog = make_sandbox("blog", database.url)
    blog.gitmig("init")
    blog.table("1_blog", "blog_items")
    blog.commit("blog")
    said = blog.git("switch", "--quiet", "--create", "topic").err
    (line,) = said.splitlines()
    assert line.startswith("warning: ")
    assert "belongs to another project: this clone knows nothing of what is applied there (1_shop, by " in line
    assert database.rows("SELECT count(*) FROM shop_items") == [(1000,)]
    by_hand = blog.gitmig("sync", "--yes", check=False)
    assert by_hand.status == 3
    assert "--take-over" in by_hand.err
    told = blog.gitmig("status").out
    assert "not this project: " in told
    found = json.loads(blog.gitmig("status", "--json").out)
    assert found["foreign"]["count"] == 1
    assert (found["foreign"]["first"], found["foreign"]["last"], found["in_sync"]) == ("1_shop", "1_shop", False)
    assert blog.gitmig("status", "--exit-code", check=False).status == 1
    assert "- 1_shop" in blog.gitmig("sync", "--take-over", "--yes").out
    assert json.loads(blog.gitmig("status", "--json").out)["foreign"] is None


# What two projects have in common by chance is no sign of kinship.
DIESEL = """
CREATE OR REPLACE FUNCTION diesel_manage_updated_at(_tbl regclass) RETURNS VOID AS $$ BEGIN END; $$ LANGUAGE plpgsql;
"""


@pytest.mark.parametrize(
    ("label", "up"),
    [
        ("00000000000000_diesel_initial_setup", DIESEL),
        (
            "0000_extensions",
            "-- first\nCREATE EXTENSION IF NOT EXISTS plpgsql;\ncreate extension if not exists plpgsql;",
        ),
        ("0000_schemas", "SET client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS app;"),
        ("0000_start", "SELECT 1;"),
        ("0000_empty", "-- nothing"),
    ],
)
def test_a_beginning_that_many_projects_have_does_not_count(
    make_sandbox: Make, database: Database, label: str, up: str
) -> None:
    shop, blog = make_sandbox("shop", database.url), make_sandbox("blog", database.url)
    for project in (shop, blog):
        project.write("gitmig.toml", 'verify = "never"\n')
        project.migration(label, up)
    shop.table("0001_items", "items")
    blog.table("0001_posts", "posts")
    blog.commit("blog")
    run(shop, database)
    refused(blog, database)
    assert steps(run(shop, database)) == []


def test_downs_and_options_that_are_alike_do_not_count(make_sandbox: Make, database: Database) -> None:
    """Empty downs are the same file, and the same script, in every project."""
    shop, blog = make_sandbox("shop", database.url), make_sandbox("blog", database.url)
    for project, table in ((shop, "items"), (blog, "posts")):
        for number in (1, 2, 3, 4):
            project.write(f"migrations/{number}_x/up.sql", f"CREATE TABLE {table}_{number} ();")
            project.write(f"migrations/{number}_x/down.sql", "DROP TABLE x;" if number % 2 else "")
            project.write(f"migrations/{number}_x/metadata.toml", "run_in_transaction = true\n")
        project.commit(table)
    run(shop, database)
    with pytest.raises(ForeignLedger):
        run(blog, database)


def test_a_script_that_was_interrupted_is_not_finished_for_another_project(
    shop: Sandbox, blog: Sandbox, database: Database
) -> None:
    database.rows("DELETE FROM gitmig.applied")
    row = (
        '{"position": 1, "version": "9", "name": "x", "path": "9_x.sql", "blobs": "both:0", "checksum": "x", '
        '"language": "sql", "up": "CREATE TABLE x ()", "up_path": "9_x.sql", "up_line": 1, "up_transactional": false, '
        '"down": null, "down_path": null, "down_line": null, "down_transactional": null, "commit": null, '
        '"applied_by": "Ada", "milliseconds": 0, "gitmig_version": "0"}'
    )
    database.rows(f"INSERT INTO gitmig.unfinished VALUES (true, 'apply', '{row}', 1, true)")
    assert "(9_x, by Ada)" in refused(blog, database).message
    refused(blog, database, abandon=True)


# One's own.


def test_ordinary_work_is_never_taken_for_another_projects(make_sandbox: Make, database: Database) -> None:
    """The only migration is tried, edited, renamed, committed, left and squashed; every time nothing else is known."""
    project = make_sandbox("own", database.url)
    project.commit("empty")
    path = project.table("0001_a", "a")
    run(project, database)
    project.table("0001_a", "b")  # edited before it was ever committed
    assert steps(run(project, database)) == ["- 0001_a", "+ 0001_a"]
    (project.root / path).unlink()
    project.table("0002_c", "c")
    run(project, database)
    project.commit("c")
    project.git("switch", "--quiet", "--orphan", "fresh")
    project.table("0003_d", "d")
    assert steps(run(project, database)) == ["- 0002_c", "+ 0003_d"]
    project.commit("d")
    project.git("switch", "--quiet", "main")
    project.git("branch", "--quiet", "-D", "fresh")
    project.git("reflog", "expire", "--expire=now", "--all")
    project.git("gc", "--quiet", "--prune=now")
    assert steps(run(project, database)) == ["- 0003_d", "+ 0002_c"]


def test_what_was_adopted_or_captured_is_ones_own(make_sandbox: Make, database: Database) -> None:
    project = make_sandbox("own", database.url)
    path = project.table("0001_a", "a")
    database.rows("CREATE TABLE a (id int PRIMARY KEY)")
    project.gitmig("adopt")
    (project.root / path).unlink()
    project.table("0002_b", "b")
    run(project, database)


def test_a_fresh_clone_knows_its_own(shop: Sandbox, database: Database, tmp_path: Path) -> None:
    shop.run("git", "clone", "--quiet", str(shop.root), str(tmp_path / "clone"))
    clone = Sandbox(tmp_path / "clone", {})
    for path in (clone.root / "migrations").iterdir():
        path.unlink()
    clone.table("0009_z", "z")
    assert steps(run(clone, database)) == ["- 0002_orders", "- 0001_items", "+ 0009_z"]


def test_the_same_change_in_another_file_is_ones_own(shop: Sandbox, make_sandbox: Make, database: Database) -> None:
    """A repository that was begun anew has other blobs, if only by a comment."""
    anew = make_sandbox("anew", database.url)
    for label, table in (("0001_items", "items"), ("0002_orders", "orders")):
        anew.migration(label, f"-- {table}\nCREATE TABLE {table} (id int PRIMARY KEY);", f"DROP TABLE {table};")
    assert steps(run(anew, database)) == []


# Clones that lack objects.


@pytest.fixture
def incomplete(shop: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Sandbox:
    """A clone whose tip has none of the migrations that are applied, and that lacks the commit which had them."""
    for path in (shop.root / "migrations").iterdir():
        path.unlink()
    shop.table("0009_squashed", "squashed")
    shop.commit("squash")
    shop.git("config", "uploadpack.allowFilter", "true")
    shop.git("config", "uploadpack.allowAnySHA1InWant", "true")
    url = f"file://{shop.root}"
    shop.run("git", "clone", "--quiet", request.param, url, str(tmp_path / "clone"))
    return Sandbox(tmp_path / "clone", {})


both = pytest.mark.parametrize("incomplete", ["--depth=1", "--filter=blob:none"], indirect=True)


@both
def test_where_nobody_can_be_asked_it_is_refused_and_nothing_is_fetched(
    incomplete: Sandbox, database: Database
) -> None:
    before = incomplete.git("count-objects", "-v").out
    for caller in Caller:
        error = refused(incomplete, database, decisions=Answers(agree=False), caller=caller)
        assert "shallow or partial, `git fetch --unshallow`" in str(error.hint)
    assert incomplete.git("count-objects", "-v").out == before


@both
def test_a_hook_does_not_ask(incomplete: Sandbox, database: Database) -> None:
    answers = Answers()
    refused(incomplete, database, decisions=answers, caller=Caller.HOOK)
    assert answers.asked == []


@both
def test_a_person_is_asked_once(incomplete: Sandbox, database: Database) -> None:
    first, second = Answers(), Answers(agree=False)
    assert steps(run(incomplete, database, first))[-1] == "+ 0009_squashed"
    assert first.asked[0] == "foreign"
    run(incomplete, database, second)
    assert second.asked == ["run 0"]


@both
def test_the_answer_is_remembered_even_if_the_sync_is_called_off(incomplete: Sandbox, database: Database) -> None:
    class Yes(Answers):
        def run_plan(self, plan: object) -> bool:
            return False

    assert not run(incomplete, database, Yes()).ran
    again = Answers()
    run(incomplete, database, again)
    assert "foreign" not in again.asked
