"""DROP of anything.

RENAME TO, SET SCHEMA, OWNER TO: new names and owners of what is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.objects import Kind, Object, in_schema, operator, other, schema, unplaced
from gitmig.check.footprint.parse_tree import definition, text, texts, unwrap
from gitmig.check.footprint.touches import Manner, Trait, Verb
from gitmig.check.footprint.typenames import signature

if TYPE_CHECKING:
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


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
DROPPED_PARTS = {"OBJECT_TRIGGER": Kind.TRIGGER, "OBJECT_POLICY": Kind.POLICY, "OBJECT_RULE": Kind.RULE}
ROUTINES = {"OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"}


def drop(trace: Trace, node: Node) -> None:
    """DROP … , one object after the other."""
    kind = node.get("removeType", "")
    traits = [Trait.LENIENT] if node.get("missing_ok") else []
    traits += [Trait.CASCADE] if node.get("behavior") == "DROP_CASCADE" else []
    for item in node.get("objects", ()):
        dropped = named_object(trace, kind, item)
        trace.touch(Verb.DROP, dropped, *traits)
        if kind in DROPPED_PARTS:
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
    if kind in DROPPED_PARTS:
        *owner, part = names
        return trace.named(owner, Kind.TABLE).part(DROPPED_PARTS[kind], text(part))
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


NAMED_PARTS = {
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
    if kind in NAMED_PARTS:
        owner = _relation(trace, node)
        trace.read(owner, *lenient)
        old = owner.part(NAMED_PARTS[kind], node["subname"])
        trace.touch(Verb.RENAME, old, *lenient, to=owner.part(NAMED_PARTS[kind], new))
        if NAMED_PARTS[kind] is Kind.CONSTRAINT:  # and its index, if it has one
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


def _relation(trace: Trace, node: Node) -> Object:
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


HANDLERS = {
    "DropStmt": drop,
    "DropRoleStmt": drop_role,
    "TruncateStmt": truncate,
    "RenameStmt": rename,
    "AlterObjectSchemaStmt": set_schema,
    "AlterOwnerStmt": set_owner,
}
