"""Naming a type, as columns, casts and parameters do.

Types: naming one, making one, changing the values of an enum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.indexes import chosen_name
from gitmig.check.footprint.objects import Kind, always_quoted
from gitmig.check.footprint.parse_tree import definition, texts
from gitmig.check.footprint.queries import expression
from gitmig.check.footprint.touches import Manner, Trait, Verb

if TYPE_CHECKING:
    from gitmig.check.footprint.objects import Object
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


SERIALS = {"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"}
# What the parser does not mark as PostgreSQL's own; the list only saves touches nobody asks for.
BUILT_IN = frozenset(
    (
        "text uuid json jsonb bytea date inet cidr macaddr oid regclass name money xml tsvector tsquery timestamptz "
        "timetz int2 int4 int8 float4 float8 bool bpchar varchar record trigger event_trigger void anyelement anyarray "
        + " ".join(SERIALS)
    ).split()  # words are read more easily than quotes
)


def read_type(trace: Trace, node: Node, manner: Manner | None = None, aspect: str = "") -> None:
    """Note the type that is needed, if it is not PostgreSQL's own; `t.c%TYPE` needs the column."""
    names = texts(node.get("names"))
    if is_built_in(names):
        return
    if node.get("pct_type"):
        *owner, column = names
        trace.read(trace.named(owner, Kind.TABLE).part(Kind.COLUMN, column), manner=manner)
    else:
        trace.touch(Verb.READ, trace.named(names, Kind.TYPE), manner=manner, aspect=aspect)


def is_built_in(names: list[str]) -> bool:
    """Whether it is PostgreSQL's own, or none."""
    return not names or names[0] == "pg_catalog" or (len(names) == 1 and names[0] in BUILT_IN)


def written_type(node: Node) -> str:
    """A type as it may be written in SQL, without what only limits it: `SETOF "public"."posts"`.

    The type of a column is taken for text: the parser of PL/pgSQL does not know `posts.id%TYPE` in a function's head.
    """
    name = ".".join(always_quoted(word) for word in texts(node.get("names"))) if "pct_type" not in node else "text"
    return f"{'SETOF ' * bool(node.get('setof'))}{name}{'[]' * bool(node.get('arrayBounds'))}"


def signature(nodes: list[Node]) -> str:
    """The types of a function's parameters, as they tell functions of one name apart."""
    return ",".join(_written(node["TypeName"]) for node in nodes)


def _written(node: Node) -> str:
    names = [name for name in texts(node.get("names")) if name != "pg_catalog"]
    return ".".join(names[-1:] if names[:1] == ["public"] else names) + "[]" * bool(node.get("arrayBounds"))


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
