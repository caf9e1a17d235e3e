"""Which scripts define something that spells out columns it does not name."""

from __future__ import annotations

import pytest

from gitmig.migrations.languages.sql import expands_columns


@pytest.mark.parametrize(
    "text",
    [
        "CREATE VIEW v AS SELECT * FROM t",
        "create or replace view v as select t.*, 1 from t;",
        "CREATE MATERIALIZED VIEW v AS SELECT a.id, b.* FROM a, b",
        "CREATE VIEW v AS SELECT id FROM a NATURAL JOIN b",
        "CREATE RULE r AS ON DELETE TO t DO ALSO INSERT INTO old SELECT OLD.*",
        "CREATE FUNCTION f() RETURNS t BEGIN ATOMIC SELECT * FROM t; END",
        "DO $$ BEGIN EXECUTE 'CREATE VIEW v AS SELECT * FROM t'; END $$",
        "CREATE VIEW v AS SELECT count(*), t.* FROM t",
        "CREATE VIEW v AS TABLE t",
        "CREATE POLICY p ON t USING (EXISTS (SELECT * FROM other))",
        "CREATE VIEW v AS SELECT 'open FROM t.*",
    ],
)
def test_columns_that_are_not_named(text: str) -> None:
    assert expands_columns(text)


@pytest.mark.parametrize(
    "text",
    [
        "CREATE VIEW v AS SELECT count(*) FROM t",
        "CREATE VIEW v AS SELECT count( * ) FROM t",
        "CREATE VIEW v AS SELECT id FROM t -- not *",
        "CREATE VIEW v AS SELECT id /* not all */ FROM t",
        "INSERT INTO old SELECT * FROM t",
        "CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t'",
        "",
    ],
)
def test_columns_that_are(text: str) -> None:
    assert not expands_columns(text)
