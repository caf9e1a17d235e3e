"""Somebody who may make functions plants look-alikes of all that PostgreSQL has; gitmig, as a superuser, calls none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database, Sandbox

# Whoever runs them makes the stranger a superuser, and is counted even if everything is rolled back.
TRAP = "PERFORM pg_catalog.nextval('evil.caught');"
PLANT = f"""
CREATE SEQUENCE evil.caught;
GRANT USAGE ON evil.caught TO PUBLIC;
DO $plant$
DECLARE it record; n int := 0;
BEGIN
  FOR it IN
    SELECT p.oid, p.proname, p.pronargs, pg_catalog.pg_get_function_identity_arguments(p.oid) AS taken,
      pg_catalog.format_type(p.prorettype, NULL) AS result, p.proretset
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_type t ON t.oid = p.prorettype
    WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace AND t.typtype <> 'p' AND p.prokind <> 'p'
      AND NOT EXISTS (SELECT FROM pg_catalog.unnest(p.proargtypes) a(oid) JOIN pg_catalog.pg_type q USING (oid)
                      WHERE q.typtype = 'p' AND q.typname NOT LIKE 'any%')
  LOOP
    BEGIN
      EXECUTE pg_catalog.format('CREATE FUNCTION evil.%I(%s) RETURNS %s%s LANGUAGE plpgsql AS %L', it.proname, it.taken,
        CASE WHEN it.proretset THEN 'SETOF ' ELSE '' END, it.result,
        CASE WHEN it.proretset THEN $q$BEGIN {TRAP} RETURN; END$q$ ELSE $q$BEGIN {TRAP} RETURN NULL; END$q$ END);
      n := n + 1;
    EXCEPTION WHEN others THEN NULL;
    END;
  END LOOP;
  FOR it IN
    SELECT o.oid, o.oprname, pg_catalog.format_type(oprleft, NULL) AS l, pg_catalog.format_type(oprright, NULL) AS r,
      pg_catalog.format_type(oprresult, NULL) AS result
    FROM pg_catalog.pg_operator o
      JOIN pg_catalog.pg_type a ON a.oid = oprleft JOIN pg_catalog.pg_type b ON b.oid = oprright
    WHERE o.oprnamespace = 'pg_catalog'::pg_catalog.regnamespace AND a.typtype <> 'p' AND b.typtype <> 'p'
  LOOP
    BEGIN
      EXECUTE pg_catalog.format('CREATE FUNCTION evil.op_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L',
        it.oid, it.l, it.r, it.result, $q$BEGIN {TRAP} RETURN NULL; END$q$);
      EXECUTE pg_catalog.format('CREATE OPERATOR evil.%s (FUNCTION = evil.op_%s, LEFTARG = %s, RIGHTARG = %s)',
        it.oprname, it.oid, it.l, it.r);
      n := n + 1;
    EXCEPTION WHEN others THEN NULL;
    END;
  END LOOP;
  FOR it IN
    SELECT c.relname FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace AND c.relkind IN ('r', 'v')
  LOOP
    BEGIN
      EXECUTE pg_catalog.format('CREATE VIEW evil.%1$I AS SELECT * FROM pg_catalog.%1$I WHERE evil.note()', it.relname);
    EXCEPTION WHEN others THEN NULL;
    END;
  END LOOP;
  IF n < 2000 THEN RAISE EXCEPTION 'only %', n; END IF;
END $plant$;
"""
NOTE = f"CREATE FUNCTION evil.note() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN {TRAP} RETURN true; END $$"
# What fits better than PostgreSQL's own, which come first on the default path: catalogs have columns of type name,
# regclass, oid and "char".
BETTER = [
    *(("starts_with", left, "text", "bool") for left in ("name", "varchar")),
    *(("format", "text", right, "text") for right in ("name", "regclass", "oid", "text")),
    *(("quote_ident", kind, None, "text") for kind in ("name", "varchar")),
    *(("to_regclass", kind, None, "regclass") for kind in ("name", "varchar")),
    *(("split_part", "name", "text", "text"), ("length", "name", None, "int"), ("substr", "name", "int", "text")),
]
PAIRS = [
    *((name, left, right) for name in ("=", "<>", "~", "!~") for left in ("name", "regclass", "oid", '"char"')
      for right in ("text", "varchar", "name", "int", "regclass")),
    *(("||", left, right) for left in ("text", "regclass", "name", "regrole") for right in
      ("text", "regclass", "name", "regrole", "regcollation", '"char"')),
]  # fmt: skip


@pytest.fixture
def stranger(database: Database) -> Iterator[str]:
    """A role that owns a schema `evil` full of look-alikes."""
    name = f"stranger_of_{database.name}"
    database.rows(f"CREATE ROLE {name}; CREATE SCHEMA evil AUTHORIZATION {name}; GRANT USAGE ON SCHEMA evil TO PUBLIC")
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(f"SET ROLE {name}")
        connection.execute(NOTE.encode())
        connection.execute(PLANT.encode())
        for function, left, right, result in BETTER:
            _plant(connection, f"{function}({', '.join(one for one in (left, right) if one)})", result)
        for number, (operator, left, right) in enumerate(PAIRS):
            _plant(connection, f"pair_{number}({left}, {right})", "text" if operator == "||" else "bool")
            words = f"FUNCTION = evil.pair_{number}, LEFTARG = {left}, RIGHTARG = {right}"
            _try(connection, f"CREATE OPERATOR evil.{operator} ({words})")
        for kind in ("text", "name", "oid", "jsonb", "xid", "regclass", "int8", "int4", "bool"):
            _try(connection, f"CREATE DOMAIN evil.{kind} AS pg_catalog.{kind} CHECK (evil.note())")
    yield name
    database.rows(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


def _plant(connection: psycopg.Connection[tuple[object, ...]], function: str, result: str) -> None:
    body = f"$$ BEGIN {TRAP} RETURN NULL; END $$"
    _try(connection, f"CREATE FUNCTION evil.{function} RETURNS {result} LANGUAGE plpgsql AS {body}")


def _try(connection: psycopg.Connection[tuple[object, ...]], statement: str) -> None:
    try:
        connection.execute(statement.encode())
    except psycopg.errors.DuplicateFunction:
        return


# Where the look-alikes are found: with PostgreSQL's own schema first, as it is where nobody says otherwise, and after.
PATHS = {
    "the database's, behind": "ALTER DATABASE {database} SET search_path = evil, public",
    "the database's, before": "ALTER DATABASE {database} SET search_path = evil, public, pg_catalog",
    "the role's, before": "ALTER ROLE CURRENT_USER IN DATABASE {database} SET search_path = evil, public, pg_catalog",
}
TABLE = "CREATE TABLE public.{0} (id integer PRIMARY KEY, t pg_catalog.text, n integer);"


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_no_command_calls_a_look_alike(sandbox: Sandbox, database: Database, stranger: str, path: str) -> None:
    sandbox.write("gitmig.toml", 'ignore = ["evil.*", "evil"]\n')
    sandbox.migration("0001_a", TABLE.format("a"), "DROP TABLE public.a;")
    sandbox.commit("a")
    database.rows(path.format(database=database.name))
    commands = []

    def run(*arguments: str, git: bool = False, check: bool = True) -> None:
        result = (sandbox.git if git else sandbox.gitmig)(*arguments, check=False)
        called = database.rows("SELECT is_called FROM evil.caught")
        commands.append((arguments, result.out, result.err))
        assert called == [(False,)], commands[-1]
        assert result.status == 0 or not check, commands[-1]

    run("sync", "--yes")
    run("status")
    database.rows("INSERT INTO public.a VALUES (1, 'x', 1), (2, 'y', 2)")
    run("switch", "--quiet", "--create", "b", git=True)
    sandbox.migration("0002_b", f"{TABLE.format('b')} ALTER TABLE public.a ADD m integer;", "DROP TABLE public.b;")
    sandbox.migration("0003_c", "CREATE TABLE public.c (n integer, t pg_catalog.text);", "DROP TABLE public.c;")
    sandbox.commit("b")
    run("sync", "--yes")
    database.rows(
        "INSERT INTO public.b VALUES (1, 'x', 1); INSERT INTO public.c VALUES (1, 'x'); UPDATE public.a SET m = 7"
    )
    run("switch", "--quiet", "main", git=True)
    run("kept", "list")
    for (number,) in database.rows("SELECT id FROM gitmig_kept.item"):
        run("kept", "show", str(number))
    run("switch", "--quiet", "b", git=True)
    assert database.rows("SELECT pg_catalog.count(m) FROM public.a") == [(2,)]
    assert (len(database.rows("TABLE public.b")), len(database.rows("TABLE public.c"))) == (1, 1)
    run("diff")
    run("diff", "--sql", "main")
    run("verify", "--all", check=False)
    run("check", "main", "--prove", check=False)
    database.rows("ALTER TABLE public.a ADD by_hand integer")
    run("capture", "by_hand", check=False)
    run("sync", "--yes", "--discard-drift", check=False)
    run("adopt", "--yes", check=False)
    run("db", "protect")
    run("db", "unprotect")
    run("log")


def test_the_path_leads_to_the_look_alikes(database: Database, stranger: str) -> None:
    database.rows(PATHS["the database's, behind"].format(database=database.name))
    database.rows("SELECT starts_with(relname, 'x') FROM pg_class LIMIT 1")
    assert database.rows("SELECT is_called FROM evil.caught") == [(True,)]
