"""Random pairs of migrations: "clean" is never contradicted by running both orders, unless the rules have a doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.check.golden import Case
from tests.check.test_golden import symmetric
from tests.check.test_truth import is_clean, is_doubtful, outcome, run

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection

BASE = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE a (id int PRIMARY KEY, x int, y text, CONSTRAINT x_once UNIQUE (x));
CREATE TABLE b (id int PRIMARY KEY, x bigint, y varchar(20), a int CONSTRAINT to_a REFERENCES a (x), m mood);
CREATE INDEX a_by_y ON a (y);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE FUNCTION g(n int) RETURNS int LANGUAGE sql AS 'SELECT n';
CREATE VIEW v AS SELECT id, y FROM a;
"""
STATEMENTS = (
    "ALTER TABLE {t} ADD COLUMN {n} int",
    "ALTER TABLE {t} ADD COLUMN IF NOT EXISTS {n} int",
    "ALTER TABLE {t} ADD COLUMN {n} int NOT NULL",
    "ALTER TABLE {t} ADD COLUMN {n} mood DEFAULT 'ok'",
    "ALTER TABLE {t} ADD COLUMN {n} serial",
    "ALTER TABLE {t} DROP COLUMN {c}",
    "ALTER TABLE {t} DROP COLUMN IF EXISTS {c} CASCADE",
    "ALTER TABLE {t} RENAME COLUMN {c} TO {n}",
    "ALTER TABLE {t} RENAME TO {r}",
    "ALTER TABLE {t} ALTER COLUMN {c} TYPE text",
    "ALTER TABLE {t} ALTER COLUMN {c} TYPE bigint USING {c}::bigint",
    "ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT '1'",
    "ALTER TABLE {t} ALTER COLUMN {c} DROP DEFAULT",
    "ALTER TABLE {t} ALTER COLUMN {c} SET NOT NULL",
    "ALTER TABLE {t} ADD CONSTRAINT {n} CHECK ({c} IS NOT NULL)",
    "ALTER TABLE {t} ADD CHECK ({c} IS NOT NULL)",
    "ALTER TABLE {t} ADD UNIQUE ({c})",
    "ALTER TABLE {t} ADD CONSTRAINT {n} UNIQUE ({c}, id)",
    "ALTER TABLE {t} ADD FOREIGN KEY ({c}) REFERENCES {u} ({d})",
    "ALTER TABLE {t} DROP CONSTRAINT {t}_pkey",
    "ALTER TABLE a DROP CONSTRAINT x_once",
    "ALTER TABLE b DROP CONSTRAINT IF EXISTS to_a",
    "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY {n} ON {t} USING ({c} IS NOT NULL)",
    "CREATE INDEX {n} ON {t} ({c})",
    "CREATE INDEX ON {t} ({c})",
    "CREATE UNIQUE INDEX IF NOT EXISTS {n} ON {t} ({c})",
    "CREATE INDEX ON {t} ((coalesce({c}::text, '')))",
    "DROP INDEX a_by_y",
    "DROP INDEX IF EXISTS a_by_y",
    "ALTER INDEX a_by_y RENAME TO {r}",
    "CREATE TABLE {r} (id int, {n} text)",
    "CREATE TABLE IF NOT EXISTS {r} (id int, {n} text)",
    "CREATE TABLE {r} AS SELECT * FROM {t}",
    "CREATE TABLE {r} (LIKE {t} INCLUDING ALL)",
    "CREATE TABLE {r} (id int REFERENCES {t})",
    "CREATE TABLE {r} (id int, m mood)",
    "DROP TABLE {t}",
    "DROP TABLE {t} CASCADE",
    "DROP TABLE IF EXISTS {t} CASCADE",
    "CREATE VIEW {r} AS SELECT {c} FROM {t}",
    "CREATE VIEW {r} AS SELECT * FROM {t}",
    "CREATE VIEW {r} AS SELECT t.{c}, u.id FROM {t} t JOIN {u} u ON u.id = t.id",
    "CREATE OR REPLACE VIEW v AS SELECT id, y FROM a WHERE id > 0",
    "DROP VIEW v",
    "DROP VIEW v; CREATE VIEW v AS SELECT id FROM a",
    "CREATE VIEW {r} AS SELECT id FROM v",
    "CREATE MATERIALIZED VIEW {r} AS SELECT {c} FROM {t}",
    "ALTER VIEW v RENAME TO {r}",
    "CREATE OR REPLACE FUNCTION g(n int) RETURNS int LANGUAGE sql AS 'SELECT n + 1'",
    "CREATE OR REPLACE FUNCTION g(n int) RETURNS int LANGUAGE sql AS 'SELECT n + 2'",
    "CREATE FUNCTION g(n text) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "DROP FUNCTION g(int)",
    "ALTER FUNCTION g(int) IMMUTABLE",
    "ALTER FUNCTION g RENAME TO {n}",
    "CREATE VIEW {r} AS SELECT g(id) AS id FROM {t}",
    "CREATE FUNCTION {n}() RETURNS SETOF text LANGUAGE sql AS 'SELECT {c}::text FROM {t}'",
    "CREATE FUNCTION {n}() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE {t} SET {c} = NULL; END $$",
    "CREATE TRIGGER {n} BEFORE UPDATE OF {c} ON {t} FOR EACH ROW EXECUTE FUNCTION f()",
    "CREATE TRIGGER {n} BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION f()",
    "DROP FUNCTION f() CASCADE",
    "ALTER TYPE mood ADD VALUE '{n}'",
    "ALTER TYPE mood ADD VALUE IF NOT EXISTS '{n}' BEFORE 'ok'",
    "ALTER TYPE mood RENAME VALUE 'sad' TO '{n}'",
    "ALTER TYPE mood RENAME TO {r}",
    "CREATE TYPE {r} AS ENUM ('{n}')",
    "CREATE SEQUENCE {r}",
    "CREATE SCHEMA {n}",
    "CREATE SCHEMA IF NOT EXISTS {n}",
    "ALTER TABLE {t} SET SCHEMA other",
    "COMMENT ON COLUMN {t}.{c} IS '{n}'",
    "GRANT SELECT ON {t} TO PUBLIC",
    "REVOKE ALL ON {t} FROM PUBLIC",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC",
    "INSERT INTO {t} (id) VALUES (1)",
    "INSERT INTO {t} (id, {c}) VALUES (2, NULL) ON CONFLICT (id) DO NOTHING",
    "INSERT INTO a VALUES (3, 3, 'three')",
    "UPDATE {t} SET {c} = NULL",
    "DELETE FROM {t} WHERE {c} IS NULL",
    "DO $$ BEGIN ALTER TABLE {t} DROP COLUMN {c}; EXCEPTION WHEN others THEN NULL; END $$",
)
words = st.fixed_dictionaries(
    {
        "t": st.sampled_from(["a", "b"]),
        "u": st.sampled_from(["a", "b"]),
        "c": st.sampled_from(["x", "y", "id"]),
        "d": st.sampled_from(["x", "id"]),
        "n": st.sampled_from(["p", "q"]),
        "r": st.sampled_from(["s", "w"]),
    }
)
statements = st.builds(lambda text, given: text.format(**given), st.sampled_from(STATEMENTS), words)
scripts = st.lists(statements, min_size=1, max_size=3).map(lambda lines: ";\n".join(lines) + ";")


# the same pairs every time: a build shall not fail for what it did not change
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(ours=scripts, theirs=scripts)
def test_clean_is_never_contradicted(laboratory: Connection, ours: str, theirs: str) -> None:
    case = case_of(ours, theirs)
    one, two = both_orders(laboratory, case)
    found = case.findings()
    if is_clean(found) and not is_doubtful(found):
        assert one == two is not None, (ours, theirs)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(ours=scripts, theirs=scripts)
def test_whose_side_is_whose_does_not_matter(ours: str, theirs: str) -> None:
    case = case_of(ours, theirs)
    assert symmetric(case.findings()) == symmetric(case.swapped().findings())


def case_of(ours: str, theirs: str) -> Case:
    base = {"0001_base.sql": written(BASE + "CREATE SCHEMA other;")}
    return Case(base, {**base, "0003_ours.sql": written(ours)}, {**base, "0002_theirs.sql": written(theirs)})


def written(script: str) -> str:
    return f"-- migrate:up\n{script}\n-- migrate:down\n"


def both_orders(connection: Connection, case: Case) -> tuple[str | None, str | None]:
    """The outcome of both orders, for sides that run on their own."""
    sides = case.sides()
    ours, theirs = sides.sets.ours_added, sides.sets.theirs_added
    with connection.transaction(force_rollback=True):
        run(connection, sides.sets.merge_bases[0], sides.contents)
        assume(outcome(connection, ours, sides.contents) and outcome(connection, theirs, sides.contents))
        return (
            outcome(connection, (*ours, *theirs), sides.contents),
            outcome(connection, (*theirs, *ours), sides.contents),
        )
