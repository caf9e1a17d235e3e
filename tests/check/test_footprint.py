"""What scripts touch, as `verb object`, in order; `!` marks what is forgiven, `*` what is taken whole."""

from __future__ import annotations

import pytest

from gitmig.check.footprint import Action, DependencyKind, Footprint, Touch, Trait, footprint

CASES = {
    "a table": (
        "CREATE TABLE t (id int PRIMARY KEY, u_id int REFERENCES u, m mood)",
        "create table public.t; create column public.t.id; create index public.t_pkey; create "
        "constraint public.t.t_pkey;"
        " read column public.t.id; create constraint public.t.t_u_id_fkey; read table public.u; read type public.mood",
    ),
    "names as PostgreSQL folds and quotes them": (
        'CREATE TABLE "T" (A int); CREATE TABLE T (a int)',
        'create table public."T"; create column public."T".a; create table public.t; create column public.t.a',
    ),
    "serial columns": ("CREATE TABLE t (id serial)", "create sequence public.t_id_seq"),
    "a schema given": ("DROP TABLE a.t", "drop table a.t"),
    "a search path": ("SET search_path TO a; DROP TABLE t", "drop table a.t"),
    "a search path by function": (
        "SELECT set_config('search_path', 'a', false); CREATE TABLE t ()",
        "create table a.t",
    ),
    "temporary tables": ("CREATE TEMP TABLE t (a int); DROP TABLE t; DROP TABLE u", "drop table public.u"),
    "dropped columns": ("ALTER TABLE t DROP COLUMN IF EXISTS a", "drop! column public.t.a"),
    "columns of a table that may be missing": (
        "ALTER TABLE IF EXISTS t DROP COLUMN a, ADD FOREIGN KEY (b) REFERENCES u",
        "read! table public.t; drop column public.t.a; read table public.u",
    ),
    "the index of CLUSTER": ("CLUSTER t USING i", "read table public.t; read index public.i; alter table public.t"),
    "the index of CLUSTER ON": ("ALTER TABLE s.t CLUSTER ON i", "read index s.i; alter table s.t"),
    "the index of a replica identity": (
        "ALTER TABLE t REPLICA IDENTITY USING INDEX i",
        "read index public.i; alter table public.t",
    ),
    "maintenance": ("ANALYZE t (a); REINDEX INDEX i", "read column public.t.a; read index public.i"),
    "renamed tables": ("ALTER TABLE t RENAME TO u", "rename table public.t"),
    "renamed columns": ("ALTER TABLE t RENAME a TO b", "read table public.t; rename column public.t.a"),
    "new schemas": ("ALTER TABLE t SET SCHEMA a", "rename table public.t"),
    "types of columns": ("ALTER TABLE t ALTER a TYPE text", "alter column public.t.a"),
    "indexes": (
        "CREATE INDEX i ON t (a, lower(b)) WHERE c > 0",
        "read column public.t.a; read column public.t.b; read column public.t.c; create index public.i",
    ),
    "unnamed indexes": ("CREATE INDEX ON t (a, lower(b))", "create index public.t_a_lower_idx"),
    "constraints": ("ALTER TABLE t ADD CHECK (a > 0)", "create constraint public.t.t_a_check"),
    "dropped constraints and their index": (
        "ALTER TABLE t DROP CONSTRAINT c",
        "drop constraint public.t.c; drop! index public.c",
    ),
    "views": (
        "CREATE VIEW v AS SELECT x.a FROM t x JOIN u USING (id)",
        "read column public.t.a; read column public.t.id; read column public.u.id; create view public.v",
    ),
    "whole rows": ("CREATE VIEW v AS SELECT * FROM t", "read* table public.t"),
    "columns of any table in the query": (
        "SELECT a FROM t, u",
        "read column public.t.a; read column public.u.a",
    ),
    "correlated queries": (
        "SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.a)",
        "read column public.u.id; read column public.t.a",
    ),
    "inserts": (
        "INSERT INTO t (a) SELECT b FROM u",
        "write table public.t; write column public.t.a; read column public.u.b",
    ),
    "updates": (
        "UPDATE t SET a = b WHERE c",
        "write column public.t.a; read column public.t.b; read column public.t.c",
    ),
    "deletes": ("DELETE FROM t USING u WHERE t.a = u.b", "write table public.t; read column public.u.b"),
    "merges": (
        "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = u.b WHEN NOT "
        "MATCHED THEN INSERT (a) VALUES (1)",
        "write column public.t.a; write table public.t; read column public.u.id",
    ),
    "enum values": ("ALTER TYPE m ADD VALUE IF NOT EXISTS 'x'", "create! enum value public.m.x"),
    "functions with their signature": (
        "CREATE FUNCTION f(a int, OUT b text, c text[]) LANGUAGE sql AS 'SELECT 1'",
        "create function public.f(int4, text[])",
    ),
    "dropped functions": (
        "DROP FUNCTION f(int); DROP FUNCTION g",
        "drop function public.f(int4); drop function public.g",
    ),
    "triggers": (
        "CREATE TRIGGER x AFTER UPDATE OF a ON t FOR EACH ROW WHEN (new.b) EXECUTE FUNCTION f()",
        "read function public.f; read column public.t.a; read column public.t.b; create trigger public.t.x",
    ),
    "policies": (
        "CREATE POLICY p ON t TO r USING (a)",
        "read column public.t.a; read role r; create policy public.t.p",
    ),
    "schemas with what is in them": ("CREATE SCHEMA s CREATE TABLE t (a int)", "create schema s; create table s.t"),
    "extensions": ("CREATE EXTENSION IF NOT EXISTS citext", "create! extension citext"),
    "sequences": ("SELECT nextval('s')", "read sequence public.s"),
    "comments": ("COMMENT ON COLUMN t.a IS 'x'", "alter column public.t.a"),
    "grants": ("GRANT SELECT ON t TO r", "read role r; alter table public.t"),
    "DO blocks": ("DO $$ BEGIN ALTER TABLE t DROP COLUMN a; END $$", "drop column public.t.a"),
    "statements under a condition": (
        "DO $$ BEGIN IF true THEN CREATE TABLE t (a int); END IF; END $$",
        "create! table public.t",
    ),
    "EXECUTE of a constant": (
        "DO $$ BEGIN EXECUTE format('DROP TABLE %I', 't'); END $$",
        "drop table public.t",
    ),
    "assignments": ("DO $$ DECLARE n int; BEGIN n := (SELECT max(a) FROM t); END $$", "read column public.t.a"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_script_touches(name: str) -> None:
    script, expected = CASES[name]
    touched = [written(touch) for touch in footprint(script).touches]
    wanted = [word.strip() for word in expected.split(";")]
    assert [word for word in wanted if word not in touched] == [], touched


def test_a_line_is_that_of_the_statement_behind_its_comments() -> None:
    found = footprint("-- first\nDROP TABLE a;\n\n/* ä */ -- é\nDROP TABLE b;")
    assert [touch.line for touch in found.touches] == [2, 5]


def test_what_does_not_parse_says_where() -> None:
    found = footprint("DROP TABLE a;\nCREATE TABEL b ();")
    assert found.error is not None
    assert (found.error.line, found.error.reason) == (2, 'syntax error at or near "TABEL"')
    assert not found.touches


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("DO $$ BEGIN EXECUTE 'DROP TABLE ' || t; END $$", "EXECUTE of a text that is put together when it runs"),
        ("DO LANGUAGE plperl 'x'", "a DO block in plperl"),
        (
            "DO $$ BEGIN DROP TABLE a; EXCEPTION WHEN others THEN NULL; END $$",
            "a block that catches errors, so that what it does depends on what it finds",
        ),
        ("DO $$ BEGIN IF x THEN DROP TABLE a; END IF; END $$", "a statement that runs under a condition"),
        ("SET search_path = a, b; DROP TABLE t", "names without a schema are looked up in a, b"),
        ("DROP EXTENSION citext", "what belongs to an extension goes with it"),
    ],
)
def test_what_cannot_be_seen_is_said(script: str, reason: str) -> None:
    assert footprint(script).blind_spots[0].reason == reason


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(
            "CREATE FUNCTION f(a int[], OUT b int) RETURNS SETOF int LANGUAGE plpgsql AS "
            "$$ BEGIN b := 1; RETURN NEXT; END $$",
            id="parameters are variables",
        ),
        pytest.param(
            'CREATE FUNCTION f() RETURNS TABLE ("user" text) LANGUAGE plpgsql AS '
            "$$ BEGIN \"user\" := 'x'; RETURN NEXT; END $$",
            id="columns of the table that is returned",
        ),
        pytest.param(
            "CREATE PROCEDURE p(INOUT a t.b%TYPE) LANGUAGE plpgsql AS $$ BEGIN a := 1; COMMIT; END $$", id="procedures"
        ),
        pytest.param("DO $$ BEGIN LOOP DELETE FROM t; EXIT; END LOOP; END $$", id="rows changed under a condition"),
    ],
)
def test_what_is_no_secret_is_no_blind_spot(script: str) -> None:
    assert not footprint(script).blind_spots


def test_a_function_that_the_script_calls_itself_runs_at_once() -> None:
    function = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET a = 1; DROP TABLE u; END $$"
    assert dependencies(f"{function}; CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'") == {
        DependencyKind.AT_CALL
    }
    for call in ("SELECT f()", "DO 'BEGIN PERFORM f(); END'"):
        found = footprint(f"{function}; {call}; DROP FUNCTION f()")
        assert dependencies(f"{function}; {call}") == {DependencyKind.AT_CALL, DependencyKind.TRANSIENT}
        assert "drop table public.u" in [written(touch) for touch in found.touches]


def test_it_is_said_how_something_is_needed() -> None:
    body = "LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET a = 1; END $$"
    assert dependencies("SELECT a FROM t") == {DependencyKind.TRANSIENT}
    assert dependencies("CREATE VIEW v AS SELECT a FROM t") == {DependencyKind.BLOCKS}
    assert dependencies("CREATE INDEX ON t (a)") == {DependencyKind.FOLLOWS}
    assert dependencies(f"CREATE FUNCTION f() RETURNS void {body}") == {DependencyKind.AT_CALL}
    assert dependencies("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT a FROM t'") == {DependencyKind.CHECKED}
    assert dependencies("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT a FROM t; END") == {DependencyKind.BLOCKS}


def test_a_footprint_survives_being_kept() -> None:
    found = footprint("ALTER TABLE t RENAME TO u; INSERT INTO u (a) VALUES (1); DO $$ BEGIN EXECUTE x; END $$")
    assert Footprint.from_json(found.to_json()) == found
    broken = footprint("nonsense")
    assert Footprint.from_json(broken.to_json()) == broken


def dependencies(script: str) -> set[DependencyKind]:
    """How the script needs column a of t."""
    return {t.dependency for t in footprint(script).touches if str(t.object) == "column public.t.a"}


def written(touch: Touch) -> str:
    marks = ("!" if Trait.FORGIVING in touch.traits else "") + ("*" if Trait.WHOLE in touch.traits else "")
    return f"{touch.action.value}{marks} {touch.object}"


def test_every_verb_is_used_somewhere() -> None:
    used = {touch.action for script, _ in CASES.values() for touch in footprint(script).touches}
    assert used == set(Action)
