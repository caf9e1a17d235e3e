"""Rules about two migrations that touch the same object, one per module: `judge` gets two effects, in both orders.

The first rule that says something about a pair of effects wins.
"""

from gitmig.check.rules import (
    altered,
    bodies,
    columns_added,
    constrained,
    created,
    data,
    dropped,
    enum_values,
    overloaded,
    partitions,
    renamed,
    required,
    typed,
    values,
    whole_rows,
)

RULES = (
    created,
    dropped,
    renamed,
    bodies,
    whole_rows,
    altered,
    typed,
    required,
    constrained,
    enum_values,
    values,
    partitions,
    overloaded,
    data,
    columns_added,
)
