"""Names in a parse tree: of types, and those that PostgreSQL chooses for what was not given one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.model import Action, DependencyKind, NamedKind
from gitmig.check.footprint.parse_tree import texts, unwrap
from gitmig.schema.names import always_quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.check.footprint.model import Object
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace

SERIALS = {"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"}


# What the parser does not mark as PostgreSQL's own; the list only saves useless touches.
BUILT_IN = frozenset(
    (
        "text uuid json jsonb bytea date inet cidr macaddr oid regclass name money xml tsvector tsquery timestamptz "
        "timetz int2 int4 int8 float4 float8 bool bpchar varchar record trigger event_trigger void anyelement anyarray "
        + " ".join(SERIALS)
    ).split()  # words are read more easily than quotes
)


NOT_NULL = "not null"  # the value of what makes a column so
HELD = "held"  # a type, by a column with values of it; or by a composite type
HELD_INSIDE = "held inside"


def read_type(
    trace: Trace, node: Node, dependency: DependencyKind | None = None, aspect: str = "", to: Object | None = None
) -> None:
    """Note the type that is needed, `to` a table of it, if it is not PostgreSQL's own; `t.c%TYPE` needs the column."""
    names = texts(node.get("names"))
    if is_built_in(names):
        return
    if node.get("pct_type"):
        *owner, column = names
        trace.read(trace.named(owner, NamedKind.TABLE).part(NamedKind.COLUMN, column), dependency=dependency)
    else:
        trace.touch(Action.READ, trace.named(names, NamedKind.TYPE), dependency=dependency, aspect=aspect, to=to)


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


LONGEST = 63  # bytes, NAMEDATALEN - 1


def chosen_name(table: str, columns: Sequence[str], label: str) -> str:
    """`comments_post_id_idx`, shortened as makeObjectName in PostgreSQL's indexcmds.c does it."""
    first, second = table.encode(), "_".join(columns).encode()[:LONGEST]
    room = LONGEST - len(label) - 1 - (1 if second else 0)
    while len(first) + len(second) > room:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    words = [first.decode(errors="ignore"), second.decode(errors="ignore"), label]
    return "_".join(word for word in words if word)


def index_columns(elements: Sequence[Node]) -> list[str]:
    """What the parts of an index are called in its name: the column, the function, or `expr`."""
    names: list[str] = []
    for element in elements:
        fields = element["IndexElem"]
        name = fields.get("name") or _of_expression(fields.get("expr", {}))
        number = 0
        while (name if not number else f"{name}{number}") in names:
            number += 1
        names.append(name if not number else f"{name}{number}")
    return names


def _of_expression(node: Node) -> str:
    kind, fields = unwrap(node) if node else ("", {})
    if kind == "FuncCall":
        return texts(fields["funcname"])[-1]
    if kind == "TypeCast":
        inner = _of_expression(fields["arg"])
        return inner if inner != "expr" else texts(fields["typeName"]["names"])[-1]
    if kind == "CoalesceExpr":
        return "coalesce"
    return "expr"
