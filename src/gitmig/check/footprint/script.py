"""The footprint of a script: every statement handed to the family that knows it."""

from __future__ import annotations

from gitmig.check.footprint import any_object, definitions, indexes, outside, routines, schemas, tables, types, views
from gitmig.check.footprint.model import BlindSpot, Footprint
from gitmig.check.footprint.parse_tree import Node, unwrap
from gitmig.check.footprint.queries import STATEMENTS, statement
from gitmig.check.footprint.trace import Trace
from gitmig.migrations.parser import Unparsed, parse

FAMILIES = (tables, indexes, views, types, routines, any_object, definitions, schemas, outside)
HANDLERS = {kind: handler for family in FAMILIES for kind, handler in family.HANDLERS.items()}
# They touch no object that a migration of another branch could touch.
HARMLESS = {
    "TransactionStmt",
    "VariableShowStmt",
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
        parsed = parse(text)
    except Unparsed as error:
        line = text.count("\n", 0, error.fault.offset) + 1
        return Footprint(error=BlindSpot(line=line, reason=error.fault.message))
    data, trace = text.encode("utf-8", "surrogatepass"), Trace(HANDLERS)
    for number, item in enumerate(parsed):
        trace.statement, trace.line = number, _line(data, item.get("stmt_location", 0))
        _statement(trace, item.get("stmt", {}))
    return Footprint(touches=tuple(trace.touches), blind_spots=tuple(trace.blind_spots))


def _statement(trace: Trace, item: Node) -> None:
    if not item:
        return
    kind, node = unwrap(item)
    if kind in STATEMENTS:
        statement(trace, kind, node)
        if kind == "SelectStmt":
            schemas.set_by_function(trace, node)
    elif not trace.define(kind, node) and kind not in HARMLESS:
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
