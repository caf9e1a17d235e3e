"""Types and domains: making one, changing the values of an enum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.model import Action, DependencyKind, NamedKind, Trait
from gitmig.check.footprint.names import chosen_name
from gitmig.check.footprint.parse_tree import definition
from gitmig.check.footprint.queries import expression
from gitmig.check.footprint.trace import forgiving

if TYPE_CHECKING:
    from gitmig.check.footprint.model import Object
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace
from gitmig.check.footprint.names import read_type


def create_enum(trace: Trace, node: Node) -> None:
    """CREATE TYPE … AS ENUM."""
    trace.touch(Action.CREATE, _new(trace, node["typeName"]), value=definition(node))


def create_composite(trace: Trace, node: Node) -> None:
    """CREATE TYPE … AS (…)."""
    made = trace.relation(node["typevar"], NamedKind.TYPE, new=True)
    trace.touch(Action.CREATE, made, value=definition(node))
    for column in node.get("coldeflist", ()):
        read_type(trace, column["ColumnDef"]["typeName"], DependencyKind.BLOCKS)


def create_range(trace: Trace, node: Node) -> None:
    """CREATE TYPE … AS RANGE."""
    trace.touch(Action.CREATE, _new(trace, node["typeName"]), value=definition(node))


def create_domain(trace: Trace, node: Node) -> None:
    """CREATE DOMAIN."""
    made = _new(trace, node["domainname"])
    trace.touch(Action.CREATE, made, value=definition(node))
    with trace.using(None, Trait.WHOLE):  # the default is taken over from a domain
        read_type(trace, node["typeName"], DependencyKind.BLOCKS, aspect="copy of default")
    for constraint in node.get("constraints", ()):
        expression(trace, constraint, {}, DependencyKind.BLOCKS)


def alter_domain(trace: Trace, node: Node) -> None:
    """ALTER DOMAIN, but for its name."""
    domain = trace.named(node["typeName"], NamedKind.TYPE)
    change = node.get("subtype", "")
    if name := node.get("name"):
        part = domain.part(NamedKind.CONSTRAINT, name)
        forgives = forgiving(node)
        trace.touch(Action.DROP if change == "X" else Action.ALTER, part, *forgives, value=definition(node))
    elif "def" in node:
        constraint = node["def"].get("Constraint", {})
        if change == "C":
            name = constraint.get("conname")
            chosen = [] if name else [Trait.CHOSEN]
            part = domain.part(NamedKind.CONSTRAINT, name or chosen_name(domain.path[2], [], "check"))
            trace.touch(Action.CREATE, part, *chosen, aspect="domain", value=definition(node))
    aspect = {"T": "default", "N": "null", "O": "null"}.get(change, "constraints")
    if aspect != "constraints":
        trace.touch(Action.ALTER, domain, aspect=aspect, value=definition(node))
    else:
        trace.read(domain)


def alter_enum(trace: Trace, node: Node) -> None:
    """ALTER TYPE … ADD VALUE, RENAME VALUE."""
    enum = trace.named(node["typeName"], NamedKind.TYPE)
    new = enum.part(NamedKind.VALUE, node["newVal"])
    trace.read(enum)
    if old := node.get("oldVal"):
        trace.touch(Action.RENAME, enum.part(NamedKind.VALUE, old), to=new)
        return
    neighbour = node.get("newValNeighbor")
    place = f"{'after' if node.get('newValIsAfter') else 'before'} {neighbour}" if neighbour else "at the end"
    forgives = forgiving(node)
    trace.touch(Action.CREATE, new, *forgives, aspect=place, value=place)
    if neighbour:
        trace.read(enum.part(NamedKind.VALUE, neighbour))


def _new(trace: Trace, names: list[Node]) -> Object:
    return trace.named(names, NamedKind.TYPE, new=True)


HANDLERS = {
    "CreateEnumStmt": create_enum,
    "CompositeTypeStmt": create_composite,
    "CreateRangeStmt": create_range,
    "CreateDomainStmt": create_domain,
    "AlterDomainStmt": alter_domain,
    "AlterEnumStmt": alter_enum,
}
