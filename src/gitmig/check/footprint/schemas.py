"""Schemas, extensions, roles, publications and the rarer kinds; settings that change what names mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.model import Action, DependencyKind, NamedKind, Trait, operator, other, schema, unplaced
from gitmig.check.footprint.names import signature
from gitmig.check.footprint.parse_tree import definition, texts, unwrap
from gitmig.check.footprint.queries import expression, statement
from gitmig.check.footprint.trace import forgiving

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


def create_schema(trace: Trace, node: Node) -> None:
    """CREATE SCHEMA, with what it makes inside."""
    name = node.get("schemaname") or node["authrole"]["rolename"]
    forgives = forgiving(node)
    trace.touch(Action.CREATE, schema(name), *forgives, value=definition(node))
    before, trace.path = trace.path, (name,)
    for element in node.get("schemaElts", ()):
        kind, fields = unwrap(element)
        trace.define(kind, fields)
    trace.path = before


def create_extension(trace: Trace, node: Node) -> None:
    """CREATE EXTENSION."""
    forgives = forgiving(node)
    trace.touch(Action.CREATE, other("extension", node["extname"]), *forgives, value=definition(node))


def alter_extension(trace: Trace, node: Node) -> None:
    """ALTER EXTENSION … UPDATE."""
    extension = other("extension", node["extname"])
    trace.touch(Action.ALTER, extension, aspect="version", value=definition(node))


def create_role(trace: Trace, node: Node) -> None:
    """CREATE ROLE."""
    trace.touch(Action.CREATE, other("role", node["role"]), value=definition(node))


def alter_role(trace: Trace, node: Node) -> None:
    """ALTER ROLE."""
    role = other(
        "role",
        node["role"]["RoleSpec"].get("rolename", "")
        if "RoleSpec" in node["role"]
        else node["role"].get("rolename", ""),
    )
    trace.touch(Action.ALTER, role, aspect="options", value=definition(node))


def create_publication(trace: Trace, node: Node) -> None:
    """CREATE PUBLICATION."""
    trace.touch(Action.CREATE, other("publication", node["pubname"]), value=definition(node))
    _published(trace, node)


def alter_publication(trace: Trace, node: Node) -> None:
    """ALTER PUBLICATION."""
    publication = other("publication", node["pubname"])
    trace.touch(Action.ALTER, publication, aspect="tables" + definition(node), value=definition(node))
    _published(trace, node)


def define(trace: Trace, node: Node) -> None:
    """CREATE AGGREGATE, OPERATOR, COLLATION and the other definitions in one form."""
    kind = node.get("kind", "")
    forgives = forgiving(node)
    if kind == "OBJECT_AGGREGATE":
        made = trace.routine(node["defnames"], None, new=True).part(NamedKind.FUNCTION, definition(node.get("args")))
    elif kind == "OBJECT_TYPE":
        made = trace.named(node["defnames"], NamedKind.TYPE, new=True)
    elif kind == "OBJECT_OPERATOR":
        made = operator(texts(node["defnames"]), _operands(node))
    else:
        made = other(kind.removeprefix("OBJECT_").replace("_", " ").lower(), unplaced(texts(node["defnames"])))
    trace.touch(Action.CREATE, made, *forgives, value=definition(node))


def _operands(node: Node) -> str:
    given = {item["DefElem"]["defname"]: item["DefElem"].get("arg", {}) for item in node.get("definition", ())}
    return signature([given[side] for side in ("leftarg", "rightarg") if "TypeName" in given.get(side, {})])


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


def _published(trace: Trace, node: Node) -> None:
    for item in node.get("pubobjects", ()):
        published = item["PublicationObjSpec"].get("pubtable", {})
        if "relation" in published:
            table = trace.relation(published["relation"])
            trace.read(table)
            for name in texts(published.get("columns")):
                trace.read(table.part(NamedKind.COLUMN, name), dependency=DependencyKind.FOLLOWS)
            expression(
                trace, published.get("whereClause"), {table.path[2]: table}, DependencyKind.FOLLOWS, Trait.COMPARED
            )


def lock(trace: Trace, node: Node) -> None:
    """LOCK TABLE, and whatever else only names relations."""
    for item in node.get("relations", ()):
        trace.read(trace.relation(item["RangeVar"]))


HANDLERS = {
    "CreateSchemaStmt": create_schema,
    "CreateExtensionStmt": create_extension,
    "AlterExtensionStmt": alter_extension,
    "CreateRoleStmt": create_role,
    "AlterRoleStmt": alter_role,
    "CreatePublicationStmt": create_publication,
    "AlterPublicationStmt": alter_publication,
    "DefineStmt": define,
    "VariableSetStmt": settings,
    "CopyStmt": copy,
    "LockStmt": lock,
}
