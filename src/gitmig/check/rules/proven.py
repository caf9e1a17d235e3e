"""GM501–GM504: what running every order has shown, and nothing else has said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity
from gitmig.check.rules.registry import Example, rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.check.proof import OrderFailure, Proof, RunOrder
    from gitmig.schema.model import ObjectName


@rule(
    "GM501",
    "an order fails",
    Severity.ERROR,
    hint="change one of the two sides so that the order does not matter, or `gitmig renumber`",
    conflict=Example(
        ours="DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'comments' || ' ADD score int'; END $$;",
        theirs="ALTER TABLE comments RENAME TO remarks;",
    ),
    harmless=Example(
        ours="DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'comments' || ' ADD score int'; END $$;",
        theirs="ALTER TABLE posts RENAME TO articles;",
    ),
)
def an_order_fails(orders: str, failure: OrderFailure) -> Finding:
    """PostgreSQL refuses a statement in one of the orders, or in every order, and no other finding has said so.

    The message has file, line and PostgreSQL's own words.
    """
    return an_order_fails.finding(
        f"{orders}: {failure.label} fails at {failure.place}: {failure.message}",
        migrations=(failure.label,),
        path=failure.path,
        line=failure.line,
    )


@rule(
    "GM502",
    "two schemas",
    Severity.ERROR,
    hint="decide what it shall be, and write that into the later of the migrations",
    conflict=Example(
        ours="DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'comments' || ' ALTER author SET DEFAULT ''me'''; END $$;",
        theirs="ALTER TABLE comments ALTER author DROP DEFAULT;",
    ),
    harmless=Example(
        ours="DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'comments' || ' ALTER author SET DEFAULT ''me'''; END $$;",
        theirs="ALTER TABLE comments ALTER contents SET DEFAULT '';",
    ),
)
def two_schemas(order: RunOrder, names: Sequence[ObjectName]) -> Finding:
    """Every order runs, but they do not give one schema, and no other finding has said so."""
    return two_schemas.finding(
        f"{order.value}: it runs and gives another schema: {_counted(names)}",
        objects=tuple(map(str, names)),
    )


@rule(
    "GM503",
    "no round trip",
    Severity.WARNING,
    hint="a down shall be exactly the opposite of its up",
    conflict=Example(
        ours={
            "0003_x.sql": "-- migrate:up\nCREATE TABLE x (id int);\nCREATE INDEX i ON comments (author);\n"
            "-- migrate:down\nDROP TABLE x;\n"
        }
    ),
    harmless=Example(
        ours={
            "0003_x.sql": "-- migrate:up\nCREATE TABLE x (id int);\nCREATE INDEX i ON comments (author);\n"
            "-- migrate:down\nDROP INDEX i;\nDROP TABLE x;\n"
        }
    ),
)
def no_round_trip(proof: Proof) -> Iterator[Finding]:
    """The downs of what both sides add, run in the reverse of the merged order, fail or forget something.

    Forgotten is what is not as it was in the schema before them. A down that is missing is GM301.
    """
    if failure := proof.revert_failure:
        yield no_round_trip.finding(
            f"the down of {failure.label} fails at {failure.place}: {failure.message}",
            migrations=(failure.label,),
            path=failure.path,
            line=failure.line,
        )
    if proof.lost:
        yield no_round_trip.finding(
            f"the downs do not bring back the schema before them: {_counted(proof.lost)}",
            objects=tuple(map(str, proof.lost)),
        )


@rule(
    "GM504",
    "a body breaks",
    Severity.WARNING,
    hint="write the function anew behind both: nothing fails before it is called",
    conflict=Example(
        ours="CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS\n"
        "  $$ BEGIN RETURN (SELECT max(c.contents) FROM comments c); END $$;",
        theirs="ALTER TABLE comments RENAME contents TO body;",
    ),
    harmless=Example(
        ours="CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS\n"
        "  $$ BEGIN RETURN (SELECT max(c.contents) FROM comments c); END $$;",
        theirs="ALTER TABLE comments RENAME author TO writer;",
    ),
)
def a_body_breaks(proof: Proof) -> Iterator[Finding]:
    """Every order runs, but a function does not work any more behind one of them: PostgreSQL looks at the next call.

    The scratch database is asked about each statement of SQL and PL/pgSQL bodies, and nothing is called. What is put
    together when the function runs cannot be asked about: the proof names these functions.
    """
    found = {(fault.routine, fault.message): order for order, faults in proof.bodies.items() for fault in faults}
    for (routine, message), order in found.items():
        yield a_body_breaks.finding(
            f"{order.value}: the body of function {routine} does not work any more: {message}",
            objects=(f"function {routine}",),
        )


def _counted(names: Sequence[ObjectName]) -> str:
    return f"{names[0]} differs" if len(names) == 1 else f"{len(names)} objects differ"
