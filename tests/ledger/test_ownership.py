"""Which migrations tell one project from another."""

from __future__ import annotations

from datetime import datetime

import pytest

from gitmig.ledger.ownership import Origin, are_enough, is_telling, up_blobs
from gitmig.migrations.model import Version
from gitmig.migrations.plan import Applied

EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def applied(blobs: str) -> Applied:
    return Applied(
        position=1, version=Version("1"), name="a", path="1_a.sql", blobs=blobs, checksum="x", irreversible=False
    )


@pytest.mark.parametrize(
    ("blobs", "expected"),
    [
        ("both:abc", {"abc"}),
        ("up:abc down:def options:ghi", {"abc"}),
        (f"up:{EMPTY} down:def", set()),
        ("", set()),
    ],
)
def test_the_up_tells_and_nothing_else(blobs: str, expected: set[str]) -> None:
    assert up_blobs(applied(blobs)) == expected


@pytest.mark.parametrize(
    ("label", "up", "expected"),
    [
        ("1_a", "CREATE TABLE a ()", True),
        ("1_a", "CREATE EXTENSION citext; CREATE TABLE a ()", True),
        ("1_a", "BEGIN; CREATE TABLE a (); COMMIT", True),
        ("1_a", "SELECT 10", True),
        ("1_a", "CREATE EXTENSION citext", False),
        ("1_a", "-- x\ncreate   extension citext;\nSET x = 1; COMMENT ON SCHEMA public IS 'x'", False),
        ("1_a", "CREATE SCHEMA app", False),
        ("1_a", "SELECT 1;", False),
        ("1_a", "", False),
        ("1_a", "-- nothing", False),
        ("00000000000000_diesel_initial_setup", "CREATE TABLE a ()", False),
    ],
)
def test_what_many_projects_begin_with_does_not_tell(label: str, up: str, expected: bool) -> None:
    assert is_telling(label, "sql", up) is expected


@pytest.mark.parametrize(
    ("known", "stack", "expected"),
    [(0, 1, False), (1, 1, True), (1, 2, False), (2, 2, True), (2, 9, False), (3, 9, True)],
)
def test_all_or_three_are_enough(known: int, stack: int, expected: bool) -> None:
    assert are_enough([applied("")] * known, [applied("")] * stack) is expected


def test_an_origin_is_told_in_words() -> None:
    at = datetime.fromisoformat("2026-11-29T02:10:11+00:00")
    one = Origin(count=1, first="1_a", last="1_a", by="Ada <a@b>", at=at, commit=None)
    assert str(one) == "1_a, by Ada <a@b> on 2026-11-29 02:10"
    two = Origin(count=2, first="1_a", last="2_b", by="Ada", at=None, commit="0123456789abcdef")
    assert str(two) == "2 migrations, 1_a to 2_b, the last by Ada at commit 0123456789"
