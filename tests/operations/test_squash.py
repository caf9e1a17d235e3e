"""`gitmig new --squash`: one migration in the place of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gitmig.errors import GitmigError, UsageError
from gitmig.operations.new import Squashed, squash
from gitmig.operations.status import status
from gitmig.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]
    Run = Callable[..., Squashed]


@pytest.fixture
def run(sandbox: Sandbox, database: Database) -> Run:
    """Commit what is there, and squash."""

    def go(upto: str | None = None, **options: Any) -> Squashed:
        sandbox.commit("before the squash")
        return squash(Project.load(sandbox.root, database.url), upto, **options)

    return go


def files(sandbox: Sandbox) -> list[str]:
    return sorted(path.name for path in (sandbox.root / "migrations").iterdir() if path.suffix == ".sql")


def three(sandbox: Sandbox) -> None:
    sandbox.migration("0001_u", "CREATE TABLE u (id serial PRIMARY KEY, n text);", "DROP TABLE u;")
    sandbox.migration("0002_p", "CREATE TABLE p (id int, uid int REFERENCES u);", "DROP TABLE p;")
    sandbox.migration("0003_mail", "ALTER TABLE u ADD mail text;", "ALTER TABLE u DROP mail;")


def test_one_file_takes_the_place_of_all(sandbox: Sandbox, run: Run, run_sync: Sync, database: Database) -> None:
    three(sandbox)
    run_sync()
    database.rows("INSERT INTO u (n) VALUES ('ann'); INSERT INTO p VALUES (1, 1)")
    made = run()
    assert made.paths == ("migrations/0003_baseline.sql",)
    assert made.removed == ("migrations/0001_u.sql", "migrations/0002_p.sql", "migrations/0003_mail.sql")
    assert (made.left_out, made.differing) == ((), ())
    assert files(sandbox) == ["0003_baseline.sql"]
    assert run_sync() == []
    assert database.applied() == ["0003_baseline"]
    assert database.rows("TABLE u") == [(1, "ann", None)]


def test_a_new_database_gets_the_same_and_its_down_drops_all(
    sandbox: Sandbox, run: Run, run_sync: Sync, database: Database
) -> None:
    sandbox.environment["GITMIG_SKIP"] = "1"  # or the commit would bring the database along
    three(sandbox)
    run(title="All so far")
    assert run_sync() == ["+ 0003_all_so_far"]
    assert database.tables() == ["p", "u"]
    assert database.columns("u") == ["id", "n", "mail"]
    (sandbox.root / "migrations/0003_all_so_far.sql").unlink()
    assert run_sync() == ["- 0003_all_so_far"]
    assert database.tables() == []


@pytest.mark.parametrize("upto", ["0002", "0002_p", "p"])
def test_what_comes_later_stays_and_sorts_behind(
    sandbox: Sandbox, run: Run, run_sync: Sync, database: Database, upto: str
) -> None:
    three(sandbox)
    run_sync()
    run(upto)
    assert files(sandbox) == ["0002_baseline.sql", "0003_mail.sql"]
    assert run_sync() == []
    assert database.applied() == ["0002_baseline", "0003_mail"]


def test_data_statements_are_kept_in_order_behind_the_schema(
    sandbox: Sandbox, run: Run, run_sync: Sync, database: Database
) -> None:
    sandbox.migration("0001_t", "CREATE TABLE t (id serial PRIMARY KEY, n int);\nINSERT INTO t (n) VALUES (1);", "")
    sandbox.migration("0002_up", "UPDATE t SET n = n + 1;\nSELECT setval('t_id_seq', 100);", "")
    run()
    text = (sandbox.root / "migrations/0002_baseline.sql").read_text()
    assert text.index("CREATE TABLE") < text.index("INSERT INTO t") < text.index("UPDATE t") < text.index("setval")
    assert "-- migrations/0002_up.sql:3\nSELECT setval" in text
    run_sync()
    assert database.rows("SELECT n, nextval('t_id_seq') FROM t") == [(2, 101)]


def test_a_backfill_that_has_no_column_any_more_and_wrote_nothing_is_left_out_and_named(
    sandbox: Sandbox, run: Run, run_sync: Sync, database: Database
) -> None:
    sandbox.migration("0001_t", "CREATE TABLE t (id int, a int);", "DROP TABLE t;")
    sandbox.migration("0002_b", "ALTER TABLE t ADD b int;\nUPDATE t SET b = a;\nALTER TABLE t DROP a;", "")
    run_sync()
    database.rows("INSERT INTO t VALUES (1, 5)")
    made = run()
    assert [one.place for one in made.left_out] == ["migrations/0002_b.sql:3: UPDATE t SET b = a"]
    assert made.differing == ()
    assert run_sync() == []  # although the backfill is gone from the ledger's scripts
    assert database.rows("TABLE t") == [(1, 5)]


def test_a_seed_that_cannot_be_kept_is_named_and_nothing_is_written(sandbox: Sandbox, run: Run) -> None:
    sandbox.migration("0001_t", "CREATE TABLE t (id int, a int);\nINSERT INTO t (id, a) VALUES (1, 2);", "")
    sandbox.migration("0002_a", "ALTER TABLE t DROP a;", "")
    with pytest.raises(GitmigError) as caught:
        run()
    assert caught.value.message == "behind the schema, the data statements do not give the same rows: public.t differs"
    assert caught.value.details == ("fails: migrations/0001_t.sql:3: INSERT INTO t (id, a) VALUES (1, 2)",)
    assert files(sandbox) == ["0001_t.sql", "0002_a.sql"]
    made = run(leave_data=True)
    assert made.differing == ("public.t",)
    assert files(sandbox) == ["0002_baseline.sql"]


def test_rows_that_are_others_each_time_are_not_said_to_be_the_same(sandbox: Sandbox, run: Run) -> None:
    sandbox.migration("0001_t", "CREATE TABLE t (id uuid);", "DROP TABLE t;")
    sandbox.migration("0002_seed", "INSERT INTO t VALUES (gen_random_uuid());", "")
    with pytest.raises(GitmigError, match=r"public\.t differs"):
        run()


def test_the_statement_that_wrote_what_differs_is_named(sandbox: Sandbox, run: Run) -> None:
    sandbox.migration("0001_t", "CREATE TABLE t (id uuid); CREATE TABLE u (n int);", "DROP TABLE t, u;")
    sandbox.migration("0002_seed", "INSERT INTO u VALUES (1);\nINSERT INTO t VALUES (gen_random_uuid());", "")
    with pytest.raises(GitmigError) as caught:
        run()
    assert caught.value.details == ("runs: migrations/0002_seed.sql:3: INSERT INTO t VALUES (gen_random_uuid())",)


def test_sequences_stand_where_they_stood_although_the_rows_are_gone(
    sandbox: Sandbox, run: Run, run_sync: Sync, database: Database
) -> None:
    sandbox.migration("0001_t", 'CREATE TABLE "T\'s" (id serial, a int); INSERT INTO "T\'s" (a) VALUES (1), (2);', "")
    sandbox.migration("0002_a", 'DELETE FROM "T\'s"; ALTER TABLE "T\'s" DROP a;', "")
    made = run()
    assert [one.line for one in made.left_out] == [2]
    assert made.differing == ()
    run_sync()
    assert database.rows("""INSERT INTO "T's" DEFAULT VALUES RETURNING id""") == [(3,)]


def test_an_update_that_would_work_twice_is_not_said_to_be_the_same(sandbox: Sandbox, run: Run) -> None:
    sandbox.migration("0001_t", "CREATE TABLE t (n int);\nINSERT INTO t VALUES (1);", "")
    sandbox.migration("0002_d", "ALTER TABLE t ADD d int DEFAULT 7;\nUPDATE t SET n = n + 1;", "")
    sandbox.migration("0003_d", "ALTER TABLE t ALTER d SET DEFAULT 8;", "")
    with pytest.raises(GitmigError, match=r"public\.t differs"):
        run()


def test_a_squash_of_a_squash_takes_the_place_of_all(
    sandbox: Sandbox, run: Run, run_sync: Sync, database: Database
) -> None:
    three(sandbox)
    run_sync()
    run("0002")
    sandbox.commit("first squash")
    run(title="again")
    assert run_sync() == []
    assert database.applied() == ["0003_again"]


def test_a_database_in_the_middle_is_told_where_to_go_first(
    sandbox: Sandbox, run: Run, run_sync: Sync, database: Database
) -> None:
    sandbox.environment["GITMIG_SKIP"] = "1"  # or the commit would bring the database along
    three(sandbox)
    mail = (sandbox.root / "migrations/0003_mail.sql").read_text()
    (sandbox.root / "migrations/0003_mail.sql").unlink()
    run_sync()
    database.rows("INSERT INTO u (n) VALUES ('ann')")
    sandbox.write("migrations/0003_mail.sql", mail)
    run()
    before = sandbox.git("rev-parse", "HEAD").out.strip()
    sandbox.commit("squash")
    with pytest.raises(GitmigError) as caught:
        run_sync()
    message = "the database has only a part of what 0003_baseline takes the place of: not 0003_mail"
    assert caught.value.message == message
    assert caught.value.hint == (
        f"`gitmig sync {before[:10]}`, from before the squash, leads there; then `gitmig sync` goes on without a script"
    )
    blocked = status(Project.load(sandbox.root, database.url)).blocked
    assert blocked is not None
    assert blocked.message == message
    assert run_sync(before) == ["+ 0003_mail"]
    assert run_sync() == []
    assert database.rows("TABLE u") == [(1, "ann", None)]


def test_a_commit_from_the_middle_is_reached_over_the_one_before_the_squash(
    sandbox: Sandbox, run: Run, run_sync: Sync, database: Database
) -> None:
    three(sandbox)
    mail = (sandbox.root / "migrations/0003_mail.sql").read_text()
    (sandbox.root / "migrations/0003_mail.sql").unlink()
    middle = sandbox.commit("middle")
    sandbox.write("migrations/0003_mail.sql", mail)
    run()
    run_sync()
    database.rows("INSERT INTO u (n, mail) VALUES ('ann', 'a@x')")
    sandbox.commit("squash")
    with pytest.raises(GitmigError, match="the target has only a part of what 0003_baseline takes the place of"):
        run_sync(middle)
    assert run_sync("HEAD~1") == []
    assert run_sync(middle) == ["- 0003_mail"]
    assert run_sync("HEAD~1") == ["+ 0003_mail"]
    assert run_sync() == []
    assert database.rows("TABLE u") == [(1, "ann", "a@x")]


def test_an_edited_squash_with_one_more_seed_runs(
    sandbox: Sandbox, run: Run, run_sync: Sync, database: Database
) -> None:
    three(sandbox)
    run_sync()
    path = sandbox.root / run().paths[0]
    path.write_text(
        path.read_text().replace("\n-- migrate:down", "INSERT INTO u (n) VALUES ('seed');\n-- migrate:down")
    )
    assert "+ 0003_baseline" in run_sync()
    assert database.rows("SELECT n FROM u") == [("seed",)]


def test_roles_grants_types_functions_views_and_partitions_come_along(
    sandbox: Sandbox, run: Run, run_sync: Sync, database: Database
) -> None:
    sandbox.environment["GITMIG_SKIP"] = "1"  # or the commit would bring the database along
    role = f"{database.name}_reader"
    sandbox.migration("0001_role", f"CREATE ROLE {role};", f"DROP ROLE {role};")
    sandbox.migration(
        "0002_all",
        "CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('a', 'b');"
        "CREATE TABLE app.t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m app.mood DEFAULT 'a', at date);"
        "CREATE FUNCTION app.f(app.t) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;"
        f"CREATE VIEW app.v AS SELECT *, app.f(t) FROM app.t; GRANT SELECT ON app.t TO {role};"
        "CREATE TABLE app.p (at date, n int) PARTITION BY RANGE (at);"
        "ALTER TABLE app.t ENABLE ROW LEVEL SECURITY; CREATE POLICY seen ON app.t USING (m = 'a');",
        "",
    )
    try:
        run()
        assert run_sync() == ["+ 0002_baseline"]
        assert run_sync("HEAD") == []
        assert database.applied() == ["0001_role", "0002_all"]
        assert database.rows("SELECT * FROM app.v") == []
    finally:
        if database.rows(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'"):
            database.rows(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_file_that_is_in_no_commit_is_not_removed(sandbox: Sandbox, database: Database) -> None:
    three(sandbox)
    sandbox.commit("three")
    sandbox.migration("0002_p", "CREATE TABLE p (id int, uid int REFERENCES u); -- changed", "DROP TABLE p;")
    with pytest.raises(GitmigError, match=r"migrations/0002_p\.sql is in no commit as it stands"):
        squash(Project.load(sandbox.root, database.url))
    assert len(files(sandbox)) == 3


def test_a_title_that_is_taken_is_refused_before_anything_is_removed(sandbox: Sandbox, run: Run) -> None:
    three(sandbox)
    with pytest.raises(GitmigError, match=r"migrations/0003_mail\.sql is there already"):
        run(title="mail")
    assert len(files(sandbox)) == 3


@pytest.mark.parametrize(("upto", "said"), [("0009", "no migration is called '0009'"), ("0001", "nothing to squash")])
def test_a_range_that_is_none_is_refused(sandbox: Sandbox, run: Run, upto: str, said: str) -> None:
    three(sandbox)
    with pytest.raises(UsageError, match=said):
        run(upto)


@pytest.mark.parametrize(
    ("layout", "names"),
    [
        ("paired", ["0002_baseline.down.sql", "0002_baseline.up.sql"]),
        ("directory", ["0002_baseline/down.sql", "0002_baseline/up.sql"]),
        ("goose", ["0002_baseline.sql"]),
    ],
)
def test_the_squash_is_written_in_the_projects_layout(
    sandbox: Sandbox, run: Run, run_sync: Sync, database: Database, layout: str, names: list[str]
) -> None:
    sandbox.git("config", "gitmig.layout", layout)
    for version, table in (("0001", "a"), ("0002", "b")):
        up, down = f"CREATE TABLE {table} (id int);\n", f"DROP TABLE {table};\n"
        if layout == "goose":
            sandbox.write(f"migrations/{version}_{table}.sql", f"-- +goose Up\n{up}-- +goose Down\n{down}")
        else:
            stem = f"migrations/{version}_{table}" + ("/" if layout == "directory" else ".")
            sandbox.write(f"{stem}up.sql", up)
            sandbox.write(f"{stem}down.sql", down)
    run_sync()
    run()
    folder = sandbox.root / "migrations"
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.sql")) == names
    assert run_sync() == []
    assert database.applied() == ["0002_baseline"]
