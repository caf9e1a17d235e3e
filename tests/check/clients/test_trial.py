"""What it means that a statement is refused."""

from __future__ import annotations

import pytest

from gitmig.check.clients.statements import Statement
from gitmig.check.clients.trial import Breakage, Insertion, Refusal, Verdict, insertions, judge, lines_of, relations

NO = Refusal("42703", 'column "a" does not exist', 0)
ONE = {"api.py": [Statement(sql="q", marks=((0, 7),))]}
PARTLY = {"api.py": [Statement(sql="q", marks=((0, 7),), whole=False)]}
TEST = {"tests/test_api.py": ONE["api.py"]}
NONE: dict[str, list[Statement]] = {}
BROKEN = Verdict(branch=NO, breaker="0002_x", is_known=True)
UNKNOWN = Verdict(base=NO, branch=NO, is_known=True)

# Old code, new code, verdict, and what is broken.
JUDGED = {
    "code that stays, and is refused": (ONE, ONE, BROKEN, [Breakage.MERGED]),
    "code that follows": (ONE, NONE, BROKEN, [Breakage.DEPLOYED]),
    "a test that follows": (TEST, NONE, BROKEN, []),
    "a test that stays": (TEST, TEST, BROKEN, [Breakage.MERGED]),
    "new code on the base's schema": (NONE, ONE, Verdict(base=NO), [Breakage.ROLLBACK]),
    "old code that the new schema makes run": (ONE, ONE, Verdict(base=NO), []),
    "new code that the branch alone takes": (NONE, ONE, Verdict(base=NO, branch=NO, is_own=True), [Breakage.MERGED]),
    "code that the base has broken itself": (ONE, ONE, Verdict(base=NO, branch=NO, is_own=True), []),
    "new code that no schema takes": (NONE, ONE, UNKNOWN, [Breakage.NEW]),
    "new code about other tables": (NONE, ONE, Verdict(base=NO, branch=NO), []),
    "new code that is put together": (NONE, PARTLY, UNKNOWN, []),
    "code that no schema takes": (ONE, ONE, UNKNOWN, []),
    "code that is fine": (ONE, ONE, Verdict(), []),
}


@pytest.mark.parametrize("name", JUDGED)
def test_judge(name: str) -> None:
    old, new, verdict, expected = JUDGED[name]
    assert [one.breakage for one in judge(old, new, {"q": verdict}, rollback=True)] == expected
    assert Verdict.from_json(verdict.to_json()) == verdict
    without = [one for one in expected if one is not Breakage.ROLLBACK]
    assert [one.breakage for one in judge(old, new, {"q": verdict})] == without


def test_it_is_told_with_line_and_migration() -> None:
    (one,) = judge(ONE, ONE, {"q": BROKEN})
    assert (one.path, one.line, one.migration, one.refusal.message) == ("api.py", 7, "0002_x", NO.message)


def test_nobody_guesses_where_it_is_known() -> None:
    assert lines_of(ONE, {"q": BROKEN}) == lines_of(ONE, {"q": Verdict()}) == {("api.py", 7)}
    assert lines_of(ONE, {"q": UNKNOWN}) == frozenset()


def test_the_tables_of_a_statement() -> None:
    sql = 'WITH x AS (SELECT 1) INSERT INTO a.b (c) SELECT d FROM x, "E" WHERE f IN (SELECT g FROM h)'
    assert relations(sql) == {'"a"."b"', '"E"', '"h"'}
    assert relations("SELECT") == relations("no SQL") == frozenset()


def test_the_columns_that_an_insert_gives() -> None:
    assert insertions("INSERT INTO a (b, c) VALUES (1, 2)") == [Insertion('"a"', frozenset({"b", "c"}))]
    assert insertions("INSERT INTO a DEFAULT VALUES") == [Insertion('"a"', frozenset())]
    assert insertions("INSERT INTO a VALUES (1)") == insertions("no SQL") == []
