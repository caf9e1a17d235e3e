"""Work in an order in which everything finds what it needs."""

from __future__ import annotations

from gitmig.schema.order import ordered


def test_an_order_respects_what_waits_and_then_priority() -> None:
    assert ordered("abcd", {"a": {"d"}, "b": {"a"}}, priority=lambda node: node) == ["c", "d", "a", "b"]


def test_a_ring_is_broken_at_the_lowest_priority() -> None:
    assert ordered("cba", {"a": {"b"}, "b": {"a"}, "c": {"b"}}, priority=lambda node: node) == ["a", "b", "c"]


def test_what_is_no_part_of_the_work_is_not_waited_for() -> None:
    assert ordered("a", {"a": {"z"}}, priority=lambda node: node) == ["a"]
