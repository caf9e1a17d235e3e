"""Schemas written by hand, in the arrays that the catalogs give."""

from __future__ import annotations

import json
from typing import Any

from gitmig.schema.model import ObjectKind, ObjectName, Schema, Tie

Objects = dict[ObjectName, str]


def schema(*parts: Objects, needs: dict[str, list[str]] | None = None) -> Schema:
    """All parts as one; `needs` are edges, as `view public.v` → [`column public.t.a`]."""
    objects = {name: text for part in parts for name, text in part.items()}
    edges = {
        named(dependent): dict.fromkeys(map(named, needed), Tie.NEEDS) for dependent, needed in (needs or {}).items()
    }
    return Schema(objects, edges)


def named(text: str) -> ObjectName:
    """`column public.t.a` as a name."""
    kind, _, name = text.rpartition(" ")
    return ObjectName(ObjectKind(kind), name)


def one(kind: str, name: str, *definition: Any) -> Objects:
    """Any object."""
    return {ObjectName(ObjectKind(kind), name): json.dumps(definition)}


def relation(kind: str, name: str, *, query: str | None = None, columns: list[str] | None = None) -> Objects:
    """A table or view."""
    definition = ["p", False, False, *[None] * 9, query, columns, None, None]
    return one(kind, name, *definition)


def column(name: str, type_: str, /, **properties: Any) -> Objects:
    """A column."""
    fields: dict[str, Any] = {
        "type": type_, "not_null": False, "identity": "", "generated": "", "default": None, "local": True,
        "collation": None, "storage": None, "compression": "", "statistics": None, "options": None,
        "foreign_options": None, "grants": None, "comment": None,
    }  # fmt: skip
    return one("column", name, *(fields | properties).values())


def table(name: str, /, **columns: str) -> Objects:
    """A table with columns of these types; a type may end in ` not null`."""
    found = relation("table", name)
    for part, type_ in columns.items():
        found |= column(f"{name}.{part}", type_.removesuffix(" not null"), not_null=type_.endswith(" not null"))
    return found | {ObjectName(ObjectKind.COLUMN_ORDER, name): ", ".join(columns)}


def view(name: str, query: str, /, **columns: str) -> Objects:
    """A view."""
    found = relation("view", name, query=query, columns=list(columns))
    for part, type_ in columns.items():
        found |= column(f"{name}.{part}", type_)
    return found


def constraint(name: str, definition: str) -> Objects:
    """A constraint, with its index if it has one."""
    found = one("constraint", name, definition, True, None)
    if definition.startswith(("PRIMARY KEY", "UNIQUE")):
        found |= one("index", name, f"CREATE UNIQUE INDEX ON {definition}", False, False, True, None, None, None)
    return found


def index(name: str, definition: str) -> Objects:
    """An index."""
    return one("index", name, definition, False, False, True, None, None, None)


def enum(name: str, *labels: str) -> Objects:
    """An enum."""
    return one("enum", name, labels, None, None)


def function(name: str, head: str, body: str = "SELECT 1") -> Objects:
    """A function in SQL."""
    text = f"CREATE OR REPLACE FUNCTION {head}\n LANGUAGE sql\nAS $function${body}$function$\n"
    return one("function", name, text, None, None)


def partitioned(name: str, key: str, /, **columns: str) -> Objects:
    """A partitioned table."""
    definition = ["p", False, False, *[None] * 4, key, *[None] * 6, None, None]
    return table(name, **columns) | one("table", name, *definition)
