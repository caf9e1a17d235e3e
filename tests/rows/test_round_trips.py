"""Back and forth again: the rows are the same, whichever way it began."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.rows.conftest import Bench

# name: schema and rows, up, down. The rows must survive down then up, and up then down.
BASE = """
CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE NOT NULL);
CREATE TABLE posts (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author int REFERENCES users,
    title varchar(20) DEFAULT 'untitled', body text, tags text[], score numeric);
INSERT INTO users (name) VALUES ('ada'), ('bob'), ('cat');
INSERT INTO posts (author, title, body, tags, score) VALUES (1, 'one', 'first', '{a,b}', 1.50),
    (2, 'two', NULL, NULL, NULL),
    (2, 'three', 'x', '{}', -0.0);
"""
CASES = {
    "table": (
        "CREATE TABLE t (id int PRIMARY KEY, x text)",
        "DROP TABLE t",
        "INSERT INTO t VALUES (1, 'a'), (2, NULL)",
    ),
    "column": (
        "ALTER TABLE users ADD COLUMN age int DEFAULT 7",
        "ALTER TABLE users DROP COLUMN age",
        "UPDATE users SET age = NULL WHERE id = 2; UPDATE users SET age = id WHERE id = 1",
    ),
    "type": (
        "ALTER TABLE posts ALTER COLUMN score TYPE text",
        "ALTER TABLE posts ALTER COLUMN score TYPE numeric USING round(score::numeric)",
        "UPDATE posts SET score = '2.71' WHERE id = 2",
    ),
    "dropping up": ("ALTER TABLE posts DROP COLUMN body", "ALTER TABLE posts ADD COLUMN body text", ""),
    "dropping table up": (
        "DROP TABLE posts",
        "CREATE TABLE posts (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author int REFERENCES users,"
        "title varchar(20) DEFAULT 'untitled', body text, tags text[], score numeric)",
        "",
    ),
    "deleting up": ("DELETE FROM posts WHERE body IS NULL", "", ""),
    "updating up": ("UPDATE posts SET body = upper(body)", "", ""),
    "incrementing up": ("UPDATE posts SET score = score + 1", "", ""),
    "lossy both ways": (
        "UPDATE posts SET body = 'x' WHERE body = 'first'",
        "UPDATE posts SET body = 'first' WHERE body = 'x'",
        "",
    ),
    "computing up": (
        "ALTER TABLE posts ADD COLUMN seen timestamptz; UPDATE posts SET seen = clock_timestamp()",
        "ALTER TABLE posts DROP COLUMN seen",
        "",
    ),
    "rename": ("ALTER TABLE users RENAME COLUMN name TO nick", "ALTER TABLE users RENAME COLUMN nick TO name", ""),
    "enum": (
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); ALTER TABLE users ADD COLUMN mood mood DEFAULT 'ok'",
        "ALTER TABLE users DROP COLUMN mood; DROP TYPE mood",
        "UPDATE users SET mood = 'sad' WHERE id = 3",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_down_and_up(bench: Bench, case: str) -> None:
    up, down, rows = CASES[case]
    bench.sql(BASE)
    bench.up("m", up)
    bench.sql(rows)
    before = bench.contents()
    bench.down("m", down, up)
    bench.up("m", up, down)
    assert bench.contents() == before


@pytest.mark.parametrize("case", CASES)
def test_up_and_down(bench: Bench, case: str) -> None:
    up, down, _ = CASES[case]
    bench.sql(BASE)
    before = bench.contents()
    bench.up("m", up, down)
    bench.down("m", down, up)
    assert bench.contents() == before
