"""Naming a type, as columns, casts and parameters do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.objects import Kind, always_quoted
from gitmig.check.footprint.parse_tree import texts
from gitmig.check.footprint.touches import Manner, Verb

if TYPE_CHECKING:
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
