"""Whether two partitions overlap, from their bounds alone."""

from __future__ import annotations

from typing import Any

import pytest

from gitmig.check.footprint.parse_tree import without_places
from gitmig.check.rules.partitions import overlapping
from gitmig.migrations.parser import parse


def bound(text: str) -> dict[str, Any]:
    """What stands behind FOR VALUES, as the parser has it."""
    (parsed,) = parse(f"CREATE TABLE a PARTITION OF p FOR VALUES {text}")
    node: dict[str, Any] = parsed["stmt"]["CreateStmt"]["partbound"]
    plain: dict[str, Any] = without_places(node)
    return plain


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("FROM (0) TO (10)", "FROM (9) TO (20)", True),
        ("FROM (0) TO (10)", "FROM (10) TO (20)", False),
        ("FROM (MINVALUE) TO (0)", "FROM (-5) TO (MAXVALUE)", True),
        ("FROM (MINVALUE) TO (0)", "FROM (0) TO (MAXVALUE)", False),
        ("FROM (1, 5) TO (1, 9)", "FROM (1, 9) TO (2, 0)", False),
        ("FROM (1, 5) TO (2, 0)", "FROM (1, 9) TO (1, 10)", True),
        ("FROM ('2024-01-01') TO ('2024-02-01')", "FROM ('2024-02-01') TO ('2024-03-01')", False),
        ("FROM ('2024-01-01') TO ('2024-02-01')", "FROM ('2024-01-31') TO ('2024-03-01')", True),
        ("FROM ('a') TO ('c')", "FROM ('d') TO ('e')", None),
        ("FROM ('2024-01-01') TO ('2024-02-01')", "FROM (1) TO (2)", None),
        ("FROM (now()) TO ('2024-02-01')", "FROM ('2024-02-01') TO ('2024-03-01')", None),
        ("IN (1, 2)", "IN (2, 3)", True),
        ("IN (1, 2)", "IN (3, NULL)", False),
        ("IN ('1')", "IN (1)", None),
        ("WITH (MODULUS 4, REMAINDER 1)", "WITH (MODULUS 8, REMAINDER 5)", True),
        ("WITH (MODULUS 4, REMAINDER 1)", "WITH (MODULUS 8, REMAINDER 6)", False),
    ],
)
def test_bounds_are_compared_where_they_can_be(one: str, other: str, expected: bool | None) -> None:
    assert overlapping(bound(one), bound(other)) is expected
    assert overlapping(bound(other), bound(one)) is expected
