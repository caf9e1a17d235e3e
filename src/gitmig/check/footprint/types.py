"""Types and domains: making one, changing the values of an enum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.model import Action, DependencyKind, NamedKind, Trait, in_schema, routine
from gitmig.check.footprint.names import HELD_INSIDE, NOT_NULL, chosen_name, read_type, signature
from gitmig.check.footprint.parse_tree import definition, find, texts
from gitmig.check.footprint.queries import expression, read_labels
from gitmig.check.footprint.trace import forgiving

if TYPE_CHECKING:
    from gitmig.check.footprint.model import Object
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


def create_enum(trace: Trace, node: Node) -> None:
    """CREATE TYPE … AS ENUM."""
    trace.touch(Action.CREATE, _new(trace, node["typeName"]), value=definition(node))


def create_composite(trace: Trace, node: Node) -> None:
    """CREATE TYPE … AS (…)."""
    made = trace.relation(node["typevar"], NamedKind.TYPE, new=True)
    trace.touch(Action.CREATE, made, value=definition(node))
    for item in node.get("coldeflist", ()):
        column = item["ColumnDef"]
        read_type(trace, column["typeName"], DependencyKind.BLOCKS, aspect=HELD_INSIDE)
        expression(trace, {"CollateClause": column.get("collClause", {})}, {}, DependencyKind.BLOCKS)


def create_range(trace: Trace, node: Node) -> None:
    """CREATE TYPE … AS RANGE: also the multirange of it, and the functions that make both."""
    made, value = _new(trace, node["typeName"]), definition(node)
    options = {item["DefElem"]["defname"]: item["DefElem"]["arg"]["TypeName"] for item in node["params"]}
    trace.touch(Action.CREATE, made, value=value)
    named = options.get("multirange_type_name", {}).get("names")
    multirange = _new(trace, named) if named else in_schema(NamedKind.TYPE, made.path[1], _multirange(made.path[2]))
    trace.touch(Action.CREATE, multirange, value=value)
    of_two = signature([{"TypeName": options["subtype"]}] * 2)
    for arguments in (of_two, f"{of_two},text"):
        trace.touch(Action.CREATE, routine(made.path[1], made.path[2], arguments), value=value)
    trace.touch(Action.CREATE, routine(made.path[1], multirange.path[2], ""), value=value)
    read_type(trace, options["subtype"], DependencyKind.BLOCKS)
    for word in ("subtype_diff", "canonical"):
        if word in options and options[word]["names"][0] != {"String": {"sval": "pg_catalog"}}:
            trace.read(trace.routine(options[word]["names"], None), dependency=DependencyKind.BLOCKS)
    if "collation" in options:
        expression(trace, {"CollateClause": {"collname": options["collation"]["names"]}}, {}, DependencyKind.BLOCKS)


def _multirange(name: str) -> str:
    """As makeMultirangeTypeName in PostgreSQL's pg_type.c names it."""
    return name.replace("range", "multirange", 1) if "range" in name else f"{name}_multirange"


def create_domain(trace: Trace, node: Node) -> None:
    """CREATE DOMAIN."""
    made = _new(trace, node["domainname"])
    trace.touch(Action.CREATE, made, value=definition(node))
    with trace.using(None, Trait.WHOLE):  # the default is taken over from a domain
        read_type(trace, node["typeName"], DependencyKind.BLOCKS, aspect="copy of default")
    expression(trace, {"CollateClause": node.get("collClause", {})}, {}, DependencyKind.BLOCKS)
    for constraint in node.get("constraints", ()):
        expression(trace, constraint, {}, DependencyKind.BLOCKS)
        for constant in find(constraint, "A_Const"):
            read_labels(trace, texts(node["typeName"].get("names")), {"A_Const": constant})


NO_NULLS = "no nulls"  # a domain whose values may not be NULL from now on; a column of it


def alter_domain(trace: Trace, node: Node) -> None:
    """ALTER DOMAIN, but for its name."""
    domain = trace.named(node["typeName"], NamedKind.TYPE)
    change = node.get("subtype", "")
    if name := node.get("name"):
        part = domain.part(NamedKind.CONSTRAINT, name)
        forgives = forgiving(node)
        action, aspect = (Action.DROP, "") if change == "X" else (Action.ALTER, "domain")
        trace.touch(action, part, *forgives, aspect=aspect, value=definition(node))
    elif "def" in node:
        constraint = node["def"].get("Constraint", {})
        if change == "C":
            name = constraint.get("conname")
            chosen = [] if name else [Trait.CHOSEN]
            part = domain.part(NamedKind.CONSTRAINT, name or chosen_name(domain.path[2], [], "check"))
            trace.touch(Action.CREATE, part, *chosen, aspect="domain", value=definition(node))
            tests = find(constraint.get("raw_expr"), "NullTest")
            if any(test.get("nulltesttype") == "IS_NOT_NULL" for test in tests):
                trace.touch(Action.ALTER, domain, aspect=NO_NULLS, value=NOT_NULL)
    aspect = {"T": "default", "N": "null", "O": "null"}.get(change, "constraints")
    if aspect != "constraints":
        trace.touch(Action.ALTER, domain, aspect=aspect, value=definition(node))
        if change == "O":
            trace.touch(Action.ALTER, domain, aspect=NO_NULLS, value=NOT_NULL)
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
