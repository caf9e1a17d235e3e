"""A → B → A with random migrations, some of them wrong on purpose: the same schema and the same rows, or a refusal."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmig.errors import GitmigError
from gitmig.operations.sync import sync
from gitmig.postgres.address import connect
from gitmig.project.project import Project
from gitmig.schema.catalog import read_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

    Random = random.Random

numbers = itertools.count(1)
TYPES = ("int", "text", "numeric(8,2)", "date", "text[]", "mood", "jsonb")
FIRST = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t1 (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text, b int DEFAULT 1);
CREATE TABLE t2 (id serial PRIMARY KEY, t1 int REFERENCES t1 (id), a text, b int);
CREATE VIEW v AS SELECT a FROM t1;
"""
ROWS = """
INSERT INTO t1 (a, b) SELECT 'a' || n, n FROM generate_series(1, 5) n;
INSERT INTO t2 (t1, a, b) SELECT n, 'x' || n, n FROM generate_series(1, 5) n;
"""


@dataclass
class Change:
    """An up with the down that undoes it."""

    up: str
    down: str


def a_column(rng: Random, n: int) -> Change:
    table, type_ = rng.choice(("t1", "t2")), rng.choice(TYPES)
    return Change(f"ALTER TABLE {table} ADD COLUMN c{n} {type_};", f"ALTER TABLE {table} DROP COLUMN c{n};")


def a_table(rng: Random, n: int) -> Change:
    seed = f" INSERT INTO n{n} (x) VALUES ('seed');" if rng.random() < 0.5 else ""
    up = (
        f"CREATE TABLE n{n} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t1 int REFERENCES t1 (id), x text);{seed}"
    )
    return Change(up, f"DROP TABLE n{n};")


def an_index(rng: Random, n: int) -> Change:
    return Change(f"CREATE INDEX i{n} ON {rng.choice(('t1', 't2'))} (a);", f"DROP INDEX i{n};")


def a_renamed_column(rng: Random, n: int) -> Change:
    up = f"ALTER TABLE t2 ADD COLUMN r{n} int; ALTER TABLE t2 RENAME COLUMN r{n} TO s{n};"
    return Change(up, f"ALTER TABLE t2 DROP COLUMN s{n};")


def a_function(rng: Random, n: int) -> Change:
    body = rng.choice(("SELECT 1", "SELECT count(*)::int FROM t1"))
    return Change(f"CREATE FUNCTION f{n}() RETURNS int LANGUAGE sql AS '{body}';", f"DROP FUNCTION f{n}();")


def a_view(rng: Random, n: int) -> Change:
    return Change(f"CREATE VIEW w{n} AS SELECT id, a FROM {rng.choice(('t1', 't2'))};", f"DROP VIEW w{n};")


def a_constraint(rng: Random, n: int) -> Change:
    return Change(f"ALTER TABLE t1 ADD CONSTRAINT k{n} CHECK (b < 1000);", f"ALTER TABLE t1 DROP CONSTRAINT k{n};")


def an_enum_value(rng: Random, n: int) -> Change:
    """The usual way back: another type, and the columns moved over."""
    return Change(
        f"CREATE TYPE e{n} AS ENUM ('x', 'y'); ALTER TABLE t1 ADD e{n} e{n} DEFAULT 'x';",
        f"ALTER TABLE t1 DROP e{n}; DROP TYPE e{n};",
    )


def a_dropped_column(rng: Random, n: int) -> Change:
    """Rows are at stake on the way forward."""
    up = f"ALTER TABLE t2 ADD COLUMN d{n} text DEFAULT 'd'; ALTER TABLE t2 DROP COLUMN d{n};"
    return Change(up, "")


KINDS: tuple[Callable[[Random, int], Change], ...] = (
    *(a_column, a_table, an_index, a_renamed_column, a_function),
    *(a_view, a_constraint, an_enum_value, a_dropped_column),
)


def spoilt(rng: Random, change: Change) -> str | None:
    """A down as people write them: right, missing, empty, for something else, with a mistake, or doing half."""
    wrong = [None, "", "SELECT 1;", "DROP TABLE nowhere;", "DROP TABL x;", change.down.split(";", 1)[0] + ";"]
    return change.down if rng.random() < 0.5 else rng.choice(wrong)


def contents(url: str) -> dict[str, list[str]]:
    """Every table's rows as text."""
    with psycopg.connect(url, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        return {
            name: sorted(
                str(row) for row in connection.execute(f"SELECT to_jsonb(x) FROM {name} x".encode()).fetchall()
            )
            for (name,) in tables
        }


def fingerprint(url: str) -> str:
    with connect(url, "test") as connection:
        return read_schema(connection).fingerprint


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 1 << 32), count=st.integers(1, 6), kept=st.integers(0, 5))
def test_there_and_back_again(
    make_sandbox: Callable[..., Sandbox], database: Database, seed: int, count: int, kept: int
) -> None:
    rng = random.Random(seed)
    database.rows("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS gitmig, gitmig_kept CASCADE")
    database.rows("COMMENT ON SCHEMA public IS 'standard public schema'; GRANT USAGE ON SCHEMA public TO PUBLIC")
    sandbox = make_sandbox(name=f"trip_{next(numbers)}", url=database.url)
    sandbox.migration("0001_first", FIRST, "DROP VIEW v; DROP TABLE t2, t1; DROP TYPE mood;")
    labels = []
    for n in range(2, 2 + count):
        change = rng.choice(KINDS)(rng, n)
        labels.append(sandbox.migration(f"{n:04}_m", change.up, spoilt(rng, change)))
    project = Project.load(sandbox.root, database.url)
    sync(project)
    database.rows(ROWS)
    texts = {path: (sandbox.root / path).read_bytes() for path in labels[min(kept, count - 1) :]}
    before = fingerprint(database.url), contents(database.url)

    for path in texts:
        (sandbox.root / path).unlink()
    try:
        sync(project)
    except GitmigError:
        assert (fingerprint(database.url), contents(database.url)) == before
        return
    for path, text in texts.items():
        sandbox.write(path, text)
    sync(project)
    assert (fingerprint(database.url), contents(database.url)) == before


def test_rows_that_come_back_are_not_in_the_way_of_what_a_migration_counts_on(
    sandbox: Sandbox, database: Database
) -> None:
    """0002 refers to the row that 0001 makes; since then somebody has made that row anew, under another number."""
    users = "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE); INSERT INTO users (name) VALUES ('admin');"
    sandbox.migration("0001_users", users, "DROP TABLE users;")
    posts = "CREATE TABLE posts (id int PRIMARY KEY, by int REFERENCES users); INSERT INTO posts VALUES (1, 1);"
    sandbox.migration("0002_posts", posts, "DROP TABLE posts;")
    project = Project.load(sandbox.root, database.url)
    sync(project)
    database.rows("DELETE FROM posts; DELETE FROM users; INSERT INTO users (name) VALUES ('admin'), ('ada')")
    files = {path: path.read_bytes() for path in (sandbox.root / "migrations").glob("*.sql")}
    for path in files:
        path.unlink()
    sync(project)
    for path, text in files.items():
        path.write_bytes(text)
    sync(project)
    assert database.rows("SELECT name FROM users ORDER BY name") == [("ada",), ("admin",)]
    assert database.rows("TABLE posts") == [(1, 1)]
