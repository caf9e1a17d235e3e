"""GM215: both sides add partitions to one table, and one row may belong to both."""

from __future__ import annotations

import json
import re
from math import gcd
from typing import TYPE_CHECKING, Any

from gitmig.check.findings import Severity
from gitmig.check.footprint.objects import Kind, Object
from gitmig.check.footprint.touches import Verb
from gitmig.check.rules.clash import Clash, in_order

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

CODE = "GM215"
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
Bound = dict[str, Any]
LOWEST, HIGHEST = (-1, 0), (1, 0)


def judge(first: Effect, second: Effect) -> Clash | None:
    """Literals tell whether two partitions overlap; what has to be computed, or compared by a collation, does not."""
    if not first.verb is second.verb is Verb.CREATE or not first.object.kind is second.object.kind is Kind.PARTITION:
        return None
    if first.object.root != second.object.root or first.object == second.object:
        return None  # two tables of one name: another rule
    overlap = overlapping(json.loads(first.touch.value), json.loads(second.touch.value))
    if overlap is False:
        return None
    one, two = in_order(first, second)
    table = Object(Kind.TABLE, first.object.root)
    doubt = None if overlap else "their bounds are not compared here"
    meet = "the two have" if overlap else "they may have"
    return Clash(
        code=CODE,
        severity=Severity.WARNING if doubt else Severity.ERROR,
        object=table,
        message=f"{one} and {two} both add partitions to {table}, and {meet} rows in common",
        hint="give the two partitions bounds that do not meet",
        doubt=doubt,
    )


def overlapping(first: Bound, second: Bound) -> bool | None:
    """Whether two bounds, as the parser has them, have a row in common; None if they do not tell."""
    if "is_default" in first or "is_default" in second:
        return "is_default" in first and "is_default" in second
    if first == second:
        return True
    if first["strategy"] == second["strategy"] == "h":
        common = gcd(first["modulus"], second["modulus"])
        return bool(first.get("remainder", 0) % common == second.get("remainder", 0) % common)
    if first["strategy"] == second["strategy"] == "l":
        return _lists(first["listdatums"], second["listdatums"])
    return _ranges(first, second)


def _lists(first: list[Any], second: list[Any]) -> bool | None:
    if any(value in second for value in first):
        return True
    kinds = {next((key for key in value.get("A_Const", {"": ""})), "") for value in [*first, *second]}
    return False if len(kinds - {"isnull"}) < 2 and kinds <= {"ival", "sval", "boolval", "isnull"} else None


def _ranges(first: Bound, second: Bound) -> bool | None:
    """From the lower end, which belongs to the range, to the upper one, which does not."""
    ends = [_end(bound.get(side, [])) for bound in (first, second) for side in ("lowerdatums", "upperdatums")]
    if any(None in end for end in ends) or len({len(end) for end in ends}) > 1:
        return None
    kinds = [{type(v[1]) for v in column if v[0] == 0} for column in zip(*ends, strict=True)]
    if any(len(kind) > 1 for kind in kinds):
        return None
    lower, upper, other_lower, other_upper = ends
    return bool(lower < other_upper and other_lower < upper)


def _end(values: list[Any]) -> tuple[tuple[int, int | str] | None, ...]:
    return tuple(_value(value) for value in values)


def _value(node: Any) -> tuple[int, int | str] | None:
    """A value that can be compared with others of its kind; days and numbers do not depend on a collation."""
    word = (node.get("ColumnRef", {}).get("fields") or [{}])[0].get("String", {}).get("sval", "")
    if word in {"minvalue", "maxvalue"}:
        return LOWEST if word == "minvalue" else HIGHEST
    constant = node.get("A_Const", {})
    if "ival" in constant:
        return 0, int(constant["ival"].get("ival", 0))
    day = constant.get("sval", {}).get("sval", "")
    return (0, day) if DATE.fullmatch(day) else None
