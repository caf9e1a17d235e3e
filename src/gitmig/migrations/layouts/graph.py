"""Revisions that name their parents: in which order a fresh database gets them, where they end, what does not fit.

Pure. The order of a graph is what its tool makes of it, to the letter: `alembic upgrade heads` walks down from the
heads, `manage.py migrate` goes depth first from the leaves. Neither order is stable, because a new revision may turn
two old ones round that have nothing to do with each other; `continued` gives, of all the orders that the graph allows,
one that begins with what a database has already.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.migrations.model import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from gitmig.migrations.model import File, Migration


class Node(Struct, frozen=True, kw_only=True):
    """A revision by its key; `follows` are the parents in its own line, `needs` others that must be there before it.

    Heads are counted in each `line` by itself: all of alembic's revisions are in one, each app of Django has its own.
    """

    key: str
    follows: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    line: str = ""

    @property
    def parents(self) -> tuple[str, ...]:
        """All that must be there before it, each once."""
        return tuple(dict.fromkeys((*self.follows, *self.needs)))


class Graph(Struct, frozen=True, kw_only=True, dict=True):
    """Nodes by their keys, in the order in which the tool lists their files; every key once.

    Parents that are not in the graph count nowhere but in `unknown`.
    """

    nodes: Mapping[str, Node]

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Graph:
        """The graph of the nodes; of two with one key, the first one counts."""
        found: dict[str, Node] = {}
        for node in nodes:
            found.setdefault(node.key, node)
        return cls(nodes=found)

    @cached_property
    def parents(self) -> dict[str, tuple[str, ...]]:
        """The parents of each key that are in the graph."""
        return {key: tuple(p for p in node.parents if p in self.nodes) for key, node in self.nodes.items()}

    @cached_property
    def children(self) -> dict[str, tuple[str, ...]]:
        """The opposite of `parents`, in the order of the nodes."""
        found: dict[str, list[str]] = {key: [] for key in self.nodes}
        for key, parents in self.parents.items():
            for parent in parents:
                found[parent].append(key)
        return {key: tuple(children) for key, children in found.items()}

    @property
    def unknown(self) -> list[tuple[Node, str]]:
        """Every node with a parent that is not in the graph, and that parent."""
        return [(node, p) for node in self.nodes.values() for p in node.parents if p not in self.nodes]

    @property
    def roots(self) -> list[str]:
        """The keys without a parent in their own line."""
        return [key for key, node in self.nodes.items() if not any(p in self.nodes for p in node.follows)]

    @property
    def heads(self) -> list[str]:
        """The keys that none follows in its own line."""
        followed = {parent for node in self.nodes.values() for parent in node.follows}
        return [key for key in self.nodes if key not in followed]

    @property
    def tips(self) -> list[str]:
        """The keys that none follows and none needs."""
        return [key for key, children in self.children.items() if not children]

    def ancestors(self, key: str) -> set[str]:
        """What must be there before the key, without itself."""
        found: set[str] = set()
        todo = [key]
        while todo:
            for parent in self.parents[todo.pop()]:
                if parent not in found:
                    found.add(parent)
                    todo.append(parent)
        return found

    @property
    def cycle(self) -> tuple[str, ...]:
        """Keys of which each is a parent of the next one, the last one of the first, which is the least; or none."""
        done: set[str] = set()
        for start in self.nodes:
            path = {start: iter(self.parents[start])} if start not in done else {}  # in the order of its keys
            while path:
                top = next(reversed(path))
                parent = next(path[top], None)
                if parent is None:
                    done.add(top)
                    del path[top]
                elif parent in path:
                    keys = list(reversed(list(path)[list(path).index(parent) :]))
                    first = keys.index(min(keys))
                    return (*keys[first:], *keys[:first])
                elif parent not in done:
                    path[parent] = iter(self.parents[parent])
        return ()


def graph_of(migrations: Iterable[Migration]) -> Graph:
    """The graph of the migrations that have an ancestry, by the texts of their versions."""
    return Graph.of(
        Node(key=m.version.text, follows=m.ancestry.follows, needs=m.ancestry.needs, line=m.ancestry.line)
        for m in migrations
        if m.ancestry is not None
    )


def walked_down(graph: Graph) -> list[str]:
    """The keys as `alembic upgrade heads` runs them on a fresh database; the graph has no cycle.

    From `RevisionMap._topological_sort` (alembic 1.20): several walkers go down from the tips, in the order in which
    the files are listed. One goes on as long as it can; where it comes to what another one still has to pass before,
    that one goes on. What they have passed is run from the last to the first. alembic leaves open in which order
    several `depends_on` are walked (it makes a set of them): here it is that of the files.
    """
    place = {key: number for number, key in enumerate(graph.nodes)}
    below = _Below(graph, place)
    walkers = sorted(graph.tips, key=place.__getitem__)
    ahead = [graph.ancestors(key) for key in walkers]
    passed: list[str] = []
    waiting = set(graph.nodes)
    turn = 0
    while walkers:
        here = walkers[turn]
        first = next((k for k, keys in enumerate(ahead) if k != turn and here in keys), None)
        if first is not None:
            turn = first
            continue
        if here in waiting:
            waiting.remove(here)
            passed.append(here)
        onward = [key for key in below[here] if key in waiting and key not in walkers]
        if not onward:
            del walkers[turn], ahead[turn]
            turn = max(turn - 1, 0)
        else:
            walkers[turn : turn + 1] = onward[:1]
            ahead[turn] = graph.ancestors(onward[0])
            walkers += onward[1:]
            ahead += [graph.ancestors(key) for key in onward[1:]]
    return passed[::-1]


class _Below:
    """Where alembic's walk goes on from a revision: its parents, without needs that one it follows has as well."""

    def __init__(self, graph: Graph, place: Mapping[str, int]) -> None:
        self._graph, self._place = graph, place

    def __getitem__(self, key: str) -> list[str]:
        node = self._graph.nodes[key]
        met = {need for ancestor in self._line_of(node) for need in ancestor.needs} if node.needs else set()
        needs = sorted((n for n in node.needs if n in self._place and n not in met), key=self._place.__getitem__)
        return list(dict.fromkeys([*(f for f in node.follows if f in self._place), *needs]))

    def _line_of(self, node: Node) -> Iterator[Node]:
        seen, todo = {node.key}, [node]
        while todo:
            for key in todo.pop().follows:
                if key in self._graph.nodes and key not in seen:
                    seen.add(key)
                    todo.append(self._graph.nodes[key])
                    yield self._graph.nodes[key]


def depth_first(graph: Graph) -> list[str]:
    """The keys as `manage.py migrate` runs them on a fresh database; the graph has no cycle.

    From `MigrationGraph.iterative_dfs` and `MigrationExecutor.migration_plan` (Django 5.2): leaves in the order of
    their keys, before each its ancestors, of several parents the last one first.
    """
    found: dict[str, None] = {}
    for leaf in sorted(graph.heads):
        todo = [(leaf, False)]
        while todo:
            key, is_ready = todo.pop()
            if key in found:
                continue
            if is_ready:
                found[key] = None
            else:
                todo.append((key, True))
                todo += [(parent, False) for parent in sorted(graph.parents[key])]
    return list(found)


def continued(order: Sequence[str], parents: Mapping[str, Collection[str]], applied: Iterable[str]) -> list[str]:
    """The keys of `order` so arranged that they begin with as much of `applied` as they can.

    `parents` are those of each key. The result is an order that the graph allows, as `order` is: from `applied` it has
    everything up to the first key that is not in `order`, or comes before one of its parents there; what is left
    follows as `order` has it. This is what the tools do themselves on a database that has some revisions already.
    """
    kept: dict[str, None] = {}
    wanted = set(order)
    for key in applied:
        if key not in wanted or not all(parent in kept for parent in parents[key] if parent in wanted):
            break
        kept[key] = None
    return [*kept, *(key for key in order if key not in kept)]


def misfits(graph: Graph, files: Mapping[str, File], noun: str) -> list[Problem]:
    """Why the nodes make no order: parents that are not there, and a cycle. `files` are those of the keys."""
    problems = [
        Problem(
            path=files[node.key].path,
            message=f"comes after {noun} {parent}, which is not there",
            hint="restore that one, or correct which one it comes after",
        )
        for node, parent in graph.unknown
    ]
    if cycle := graph.cycle:
        round_trip = " → ".join((*cycle, cycle[0]))
        hint = "correct which one each of them comes after"
        problems.append(Problem(path=files[cycle[0]].path, message=f"comes after itself: {round_trip}", hint=hint))
    return problems


def same_key(file: File, other: File) -> Problem:
    """Two files that say they are one revision."""
    message, hint = f"is the same revision as {other.path}", "give one of them an id of its own"
    return Problem(path=file.path, message=message, hint=hint)
