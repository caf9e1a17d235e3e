"""The footprint of a script: every statement handed to the family that knows it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from gitmig.check.footprint.parse_tree import Node, unwrap
from gitmig.check.footprint.queries import STATEMENTS, statement
from gitmig.check.footprint.touches import Blind, Footprint
from gitmig.check.footprint.trace import Trace
from gitmig.migrations.parser import Unparsed, parse

if TYPE_CHECKING:
    from collections.abc import Callable

# They touch no object, or none that a migration of another branch could touch.
HARMLESS = {
    "TransactionStmt",
    "VariableShowStmt",
    "VacuumStmt",
    "ReindexStmt",
    "ClusterStmt",
    "CheckPointStmt",
    "DiscardStmt",
    "ConstraintsSetStmt",
    "NotifyStmt",
    "ListenStmt",
    "UnlistenStmt",
    "ExplainStmt",
    "DeallocateStmt",
    "LoadStmt",
}


def footprint(text: str) -> Footprint:
    """What a script touches, and how; pure. A script that does not parse has an `error` and no touches."""
    try:
        found = parse(text)
    except Unparsed as error:
        return Footprint(error=Blind(line=text.count("\n", 0, error.fault.offset) + 1, reason=error.fault.message))
    data, trace = text.encode("utf-8", "surrogatepass"), Trace()
    for number, item in enumerate(found):
        trace.statement, trace.line = number, _line(data, item.get("stmt_location", 0))
        _statement(trace, item.get("stmt", {}))
    return Footprint(touches=tuple(trace.touches), blind=tuple(trace.blind))


@cache
def handlers() -> dict[str, Callable[[Trace, Node], None]]:
    """Which function knows which statement."""
    from gitmig.check.footprint import (
        any_object,
        indexes,
        privileges,
        routines,
        schemas,
        tables,
        triggers,
        types,
        views,
    )

    families = (tables, indexes, views, types, routines, triggers, any_object, privileges, schemas)
    return {kind: handler for family in families for kind, handler in family.HANDLERS.items()}


def _statement(trace: Trace, item: Node) -> None:
    if not item:
        return
    kind, node = unwrap(item)
    if kind in STATEMENTS:
        statement(trace, kind, node)
        if kind == "SelectStmt":
            from gitmig.check.footprint.schemas import set_by_function

            set_by_function(trace, node)
    elif handler := handlers().get(kind):
        handler(trace, node)
    elif kind not in HARMLESS:
        words = "".join(f" {letter}" if letter.isupper() else letter for letter in kind.removesuffix("Stmt"))
        trace.cannot_see(f"a statement that gitmig does not look into ({words.strip().lower()})")


def _line(data: bytes, location: int) -> int:
    """The line on which a statement begins, behind the comments before it."""
    rest = data[location:]
    while True:
        bare = rest.lstrip()
        if bare.startswith(b"--"):
            rest = bare.partition(b"\n")[2]
        elif bare.startswith(b"/*") and b"*/" in bare:
            rest = bare.partition(b"*/")[2]
        else:
            return data.count(b"\n", 0, len(data) - len(bare)) + 1
