"""Rows over a switch to a branch and back, in the cases that real life has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import SyncFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]
    Branch = Callable[..., Callable[[], list[str]]]


@pytest.fixture
def branch(sandbox: Sandbox, database: Database, run_sync: Sync) -> Branch:
    """Apply a base, put rows in with the second statement, and apply a branch's migration; returns the way back."""

    def go(base: str, up: str, down: str | None, rows: str = "") -> Callable[[], list[str]]:
        sandbox.migration("0001_base", base, "")
        run_sync()
        if rows:
            database.rows(rows)
        path = sandbox.root / sandbox.migration("0002_branch", up, down)
        text = path.read_text()
        run_sync()

        def switch() -> list[str]:
            path.unlink() if path.exists() else path.write_text(text)
            return run_sync()

        return switch

    return go


def test_a_rule_that_swallows_updates_swallows_no_kept_value(branch: Branch, database: Database) -> None:
    switch = branch(
        "CREATE TABLE t (id int PRIMARY KEY, note text); CREATE RULE no AS ON UPDATE TO t DO INSTEAD NOTHING;",
        "ALTER TABLE t DROP note;",
        "ALTER TABLE t ADD note text;",
        "INSERT INTO t VALUES (1, 'precious')",
    )
    switch()
    assert database.rows("TABLE t") == [(1, "precious")]
    assert database.rows("SELECT ev_enabled FROM pg_rewrite WHERE rulename = 'no'") == [("O",)]


@pytest.mark.parametrize("down", [None, "ALTER TABLE t RENAME nonsense TO first_name;"])
def test_a_column_that_was_dropped_and_another_that_came_are_two(
    branch: Branch, database: Database, down: str | None
) -> None:
    up = "ALTER TABLE t DROP first_name; ALTER TABLE t ADD phone text;"
    down = down and "ALTER TABLE t DROP nonsense;"
    switch = branch(
        "CREATE TABLE t (id int PRIMARY KEY, first_name text);", up, down, "INSERT INTO t VALUES (1, 'Ann')"
    )
    database.rows("UPDATE t SET phone = '555'")
    database.rows("INSERT INTO t VALUES (2, '777')")
    switch()
    assert database.rows("SELECT id, first_name FROM t ORDER BY 1") == [(1, "Ann"), (2, None)]
    switch()
    assert database.rows("SELECT id, phone FROM t ORDER BY 1") == [(1, "555"), (2, "777")]


def test_a_column_that_was_renamed_is_one(branch: Branch, database: Database) -> None:
    switch = branch(
        "CREATE TABLE t (id int PRIMARY KEY, contents text);",
        "ALTER TABLE t RENAME contents TO body;",
        None,
        "INSERT INTO t VALUES (1, 'first')",
    )
    switch()
    assert database.rows("SELECT contents FROM t") == [("first",)]
    assert database.rows("SELECT count(*) FROM gitmig_kept.item WHERE rows > 0") == [(0,)]


@pytest.mark.parametrize("down", ["ALTER TABLE t ADD a int NOT NULL;", None])
def test_rows_and_a_column_without_which_they_cannot_be_come_back_together(
    branch: Branch, database: Database, down: str | None
) -> None:
    switch = branch(
        "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL); CREATE TABLE r (t int REFERENCES t);",
        "ALTER TABLE t DROP a;",
        down,
        "INSERT INTO t VALUES (1, 10), (2, 20); INSERT INTO r VALUES (1)",
    )
    database.rows("INSERT INTO t VALUES (3)")
    switch()
    assert database.rows("SELECT id, a FROM t ORDER BY 1") == [(1, 10), (2, 20)]
    assert database.rows("TABLE r") == [(1,)]
    switch()
    assert database.rows("TABLE t ORDER BY 1") == [(1,), (2,), (3,)]


def test_rows_that_refer_to_rows_that_come_back_do_too(branch: Branch, database: Database) -> None:
    switch = branch(
        "CREATE TABLE users (id int PRIMARY KEY); "
        "CREATE TABLE posts (id int PRIMARY KEY, u int NOT NULL REFERENCES users);",
        "ALTER TABLE posts DROP CONSTRAINT posts_u_fkey; DROP TABLE users;",
        "CREATE TABLE users (id int PRIMARY KEY); ALTER TABLE posts ADD CONSTRAINT posts_u_fkey FOREIGN KEY (u) "
        "REFERENCES users;",
        "INSERT INTO users VALUES (1); INSERT INTO posts VALUES (7, 1)",
    )
    switch()
    assert (database.rows("TABLE users"), database.rows("TABLE posts")) == ([(1,)], [(7, 1)])


def test_a_value_that_is_taken_until_another_row_has_its_own_again(branch: Branch, database: Database) -> None:
    switch = branch(
        "CREATE TABLE t (id int PRIMARY KEY, e text UNIQUE);",
        "DELETE FROM t a USING t b WHERE lower(a.e) = lower(b.e) AND a.id > b.id; UPDATE t SET e = lower(e); "
        "CREATE UNIQUE INDEX i ON t (lower(e));",
        "DROP INDEX i;",
        "INSERT INTO t VALUES (1, 'Ann'), (2, 'ann')",
    )
    switch()
    assert database.rows("TABLE t ORDER BY 1") == [(1, "Ann"), (2, "ann")]


@pytest.mark.parametrize("type_", ["ct", "ct[]"])
def test_rows_without_a_key_do_not_multiply_when_a_type_loses_an_attribute(
    branch: Branch, database: Database, type_: str
) -> None:
    value = "ROW(1, 'y')::ct" if type_ == "ct" else "ARRAY[ROW(1, 'y')::ct]"
    switch = branch(
        f"CREATE TYPE ct AS (x int, y text); CREATE TABLE t (n int, c {type_});",
        "ALTER TYPE ct DROP ATTRIBUTE y;",
        "ALTER TYPE ct ADD ATTRIBUTE y text;",
        f"INSERT INTO t VALUES (1, {value}), (1, {value})",
    )
    before = database.rows("SELECT n, to_jsonb(c)::text FROM t")
    for _ in range(3):
        switch()
        assert len(database.rows("TABLE t")) == 2
        switch()
        assert database.rows("SELECT n, to_jsonb(c)::text FROM t") == before


def test_a_migration_may_count_on_a_check_at_the_end_after_a_revert_was_repaired(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    deferred = "REFERENCES a DEFERRABLE INITIALLY DEFERRED"
    sandbox.migration("0001_a", f"CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int {deferred});", "")
    path = sandbox.migration("0002_x", "ALTER TABLE a ADD x int; CREATE INDEX i ON a (id);", "ALTER TABLE a DROP x;")
    run_sync()
    database.rows("INSERT INTO a VALUES (1)")
    (sandbox.root / path).unlink()
    late = f"INSERT INTO b VALUES (2); INSERT INTO a VALUES (2); CREATE TABLE c (a int {deferred}); "
    sandbox.migration("0003_late", late + "INSERT INTO c VALUES (3); INSERT INTO a VALUES (3);", "DROP TABLE c;")
    assert run_sync() == ["- 0002_x", "+ 0003_late"]
    assert database.rows("SELECT count(*) FROM a") == [(3,)]


def test_a_trigger_that_objects_at_the_end_is_named(sandbox: Sandbox, run_sync: Sync) -> None:
    sandbox.migration(
        "0001_a",
        "CREATE TABLE a (id int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'never'; END $$; CREATE CONSTRAINT TRIGGER g AFTER INSERT ON a "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f(); INSERT INTO a VALUES (1);",
        "",
    )
    with pytest.raises(SyncFailed, match=r"applying 0001_a failed .*: never"):
        run_sync()


MUST = ("ALTER TABLE t ADD mail text NOT NULL;", "ALTER TABLE t DROP mail;")
MUST_BASE = (
    "CREATE TABLE t (id int PRIMARY KEY, name text);"
    "CREATE TABLE child (id int PRIMARY KEY, t int NOT NULL REFERENCES t ON DELETE CASCADE);"
)


def test_a_column_that_has_to_have_values_comes_back_with_them(branch: Branch, database: Database) -> None:
    switch = branch(MUST_BASE, *MUST)
    database.rows("INSERT INTO t VALUES (1, 'Ann', 'ann@x'), (2, 'Bob', 'bob@x')")
    database.rows("INSERT INTO child VALUES (1, 2)")
    switch()
    database.rows("UPDATE t SET name = 'Anna' WHERE id = 1")
    database.rows("INSERT INTO child VALUES (2, 1)")
    switch()
    assert database.rows("SELECT id, name, mail FROM t ORDER BY 1") == [(1, "Anna", "ann@x"), (2, "Bob", "bob@x")]
    assert database.rows("TABLE child ORDER BY 1") == [(1, 2), (2, 1)]
    assert database.rows("SELECT count(*) FROM gitmig_kept.item WHERE rows > 0") == [(0,)]


def test_a_row_that_came_meanwhile_has_no_value_to_come_back_with(branch: Branch, database: Database) -> None:
    switch = branch(MUST_BASE, *MUST)
    database.rows("INSERT INTO t VALUES (1, 'Ann', 'ann@x')")
    switch()
    database.rows("INSERT INTO t VALUES (2, 'Bob')")
    with pytest.raises(SyncFailed, match='column "mail" of relation "t" contains null values') as failure:
        switch()
    assert "Failing row contains (2, Bob, null)" in str(failure.value.details)
    assert database.rows("TABLE t ORDER BY 1") == [(1, "Ann"), (2, "Bob")]


@pytest.mark.parametrize("name", ["t", "people"])
def test_rows_and_values_come_back_together_where_an_up_that_writes_has_to_have_none(
    sandbox: Sandbox, database: Database, run_sync: Sync, name: str
) -> None:
    sandbox.migration("0001_t", MUST_BASE + "CREATE TABLE log (x text);", "DROP TABLE child, t, log;")
    rename, back = (f"ALTER TABLE t RENAME TO {name};", f"ALTER TABLE {name} RENAME TO t;") if name != "t" else ("", "")
    up = f"{rename} INSERT INTO log VALUES ('mails'); ALTER TABLE {name} ADD mail text NOT NULL;"
    sandbox.migration("0002_mail", up, f"ALTER TABLE {name} DROP mail; DELETE FROM log; {back}")
    sandbox.migration("0003_phone", f"ALTER TABLE {name} ADD phone text NOT NULL;", f"ALTER TABLE {name} DROP phone;")
    run_sync()
    database.rows(f"INSERT INTO {name} VALUES (1, 'Ann', 'ann@x', '555')")
    database.rows("INSERT INTO child VALUES (1, 1)")
    texts = {path: path.read_text() for path in (sandbox.root / "migrations").iterdir()}
    for path in texts:
        path.unlink()
    run_sync()
    for path, text in texts.items():
        path.write_text(text)
    run_sync()
    assert database.rows(f"TABLE {name}") == [(1, "Ann", "ann@x", "555")]
    assert database.rows("TABLE child") == [(1, 1)]
    assert database.rows("TABLE log") == [("mails",)]
    assert database.rows("SELECT count(*) FROM gitmig_kept.item WHERE rows > 0") == [(0,)]


def test_rows_that_wait_for_a_new_enum_value_find_their_renamed_table(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.migration(
        "0001_t",
        "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (id int PRIMARY KEY, mood mood NOT NULL, at timestamptz);"
        "CREATE TABLE log (t int REFERENCES t);",
        "DROP TABLE log, t; DROP TYPE mood;",
    )
    sandbox.migration("0002_ok", "ALTER TYPE mood ADD VALUE 'ok';", None)
    sandbox.migration(
        "0003_rename",
        "ALTER TABLE t RENAME at TO made_at; ALTER TABLE t RENAME TO person; UPDATE person SET made_at = '2020-01-01';",
        "ALTER TABLE person RENAME TO t; ALTER TABLE t RENAME made_at TO at;",
    )
    run_sync()
    database.rows("INSERT INTO person VALUES (1, 'sad', '2021-01-01'), (2, 'ok', '2022-02-02')")
    database.rows("INSERT INTO log VALUES (2)")
    before = database.rows("TABLE person"), database.rows("TABLE log")
    texts = {path: path.read_text() for path in (sandbox.root / "migrations").glob("000[23]*")}
    for path in texts:
        path.unlink()
    run_sync()
    assert database.rows("SELECT id FROM t") == [(1,)]
    for path, text in texts.items():
        path.write_text(text)
    told = run_sync()
    assert (database.rows("TABLE person ORDER BY 1"), database.rows("TABLE log")) == before
    assert (
        database.rows("SELECT version, direction, table_name, rows, reason, detail FROM gitmig_kept.item WHERE due")
        == []
    )
    assert told == ["+ 0002_ok", "+ 0003_rename"]


def test_a_backfill_that_cannot_fill_every_row_again_finds_the_values_that_were_there(
    branch: Branch, database: Database
) -> None:
    switch = branch(
        "CREATE TABLE t (id int PRIMARY KEY, title text);",
        "ALTER TABLE t ADD slug text; UPDATE t SET slug = lower(title); ALTER TABLE t ALTER slug SET NOT NULL;",
        "ALTER TABLE t DROP slug;",
        "INSERT INTO t VALUES (1, 'A')",
    )
    database.rows("INSERT INTO t VALUES (2, NULL, 'two')")
    switch()
    database.rows("UPDATE t SET title = 'B' WHERE id = 1")
    switch()
    assert database.rows("TABLE t ORDER BY 1") == [(1, "B", "a"), (2, None, "two")]
    switch()
    database.rows("INSERT INTO t VALUES (3, 'C')")
    with pytest.raises(SyncFailed, match='"slug" of relation "t" contains null values'):
        switch()
    assert database.rows("TABLE t ORDER BY 1") == [(1, "B"), (2, None), (3, "C")]


def test_rows_that_a_step_in_between_has_no_place_for_are_there_at_the_end(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.migration("0001_t", "CREATE TABLE t (id int PRIMARY KEY, url text NOT NULL DEFAULT '');", "DROP TABLE t;")
    sandbox.migration(
        "0002_unique",
        "DELETE FROM t a USING t b WHERE a.id > b.id AND a.url = b.url; ALTER TABLE t ADD CONSTRAINT u UNIQUE (url);",
        "ALTER TABLE t DROP CONSTRAINT IF EXISTS u;",
    )
    sandbox.migration("0003_no_url", "ALTER TABLE t DROP url;", "ALTER TABLE t ADD url text NOT NULL DEFAULT '';")
    run_sync()
    database.rows("INSERT INTO t VALUES (1), (2), (3)")
    texts = {path: path.read_text() for path in (sandbox.root / "migrations").glob("000[23]*")}
    for _ in range(2):
        for path in texts:
            path.unlink()
        run_sync()
        assert database.rows("TABLE t ORDER BY 1") == [(1, ""), (2, ""), (3, "")]
        for path, text in texts.items():
            path.write_text(text)
        run_sync()
        assert database.rows("TABLE t ORDER BY 1") == [(1,), (2,), (3,)]


@pytest.mark.parametrize(("identity", "letter"), [("DEFAULT", "d"), ("NOTHING", "n")])
def test_a_publication_of_all_tables_does_not_close_the_way(
    branch: Branch, database: Database, identity: str, letter: str
) -> None:
    """PostgreSQL refuses to update a published table without a replica identity."""
    switch = branch(
        "CREATE PUBLICATION p FOR ALL TABLES; CREATE TABLE t (id int, note text);"
        f"ALTER TABLE t REPLICA IDENTITY {identity};",
        "ALTER TABLE t DROP note;",
        "ALTER TABLE t ADD note text;",
        "INSERT INTO t VALUES (1, 'precious')",
    )
    switch()
    assert database.rows("TABLE t") == [(1, "precious")]
    assert database.rows("SELECT relreplident::text FROM pg_class WHERE relname = 't'") == [(letter,)]
