"""GRANT, REVOKE, COMMENT, default privileges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.any_object import CLASSES, ROUTINES, named_object
from gitmig.check.footprint.objects import Kind, other, schema
from gitmig.check.footprint.parse_tree import definition, text, texts, unwrap
from gitmig.check.footprint.touches import Trait, Verb

if TYPE_CHECKING:
    from gitmig.check.footprint.objects import Object
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace

COMMENTED_PARTS = {
    "OBJECT_COLUMN": Kind.COLUMN,
    "OBJECT_TABCONSTRAINT": Kind.CONSTRAINT,
    "OBJECT_TRIGGER": Kind.TRIGGER,
    "OBJECT_POLICY": Kind.POLICY,
    "OBJECT_RULE": Kind.RULE,
}


def grant(trace: Trace, node: Node) -> None:
    """GRANT and REVOKE on objects; on all objects of a schema it matters which are there."""
    grantees = [item["RoleSpec"].get("rolename", "public") for item in node.get("grantees", ())]
    for name in grantees:
        trace.read(other("role", name))
    privileges = [item["AccessPriv"] for item in node.get("privileges", ())] or [{"priv_name": "all"}]
    way = "grant" if node.get("is_grant") else "revoke"
    for item in node.get("objects", ()):
        for touched in _granted(trace, node, item):
            if node.get("targtype") == "ACL_TARGET_ALL_IN_SCHEMA":
                trace.touch(Verb.READ, touched, Trait.WHOLE, aspect=node.get("objtype", ""))
            for privilege in privileges:
                for name in grantees:
                    aspect = f"{privilege.get('priv_name', 'all')} for {name}"
                    trace.touch(Verb.ALTER, touched, aspect=aspect, value=way + definition(privilege))
                for column in texts(privilege.get("cols")):
                    trace.read(touched.part(Kind.COLUMN, column))


def grant_role(trace: Trace, node: Node) -> None:
    """GRANT role TO role."""
    for item in node.get("grantee_roles", ()):
        member = other("role", item["RoleSpec"].get("rolename", ""))
        for granted in node.get("granted_roles", ()):
            name = granted["AccessPriv"]["priv_name"]
            trace.read(other("role", name))
            trace.touch(Verb.ALTER, member, aspect=f"member of {name}", value=str(node.get("is_grant", False)))


def default_privileges(trace: Trace, node: Node) -> None:
    """ALTER DEFAULT PRIVILEGES: what is made afterwards has others than what was made before."""
    schemas = [
        name
        for option in node.get("options", ())
        if option["DefElem"]["defname"] == "schemas"
        for name in texts(option["DefElem"]["arg"]["List"]["items"])
    ]
    action = node["action"]
    for name in schemas or [trace.path[0]]:
        trace.touch(Verb.READ, schema(name), Trait.WHOLE, aspect=action.get("objtype", ""))
        aspect = f"default privileges {action.get('objtype')}"
        trace.touch(Verb.ALTER, schema(name), aspect=aspect, value=definition(action))


def comment(trace: Trace, node: Node) -> None:
    """COMMENT ON."""
    kind = node.get("objtype", "")
    touched = _commented(trace, kind, node["object"])
    trace.touch(Verb.ALTER, touched, aspect="comment", value=definition(node.get("comment")))


def _commented(trace: Trace, kind: str, item: Node) -> Object:
    if kind in COMMENTED_PARTS:
        *owner, part = item["List"]["items"]
        return trace.named(owner, Kind.TABLE).part(COMMENTED_PARTS[kind], text(part))
    return named_object(trace, kind, item)


def _granted(trace: Trace, node: Node, item: Node) -> list[Object]:
    kind = node.get("objtype", "")
    node_kind, fields = unwrap(item)
    if node_kind == "RangeVar":
        return [trace.relation(fields, CLASSES.get(kind, Kind.TABLE))]
    if node.get("targtype") == "ACL_TARGET_ALL_IN_SCHEMA":
        return [schema(text(item))]
    if kind in ROUTINES or kind == "OBJECT_SCHEMA" or kind in CLASSES:
        return [named_object(trace, kind, item)]
    return [other(kind.removeprefix("OBJECT_").lower(), text(item))]


HANDLERS = {
    "GrantStmt": grant,
    "GrantRoleStmt": grant_role,
    "AlterDefaultPrivilegesStmt": default_privileges,
    "CommentStmt": comment,
}
