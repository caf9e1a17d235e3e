"""What is gathered while a script is walked through: touches, places that cannot be seen, the search path."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from gitmig.check.footprint.model import (
    CLASS,
    ROUTINE,
    Action,
    BlindSpot,
    DependencyKind,
    NamedKind,
    Object,
    Touch,
    Trait,
    in_schema,
    routine,
)
from gitmig.check.footprint.parse_tree import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gitmig.check.footprint.parse_tree import Node

    Handler = Callable[["Trace", Node], None]  # notes what a statement touches

DEFAULT_PATH = ("public",)
TEMPORARY = "pg_temp"
FORGIVING_CLAUSES = ("missing_ok", "if_not_exists", "replace", "skipIfNewValExists")


class Trace:
    """The one mutable thing of this package; it lives as long as one script is read.

    `handlers` know the statements other than queries by the types of their nodes.
    """

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers
        self.touches: list[Touch] = []
        self.blind_spots: list[BlindSpot] = []
        self.path: tuple[str, ...] = DEFAULT_PATH
        self.statement = 0
        self.part = 0
        self.line = 1
        self.dependency = DependencyKind.TRANSIENT
        self.unlogged: set[tuple[str, ...]] = set()  # tables that the script has made so
        self.indexed: dict[tuple[str, ...], Object] = {}  # the tables of the indexes that the script has made
        self.parameters: dict[str | None, Object] = {}  # of the function that is looked into, those of a row type
        self._traits: frozenset[Trait] = frozenset()
        self._forgiven: Object | None = None  # the relation that an IF EXISTS is about
        self._bodies: dict[tuple[str, ...], Callable[[], None]] = {}
        self._made: set[tuple[str, ...]] = set()

    def touch(
        self,
        verb: Action,
        touched: Object,
        *traits: Trait,
        dependency: DependencyKind | None = None,
        aspect: str = "",
        value: str = "",
        to: Object | None = None,
        columns: Sequence[str] | None = None,
    ) -> None:
        """Note a touch; what happens to temporary objects does not matter to others."""
        made = to or touched if verb in {Action.CREATE, Action.RENAME} else None
        if made:
            self._made.add(made.root)
        if len(touched.path) > 1 and touched.path[1] == TEMPORARY:
            return
        self.touches.append(
            Touch(
                action=verb,
                object=touched,
                line=self.line,
                statement=self.statement,
                part=self.part,
                dependency=dependency or self.dependency,
                traits=self._traits | set(traits) | self._forgives(touched),
                aspect=aspect,
                value=value,
                to=to,
                columns=None if columns is None else tuple(columns),
            )
        )

    def define(self, kind: str, node: Node) -> bool:
        """Follow a statement other than a query; False if it is of a kind that gitmig does not look into."""
        handler = self._handlers.get(kind)
        if handler:
            handler(self, node)
        return handler is not None

    def read(self, touched: Object, *traits: Trait, dependency: DependencyKind | None = None) -> None:
        """Note that something is needed."""
        self.touch(Action.READ, touched, *traits, dependency=dependency)

    def body(self, of: Object, walk: Callable[[], None]) -> None:
        """Keep what walks through the body of a function, whatever its parameters, in case that the script calls it."""
        self._bodies[of.root] = walk

    def call(self, called: Object) -> None:
        """A function that the script has made itself runs now, with all that stands in its body; once is enough."""
        if self.dependency is DependencyKind.TRANSIENT and (walk := self._bodies.pop(called.root, None)):
            walk()

    def fields_of(self, function: Object) -> list[str]:
        """The fields of NEW and OLD that a trigger function of this script names."""
        columns = [touch.object for touch in self.touches if touch.object.kind is NamedKind.COLUMN]
        return list(dict.fromkeys(column.path[-1] for column in columns if column.root == function.root))

    def cannot_see(self, reason: str) -> None:
        """Note a place that hides what it touches."""
        place = BlindSpot(line=self.line, reason=reason)
        if place not in self.blind_spots:
            self.blind_spots.append(place)

    @contextmanager
    def next_part(self) -> Iterator[None]:
        """What is touched in this block belongs together, and not to the rest of its statement."""
        before, self.part = self.part, len(self.touches) + 1
        yield
        self.part = before

    @contextmanager
    def inside(self, parameters: dict[str | None, Object]) -> Iterator[None]:
        """In this block, a function with these parameters of row types is looked into."""
        before, self.parameters = self.parameters, parameters
        yield
        self.parameters = before

    @contextmanager
    def using(self, dependency: DependencyKind | None = None, *traits: Trait) -> Iterator[None]:
        """Everything touched in this block is touched in this dependency and has these traits, too."""
        before = self.dependency, self._traits
        self.dependency, self._traits = dependency or self.dependency, self._traits | set(traits)
        try:
            yield
        finally:
            self.dependency, self._traits = before

    @contextmanager
    def if_exists(self, relation: Object | None) -> Iterator[None]:
        """In this block, it is forgiven if the relation is missing, and for its parts nothing but that."""
        self._forgiven = relation
        try:
            yield
        finally:
            self._forgiven = None

    def _forgives(self, touched: Object) -> set[Trait]:
        if self._forgiven is None or touched.root != self._forgiven.path:
            return set()
        return {Trait.FORGIVING if touched == self._forgiven else Trait.IF_TABLE}

    def relation(self, node: Node, kind: NamedKind = NamedKind.TABLE, *, new: bool = False) -> Object:
        """The relation a RangeVar names."""
        if node.get("relpersistence") == "t":
            return in_schema(kind, TEMPORARY, node["relname"])
        return self._find(CLASS, kind, node.get("schemaname"), node["relname"], new=new)

    def named(self, names: Sequence[Node] | Sequence[str], kind: NamedKind, *, new: bool = False) -> Object:
        """The relation or type behind a list of names, the schema perhaps first."""
        words = [name if isinstance(name, str) else texts([name])[0] for name in names]
        return self._find(CLASS, kind, words[-2] if len(words) > 1 else None, words[-1], new=new)

    def routine(self, names: Sequence[Node], signature: str | None, *, new: bool = False) -> Object:
        """The function behind a list of names; without a signature all of that name."""
        words = texts(list(names))
        found = self._find(ROUTINE, NamedKind.FUNCTION, words[-2] if len(words) > 1 else None, words[-1], new=new)
        return routine(found.path[1], found.path[2], signature)

    def set_path(self, schemas: Sequence[str]) -> None:
        """Follow a SET search_path; none means the default."""
        wanted = [name for name in schemas if name not in {"$user", "pg_catalog"} and not name.startswith(TEMPORARY)]
        self.path = tuple(wanted) or DEFAULT_PATH

    def _find(self, space: str, kind: NamedKind, schema: str | None, name: str, *, new: bool) -> Object:
        if schema:
            return Object(kind, (space, schema, name))
        if not new:
            for candidate in (TEMPORARY, *self.path):
                if (space, candidate, name) in self._made:
                    return Object(kind, (space, candidate, name))
            if len(self.path) > 1:
                self.cannot_see(f"names without a schema are looked up in {', '.join(self.path)}")
        return Object(kind, (space, self.path[0], name))


def forgiving(node: Node) -> list[Trait]:
    """The trait of a statement with IF EXISTS, IF NOT EXISTS or OR REPLACE, as a list."""
    return [Trait.FORGIVING] if any(node.get(word) for word in FORGIVING_CLAUSES) else []
