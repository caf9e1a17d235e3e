"""DROP of anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.footprint.nodes import text, texts, unwrap
from gitmig.core.footprint.objects import Kind, operator, other, schema, unplaced
from gitmig.core.footprint.touches import Manner, Trait, Verb
from gitmig.core.footprint.typenames import signature

if TYPE_CHECKING:
    from gitmig.core.footprint.nodes import Node
    from gitmig.core.footprint.objects import Object
    from gitmig.core.footprint.trace import Trace

CLASSES = {
    "OBJECT_TABLE": Kind.TABLE,
    "OBJECT_FOREIGN_TABLE": Kind.TABLE,
    "OBJECT_VIEW": Kind.VIEW,
    "OBJECT_MATVIEW": Kind.VIEW,
    "OBJECT_INDEX": Kind.INDEX,
    "OBJECT_SEQUENCE": Kind.SEQUENCE,
    "OBJECT_TYPE": Kind.TYPE,
    "OBJECT_DOMAIN": Kind.TYPE,
}
PARTS = {"OBJECT_TRIGGER": Kind.TRIGGER, "OBJECT_POLICY": Kind.POLICY, "OBJECT_RULE": Kind.RULE}
ROUTINES = {"OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"}


def drop(trace: Trace, node: Node) -> None:
    """DROP … , one object after the other."""
    kind = node.get("removeType", "")
    traits = [Trait.LENIENT] if node.get("missing_ok") else []
    traits += [Trait.CASCADE] if node.get("behavior") == "DROP_CASCADE" else []
    for item in node.get("objects", ()):
        dropped = named_object(trace, kind, item)
        trace.touch(Verb.DROP, dropped, *traits)
        if kind in PARTS:
            trace.read(_owner(dropped), *([Trait.LENIENT] if node.get("missing_ok") else []))
    if kind == "OBJECT_EXTENSION":
        trace.cannot_see("what belongs to an extension goes with it")


def drop_role(trace: Trace, node: Node) -> None:
    """DROP ROLE."""
    for item in node.get("roles", ()):
        name = item["RoleSpec"].get("rolename", "")
        trace.touch(Verb.DROP, other("role", name), *([Trait.LENIENT] if node.get("missing_ok") else []))


def truncate(trace: Trace, node: Node) -> None:
    """TRUNCATE."""
    for item in node.get("relations", ()):
        table = trace.relation(item["RangeVar"])
        trace.read(table)
        trace.touch(Verb.WRITE, table, aspect="delete")


def named_object(trace: Trace, kind: str, item: Node) -> Object:
    """The object a statement names by its kind and a list of names, as DROP, COMMENT and RENAME do."""
    node_kind, node = unwrap(item)
    names = node.get("items") or node.get("names") or [item]
    if kind in ROUTINES:
        arguments = None if node.get("args_unspecified") else signature(node.get("objargs", []))
        return trace.routine(node["objname"], arguments)
    if kind in CLASSES and node_kind in {"List", "TypeName"}:
        return trace.named(names, CLASSES[kind])
    if kind in PARTS:
        *owner, part = names
        return trace.named(owner, Kind.TABLE).part(PARTS[kind], text(part))
    if kind == "OBJECT_SCHEMA":
        return schema(text(item))
    if kind == "OBJECT_OPERATOR":
        return operator(texts(node["objname"]), signature(node.get("objargs", [])))
    what = kind.removeprefix("OBJECT_").replace("_", " ").lower()
    return other(what, unplaced(texts(names)) or repr(sorted(node)))


def read_owner(trace: Trace, role: Node | None) -> None:
    """The role behind OWNER TO, unless it is whoever runs the script: it cannot go as long as it owns something."""
    if role and (name := role.get("rolename")):
        trace.read(other("role", name), manner=Manner.KEY)


def _owner(part: Object) -> Object:
    return type(part)(Kind.TABLE, part.root)


HANDLERS = {"DropStmt": drop, "DropRoleStmt": drop_role, "TruncateStmt": truncate}
