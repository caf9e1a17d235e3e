"""Statements about an object of any kind: DROP, TRUNCATE, RENAME TO, SET SCHEMA, OWNER TO, COMMENT, GRANT, REVOKE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.model import (
    EVERY,
    Action,
    DependencyKind,
    NamedKind,
    Object,
    Trait,
    in_schema,
    operator,
    other,
    schema,
    unplaced,
)
from gitmig.check.footprint.names import signature
from gitmig.check.footprint.parse_tree import definition, text, texts, unwrap
from gitmig.check.footprint.trace import forgiving

if TYPE_CHECKING:
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


CLASSES = {
    "OBJECT_TABLE": NamedKind.TABLE,
    "OBJECT_FOREIGN_TABLE": NamedKind.TABLE,
    "OBJECT_VIEW": NamedKind.VIEW,
    "OBJECT_MATVIEW": NamedKind.VIEW,
    "OBJECT_INDEX": NamedKind.INDEX,
    "OBJECT_SEQUENCE": NamedKind.SEQUENCE,
    "OBJECT_TYPE": NamedKind.TYPE,
    "OBJECT_DOMAIN": NamedKind.TYPE,
}
PARTS_BY_WORD = {
    "OBJECT_COLUMN": NamedKind.COLUMN,
    "OBJECT_TABCONSTRAINT": NamedKind.CONSTRAINT,
    "OBJECT_TRIGGER": NamedKind.TRIGGER,
    "OBJECT_POLICY": NamedKind.POLICY,
    "OBJECT_RULE": NamedKind.RULE,
}
RENAMED_PARTS_BY_WORD = {
    **PARTS_BY_WORD,
    "OBJECT_ATTRIBUTE": NamedKind.COLUMN,
    "OBJECT_DOMCONSTRAINT": NamedKind.CONSTRAINT,
}
ROUTINES = {"OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"}


def drop(trace: Trace, node: Node) -> None:
    """DROP … , one object after the other."""
    kind = node.get("removeType", "")
    traits = forgiving(node)
    traits += [Trait.CASCADE] if node.get("behavior") == "DROP_CASCADE" else []
    for item in node.get("objects", ()):
        dropped = named_object(trace, kind, item)
        trace.touch(Action.DROP, dropped, *traits)
        if kind in PARTS_BY_WORD:
            trace.read(_owner(dropped), *forgiving(node))
        if dropped.kind is NamedKind.EXTENSION:
            for made in extension_types(trace, dropped.path[1]):
                trace.touch(Action.DROP, made, *traits)
    if kind == "OBJECT_EXTENSION":
        trace.cannot_see("what belongs to an extension goes with it")


# The types of extensions that come with PostgreSQL, or are in wide use.
EXTENSION_TYPES = {
    "citext": ("citext",),
    "cube": ("cube",),
    "hstore": ("hstore",),
    "intarray": ("query_int",),
    "isn": ("ean13", "isbn", "isbn13", "ismn", "ismn13", "issn", "issn13", "upc"),
    "lo": ("lo",),
    "ltree": ("ltree", "lquery", "ltxtquery"),
    "postgis": ("geometry", "geography", "box2d", "box3d"),
    "seg": ("seg",),
    "vector": ("vector", "halfvec", "sparsevec"),
}


def extension_types(trace: Trace, extension: str) -> list[Object]:
    """The types that an extension is known to make, where names are looked up."""
    return [trace.named([name], NamedKind.TYPE) for name in EXTENSION_TYPES.get(extension, ())]


def drop_role(trace: Trace, node: Node) -> None:
    """DROP ROLE."""
    for item in node.get("roles", ()):
        name = item["RoleSpec"].get("rolename", "")
        trace.touch(Action.DROP, other("role", name), *forgiving(node))


def truncate(trace: Trace, node: Node) -> None:
    """TRUNCATE."""
    for item in node.get("relations", ()):
        table = trace.relation(item["RangeVar"])
        trace.read(table)
        trace.touch(Action.WRITE, table, aspect="delete")


def named_object(trace: Trace, kind: str, item: Node) -> Object:
    """The object a statement names by its kind and a list of names, as DROP, COMMENT and RENAME do."""
    node_kind, node = unwrap(item)
    names = node.get("items") or node.get("names") or [item]
    if kind in ROUTINES:
        arguments = None if node.get("args_unspecified") else signature(node.get("objargs", []))
        return trace.routine(node["objname"], arguments)
    if kind in CLASSES and node_kind in {"List", "TypeName"}:
        return trace.named(names, CLASSES[kind])
    if kind in PARTS_BY_WORD:
        *owner, part = names
        return trace.named(owner, NamedKind.TABLE).part(PARTS_BY_WORD[kind], text(part))
    if kind == "OBJECT_SCHEMA":
        return schema(text(item))
    if kind == "OBJECT_DOMCONSTRAINT" and node_kind == "List":
        domain, part = names
        return trace.named(domain["TypeName"]["names"], NamedKind.TYPE).part(NamedKind.CONSTRAINT, text(part))
    return _of_rarer_kind(kind, node, names)


def _of_rarer_kind(kind: str, node: Node, names: list[Node]) -> Object:
    what = kind.removeprefix("OBJECT_").replace("_", " ").lower()
    if kind == "OBJECT_OPERATOR":
        return operator(texts(node["objname"]), signature(node.get("objargs", [])))
    if kind == "OBJECT_CAST":
        return other(what, signature(names).replace(",", " as "))
    if kind in {"OBJECT_OPCLASS", "OBJECT_OPFAMILY"}:  # the first name is that of the access method
        method, *rest = texts(names)
        return other(what, f"{method}.{unplaced(rest)}")
    return other(what, unplaced(texts(names)) or repr(sorted(node)))


def read_owner(trace: Trace, role: Node | None) -> None:
    """The role behind OWNER TO, unless it is whoever runs the script: it cannot go as long as it owns something."""
    if role and (name := role.get("rolename")):
        trace.read(other("role", name), dependency=DependencyKind.FOLLOWS)


def _owner(part: Object) -> Object:
    return type(part)(NamedKind.TABLE, part.root)


def rename(trace: Trace, node: Node) -> None:
    """ALTER … RENAME TO."""
    forgives = forgiving(node)
    kind, new = node.get("renameType", ""), node["newname"]
    if kind in RENAMED_PARTS_BY_WORD:
        owner = _relation(trace, node)
        trace.read(owner, *forgives)
        old = owner.part(RENAMED_PARTS_BY_WORD[kind], node["subname"])
        if_table = [Trait.IF_TABLE] if forgives else []
        if_table += [Trait.CASCADE] if node.get("behavior") == "DROP_CASCADE" else []
        trace.touch(Action.RENAME, old, *if_table, to=owner.part(RENAMED_PARTS_BY_WORD[kind], new))
        if RENAMED_PARTS_BY_WORD[kind] is NamedKind.CONSTRAINT:  # and its index, if it has one
            index, renamed = (in_schema(NamedKind.INDEX, owner.path[1], name) for name in (node["subname"], new))
            trace.touch(Action.RENAME, index, Trait.FORGIVING, to=renamed)
        return
    old = _renamed(trace, node, kind)
    place = min(len(old.path), 3) - 1  # behind a function's name stands its signature
    trace.touch(Action.RENAME, old, *forgives, to=Object(old.kind, (*old.path[:place], new, *old.path[place + 1 :])))


def set_schema(trace: Trace, node: Node) -> None:
    """ALTER … SET SCHEMA."""
    kind = node.get("objectType", "")
    old = (
        trace.relation(node["relation"], CLASSES.get(kind, NamedKind.TABLE))
        if "relation" in node
        else (named_object(trace, kind, node["object"]))
    )
    forgives, new = forgiving(node), node["newschema"]
    trace.read(schema(new))
    if old.kind is NamedKind.EXTENSION:
        trace.touch(Action.ALTER, old, aspect="schema", value=definition(node))
        for made in extension_types(trace, old.path[1]):
            trace.touch(Action.RENAME, made, to=Object(made.kind, (made.path[0], new, made.path[2])))
        trace.cannot_see("what belongs to an extension goes with it")
        return
    if len(old.path) < 3:
        name = old.path[1].rpartition(".")[2]
        trace.touch(Action.RENAME, old, *forgives, to=other(old.path[0], unplaced([new, name])))
        return
    trace.touch(Action.RENAME, old, *forgives, to=Object(old.kind, (old.path[0], node["newschema"], *old.path[2:])))


def set_owner(trace: Trace, node: Node) -> None:
    """ALTER … OWNER TO."""
    touched = named_object(trace, node.get("objectType", ""), node["object"])
    read_owner(trace, node.get("newowner"))
    trace.touch(Action.ALTER, touched, aspect="owner", value=definition(node.get("newowner")))


def _relation(trace: Trace, node: Node) -> Object:
    if "relation" in node:
        return trace.relation(node["relation"], CLASSES.get(node.get("relationType", ""), NamedKind.TABLE))
    return named_object(trace, "OBJECT_DOMAIN", node["object"])


def _renamed(trace: Trace, node: Node, kind: str) -> Object:
    if "relation" in node:
        return trace.relation(node["relation"], CLASSES.get(kind, NamedKind.TABLE))
    if "object" in node and (kind in CLASSES or kind in ROUTINES):
        return named_object(trace, kind, node["object"])
    if kind == "OBJECT_SCHEMA":
        return schema(node["subname"])
    what = kind.removeprefix("OBJECT_").replace("_", " ").lower()
    return other(what, node["subname"]) if "subname" in node else named_object(trace, kind, node["object"])


def grant(trace: Trace, node: Node) -> None:
    """GRANT and REVOKE on objects; on all objects of a schema it matters which are there."""
    grantees = [item["RoleSpec"].get("rolename", "public") for item in node.get("grantees", ())]
    for name in grantees:
        trace.read(other("role", name))
    privileges = [item["AccessPriv"] for item in node.get("privileges", ())] or [{"priv_name": "all"}]
    all_in_schema = node.get("targtype") == "ACL_TARGET_ALL_IN_SCHEMA"
    way = "grant" if node.get("is_grant") else "revoke"
    for item in node.get("objects", ()):
        for touched in _granted(trace, node, item):
            if all_in_schema:
                trace.touch(Action.READ, touched, Trait.WHOLE, aspect=node.get("objtype", ""))
            of_all = f" of {node.get('objtype', '')}" if touched.kind is NamedKind.SCHEMA and all_in_schema else ""
            for privilege in privileges:
                for name in grantees:
                    aspect = f"{privilege.get('priv_name', 'all')} for {name}{of_all}"
                    trace.touch(Action.ALTER, touched, aspect=aspect, value=way + definition(privilege))
                for column in texts(privilege.get("cols")):
                    trace.read(touched.part(NamedKind.COLUMN, column))


def grant_role(trace: Trace, node: Node) -> None:
    """GRANT role TO role."""
    for item in node.get("grantee_roles", ()):
        member = other("role", item["RoleSpec"].get("rolename", ""))
        for granted in node.get("granted_roles", ()):
            name = granted["AccessPriv"]["priv_name"]
            trace.read(other("role", name))
            trace.touch(Action.ALTER, member, aspect=f"member of {name}", value=str(node.get("is_grant", False)))


def default_privileges(trace: Trace, node: Node) -> None:
    """ALTER DEFAULT PRIVILEGES: what is made afterwards has others than what was made before."""
    schemas = [
        name
        for option in node.get("options", ())
        if option["DefElem"]["defname"] == "schemas"
        for name in texts(option["DefElem"]["arg"]["List"]["items"])
    ]
    for option in node.get("options", ()):
        for item in option["DefElem"]["arg"]["List"]["items"] if option["DefElem"]["defname"] == "roles" else ():
            read_owner(trace, item["RoleSpec"])  # it cannot go as long as what it makes has privileges of its own
    action = node["action"]
    for name in schemas or [EVERY]:
        stays = DependencyKind.FOLLOWS  # and so is not about what has only another name by now
        trace.touch(Action.READ, schema(name), Trait.WHOLE, dependency=stays, aspect=action.get("objtype", ""))
        aspect = f"default privileges {action.get('objtype')}"
        trace.touch(Action.ALTER, schema(name), aspect=aspect, value=definition(action))


def comment(trace: Trace, node: Node) -> None:
    """COMMENT ON."""
    kind = node.get("objtype", "")
    touched = named_object(trace, kind, node["object"])
    trace.touch(Action.ALTER, touched, aspect="comment", value=definition(node.get("comment")))


def _granted(trace: Trace, node: Node, item: Node) -> list[Object]:
    kind = node.get("objtype", "")
    node_kind, fields = unwrap(item)
    if node_kind == "RangeVar":
        return [trace.relation(fields, CLASSES.get(kind, NamedKind.TABLE))]
    if node.get("targtype") == "ACL_TARGET_ALL_IN_SCHEMA":
        return [schema(text(item))]
    if kind in ROUTINES or kind == "OBJECT_SCHEMA" or kind in CLASSES:
        return [named_object(trace, kind, item)]
    return [other(kind.removeprefix("OBJECT_").replace("_", " ").lower(), text(item))]


HANDLERS = {
    "DropStmt": drop,
    "DropRoleStmt": drop_role,
    "TruncateStmt": truncate,
    "RenameStmt": rename,
    "AlterObjectSchemaStmt": set_schema,
    "AlterOwnerStmt": set_owner,
    "GrantStmt": grant,
    "GrantRoleStmt": grant_role,
    "AlterDefaultPrivilegesStmt": default_privileges,
    "CommentStmt": comment,
}
