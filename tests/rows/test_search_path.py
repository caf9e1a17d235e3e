"""Rows are moved under the path of the user, for what hangs on the tables, and nobody's look-alikes are found there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.errors import GitmigError, LeftToSync
from gitmig.migrations.plan import Direction
from gitmig.postgres.address import connect
from gitmig.rows.items import Limits
from gitmig.rows.preserve import Preserver
from tests.rows.conftest import Bench, subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database

KEYS = ["PRIMARY KEY", ""]


def there_and_back(bench: Bench, down: str, up: str) -> None:
    """Each row is as it was; none stays behind."""
    before = bench.contents()
    assert bench.down("x", down, up).kept
    assert bench.up("x", up, down).staying == ()
    assert bench.contents() == before


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("down", "up"),
    [
        pytest.param("DROP TABLE t", None, id="the table"),
        pytest.param("ALTER TABLE t DROP a", "ALTER TABLE t ADD a text CHECK (is_known(a)) DEFAULT 'x'", id="a column"),
        pytest.param("UPDATE t SET a = 'y'", "SELECT 1", id="values"),
        pytest.param("DELETE FROM t", "SELECT 1", id="rows"),
    ],
)
def test_a_check_may_name_things_without_their_schema(bench: Bench, key: str, down: str, up: str | None) -> None:
    bench.sql(
        """
        CREATE TABLE known (a text); INSERT INTO known VALUES ('x'), ('y');
        CREATE FUNCTION is_known(v text) RETURNS bool LANGUAGE plpgsql AS $$
            BEGIN RETURN EXISTS (SELECT FROM known WHERE known.a = v); END $$;
        CREATE DOMAIN word AS text CHECK (is_known(VALUE));
        """
    )
    table = f"CREATE TABLE t (id int {key}, a text CHECK (is_known(a)) DEFAULT 'x', w word)"
    bench.sql(f"{table}; CREATE INDEX ON t ((a || 'x')); INSERT INTO t VALUES (1, 'x', 'y'), (2, 'y', 'x')")
    if up is not None and "ADD" in up:
        bench.sql("ALTER TABLE t DROP w")
        before = sorted(bench.sql("SELECT id, a FROM t"))
        bench.down("x", down, up)
        bench.up("x", up, down)
        assert sorted(bench.sql("SELECT id, a FROM t")) == before
    else:
        there_and_back(bench, down, up or table)


@pytest.mark.parametrize(
    ("extension", "schema", "type_", "values"),
    [
        ("citext", "public", "citext", ("Ada", "bob")),
        ("citext", "extensions", "extensions.citext", ("Ada", "bob")),
        ("ltree", "public", "ltree", ("a.b", "a.c")),
        ("hstore", "public", "hstore", ("a=>1", "b=>2")),
    ],
)
@pytest.mark.parametrize("key", KEYS)
def test_a_key_may_be_of_a_type_of_an_extension(
    bench: Bench, extension: str, schema: str, type_: str, values: tuple[str, str], key: str
) -> None:
    if not bench.sql(f"SELECT 1 FROM pg_available_extensions WHERE name = '{extension}'"):
        pytest.skip("this PostgreSQL was built without it")
    bench.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}; CREATE EXTENSION {extension} SCHEMA {schema}")
    tables = f"CREATE TABLE t (k {type_} {key}, n int); CREATE TABLE r (k {type_}, UNIQUE (k))" + (
        "; ALTER TABLE r ADD FOREIGN KEY (k) REFERENCES t" if key else ""
    )
    other = values[0].lower() if extension == "citext" else values[0]
    bench.sql(
        f"{tables}; INSERT INTO t VALUES ('{values[0]}', 1), ('{values[1]}', 2); INSERT INTO r VALUES ('{other}')"
    )
    there_and_back(bench, "DROP TABLE r; DROP TABLE t", tables)
    there_and_back(bench, "ALTER TABLE t DROP n", "ALTER TABLE t ADD n int")
    there_and_back(bench, "DELETE FROM r; DELETE FROM t", "SELECT 1")


PLANT = """
    CREATE SEQUENCE caught;
    CREATE FUNCTION note(text, text) RETURNS bool LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_catalog.nextval('public.caught'); RETURN false; END $$;
    CREATE FUNCTION note_int(int, int) RETURNS bool LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_catalog.nextval('public.caught'); RETURN false; END $$;
    CREATE FUNCTION note_big(bigint, bigint) RETURNS bool LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_catalog.nextval('public.caught'); RETURN false; END $$;
    CREATE FUNCTION note_mixed(bigint, int) RETURNS bool LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_catalog.nextval('public.caught'); RETURN false; END $$;
    CREATE FUNCTION note_oid(oid, oid) RETURNS bool LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_catalog.nextval('public.caught'); RETURN false; END $$;
    CREATE FUNCTION note_tid(tid, tid) RETURNS bool LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_catalog.nextval('public.caught'); RETURN false; END $$;
    CREATE FUNCTION coalesce_text(text) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_catalog.nextval('public.caught'); RETURN $1; END $$;
    CREATE FUNCTION starts_with(text, text) RETURNS bool LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_catalog.nextval('public.caught'); RETURN false; END $$;
    CREATE FUNCTION row_number() RETURNS bigint LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_catalog.nextval('public.caught'); RETURN 1; END $$;
    CREATE DOMAIN text AS pg_catalog.text CHECK (note(VALUE, VALUE) OR true);
    CREATE DOMAIN xid AS pg_catalog.xid CHECK (note('', '') OR true);
    CREATE DOMAIN date AS pg_catalog.date CHECK (note('', '') OR true);
    CREATE DOMAIN jsonb AS pg_catalog.jsonb CHECK (note('', '') OR true)
"""
OPERATORS = {
    "text": "note",
    "int": "note_int",
    "bigint": "note_big",
    "oid": "note_oid",
    "tid": "note_tid",
}


@pytest.fixture
def planted(database: Database) -> Iterator[Bench]:
    """A database in which PostgreSQL's own schema comes last on the path, and look-alikes in public first."""
    for statement in PLANT.split(";\n"):
        database.rows(statement)
    for type_, function in OPERATORS.items():
        for name in ("=", "<>", "<", ">", "<=", ">="):
            database.rows(
                f"CREATE OPERATOR public.{name} (FUNCTION = public.{function}, LEFTARG = pg_catalog.{_plain(type_)}, "
                f"RIGHTARG = pg_catalog.{_plain(type_)})"
            )
    for name in (">=", "<=", ">", "<", "="):
        database.rows(
            f"CREATE OPERATOR public.{name} (FUNCTION = public.note_mixed, LEFTARG = bigint, RIGHTARG = integer)"
        )
    database.rows(f"ALTER DATABASE {database.name} SET search_path = public, pg_catalog")
    database.rows("SELECT pg_catalog.setval('public.caught', 1, false)")
    from gitmig.ledger import schema

    with connect(database.url, "test") as connection:
        schema.upgrade(connection)
        yield Bench(connection)


def _plain(type_: str) -> str:
    return {"int": "int4", "bigint": "int8"}.get(type_, type_)


def caught(bench: Bench) -> bool:
    return bench.sql("SELECT is_called FROM public.caught") == [(True,)]


@pytest.mark.each_choice
@pytest.mark.parametrize("key", [*KEYS, "UNIQUE NOT NULL"])
@pytest.mark.parametrize(
    ("down", "up"),
    [
        pytest.param("DROP TABLE r; DROP TABLE t", None, id="tables"),
        pytest.param("ALTER TABLE t DROP a", "ALTER TABLE t ADD a pg_catalog.text", id="a column"),
        pytest.param("ALTER TABLE t DROP d", "ALTER TABLE t ADD d pg_catalog.date", id="a date"),
        pytest.param("ALTER TABLE t DROP m", "ALTER TABLE t ADD m mood", id="an enum"),
        pytest.param("ALTER TABLE t DROP p", "ALTER TABLE t ADD p pair", id="a composite value"),
        pytest.param("UPDATE t SET a = 'y'", "SELECT 1", id="values"),
        pytest.param("DELETE FROM r; DELETE FROM t", "SELECT 1", id="rows"),
        pytest.param("DELETE FROM r; DELETE FROM t", "INSERT INTO t (id) VALUES (1), (7)", id="rows in the way"),
    ],
)
def test_no_look_alike_is_called(planted: Bench, key: str, down: str, up: str | None) -> None:
    tables = f"CREATE TABLE t (id int {key}, a pg_catalog.text, d pg_catalog.date, m mood, p pair); " + (
        "CREATE TABLE r (t int REFERENCES t (id))" if key else "CREATE TABLE r (t int)"
    )
    planted.sql(f"CREATE TYPE mood AS ENUM ('ok', 'sad'); CREATE TYPE pair AS (x int, y pg_catalog.text); {tables}")
    planted.sql("INSERT INTO t VALUES (1, 'x', '2026-01-01', 'ok', ROW(1, 'y')), (2, 'y', NULL, NULL, NULL)")
    planted.sql("INSERT INTO r VALUES (1), (2)")
    assert not caught(planted)
    before = [sorted(planted.sql("SELECT id, a, d, m, p FROM t"), key=str), planted.sql("TABLE r")]
    planted.down("x", down, up or tables)
    planted.up("x", up or tables, down)
    assert not caught(planted)
    after = [sorted(planted.sql("SELECT id, a, d, m, p FROM t"), key=str), planted.sql("TABLE r")]
    assert after == before if "7" not in (up or "") else len(after[0]) >= 2


def test_the_look_alikes_would_be_called(planted: Bench) -> None:
    planted.sql("SELECT 'a'::pg_catalog.text = 'b'")
    assert caught(planted)


@pytest.fixture
def owner(bench: Bench, database: Database) -> Iterator[str]:
    """A role that owns the database and is no superuser; its URL."""
    name = f"owner_of_{database.name}"
    bench.connection.close()
    database.rows(f"CREATE ROLE {name} LOGIN; ALTER DATABASE {database.name} OWNER TO {name}")
    database.rows("DROP SCHEMA gitmig, gitmig_kept CASCADE")
    yield psycopg.conninfo.make_conninfo(database.url, user=name)
    database.rows(f"REASSIGN OWNED BY {name} TO CURRENT_USER; DROP OWNED BY {name}; DROP ROLE {name}")


SECURED = """
    CREATE TABLE t (id int {key}, tenant text, n int);
    ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
    CREATE POLICY p ON t USING (tenant = current_setting('app.tenant', true))
"""


@pytest.mark.parametrize("key", KEYS)
def test_row_security_that_is_forced_upon_its_owner_hides_no_rows(database: Database, owner: str, key: str) -> None:
    from gitmig.ledger import schema

    with connect(owner, "test") as connection:
        schema.upgrade(connection)
        bench = Bench(connection)
        bench.sql(SECURED.format(key=key))
        database.rows("INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)")
        for down, up in (
            ("ALTER TABLE t DROP n", "ALTER TABLE t ADD n int"),
            ("DROP TABLE t", SECURED.format(key=key)),
            ("SET row_security = off; ALTER TABLE t NO FORCE ROW LEVEL SECURITY; DELETE FROM t", "SELECT 1"),
        ):
            assert bench.down("x", down, up).kept[0].rows == 2
            bench.up("x", up, down)
            assert database.rows("SELECT id, tenant, n FROM t ORDER BY id") == [(1, "a", 1), (2, "b", 2)]
        assert database.rows("SELECT relforcerowsecurity FROM pg_class WHERE relname = 't'") == [(False,)]


def test_it_is_forced_again(database: Database, owner: str) -> None:
    from gitmig.ledger import schema

    with connect(owner, "test") as connection:
        schema.upgrade(connection)
        bench = Bench(connection)
        bench.sql(SECURED.format(key="PRIMARY KEY"))
        database.rows("INSERT INTO t VALUES (1, 'a', 1)")
        bench.down("x", "ALTER TABLE t DROP n", "ALTER TABLE t ADD n int")
        assert database.rows("SELECT relforcerowsecurity FROM pg_class WHERE relname = 't'") == [(True,)]


def test_row_security_of_somebody_else_is_refused_by_name(database: Database, owner: str) -> None:
    """A trusted function of the table's owner drops a column of it: the rows that are not seen would be lost."""
    from gitmig.ledger import schema

    database.rows(SECURED.format(key="PRIMARY KEY"))
    database.rows("INSERT INTO t VALUES (1, 'a', 1); GRANT SELECT ON t TO PUBLIC")
    database.rows("CREATE FUNCTION d() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'ALTER TABLE t DROP COLUMN n'")
    with connect(owner, "test") as connection:
        schema.upgrade(connection)
        with pytest.raises(GitmigError) as caught:
            Bench(connection).down("x", "SELECT d() -- alter table t", "SELECT 1")
    assert caught.value.message.startswith("row security hides rows of public.t from owner_of_")
    assert "BYPASSRLS" in str(caught.value.hint)
    assert database.rows("SELECT n FROM t") == [(1,)]


def test_a_sequence_that_the_role_may_not_even_read_is_in_nobodys_way(database: Database, owner: str) -> None:
    from gitmig.ledger import schema

    database.rows("CREATE SEQUENCE theirs")
    with connect(owner, "test") as connection:
        schema.upgrade(connection)
        bench = Bench(connection)
        bench.sql("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1)")
        bench.down("x", "UPDATE t SET n = 0", "UPDATE t SET n = 2")
        assert database.rows("SELECT n FROM t") == [(0,)]


ATTACHED = {
    "a check": "CREATE TABLE t (id int, n int CHECK (f(n) > 0))",
    "a domain": "CREATE DOMAIN d AS int CHECK (f(VALUE) > 0); CREATE TABLE t (id int, n d)",
    "a domain within an array": "CREATE DOMAIN d AS int CHECK (f(VALUE) > 0); CREATE TABLE t (id int, m d[], n int)",
    "a generated column": "CREATE TABLE t (id int, n int, g int GENERATED ALWAYS AS (f(n)) STORED)",
    "an index": "CREATE TABLE t (id int, n int); CREATE INDEX ON t (f(n))",
    "the condition of an index": "CREATE TABLE t (id int, n int); CREATE INDEX ON t (n) WHERE f(n) > 0",
    "a partition": "CREATE TABLE t (id int, n int) PARTITION BY LIST (id); "
    "CREATE TABLE t1 PARTITION OF t (CHECK (f(n) > 0)) DEFAULT",
    "a default": "CREATE TABLE t (id int, n int, x int DEFAULT f(1))",
    "an operator": "CREATE FUNCTION g(int, int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true'; "
    "CREATE OPERATOR <-< (FUNCTION = g, LEFTARG = int, RIGHTARG = int); CREATE TABLE t (id int, n int CHECK (n <-< 1))",
    "a volatile function of PostgreSQL's own": "CREATE TABLE t (id int, n int, "
    "CHECK (set_config('some.setting', 'x', true) IS NOT NULL))",
}


@pytest.mark.parametrize("attached", ATTACHED.values(), ids=ATTACHED)
def test_a_hook_of_a_superuser_does_not_run_what_others_attached(database: Database, owner: str, attached: str) -> None:
    from gitmig.ledger import schema

    with psycopg.connect(owner, autocommit=True) as stranger:
        stranger.execute("CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'")
        stranger.execute(attached.encode())
    database.rows("INSERT INTO t (id, n) VALUES (1, 1)")
    with connect(database.url, "test") as connection:
        schema.upgrade(connection)
        bench = Bench(connection)
        wary = Preserver(connection, Limits(), "Ada", None, wary=True)
        with pytest.raises(LeftToSync) as caught, connection.transaction():
            wary.run(subject("x", "DROP TABLE t"), Direction.REVERT, bench.script("DROP TABLE t"))
        assert caught.value.message.startswith("to move rows of public.t would run ")
        assert database.rows("SELECT id, n FROM t") == [(1, 1)]
        assert bench.down("x", "DROP TABLE t").kept
        text = f"SET ROLE owner_of_{database.name}; {attached[attached.index('CREATE TABLE') :]}"
        with pytest.raises(LeftToSync), connection.transaction():
            wary.run(subject("x", text), Direction.APPLY, bench.script(text))
        bench.up("x", text)
        assert database.rows("SELECT id, n FROM t") == [(1, 1)]


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE t (id serial PRIMARY KEY, n int CHECK (n > 0), u uuid DEFAULT gen_random_uuid())",
        "CREATE TABLE t (id int, n int, at timestamptz DEFAULT clock_timestamp(), CHECK (length(n::text) < 9))",
    ],
)
def test_a_hook_of_a_superuser_runs_postgresqls_own(database: Database, owner: str, table: str) -> None:
    from gitmig.ledger import schema

    with psycopg.connect(owner, autocommit=True) as stranger:
        stranger.execute(table.encode())
    database.rows("INSERT INTO t (id, n) VALUES (1, 1)")
    with connect(database.url, "test") as connection:
        schema.upgrade(connection)
        wary = Preserver(connection, Limits(), "Ada", None, wary=True)
        with connection.transaction():
            report = wary.run(subject("x", "DROP TABLE t"), Direction.REVERT, Bench(connection).script("DROP TABLE t"))
        assert report.kept[0].rows == 1


def test_a_hook_of_a_superuser_neither_lends_nor_calls_in_where_others_attached_something(
    database: Database, owner: str
) -> None:
    from gitmig.ledger import schema

    with psycopg.connect(owner, autocommit=True) as stranger:
        stranger.execute("CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'")
        stranger.execute("CREATE TABLE t (id int PRIMARY KEY, n int CHECK (f(n) > 0))")
    database.rows("INSERT INTO t VALUES (1, NULL)")
    with connect(database.url, "test") as connection:
        schema.upgrade(connection)
        bench = Bench(connection)
        bench.down("x", "ALTER TABLE t ALTER n SET NOT NULL")
        bench.down("w", "ALTER TABLE t ALTER n DROP NOT NULL")
        assert database.rows("SELECT id FROM t") == []
        wary = Preserver(connection, Limits(), "Ada", None, wary=True)
        with pytest.raises(LeftToSync):
            wary.finish(())
        assert database.rows("SELECT id FROM t") == []
        Preserver(connection, Limits(), "Ada", None).finish(())
        assert database.rows("SELECT id FROM t") == [(1,)]
        step = subject("x", "")
        with pytest.raises(LeftToSync), connection.transaction():
            wary.call_in([step.checksum], [])
        assert database.rows("SELECT id FROM t") == [(1,)]
