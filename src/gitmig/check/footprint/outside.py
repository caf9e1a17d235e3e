"""What lies outside of schemas: extensions, roles, publications, foreign data wrappers, servers and user mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.any_object import named_object
from gitmig.check.footprint.model import EVERY, Action, DependencyKind, NamedKind, Trait, other, schema
from gitmig.check.footprint.parse_tree import definition, text, texts
from gitmig.check.footprint.queries import expression
from gitmig.check.footprint.trace import forgiving

if TYPE_CHECKING:
    from gitmig.check.footprint.model import Object
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


def create_extension(trace: Trace, node: Node) -> None:
    """CREATE EXTENSION, perhaps in a schema."""
    for item in node.get("options", ()):
        if item["DefElem"]["defname"] == "schema":
            trace.read(schema(text(item["DefElem"]["arg"])), dependency=DependencyKind.FOLLOWS)
    trace.touch(Action.CREATE, other("extension", node["extname"]), *forgiving(node), value=definition(node))


def alter_extension(trace: Trace, node: Node) -> None:
    """ALTER EXTENSION … UPDATE."""
    trace.touch(Action.ALTER, other("extension", node["extname"]), aspect="version", value=definition(node))


def alter_extension_contents(trace: Trace, node: Node) -> None:
    """ALTER EXTENSION … ADD, DROP: what belongs to an extension goes with it, and cannot go without."""
    extension = other("extension", node["extname"])
    member = named_object(trace, node.get("objtype", ""), node["object"])
    trace.read(extension, dependency=DependencyKind.FOLLOWS)
    trace.touch(Action.ALTER, member, Trait.ONCE, aspect="extension", value=definition(node))
    trace.touch(Action.ALTER, extension, Trait.ONCE, aspect=f"member {member}", value=str(node.get("action")))


def security_label(trace: Trace, node: Node) -> None:
    """SECURITY LABEL."""
    labelled = named_object(trace, node.get("objtype", ""), node["object"])
    aspect = f"security label {node.get('provider', '')}".rstrip()
    trace.touch(Action.ALTER, labelled, aspect=aspect, value=node.get("label", ""))


def create_access_method(trace: Trace, node: Node) -> None:
    """CREATE ACCESS METHOD."""
    trace.touch(Action.CREATE, other("access method", node["amname"]), value=definition(node))


def set_for_database(trace: Trace, node: Node) -> None:
    """ALTER DATABASE … SET: each setting is an aspect of its own."""
    change = node["setstmt"]
    database = other("database", node["dbname"])
    trace.touch(Action.ALTER, database, aspect=f"setting {change.get('name', 'all')}", value=definition(change))


def create_role(trace: Trace, node: Node) -> None:
    """CREATE ROLE."""
    trace.touch(Action.CREATE, other("role", node["role"]), value=definition(node))


def alter_role(trace: Trace, node: Node) -> None:
    """ALTER ROLE: each option is an aspect of its own."""
    for item in node.get("options", ()):
        trace.touch(Action.ALTER, _role(node), aspect=item["DefElem"]["defname"], value=definition(item))


def set_for_role(trace: Trace, node: Node) -> None:
    """ALTER ROLE … SET: each setting, in each database, is an aspect of its own."""
    change = node["setstmt"]
    where = f" in {node['database']}" if "database" in node else ""
    trace.touch(
        Action.ALTER, _role(node), aspect=f"setting {change.get('name', 'all')}{where}", value=definition(change)
    )


def _role(node: Node) -> Object:
    role = node.get("role", {})
    return other("role", role.get("RoleSpec", role).get("rolename", "all"))


def of_owner(trace: Trace, node: Node) -> None:
    """REASSIGN OWNED and DROP OWNED: whatever the role has by then."""
    for item in node.get("roles", ()):
        trace.touch(Action.ALTER, other("role", item["RoleSpec"].get("rolename", "")), aspect="what it owns")
    if new := node.get("newrole", {}).get("rolename"):
        trace.read(other("role", new), dependency=DependencyKind.FOLLOWS)
    trace.cannot_see("what a role owns, or may do, is not known")


def create_publication(trace: Trace, node: Node) -> None:
    """CREATE PUBLICATION."""
    trace.touch(Action.CREATE, other("publication", node["pubname"]), value=definition(node))
    if node.get("for_all_tables"):
        trace.touch(Action.READ, schema(EVERY), Trait.FORGIVING, aspect="published")
    _published(trace, node)


MEMBERS = "members"


def alter_publication(trace: Trace, node: Node) -> None:
    """ALTER PUBLICATION: each option, and each table or schema that comes or goes, is an aspect of its own."""
    publication = other("publication", node["pubname"])
    for item in node.get("options", ()):
        trace.touch(Action.ALTER, publication, aspect=item["DefElem"]["defname"], value=definition(item))
    members = _published(trace, node)
    if members and node.get("action") == "AP_SetObjects":
        trace.touch(Action.ALTER, publication, aspect=MEMBERS, value=definition(node))
    else:  # neither comes, nor goes, twice
        for member in members:
            trace.touch(
                Action.ALTER, publication, Trait.ONCE, aspect=f"{MEMBERS}: {member}", value=node.get("action", "")
            )


def _published(trace: Trace, node: Node) -> list[str]:
    """Note what is published, and name it."""
    members = []
    gone = node.get("action") == "AP_DropObjects"
    for item in node.get("pubobjects", ()):
        fields = item["PublicationObjSpec"]
        published = fields.get("pubtable", {})
        if "relation" in published:
            table = trace.relation(published["relation"])
            trace.touch(Action.READ, table, dependency=DependencyKind.FOLLOWS, aspect="" if gone else "published")
            for name in texts(published.get("columns")):
                trace.read(table.part(NamedKind.COLUMN, name), dependency=DependencyKind.BLOCKS)
            tables = {table.path[2]: table}
            expression(trace, published.get("whereClause"), tables, DependencyKind.BLOCKS)
            members.append(str(table))
        elif name := fields.get("name") or (trace.path[0] if "CUR" in fields.get("pubobjtype", "") else ""):
            aspect = "" if gone else "published"
            trace.touch(Action.READ, schema(name), dependency=DependencyKind.FOLLOWS, aspect=aspect)
            members.append(str(schema(name)))
    return members


def create_wrapper(trace: Trace, node: Node) -> None:
    """CREATE FOREIGN DATA WRAPPER."""
    trace.touch(Action.CREATE, other("fdw", node["fdwname"]), value=definition(node))


def alter_wrapper(trace: Trace, node: Node) -> None:
    """ALTER FOREIGN DATA WRAPPER: each option is an aspect of its own."""
    _options(trace, other("fdw", node["fdwname"]), node)


def create_server(trace: Trace, node: Node) -> None:
    """CREATE SERVER."""
    trace.touch(Action.CREATE, server(node["servername"]), *forgiving(node), value=definition(node))
    trace.read(other("fdw", node["fdwname"]), dependency=DependencyKind.FOLLOWS)


def alter_server(trace: Trace, node: Node) -> None:
    """ALTER SERVER: its version, and each option, is an aspect of its own."""
    if node.get("has_version"):
        trace.touch(Action.ALTER, server(node["servername"]), aspect="version", value=node.get("version", ""))
    _options(trace, server(node["servername"]), node)


def user_mapping(trace: Trace, node: Node) -> None:
    """CREATE USER MAPPING."""
    mapped = _mapping(trace, node)
    trace.touch(Action.CREATE, mapped, *forgiving(node), value=definition(node))


def alter_user_mapping(trace: Trace, node: Node) -> None:
    """ALTER USER MAPPING: each option is an aspect of its own."""
    _options(trace, _mapping(trace, node), node)


def drop_user_mapping(trace: Trace, node: Node) -> None:
    """DROP USER MAPPING."""
    mapped = _mapping(trace, node)
    trace.touch(Action.DROP, mapped, *forgiving(node))


def server(name: str) -> Object:
    """A foreign server."""
    return other("foreign server", name)


def _mapping(trace: Trace, node: Node) -> Object:
    role = node["user"].get("rolename", node["user"].get("roletype", ""))
    trace.read(server(node["servername"]), *forgiving(node), dependency=DependencyKind.FOLLOWS)
    trace.read(other("role", role), *forgiving(node), dependency=DependencyKind.FOLLOWS)
    return other("user mapping", f"{role} at {node['servername']}")


def _options(trace: Trace, altered: Object, node: Node) -> None:
    for item in node.get("options", ()):
        fields = item["DefElem"]
        once = [Trait.ONCE] if fields.get("defaction") in {"DEFELEM_ADD", "DEFELEM_DROP"} else []
        trace.touch(Action.ALTER, altered, *once, aspect=f"option {fields['defname']}", value=definition(fields))


HANDLERS = {
    "CreateExtensionStmt": create_extension,
    "AlterExtensionStmt": alter_extension,
    "AlterExtensionContentsStmt": alter_extension_contents,
    "SecLabelStmt": security_label,
    "CreateAmStmt": create_access_method,
    "AlterDatabaseSetStmt": set_for_database,
    "CreateRoleStmt": create_role,
    "AlterRoleStmt": alter_role,
    "AlterRoleSetStmt": set_for_role,
    "ReassignOwnedStmt": of_owner,
    "DropOwnedStmt": of_owner,
    "CreatePublicationStmt": create_publication,
    "AlterPublicationStmt": alter_publication,
    "CreateFdwStmt": create_wrapper,
    "AlterFdwStmt": alter_wrapper,
    "CreateForeignServerStmt": create_server,
    "AlterForeignServerStmt": alter_server,
    "CreateUserMappingStmt": user_mapping,
    "AlterUserMappingStmt": alter_user_mapping,
    "DropUserMappingStmt": drop_user_mapping,
}
