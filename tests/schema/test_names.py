"""A computed difference in several scripts: each with the one whose rows its statements may take along."""

from __future__ import annotations

from gitmig.schema.compare import BODIES_UNSEEN, Difference
from gitmig.schema.model import ObjectKind, ObjectName

A, B = ObjectName(ObjectKind.TABLE, "s.a"), ObjectName(ObjectKind.COLUMN, "s.b.c")
VIEW, INDEX = ObjectName(ObjectKind.VIEW, "s.v"), ObjectName(ObjectKind.INDEX, "s.b.i")


def parts(*names: ObjectName) -> list[tuple[int, tuple[str, ...]]]:
    work = tuple((name, f"DROP {name}") for name in names)
    return Difference(work=work, unhandled=()).parts({A: 3, B: 5})


def test_what_takes_no_rows_goes_with_what_does() -> None:
    assert parts(VIEW, B, INDEX, A) == [
        (5, ("DROP view s.v", "DROP column s.b.c", "DROP index s.b.i")),
        (3, ("DROP table s.a",)),
    ]


def test_the_order_stays_also_where_the_owners_take_turns() -> None:
    assert [place for place, _ in parts(A, B, A)] == [3, 5, 3]


def test_what_nobody_owns_is_the_first_owners() -> None:
    assert parts(ObjectName(ObjectKind.TABLE, "s.other"), VIEW) == [(3, ("DROP table s.other", "DROP view s.v"))]


def test_a_body_that_is_not_looked_into_is_so_in_its_own_script() -> None:
    body = "CREATE OR REPLACE FUNCTION s.f() RETURNS int\n LANGUAGE sql\nAS $function$SELECT 1$function$"
    work = ((A, "DROP TABLE s.a"), (B, "ALTER TABLE s.b DROP c"), (ObjectName(ObjectKind.FUNCTION, "s.f()"), body))
    found = Difference(work=work, unhandled=()).parts({A: 0, B: 1})
    assert found == [(0, ("DROP TABLE s.a",)), (1, (BODIES_UNSEEN, "ALTER TABLE s.b DROP c", body))]
