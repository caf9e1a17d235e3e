"""Which statements of a script are about roles."""

from __future__ import annotations

import pytest

from gitmig.migrations.languages import RoleVerb
from gitmig.migrations.languages.sql import role_statements

CREATE, DROP, ALTER, MEMBER = RoleVerb.CREATE, RoleVerb.DROP, RoleVerb.ALTER, RoleVerb.MEMBER


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
        ("ALTER DATABASE app SET search_path = x", ALTER, ("all",)),
        ("GRANT a, b TO c WITH ADMIN OPTION", MEMBER, ("a", "b", "c")),
        ("REVOKE ADMIN OPTION FOR a FROM GROUP c CASCADE", MEMBER, ("a", "c")),
        ("GRANT a TO CURRENT_USER GRANTED BY d", MEMBER, ("a", "current_user")),
    ],
)
def test_a_statement_about_roles_is_found(statement: str, verb: RoleVerb, roles: tuple[str, ...]) -> None:
    before = "SELECT 'CREATE ROLE x'; -- é\n"
    (found,) = role_statements(f"{before}{statement};\nSELECT 1;")
    assert (found.verb, found.roles) == (verb, roles)
    assert (found.offset, found.length) == (len(before), len(statement))


@pytest.mark.parametrize(
    "text",
    [
        "CREATE USER MAPPING FOR a SERVER b",
        "DROP USER MAPPING IF EXISTS FOR a SERVER b",
        "GRANT SELECT ON t TO a",
        "REVOKE ALL ON SCHEMA public FROM a",
        "DO $$ BEGIN CREATE ROLE a; END $$",
        "COMMENT ON TABLE a IS 'drop role a'",
        "CREATE ROLE",
        "SELECT 'grant",
        "",
    ],
)
def test_others_are_not(text: str) -> None:
    assert role_statements(text) == []
