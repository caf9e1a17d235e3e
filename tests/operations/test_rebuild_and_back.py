"""What a rebuild sets aside is kept like everything else, and comes back when the migrations are applied again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

pytestmark = pytest.mark.usefixtures("nothing_is_left")

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox
    from tests.rebuilding import Rebuild

    Sync = Callable[..., list[str]]

ONE = """
CREATE TYPE mood AS ENUM ('sad');
CREATE TABLE users (id int PRIMARY KEY, m mood);
CREATE TABLE posts (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author int REFERENCES users, t text);
CREATE TABLE notes (t text);
"""
TABLE = (
    "CREATE TABLE tags (post int REFERENCES posts, tag text, m mood, PRIMARY KEY (post, tag));",
    "DROP TABLE tags;",
)
COLUMNS = (
    "ALTER TABLE users ADD name text, ADD parent int REFERENCES users; ALTER TABLE notes ADD at date;",
    "ALTER TABLE users DROP name, DROP parent; ALTER TABLE notes DROP at;",
)
VALUE = ("ALTER TYPE mood ADD VALUE 'happy';", "SELECT 1;")
FREE = (
    "ALTER TABLE posts DROP CONSTRAINT posts_author_fkey;",
    "ALTER TABLE posts ADD CONSTRAINT posts_author_fkey FOREIGN KEY (author) REFERENCES users;",
)
ROWS = """
INSERT INTO users VALUES (1, 'sad', 'Ada', NULL), (2, 'happy', 'Bob', 1), (3, 'happy', NULL, 2), (4, 'sad', 'Eve', 2);
INSERT INTO posts (author, t) VALUES (1, E'a\\tb\\n'), (2, 'of Bob'), (3, NULL), (NULL, 'x'), (77, 'free');
INSERT INTO tags VALUES (1, 'x', 'sad'), (2, 'y', 'happy'), (5, 'z', NULL);
INSERT INTO notes VALUES ('a', '2020-01-01'), ('a', '2020-01-02'), (NULL, '2020-01-03'), ('b', NULL);
"""
# What makes of the book of kept rows, and of one item, what version 4 of the ledger had.
VERSION_4 = """
ALTER TABLE gitmig_kept.item DROP CONSTRAINT item_reason_check, DROP detail, DROP "all", DROP inputs, DROP partitions,
    DROP warned;
ALTER TABLE gitmig_kept.item_1 DROP kind, DROP detail, DROP has_fresh, ADD gone bool NOT NULL DEFAULT true;
ALTER TABLE gitmig.applied DROP renamings, DROP printed;
DROP TABLE gitmig.measured, gitmig.last_sync
"""
LOOK = " UNION ALL ".join(
    f"SELECT '{table}', to_jsonb(t)::text FROM {table} t" for table in ("users", "posts", "tags", "notes")
)


def everything(database: Database) -> list[tuple[object, ...]]:
    return database.rows(f"{LOOK} ORDER BY 1, 2")


def kept(sandbox: Sandbox) -> list[tuple[str, int, str]]:
    """Table, number of rows, and the columns that are lost, of everything `gitmig kept list` shows."""
    return [
        (item["table"]["name"], item["rows"], " ".join(c["name"] for c in item["columns"] if c["lost"]))
        for item in json.loads(sandbox.gitmig("kept", "list", "--json").out)
    ]


def waiting(sandbox: Sandbox) -> list[str]:
    """The tables of what is still kept although its step came, or that no step brings back."""
    items = json.loads(sandbox.gitmig("kept", "list", "--json").out)
    return [item["table"]["name"] for item in items if item["due"] or item["brought_back_by"] is None]


@pytest.fixture
def story(sandbox: Sandbox, database: Database, run_sync: Sync) -> str:
    """A commit with the first of five migrations; the work tree has all of them, and the database has rows."""
    sandbox.migration("0001_one", ONE)
    first = sandbox.commit("one")
    for label, (up, down) in {
        "0002_table": TABLE,
        "0003_columns": COLUMNS,
        "0004_value": VALUE,
        "0005_free": FREE,
    }.items():
        sandbox.migration(label, up, down)
    sandbox.commit("five")
    run_sync()
    database.rows(ROWS)
    return first


def test_everything_is_kept_and_comes_back(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, run_sync: Sync, story: str
) -> None:
    """The target lacks a table, columns (of a table without a key, too), an enum value, and has a foreign key more."""
    before = everything(database)
    rebuilt = rebuild(story)
    assert database.rows("SELECT id FROM users ORDER BY 1") == [(1,), (4,)]
    assert database.rows("SELECT id FROM posts ORDER BY 1") == [(1,), (4,)]
    assert kept(sandbox) == [
        ("notes", 3, "at"),
        ("users", 2, "name parent"),
        ("users", 4, "name parent"),
        ("tags", 3, "post tag m"),
        ("posts", 3, ""),
    ]
    assert [aside.item for aside in rebuilt.aside] == [1, 2, 3, 4, 5]
    labels = database.rows("SELECT DISTINCT version, migration, direction FROM gitmig_kept.item")
    assert labels == [("0005", "free", "revert")]
    run_sync()
    assert everything(database) == before
    assert waiting(sandbox) == []


def test_going_back_by_stages_what_has_a_place_does_not_wait_for_the_last_migration(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, run_sync: Sync, story: str
) -> None:
    before = everything(database)
    rebuild(story)
    for last in ("0005_free", "0004_value", "0003_columns"):
        (sandbox.root / f"migrations/{last}.sql").unlink()
    run_sync()
    assert database.rows("SELECT post FROM tags") == [(1,)]
    sandbox.git("checkout", "--quiet", ".")
    run_sync()
    assert everything(database) == before
    assert waiting(sandbox) == []


def test_rows_that_a_migration_of_the_target_refuses_come_back_when_it_is_reverted(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, run_sync: Sync
) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a (id int PRIMARY KEY, v int);")
    first = sandbox.commit("one")
    run_sync()
    database.rows("INSERT INTO a VALUES (1, 1), (2, -1)")
    sandbox.migration("0002_b", "CREATE TABLE b ();", "DROP TABLE b;")
    sandbox.migration("0003_c", "ALTER TABLE a ADD CHECK (v > 0);", "ALTER TABLE a DROP CONSTRAINT a_v_check;")
    rebuild()
    assert (database.rows("TABLE a"), kept(sandbox)) == ([(1, 1)], [("a", 1, "")])
    assert "+ 0002_b" in sandbox.gitmig("kept", "list").out
    assert run_sync(first) == ["- 0003_c", "- 0002_b"]
    assert database.rows("TABLE a ORDER BY 1") == [(1, 1), (2, -1)]
    assert kept(sandbox) == []


def test_rows_that_were_kept_before_a_rebuild_have_their_numbers_and_the_next_ones_get_others(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, run_sync: Sync
) -> None:
    for label, table in (("0001_a", "a"), ("0002_b", "b"), ("0003_c", "c")):
        sandbox.table(label, table)
    commit = sandbox.commit("three")
    run_sync()
    database.rows("INSERT INTO b VALUES (2); INSERT INTO c VALUES (3)")
    (sandbox.root / "migrations/0003_c.sql").unlink()
    run_sync()
    rebuild()
    (sandbox.root / "migrations/0002_b.sql").unlink()
    assert run_sync() == ["- 0002_b"]
    assert sorted(kept(sandbox)) == [("b", 1, "id"), ("c", 1, "id")]
    run_sync(commit)
    assert database.rows("SELECT b.id, c.id FROM b, c") == [(2, 3)]


def test_what_no_migration_made_is_kept_until_somebody_puts_it_back(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, run_sync: Sync
) -> None:
    sandbox.table("0001_a", "a")
    run_sync()
    database.rows("CREATE TABLE by_hand (t text); INSERT INTO by_hand VALUES ('x')")
    rebuild()
    listed = sandbox.gitmig("kept", "list").out
    assert "- rebuild" in listed
    assert listed.rstrip().endswith("`gitmig kept restore 1`")
    database.rows("CREATE TABLE by_hand (t text)")
    sandbox.gitmig("kept", "restore", "1")
    assert (database.rows("TABLE by_hand"), kept(sandbox)) == ([("x",)], [])


def test_older_items_come_along_and_new_ones_get_numbers_behind_them(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, run_sync: Sync
) -> None:
    sandbox.table("0001_a", "a")
    first = sandbox.commit("one")
    sandbox.table("0002_b", "b")
    second = sandbox.commit("two")
    sandbox.table("0003_c", "c")
    run_sync()
    database.rows("INSERT INTO b VALUES (1); INSERT INTO c VALUES (2)")
    run_sync(second)
    last = "SELECT last_value FROM gitmig_kept.item_id_seq"
    ((old,),) = database.rows("SELECT max(id) FROM gitmig_kept.item")
    (aside,) = rebuild(first).aside
    assert aside.item > int(str(old))
    assert database.rows(last) == [(aside.item,)]
    assert kept(sandbox) == [("c", 1, "id"), ("b", 1, "id")]
    run_sync()
    assert (database.rows("TABLE b"), database.rows("TABLE c"), kept(sandbox)) == ([(1,)], [(2,)], [])


def test_rows_that_an_earlier_version_kept_come_along_and_back(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, run_sync: Sync
) -> None:
    sandbox.table("0001_a", "a")
    first = sandbox.commit("one")
    sandbox.table("0002_b", "b")
    run_sync()
    database.rows("INSERT INTO b VALUES (1)")
    run_sync(first)
    database.rows(f"{VERSION_4}; UPDATE gitmig.state SET ledger_version = 4")
    rebuild(first)
    assert kept(sandbox) == [("b", 1, "id")]
    run_sync()
    assert (database.rows("TABLE b"), kept(sandbox)) == ([(1,)], [])


def test_a_partition_whose_foreign_key_refuses_rows_gives_them_back(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, run_sync: Sync
) -> None:
    """The partition's columns stand in another order than its root's."""
    sandbox.migration(
        "0001_a",
        """
        CREATE TABLE a (id int PRIMARY KEY);
        CREATE TABLE t (id int, a int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
        CREATE TABLE t_1 (v text, a int REFERENCES a, id int NOT NULL);
        ALTER TABLE t ATTACH PARTITION t_1 FOR VALUES FROM (0) TO (10);
        """,
    )
    first = sandbox.commit("one")
    sandbox.migration(
        "0002_b",
        "ALTER TABLE t_1 DROP CONSTRAINT t_1_a_fkey;",
        "ALTER TABLE t_1 ADD CONSTRAINT t_1_a_fkey FOREIGN KEY (a) REFERENCES a;",
    )
    run_sync()
    database.rows("INSERT INTO a VALUES (1); INSERT INTO t VALUES (1, 1, 'x'), (2, 2, 'y')")
    before = database.rows("TABLE t ORDER BY 1")
    rebuilt = rebuild(first)
    assert [(aside.table, aside.rows) for aside in rebuilt.aside] == [("public.t", 1)]
    assert database.rows("TABLE t") == [(1, 1, "x")]
    run_sync()
    assert database.rows("TABLE t ORDER BY 1") == before


def test_rows_of_a_table_without_columns_are_kept(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, run_sync: Sync
) -> None:
    sandbox.migration("0001_a", "SELECT 1;")
    run_sync()
    database.rows("CREATE TABLE bare (); INSERT INTO bare DEFAULT VALUES; INSERT INTO bare DEFAULT VALUES")
    assert [(aside.table, aside.rows) for aside in rebuild().aside] == [("public.bare", 2)]
    assert sandbox.gitmig("kept", "show", "1").status == 0


def test_a_failure_while_rows_are_kept_ends_the_rebuild(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, run_sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.migration("0001_a", "SELECT 1;")
    run_sync()
    database.rows("CREATE TABLE t (v text); INSERT INTO t SELECT repeat('x', 1000) FROM generate_series(1, 5000)")

    def full(*_: object, **__: object) -> int:
        raise OSError("no space left")

    monkeypatch.setattr("gitmig.rows.copy.Asides._fill", full)
    with pytest.raises(OSError, match="no space left"):
        rebuild()
    assert database.tables() == ["t"]
