"""Both orders of two sides, run for real."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gitmig.check.proof import Orders, Proof, RunOrder
from gitmig.errors import GitmigError
from gitmig.migrations.plan import Direction
from gitmig.project import proof
from gitmig.project.project import Project
from tests.samples import migration, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.migrations.model import Content, Migration
    from tests.conftest import Database, Sandbox

    # label → up and down, None for a migration without one
    Side = dict[str, tuple[str, str | None]]
    Run = Callable[[Side, Side, Side], Proof]

COMMENTS: Side = {"0001_comments": ("CREATE TABLE comments (id int, contents text);", "DROP TABLE comments;")}


def orders(base: Side, ours: Side, theirs: Side) -> Orders:
    """Both sides as files of the layout `single`; the merged order is that of the labels."""
    contents: dict[str, Content] = {}

    def added(side: Side) -> tuple[Migration, ...]:
        made = []
        for label, (up, down) in side.items():
            text = f"-- migrate:up\n{up}\n" + ("" if down is None else f"-- migrate:down\n{down}\n")
            made.append(migration(label))
            contents[made[-1].blobs] = parsed("single", f"{label}.sql", text)
        return tuple(made)

    common, mine, others = added(base), added(ours), added(theirs)
    merged = tuple(sorted(common + mine + others, key=lambda m: m.version))
    return Orders(ours=mine, theirs=others, merged=merged, contents=contents)


def prove(project: Project, orders: Orders, scratch: str | None = None) -> Proof:
    with proof.founded_for(project, orders, scratch) as founded:
        return proof.prove(orders, founded)


@pytest.fixture
def run(make_sandbox: Callable[..., Sandbox], database: Database) -> Run:
    project = Project.load(make_sandbox(url=database.url).root, database.url)
    return lambda base, ours, theirs: prove(project, orders(base, ours, theirs))


def scratch_databases(database: Database) -> list[tuple[object, ...]]:
    """Those of this process and of the dead one below: other tests run beside on the same server."""
    pattern = f"^gitmig_scratch_([0-9]+_{os.getpid()}|1000000000_1)"
    return database.rows(f"SELECT datname FROM pg_database WHERE datname ~ '{pattern}'")


def test_changes_that_do_not_meet_give_one_schema(run: Run) -> None:
    proof = run(
        COMMENTS,
        {"0002_likes": ("ALTER TABLE comments ADD likes int;", "ALTER TABLE comments DROP likes;")},
        {"0003_author": ("ALTER TABLE comments ADD author text;", "ALTER TABLE comments DROP author;")},
    )
    assert (proof.orders, proof.holds, proof.round_trip) == ((RunOrder.MERGED, RunOrder.THEIRS_FIRST), True, True)


def test_a_rename_and_a_use_of_the_old_name_fail_in_one_order(run: Run) -> None:
    proof = run(
        COMMENTS,
        {
            "0002_body": (
                "ALTER TABLE comments RENAME contents TO body;",
                "ALTER TABLE comments RENAME body TO contents;",
            )
        },
        {"0003_index": ("SELECT 1;\nCREATE INDEX ON comments (contents);", "DROP INDEX comments_contents_idx;")},
    )
    (failure,) = proof.failures.values()
    assert list(proof.failures) == [RunOrder.MERGED]
    assert (failure.label, failure.direction, failure.line) == ("0003_index", Direction.APPLY, 3)
    assert failure.statement == "CREATE INDEX ON comments (contents)"
    assert failure.message == 'column "contents" does not exist'


def test_two_defaults_of_one_column_run_and_differ(run: Run) -> None:
    up = "ALTER TABLE comments ALTER contents SET DEFAULT '{}';"
    down = "ALTER TABLE comments ALTER contents DROP DEFAULT;"
    proof = run(COMMENTS, {"0002_x": (up.format("x"), down)}, {"0003_y": (up.format("y"), down)})
    assert (proof.failures, proof.holds) == ({}, False)
    assert [str(name) for name in proof.differences[RunOrder.THEIRS_FIRST]] == ["column public.comments.contents"]


def test_a_merged_order_in_the_middle_of_the_common_ones_is_run_as_a_fresh_database_runs_it(run: Run) -> None:
    base: Side = COMMENTS | {"0005_drop": ("ALTER TABLE comments DROP contents;", None)}
    ours: Side = {"0003_index": ("CREATE INDEX i ON comments (contents);", "DROP INDEX i;")}
    proof = run(base, ours, {})
    assert set(proof.failures) == {RunOrder.OURS_FIRST}
    assert proof.without_down == ("0005_drop",)


def test_a_down_that_forgets_something_is_no_round_trip(run: Run) -> None:
    ours: Side = {"0002_x": ("CREATE TABLE x (id int); CREATE INDEX i ON comments (id);", "DROP TABLE x;")}
    proof = run(COMMENTS, ours, {})
    assert [str(name) for name in proof.lost] == ["index public.comments.i"]
    assert proof.orders == (RunOrder.MERGED,)
    assert (proof.holds, proof.round_trip) == (True, False)


def test_a_down_that_must_not_be_sent_is_no_round_trip(run: Run) -> None:
    proof = run(COMMENTS, {"0002_x": ("CREATE TABLE x (id int);", "DROP TABLE x;\nROLLBACK;")}, {})
    assert (proof.holds, proof.round_trip) == (True, False)


def test_a_script_that_commits_on_its_way_is_run_block_by_block_where_it_has_to_be(run: Run) -> None:
    base = COMMENTS | {"0002_mood": ("CREATE TYPE mood AS ENUM ('sad');", None)}
    up = "ALTER TYPE mood ADD VALUE 'glad';\nCOMMIT;\nALTER TABLE comments ADD mood mood DEFAULT 'glad';"
    proof = run(base, {"0003_glad": (up, None)}, {"0004_likes": ("ALTER TABLE comments ADD likes int;", None)})
    assert (proof.orders, proof.holds) == ((RunOrder.MERGED, RunOrder.THEIRS_FIRST), True)


def test_a_down_that_fails_is_no_round_trip(run: Run) -> None:
    proof = run(COMMENTS, {"0002_x": ("CREATE TABLE x (id int);", "DROP TABLE y;")}, {})
    assert proof.revert_failure is not None
    assert (proof.revert_failure.label, proof.revert_failure.direction) == ("0002_x", Direction.REVERT)
    assert (proof.holds, proof.round_trip) == (True, False)


def test_without_a_down_there_is_no_way_back_to_try(run: Run) -> None:
    proof = run(COMMENTS, {"0002_x": ("CREATE TABLE x (id int);", None)}, {})
    assert (proof.holds, proof.round_trip, proof.without_down) == (True, False, ("0002_x",))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ALTER TYPE mood ADD VALUE 'fine';", "INSERT INTO feelings VALUES ('fine');"),
        ("CREATE INDEX CONCURRENTLY i ON feelings (mood);", "VACUUM feelings;"),
    ],
    ids=["a new enum value that is used", "what must be outside of a transaction"],
)
def test_what_does_not_run_in_one_transaction_runs_on_copies(run: Run, first: str, second: str) -> None:
    base: Side = {"0001_mood": ("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE feelings (mood mood);", None)}
    proof = run(base, {"0002_first": (first, None), "0003_second": (second, None)}, {"0004_x": ("SELECT 1;", "")})
    assert proof.holds


def test_a_deferred_constraint_counts(run: Run) -> None:
    base: Side = {"0001_a": ("CREATE TABLE a (id int PRIMARY KEY);", None)}
    ours: Side = {
        "0002_b": ("CREATE TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED); INSERT INTO b VALUES (1);", None)
    }
    failure = run(base, ours, {}).failures[RunOrder.MERGED]
    assert (failure.label, failure.statement) == ("0002_b", "COMMIT")


def test_nothing_is_left_behind(run: Run, database: Database) -> None:
    run(COMMENTS, {"0002_x": ("VACUUM;", None)}, {"0003_y": ("SELEC 1;", None)})
    assert scratch_databases(database) == []
    assert database.tables() == []


def test_common_migrations_that_do_not_run_cannot_decide_anything(run: Run) -> None:
    with pytest.raises(GitmigError, match=r"on a fresh database db/migrations/0001_a\.sql:2 fails:"):
        run({"0001_a": ("SELEC 1;", None)}, {}, {})


@pytest.mark.parametrize("up", ["VACUUM;", "CREATE TYPE m AS ENUM ('a'); ALTER TYPE m ADD VALUE 'b';", "SELECT 1;"])
def test_common_migrations_are_built_however_they_have_to(run: Run, up: str) -> None:
    base: Side = {"0001_a": (up, None), "0002_b": ("CREATE TABLE b (id int);", None)}
    assert run(base, {"0003_x": ("ALTER TABLE b ADD x int;", None)}, {}).holds


def test_what_a_killed_process_left_behind_is_dropped(run: Run, database: Database) -> None:
    for name in ("gitmig_scratch_1000000000_1", "gitmig_scratch_1000000000_1_copy"):
        database.rows(f"CREATE DATABASE {name}")
    run(COMMENTS, {}, {})
    assert scratch_databases(database) == []


def test_another_server_can_be_named(make_sandbox: Callable[..., Sandbox], database: Database) -> None:
    project = Project.load(make_sandbox().root, "postgresql://localhost:1/nowhere")
    assert prove(project, orders(COMMENTS, {}, {}), database.url).holds
