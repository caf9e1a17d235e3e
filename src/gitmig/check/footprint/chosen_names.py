"""The names PostgreSQL chooses for indexes, constraints and sequences that were not given one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.parse_tree import texts, unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.check.footprint.parse_tree import Node


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
