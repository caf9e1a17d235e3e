"""Orders of a graph: those of the tools to the letter, and one that goes on from what a database has."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmig.migrations.layouts.graph import Graph, Node, continued, depth_first, walked_down


def graph(*texts: str) -> Graph:
    """From `key <follows,… +needs,…`, as in `c <a,b +x`."""
    nodes = []
    for text in texts:
        key, *rest = text.split()
        follows = next((part[1:].split(",") for part in rest if part[0] == "<"), [])
        needs = next((part[1:].split(",") for part in rest if part[0] == "+"), [])
        nodes.append(Node(key=key, follows=tuple(follows), needs=tuple(needs)))
    return Graph.of(nodes)


@st.composite
def graphs(draw: st.DrawFn, *, needs: bool = True) -> Graph:
    """A graph without a cycle, its files listed in any order; one need each: of more, alembic leaves the order open."""
    count = draw(st.integers(1, 12))
    names = draw(st.permutations([f"{number:02}" for number in range(count)]))
    nodes = []
    for number, name in enumerate(names):
        before = names[:number]
        follows = draw(st.lists(st.sampled_from(before), max_size=3, unique=True)) if before else []
        others = [one for one in before if one not in follows]
        needed = draw(st.lists(st.sampled_from(others), max_size=1)) if others and needs else []
        nodes.append(Node(key=name, follows=tuple(follows), needs=tuple(needed)))
    return Graph.of(sorted(nodes, key=lambda node: node.key))


def alembics(found: Graph) -> list[str]:
    """The order in which alembic itself upgrades to all heads."""
    revision = pytest.importorskip("alembic.script.revision")
    made = [
        revision.Revision(node.key, node.follows or None, dependencies=node.needs or None)
        for node in found.nodes.values()
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = revision.RevisionMap(lambda: iter(made))
        steps = known.iterate_revisions("heads", (), implicit_base=True)
        return [step.revision for step in steps][::-1]


def djangos(found: Graph) -> list[str]:
    """The order in which Django itself migrates a fresh database, all in one app."""
    migrations = pytest.importorskip("django.db.migrations.graph")
    made = migrations.MigrationGraph()
    for key in found.nodes:
        made.add_node(("app", key), None)
    for node in found.nodes.values():
        for parent in node.parents:
            made.add_dependency(node.key, ("app", node.key), ("app", parent))
    plan: dict[str, None] = {}
    for leaf in made.leaf_nodes():
        plan.update(dict.fromkeys(key for _, key in made.forwards_plan(leaf)))
    return list(plan)


def is_allowed(order: list[str], found: Graph) -> bool:
    place = {key: number for number, key in enumerate(order)}
    return len(order) == len(place) == len(found.nodes) and all(
        place[parent] < place[key] for key, parents in found.parents.items() for parent in parents
    )


@given(graphs())
@settings(deadline=None)
def test_the_walk_down_is_alembics(found: Graph) -> None:
    assert walked_down(found) == alembics(found)


@given(graphs(needs=False))
@settings(deadline=None)
def test_depth_first_is_djangos(found: Graph) -> None:
    assert depth_first(found) == djangos(found)


@given(graphs(), st.data())
def test_what_is_applied_stays_in_front(found: Graph, data: st.DataObject) -> None:
    """Whatever order a part of the graph was applied in, no more than the rest has to run."""
    known = data.draw(st.permutations(list(found.nodes)))
    every = order_of(found, known)
    some = every[: data.draw(st.integers(0, len(every)))]
    order = continued(walked_down(found), found.parents, some)
    assert order[: len(some)] == some
    assert is_allowed(order, found)


def order_of(found: Graph, preferred: list[str]) -> list[str]:
    """One of the orders that the graph allows, as the preference has it."""
    order: list[str] = []
    while len(order) < len(found.nodes):
        order.append(next(k for k in preferred if k not in order and all(p in order for p in found.parents[k])))
    return order


def test_one_line_is_in_its_own_order_whatever_the_files_are_called() -> None:
    found = graph("a <z", "m", "z <m")
    assert walked_down(found) == depth_first(found) == ["m", "z", "a"]
    assert (found.heads, found.roots, found.tips) == (["a"], ["m"], ["a"])


def test_a_need_is_no_line() -> None:
    """A head stays one though another line needs it; for the order it is no tip."""
    found = graph("a", "b +a")
    assert (found.heads, found.roots, found.tips) == (["a", "b"], ["a", "b"], ["b"])


def test_a_new_revision_turns_two_old_ones_round_in_alembics_order() -> None:
    """Why a database goes on from what it has: here the walk from `9` comes before that from `5`.

    a ── 3 ── 9
     └── 5
    """
    before, after = graph("3 <a", "5 <a", "a"), graph("3 <a", "5 <a", "9 <3", "a")
    assert walked_down(before) == ["a", "5", "3"]
    assert walked_down(after) == ["a", "3", "9", "5"]
    assert continued(walked_down(after), after.parents, walked_down(before)) == ["a", "5", "3", "9"]


def test_what_is_applied_counts_up_to_the_first_that_cannot_stay() -> None:
    found = graph("a", "b <a", "c <a", "d <b,c")
    order = walked_down(found)
    assert continued(order, found.parents, ["a", "gone", "b"]) == ["a", *(key for key in order if key != "a")]
    assert continued(order, found.parents, ["b", "a"]) == order  # another history of `b`: it has no parent there


def test_what_is_not_there() -> None:
    found = graph("a <gone", "b <a +other")
    assert [(node.key, parent) for node, parent in found.unknown] == [("a", "gone"), ("b", "other")]
    assert walked_down(found) == depth_first(found) == ["a", "b"]


@pytest.mark.parametrize(
    ("texts", "cycle"),
    [
        (["a <a"], ["a"]),
        (["a <c", "b <a", "c <b", "d <c"], ["a", "b", "c"]),
        (["a", "b <a +c", "c <b"], ["b", "c"]),
        (["a", "b <a", "c <a", "d <b,c"], []),
    ],
)
def test_a_cycle_is_named_in_its_order(texts: list[str], cycle: list[str]) -> None:
    found = graph(*texts)
    keys = list(found.cycle)
    assert keys == cycle
    assert all(one in found.parents[two] for one, two in zip(keys, keys[1:] + keys[:1]))


@given(graphs())
def test_a_graph_that_was_grown_has_no_cycle(found: Graph) -> None:
    assert found.cycle == ()


def test_a_line_of_a_thousand_takes_no_recursion() -> None:
    found = graph("0000", *(f"{number:04} <{number - 1:04}" for number in range(1, 1500)))
    assert walked_down(found) == depth_first(found) == list(found.nodes)
    assert found.cycle == ()
