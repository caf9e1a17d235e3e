"""RENAME TO, SET SCHEMA, OWNER TO: new names and owners of what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.footprint.drops import CLASSES, ROUTINES, named_object, read_owner
from gitmig.core.footprint.nodes import definition
from gitmig.core.footprint.objects import Kind, Object, in_schema, other, schema
from gitmig.core.footprint.touches import Trait, Verb

if TYPE_CHECKING:
    from gitmig.core.footprint.nodes import Node
    from gitmig.core.footprint.trace import Trace

PARTS = {
    "OBJECT_COLUMN": Kind.COLUMN,
    "OBJECT_ATTRIBUTE": Kind.COLUMN,
    "OBJECT_TABCONSTRAINT": Kind.CONSTRAINT,
    "OBJECT_DOMCONSTRAINT": Kind.CONSTRAINT,
    "OBJECT_TRIGGER": Kind.TRIGGER,
    "OBJECT_POLICY": Kind.POLICY,
    "OBJECT_RULE": Kind.RULE,
}


def rename(trace: Trace, node: Node) -> None:
    """ALTER … RENAME TO."""
    lenient = [Trait.LENIENT] if node.get("missing_ok") else []
    kind, new = node.get("renameType", ""), node["newname"]
    if kind in PARTS:
        owner = _owner(trace, node)
        trace.read(owner, *lenient)
        old = owner.part(PARTS[kind], node["subname"])
        trace.touch(Verb.RENAME, old, *lenient, to=owner.part(PARTS[kind], new))
        if PARTS[kind] is Kind.CONSTRAINT:  # and its index, if it has one
            index, renamed = (in_schema(Kind.INDEX, owner.path[1], name) for name in (node["subname"], new))
            trace.touch(Verb.RENAME, index, Trait.LENIENT, to=renamed)
        return
    old = _renamed(trace, node, kind)
    place = min(len(old.path), 3) - 1  # behind a function's name stands its signature
    trace.touch(Verb.RENAME, old, *lenient, to=Object(old.kind, (*old.path[:place], new, *old.path[place + 1 :])))


def set_schema(trace: Trace, node: Node) -> None:
    """ALTER … SET SCHEMA."""
    kind = node.get("objectType", "")
    old = (
        trace.relation(node["relation"], CLASSES.get(kind, Kind.TABLE))
        if "relation" in node
        else (named_object(trace, kind, node["object"]))
    )
    if len(old.path) < 3:
        trace.touch(Verb.ALTER, old, aspect="schema", value=definition(node))
        return
    lenient = [Trait.LENIENT] if node.get("missing_ok") else []
    trace.read(schema(node["newschema"]))
    trace.touch(Verb.RENAME, old, *lenient, to=Object(old.kind, (old.path[0], node["newschema"], *old.path[2:])))


def set_owner(trace: Trace, node: Node) -> None:
    """ALTER … OWNER TO."""
    touched = named_object(trace, node.get("objectType", ""), node["object"])
    read_owner(trace, node.get("newowner"))
    trace.touch(Verb.ALTER, touched, aspect="owner", value=definition(node.get("newowner")))


def _owner(trace: Trace, node: Node) -> Object:
    if "relation" in node:
        return trace.relation(node["relation"], CLASSES.get(node.get("relationType", ""), Kind.TABLE))
    return named_object(trace, "OBJECT_DOMAIN", node["object"])


def _renamed(trace: Trace, node: Node, kind: str) -> Object:
    if "relation" in node:
        return trace.relation(node["relation"], CLASSES.get(kind, Kind.TABLE))
    if "object" in node and (kind in CLASSES or kind in ROUTINES):
        return named_object(trace, kind, node["object"])
    if kind == "OBJECT_SCHEMA":
        return schema(node["subname"])
    what = kind.removeprefix("OBJECT_").replace("_", " ").lower()
    return other(what, node["subname"]) if "subname" in node else named_object(trace, kind, node["object"])


HANDLERS = {"RenameStmt": rename, "AlterObjectSchemaStmt": set_schema, "AlterOwnerStmt": set_owner}
