"""Naming a type, as columns, casts and parameters do.

Types: naming one, making one, changing the values of an enum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.chosen_names import chosen_name
from gitmig.check.footprint.objects import Kind
from gitmig.check.footprint.parse_tree import definition
from gitmig.check.footprint.queries import expression
from gitmig.check.footprint.touches import Manner, Trait, Verb

if TYPE_CHECKING:
    from gitmig.check.footprint.objects import Object
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace
from gitmig.check.footprint.typenames import read_type


def create_enum(trace: Trace, node: Node) -> None:
    """CREATE TYPE … AS ENUM."""
    trace.touch(Verb.CREATE, _new(trace, node["typeName"]), value=definition(node))


def create_composite(trace: Trace, node: Node) -> None:
    """CREATE TYPE … AS (…)."""
    made = trace.relation(node["typevar"], Kind.TYPE, new=True)
    trace.touch(Verb.CREATE, made, value=definition(node))
    for column in node.get("coldeflist", ()):
        read_type(trace, column["ColumnDef"]["typeName"], Manner.VIEW)


def create_range(trace: Trace, node: Node) -> None:
    """CREATE TYPE … AS RANGE."""
    trace.touch(Verb.CREATE, _new(trace, node["typeName"]), value=definition(node))


def create_domain(trace: Trace, node: Node) -> None:
    """CREATE DOMAIN."""
    made = _new(trace, node["domainname"])
    trace.touch(Verb.CREATE, made, value=definition(node))
    read_type(trace, node["typeName"], Manner.VIEW)
    for constraint in node.get("constraints", ()):
        expression(trace, constraint, {}, Manner.VIEW)


def alter_domain(trace: Trace, node: Node) -> None:
    """ALTER DOMAIN, but for its name."""
    domain = trace.named(node["typeName"], Kind.TYPE)
    change = node.get("subtype", "")
    if name := node.get("name"):
        part = domain.part(Kind.CONSTRAINT, name)
        lenient = [Trait.LENIENT] if node.get("missing_ok") else []
        trace.touch(Verb.DROP if change == "X" else Verb.ALTER, part, *lenient, value=definition(node))
    elif "def" in node:
        constraint = node["def"].get("Constraint", {})
        if change == "C":
            name = constraint.get("conname")
            chosen = [] if name else [Trait.CHOSEN]
            part = domain.part(Kind.CONSTRAINT, name or chosen_name(domain.path[2], [], "check"))
            trace.touch(Verb.CREATE, part, *chosen, aspect="domain", value=definition(node))
    aspect = {"T": "default", "N": "null", "O": "null"}.get(change, "constraints")
    if aspect != "constraints":
        trace.touch(Verb.ALTER, domain, aspect=aspect, value=definition(node))
    else:
        trace.read(domain)


def alter_enum(trace: Trace, node: Node) -> None:
    """ALTER TYPE … ADD VALUE, RENAME VALUE."""
    enum = trace.named(node["typeName"], Kind.TYPE)
    new = enum.part(Kind.VALUE, node["newVal"])
    trace.read(enum)
    if old := node.get("oldVal"):
        trace.touch(Verb.RENAME, enum.part(Kind.VALUE, old), to=new)
        return
    neighbour = node.get("newValNeighbor")
    place = f"{'after' if node.get('newValIsAfter') else 'before'} {neighbour}" if neighbour else "at the end"
    lenient = [Trait.LENIENT] if node.get("skipIfNewValExists") else []
    trace.touch(Verb.CREATE, new, *lenient, aspect=place, value=place)
    if neighbour:
        trace.read(enum.part(Kind.VALUE, neighbour))


def _new(trace: Trace, names: list[Node]) -> Object:
    return trace.named(names, Kind.TYPE, new=True)


HANDLERS = {
    "CreateEnumStmt": create_enum,
    "CompositeTypeStmt": create_composite,
    "CreateRangeStmt": create_range,
    "CreateDomainStmt": create_domain,
    "AlterDomainStmt": alter_domain,
    "AlterEnumStmt": alter_enum,
}
