"""Scripts whose words may not be all that they do, to what all databases of a server share."""

from __future__ import annotations

import pytest

from gitmig.execute.build import may_change_shared
from gitmig.migrations import languages
from gitmig.migrations.model import Script


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("CREATE TABLE a (id int, s text DEFAULT 'select');", False),
        ("ALTER TABLE a ADD b int; CREATE INDEX ON a (b); COMMENT ON TABLE a IS 'x';", False),
        ("CREATE VIEW v AS SELECT 1;", False),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';", False),
        ("CREATE TABLE a AS SELECT f();", True),
        ("CREATE UNLOGGED TABLE a AS TABLE b;", True),
        ("CREATE MATERIALIZED VIEW m AS SELECT f();", True),
        ("SELECT f();", True),
        ("CREATE TABLE a (); INSERT INTO log SELECT f();", True),
        ("INSERT INTO a VALUES (1);", True),  # a trigger may
        ("update a set b = f();", True),
        ("DELETE FROM a;", True),
        ("COPY a FROM PROGRAM 'x';", True),
        ("REFRESH MATERIALIZED VIEW m;", True),
        ("DO $$ BEGIN END $$;", True),
        ("SELECT 'open", True),
    ],
)
def test_only_plain_definitions_do_no_more_than_they_say(text: str, may: bool) -> None:
    script = Script(language=languages.by_name("sql"), text=text, path="a.sql", first_line=1, transactional=True)
    assert may_change_shared(script) is may
