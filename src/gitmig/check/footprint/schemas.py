"""Schemas, settings that change what names mean, COPY and LOCK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.any_object import read_owner
from gitmig.check.footprint.model import Action, schema
from gitmig.check.footprint.parse_tree import definition, texts, unwrap
from gitmig.check.footprint.queries import statement
from gitmig.check.footprint.trace import forgiving

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


def create_schema(trace: Trace, node: Node) -> None:
    """CREATE SCHEMA, with what it makes inside."""
    name = node.get("schemaname") or node["authrole"]["rolename"]
    forgives = forgiving(node)
    read_owner(trace, node.get("authrole", {}).get("RoleSpec", node.get("authrole")))
    trace.touch(Action.CREATE, schema(name), *forgives, value=definition(node))
    before, trace.path = trace.path, (name,)
    for element in node.get("schemaElts", ()):
        kind, fields = unwrap(element)
        trace.define(kind, fields)
    trace.path = before


def settings(trace: Trace, node: Node) -> None:
    """SET and RESET: the search path decides what names mean."""
    if node.get("name") == "search_path":
        trace.set_path(_words(node.get("args", ())))


def set_by_function(trace: Trace, node: Node) -> None:
    """`SELECT set_config('search_path', …)`, as pg_dump writes it."""
    for target in node.get("targetList", ()):
        call = target.get("ResTarget", {}).get("val", {}).get("FuncCall", {})
        name, *value = _words(call.get("args", [])[:2]) or [""]
        if call and texts(call["funcname"])[-1] == "set_config" and name == "search_path" and value:
            trace.set_path(value)


def _words(constants: Iterable[Node]) -> list[str]:
    """The names in constants that may each hold several: `'a, "b"'`."""
    values = [item.get("A_Const", {}).get("sval", {}).get("sval", "") for item in constants]
    return [word.strip().strip('"') for value in values for word in value.split(",")]


def copy(trace: Trace, node: Node) -> None:
    """COPY."""
    if "relation" in node:
        table = trace.relation(node["relation"])
        trace.read(table)
        if node.get("is_from"):
            trace.touch(Action.WRITE, table, aspect="insert", columns=texts(node.get("attlist")) or None)
    elif "query" in node:
        statement(trace, *unwrap(node["query"]))


def lock(trace: Trace, node: Node) -> None:
    """LOCK TABLE, and whatever else only names relations."""
    for item in node.get("relations", ()):
        trace.read(trace.relation(item["RangeVar"]))


HANDLERS = {
    "CreateSchemaStmt": create_schema,
    "VariableSetStmt": settings,
    "CopyStmt": copy,
    "LockStmt": lock,
}
