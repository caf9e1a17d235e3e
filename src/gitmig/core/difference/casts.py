"""How a column's values get from one type to another."""

from __future__ import annotations

import re

TEXTS = {"text", "character varying", "character", "name", '"char"', "citext", "public.citext"}
NUMBERS = {"smallint", "integer", "bigint", "numeric", "real", "double precision"}
# Types within a group are assigned to each other without being asked.
GROUPS = (
    NUMBERS,
    {"date", "timestamp without time zone", "timestamp with time zone"},
    {"json", "jsonb"},
    {"inet", "cidr"},
    {"bit", "bit varying"},
    {"time without time zone", "time with time zone"},
)
EXPLICIT = {("integer", "boolean"), ("boolean", "integer"), ("integer", "bit"), ("bigint", "bit")}
MODIFIER = re.compile(r"\([\d,-]+\)")


def _plain(type_name: str) -> tuple[str, bool]:
    """Without modifier; and whether it is an array."""
    name = MODIFIER.sub("", type_name)
    return name.removesuffix("[]"), name.endswith("[]")


def base(type_name: str) -> str:
    """Without modifier and brackets."""
    return _plain(type_name)[0]


def is_gentle(old: str, new: str) -> bool:
    """Whether expressions of the old type hold for the new one as they are written."""
    (a, array), (b, other) = _plain(old), _plain(new)
    return array == other and (a == b or {a, b} <= NUMBERS or {a, b} <= {"text", "character varying"})


def conversion(column: str, old: str, new: str) -> str:
    """The expression for USING; empty where PostgreSQL finds the way by itself."""
    (a, array), (b, other) = _plain(old), _plain(new)
    if array == other:
        if a == b or b in TEXTS or any({a, b} <= group for group in GROUPS):
            return ""
        if a in TEXTS or (a, b) in EXPLICIT:
            return f"{column}::{new}"
    elif not other and b in TEXTS:
        return ""
    return f"{column}::text{'[]' if array and other else ''}::{new}"


def through_text(column: str, new: str) -> str:
    """The expression for USING where the type is swapped for another one of the same name."""
    return f"{column}::text{'[]' if new.endswith('[]') else ''}::{new}"
