"""The rules, one function each, gathered by what they are about. Importing this fills the registry."""

from gitmig.check.rules import clients, columns, merged, objects, outside, partitions, proven, rows, sets
from gitmig.check.rules.registry import PAIR_RULES, RULES, SIDE_RULES, CheckRule, Family

__all__ = [
    "PAIR_RULES",
    "RULES",
    "SIDE_RULES",
    "CheckRule",
    "Family",
    "clients",
    "columns",
    "merged",
    "objects",
    "outside",
    "partitions",
    "proven",
    "rows",
    "sets",
]
