"""Migrations written otherwise with the same schema: the ledger changes, the rows do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.operations.status import status
from gitmig.operations.sync import sync
from gitmig.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]
    Have = Callable[..., list[str]]

U = ("0001_u", "CREATE TABLE u (id int PRIMARY KEY, n text);", "DROP TABLE u;")
P = ("0002_p", "CREATE TABLE p (id int PRIMARY KEY, uid int REFERENCES u);", "DROP TABLE p;")
MAIL = ("0003_mail", "ALTER TABLE u ADD mail text;", "ALTER TABLE u DROP mail;")
BASELINE = (
    "0003_baseline",
    "CREATE TABLE u (id int PRIMARY KEY, n text, mail text);\n"
    "CREATE TABLE p (id int PRIMARY KEY, uid int REFERENCES u);",
    "DROP TABLE p; DROP TABLE u;",
)
PEOPLE = "INSERT INTO u VALUES (1, 'ann', 'a@x'); INSERT INTO p VALUES (10, 1)"


@pytest.fixture
def have(sandbox: Sandbox, run_sync: Sync) -> Have:
    """Let the work tree have these migrations and no others, and sync; returns the steps that ran."""

    def go(*migrations: tuple[str, str, str | None]) -> list[str]:
        write(sandbox, *migrations)
        return run_sync()

    return go


def write(sandbox: Sandbox, *migrations: tuple[str, str, str | None]) -> None:
    for path in (sandbox.root / "migrations").glob("*.sql"):
        path.unlink()
    for migration in migrations:
        sandbox.migration(*migration)


def kept(database: Database) -> int:
    ((count,),) = database.rows("SELECT count(*) FROM gitmig_kept.item")
    assert isinstance(count, int)
    return count


def test_a_squash_runs_nothing_and_keeps_nothing(have: Have, database: Database) -> None:
    have(U, P, MAIL)
    database.rows(PEOPLE)
    assert have(BASELINE) == []
    assert database.applied() == ["0003_baseline"]
    assert database.rows("TABLE u") == [(1, "ann", "a@x")]
    assert database.rows("TABLE p") == [(10, 1)]
    assert kept(database) == 0


def test_the_history_says_what_took_the_place_of_what(have: Have, database: Database) -> None:
    have(U, P, MAIL)
    have(BASELINE)
    told = database.rows("SELECT action, version, name, note FROM gitmig.history ORDER BY id DESC LIMIT 2")
    assert told == [
        ("sync", None, None, None),
        ("adopt", "0003", "baseline", "the schema is that of 0001_u, 0002_p, 0003_mail: no script ran"),
    ]


def test_the_ledger_has_the_scripts_of_what_came(have: Have, database: Database) -> None:
    have(U, P, MAIL)
    have(BASELINE)
    assert database.rows("SELECT position, trim(down, E'\n') FROM gitmig.applied") == [(1, BASELINE[2])]
    assert have() == ["- 0003_baseline"]
    assert database.tables() == []


def test_there_and_back_four_times_with_work_on_both_sides(have: Have, database: Database) -> None:
    have(U, P, MAIL)
    database.rows(PEOPLE)
    for k in range(2, 6):
        assert have(BASELINE) == []
        database.rows(f"INSERT INTO u VALUES ({k}, 'on the branch', NULL); UPDATE p SET uid = {k}")
        assert have(U, P, MAIL) == []
        database.rows(f"UPDATE u SET n = 'on main' WHERE id = {k}")
    assert database.rows("SELECT id, n FROM u ORDER BY 1") == [(1, "ann"), *((k, "on main") for k in range(2, 6))]
    assert database.rows("TABLE p") == [(10, 5)]
    assert database.applied() == ["0001_u", "0002_p", "0003_mail"]
    assert kept(database) == 0


def test_what_comes_behind_the_squash_is_all_that_runs(have: Have, database: Database) -> None:
    more = ("0004_more", "ALTER TABLE u ADD more text;", "ALTER TABLE u DROP more;")
    have(U, P, MAIL)
    database.rows(PEOPLE)
    assert have(BASELINE, more) == ["+ 0004_more"]
    assert database.applied() == ["0003_baseline", "0004_more"]
    assert have(U, P, MAIL) == ["- 0004_more"]
    assert database.applied() == ["0001_u", "0002_p", "0003_mail"]
    other = ("0005_other", "CREATE TABLE other (id int);", "DROP TABLE other;")
    have(U, P, MAIL, other)
    assert have(BASELINE, more) == ["- 0005_other", "+ 0004_more"]
    assert database.rows("SELECT id, n, mail FROM u") == [(1, "ann", "a@x")]
    assert kept(database) == 0


def test_what_comes_behind_may_run_outside_a_transaction(sandbox: Sandbox, have: Have, database: Database) -> None:
    have(U, P, MAIL)
    sandbox.write("gitmig.toml", 'run_outside = "always"\n')
    index = ("0004_index", "CREATE INDEX CONCURRENTLY by_n ON u (n);", "DROP INDEX CONCURRENTLY by_n;")
    assert have(BASELINE, index) == ["+ 0004_index"]
    assert database.applied() == ["0003_baseline", "0004_index"]
    assert have(U, P, MAIL) == ["- 0004_index"]
    assert database.applied() == ["0001_u", "0002_p", "0003_mail"]


def test_a_failure_behind_the_squash_leaves_the_ledger_as_it_was(
    sandbox: Sandbox, have: Have, database: Database
) -> None:
    have(U, P, MAIL)
    with pytest.raises(Exception, match="0004_wrong"):
        have(BASELINE, ("0004_wrong", "SELECT 1 / 0;", ""))
    assert database.applied() == ["0001_u", "0002_p", "0003_mail"]


def test_behind_a_common_beginning_a_squash_is_one_as_well(have: Have, database: Database) -> None:
    have(U, P, MAIL)
    database.rows(PEOPLE)
    both = ("0003_both", f"{P[1]} {MAIL[1]}", f"{MAIL[2]} {P[2]}")
    assert have(U, both) == []
    assert database.applied() == ["0001_u", "0003_both"]
    assert have(U, P, MAIL) == []
    assert database.rows("TABLE p") == [(10, 1)]


def test_a_required_column_in_the_squashed_range_needs_no_values(have: Have, database: Database) -> None:
    t = ("0001_t", "CREATE TABLE t (id int PRIMARY KEY);", "DROP TABLE t;")
    c = ("0002_c", "ALTER TABLE t ADD c text NOT NULL;", "ALTER TABLE t DROP c;")
    have(t, c)
    database.rows("INSERT INTO t VALUES (1, 'one')")
    assert have(("0002_t", "CREATE TABLE t (id int PRIMARY KEY, c text NOT NULL);", "DROP TABLE t;")) == []
    assert database.rows("TABLE t") == [(1, "one")]
    assert have(t, c) == []
    assert database.rows("TABLE t") == [(1, "one")]


def test_a_volatile_default_in_the_squashed_range_gives_no_new_values(have: Have, database: Database) -> None:
    t = ("0001_t", "CREATE TABLE t (id int PRIMARY KEY);", "DROP TABLE t;")
    c = ("0002_c", "ALTER TABLE t ADD c uuid NOT NULL DEFAULT gen_random_uuid();", "ALTER TABLE t DROP c;")
    have(t, c)
    database.rows("INSERT INTO t VALUES (1)")
    before = database.rows("TABLE t")
    whole = "CREATE TABLE t (id int PRIMARY KEY, c uuid NOT NULL DEFAULT gen_random_uuid());"
    assert have(("0002_t", whole, "DROP TABLE t;")) == []
    have(t, c)
    assert database.rows("TABLE t") == before


def test_a_seed_more_than_before_runs(have: Have, database: Database) -> None:
    have(U, P, MAIL)
    seed = ("0004_seed", "INSERT INTO u VALUES (7, 'seed', NULL);", "DELETE FROM u WHERE id = 7;")
    assert have(U, P, MAIL, seed) == ["+ 0004_seed"]
    assert have(BASELINE, seed) == []
    assert have(BASELINE, seed, ("0005_seed", "INSERT INTO u VALUES (8, 'more', NULL);", "")) == ["+ 0005_seed"]
    assert database.rows("SELECT id FROM u ORDER BY 1") == [(7,), (8,)]


def test_a_seed_inside_the_squash_that_was_not_there_runs(have: Have, database: Database) -> None:
    have(U, P, MAIL)
    label, up, down = BASELINE
    ran = have((label, f"{up} INSERT INTO u VALUES (7, 'seed', NULL);", down))
    assert "+ 0003_baseline" in ran
    assert database.rows("SELECT id FROM u") == [(7,)]


def test_the_same_seed_is_there_already(have: Have, database: Database) -> None:
    seed = "INSERT INTO u (id, n) VALUES (7, 'seed');"
    have(U, ("0002_seed", seed, "DELETE FROM u;"), MAIL)
    database.rows("UPDATE u SET n = 'changed'")
    baseline = ("0003_all", f"CREATE TABLE u (id int PRIMARY KEY, n text, mail text); {seed}", "DROP TABLE u;")
    assert have(baseline) == []
    assert database.rows("SELECT id, n FROM u") == [(7, "changed")]


def test_one_migration_is_split_into_two(have: Have, database: Database) -> None:
    both = ("0002_both", "ALTER TABLE u ADD a int; ALTER TABLE u ADD b int DEFAULT 5;", "")
    have(U, both)
    database.rows("INSERT INTO u VALUES (1, 'ann', 1, 2)")
    split = [
        ("0002_a", "ALTER TABLE u ADD a int;", "ALTER TABLE u DROP a;"),
        ("0003_b", "ALTER TABLE u ADD b int DEFAULT 5;", "ALTER TABLE u DROP b;"),
    ]
    assert have(U, *split) == []
    assert database.applied() == ["0001_u", "0002_a", "0003_b"]
    assert database.rows("TABLE u") == [(1, "ann", 1, 2)]
    assert have(U, split[0]) == ["- 0003_b"]


def test_two_independent_migrations_change_places(have: Have, database: Database) -> None:
    a, b = "CREATE TABLE a (id int);", "CREATE TABLE b (id int);"
    have(("0001_a", a, "DROP TABLE a;"), ("0002_b", b, "DROP TABLE b;"))
    database.rows("INSERT INTO a VALUES (1); INSERT INTO b VALUES (2)")
    assert have(("0002_b", b, "DROP TABLE b;"), ("0003_a", a, "DROP TABLE a;")) == []
    assert database.applied() == ["0002_b", "0003_a"]
    assert database.rows("TABLE a") == [(1,)]
    assert have(("0002_b", b, "DROP TABLE b;")) == ["- 0003_a"]


def test_a_squash_with_another_schema_goes_the_ordinary_way(have: Have, database: Database) -> None:
    have(U, P, MAIL)
    database.rows(PEOPLE)
    label, up, down = BASELINE
    assert have((label, up.replace("mail text", "mail text, more int"), down)) == [
        "- 0003_mail",
        "- 0002_p",
        "- 0001_u",
        "+ 0003_baseline",
    ]
    assert database.columns("u") == ["id", "n", "mail", "more"]


def test_a_squash_whose_columns_stand_in_another_order_is_the_same(have: Have, database: Database) -> None:
    have(U, P, MAIL)
    label, up, down = BASELINE
    assert have((label, up.replace("n text, mail text", "mail text, n text"), down)) == []
    view = ("0004_view", "CREATE VIEW v AS SELECT * FROM u;", "DROP VIEW v;")
    assert have((label, up.replace("n text, mail text", "mail text, n text"), down), view) == ["+ 0004_view"]
    assert database.rows("SELECT * FROM gitmig.unfinished") == []
    assert have((label, up.replace("n text, mail text", "mail text, n text"), down), view) == []


def test_an_edited_text_with_the_same_schema_runs_nothing(have: Have, database: Database) -> None:
    have(U)
    database.rows("INSERT INTO u VALUES (1, 'ann')")
    assert have((U[0], "CREATE TABLE u (id integer NOT NULL, n text, PRIMARY KEY (id));", U[2])) == []
    assert database.rows("TABLE u") == [(1, "ann")]


def test_rows_kept_before_the_squash_stay_listed(have: Have, database: Database) -> None:
    have(U)
    database.rows("INSERT INTO u VALUES (1, 'precious')")
    drop = ("0002_drop", "ALTER TABLE u DROP n;", "ALTER TABLE u ADD n text;")
    have(U, drop)
    before = database.rows("SELECT data FROM gitmig_kept.item")
    assert len(before) == 1
    assert have(("0002_all", "CREATE TABLE u (id int PRIMARY KEY);", "DROP TABLE u;")) == []
    assert database.rows("SELECT data FROM gitmig_kept.item") == before


def test_status_and_a_dry_run_say_so_and_change_nothing(sandbox: Sandbox, have: Have, database: Database) -> None:
    have(U, P, MAIL)
    write(sandbox, BASELINE)
    project = Project.load(sandbox.root, database.url)
    found = status(project)
    assert not found.in_sync
    planned = sync(project, dry_run=True).plan
    for plan in (found.plan, planned):
        assert plan.steps == ()
        assert plan.replacement is not None
        assert [one.label for one in plan.replacement.going] == ["0001_u", "0002_p", "0003_mail"]
        assert [step.label for step in plan.replacement.coming] == ["0003_baseline"]
    assert database.applied() == ["0001_u", "0002_p", "0003_mail"]
    assert have(BASELINE) == []
    assert status(project).in_sync


def test_two_branches_that_make_different_things_need_no_build(
    have: Have, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(U, P)

    def refuse(*_: object) -> None:
        raise AssertionError("a scratch database is built")

    monkeypatch.setattr("gitmig.project.expected_schemas.fresh_schemas", refuse)
    assert have(U, ("0002_q", "CREATE TABLE q (id int);", "DROP TABLE q;")) == ["- 0002_p", "+ 0002_q"]


def test_without_verification_nothing_is_said_to_be_the_same(sandbox: Sandbox, have: Have) -> None:
    have(U, P, MAIL)
    sandbox.write("gitmig.toml", 'verify = "never"\n')
    assert "+ 0003_baseline" in have(BASELINE)
