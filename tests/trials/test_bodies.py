"""Bodies of functions behind both orders: asked about in the scratch database, and nothing is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.check.proof import PlannedRun, PlannedScript, RunOrder
from gitmig.migrations.plan import Direction
from gitmig.trials.orders import founded_scratch, run_orders
from tests.samples import content

if TYPE_CHECKING:
    from tests.conftest import Database

BASE = """CREATE TABLE votes (id int PRIMARY KEY, kind text, amount int);
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';"""
TRIGGER = "CREATE TRIGGER fills BEFORE INSERT ON votes FOR EACH ROW EXECUTE FUNCTION f();"


def in_plpgsql(body: str, returns: str = "void") -> str:
    return f"CREATE FUNCTION f() RETURNS {returns} LANGUAGE plpgsql AS $$ {body} $$;"


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        (
            in_plpgsql("BEGIN NEW.kind := 'x'; RETURN NEW; END", "trigger") + TRIGGER,
            "ALTER TABLE votes RENAME kind TO sort;",
            'column "kind" not found in data type votes',
        ),
        (
            in_plpgsql("BEGIN INSERT INTO votes (id, kind) VALUES (1, 'x'); END"),
            "ALTER TABLE votes ALTER amount SET NOT NULL;",
            "null value in column amount of votes",
        ),
        (
            in_plpgsql("BEGIN INSERT INTO votes (id, kind) VALUES (1, 'x'); END"),
            "ALTER TABLE votes ALTER amount SET DEFAULT 1, ALTER amount SET NOT NULL;",
            None,
        ),
        (in_plpgsql("DECLARE n int; BEGIN n := twice(n); END"), "DROP FUNCTION twice;", "function twice(integer)"),
        (in_plpgsql("DECLARE n int; BEGIN n := twice(n); END"), "ALTER TABLE votes DROP kind;", None),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT max(amount) FROM votes';",
            "ALTER TABLE votes RENAME amount TO n;",
            'column "amount" does not exist',
        ),
        (in_plpgsql("BEGIN PERFORM 1 FROM never_there; END"), "ALTER TABLE votes DROP kind;", None),
    ],
)
def test_a_body_that_worked_and_does_not_any_more_is_told(
    database: Database, ours: str, theirs: str, said: str | None
) -> None:
    scripts = [
        PlannedScript(label=label, direction=Direction.APPLY, script=content(sql).up)
        for label, sql in (("ours", ours), ("theirs", theirs))
    ]
    runs = {RunOrder.OURS_FIRST: PlannedRun(ups=tuple(scripts))}
    with founded_scratch(database.url, "", [content(BASE).up]) as founded:
        found = run_orders(founded, runs)[RunOrder.OURS_FIRST].bodies
    assert [fault.routine for fault in found] == (["public.f"] if said else [])
    assert not said or said in found[0].message
