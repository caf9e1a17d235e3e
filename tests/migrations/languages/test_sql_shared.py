"""Which statements of a script are about what the whole server shares."""

from __future__ import annotations

import pytest

from gitmig.migrations.languages import SharedVerb
from gitmig.migrations.languages.sql_shared import shared_statements

CREATE, DROP, ALTER, MEMBER = SharedVerb.CREATE, SharedVerb.DROP, SharedVerb.ALTER, SharedVerb.MEMBER


@pytest.mark.parametrize(
    ("statement", "verb", "roles"),
    [
        ("CREATE ROLE web_anon NOLOGIN", CREATE, ("web_anon",)),
        ("create user App with password 'x'", CREATE, ("app",)),
        ('CREATE GROUP "Ünï ""q"""', CREATE, ('Ünï "q"',)),
        ("DROP ROLE IF EXISTS a, B", DROP, ("a", "b")),
        ("DROP USER a", DROP, ("a",)),
        ("ALTER ROLE a SET search_path = x", ALTER, ("a",)),
        ("ALTER USER ALL RESET ALL", ALTER, ("all",)),
        ("ALTER ROLE a RENAME TO b", ALTER, ("a", "b")),
        ("COMMENT ON ROLE a IS 'one'", ALTER, ("a",)),
        ("REASSIGN OWNED BY a, b TO c", ALTER, ("a", "b", "c")),
        ("DROP OWNED BY a, b CASCADE", ALTER, ("a", "b")),
        ("ALTER DATABASE app SET search_path = x", ALTER, ("all",)),
        ("COMMENT ON DATABASE app IS 'x'", ALTER, ("all",)),
        ("GRANT CREATE ON DATABASE app TO a", ALTER, ("all",)),
        ("SECURITY LABEL FOR x ON DATABASE app IS 'y'", ALTER, ("all",)),
        ("ALTER SYSTEM SET work_mem = '8MB'", ALTER, ("all",)),
        ("GRANT SET ON PARAMETER work_mem TO a", ALTER, ("all",)),
        ("CREATE TABLESPACE fast LOCATION '/x'", ALTER, ("all",)),
        ("GRANT CREATE ON TABLESPACE fast TO a", ALTER, ("all",)),
        ("DROP DATABASE app", ALTER, ("all",)),
        ("GRANT a, b TO c WITH ADMIN OPTION", MEMBER, ("a", "b", "c")),
        ("REVOKE ADMIN OPTION FOR a FROM GROUP c CASCADE", MEMBER, ("a", "c")),
        ("GRANT a TO CURRENT_USER GRANTED BY d", MEMBER, ("a", "current_user")),
    ],
)
def test_a_statement_about_roles_is_found(statement: str, verb: SharedVerb, roles: tuple[str, ...]) -> None:
    before = "SELECT 'CREATE ROLE x'; -- é\n"
    (found,) = shared_statements(f"{before}{statement};\nSELECT 1;")
    assert (found.verb, found.roles) == (verb, roles)
    assert (found.offset, found.length) == (len(before), len(statement))


@pytest.mark.parametrize(
    "text",
    [
        "CREATE USER MAPPING FOR a SERVER b",
        "DROP USER MAPPING IF EXISTS FOR a SERVER b",
        "GRANT SELECT ON t TO a",
        "REVOKE ALL ON SCHEMA public FROM a",
        "DO LANGUAGE plpython3u $$ drop role a; drop role b; $$",
        "SECURITY LABEL ON TABLE t IS 'y'",
        "CREATE INDEX i ON database (n)",
        "COMMENT ON TABLE a IS 'drop role a'",
        "CREATE ROLE",
        "SELECT 'grant",
        "",
    ],
)
def test_others_are_not(text: str) -> None:
    assert shared_statements(text) == []


@pytest.mark.parametrize(
    ("block", "wanted"),
    [
        ("BEGIN <>; END", [("CREATE ROLE a LOGIN", CREATE, ("a",))]),
        ("BEGIN IF NOT EXISTS (SELECT FROM x) THEN <>; END IF; END", [("CREATE ROLE a", CREATE, ("a",))]),
        (
            "BEGIN <<one>> LOOP <>; EXIT; END LOOP; EXCEPTION WHEN OTHERS THEN NULL; END",
            [("DROP ROLE a", DROP, ("a",))],
        ),
        ("BEGIN <>; <>; END", [("ALTER ROLE a LOGIN", ALTER, ("a",)), ("GRANT a TO b", MEMBER, ("a", "b"))]),
        ("BEGIN <>; END", [("EXECUTE 'ALTER ROLE a LOGIN'", ALTER, ("a",))]),
        ("BEGIN <>; END", [("EXECUTE $q$COMMENT ON DATABASE a IS 'it''s'$q$", ALTER, ("all",))]),
        ("BEGIN <>; END", [("EXECUTE 'GRANT CONNECT ON DATABASE ' || x || ' TO a'", ALTER, ("all",))]),
        ("BEGIN <>; END", [("EXECUTE format('GRANT CONNECT ON DATABASE %I TO a', x)", ALTER, ("all",))]),
        ("BEGIN <>; END", [("EXECUTE format('DROP ROLE IF EXISTS %I', x)", DROP, ("%", "i"))]),
        ("BEGIN EXECUTE 'GRANT ' || x || ' ON t TO a'; EXECUTE format('GRANT SELECT ON %I TO a', x); END", []),
        ("BEGIN EXECUTE x || 'DROP ROLE a'; PERFORM 'drop role a'; GRANT SELECT ON t TO a; END", []),
    ],
)
def test_a_block_is_read_statement_by_statement(
    block: str, wanted: list[tuple[str, SharedVerb, tuple[str, ...]]]
) -> None:
    for statement, _, _ in wanted:
        block = block.replace("<>", statement, 1)
    for text in (f"-- é\nDO $do$ {block} $do$;", f"SELECT 1; DO LANGUAGE plpgsql $do$ DECLARE x text; {block} $do$;"):
        found = [(text[s.offset : s.offset + s.length], s.verb, s.roles) for s in shared_statements(text)]
        assert found == wanted
    assert all(s.in_block for s in shared_statements(text))
