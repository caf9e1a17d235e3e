"""What is gathered while a script is walked through: touches, places that cannot be seen, the search path."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from gitmig.check.footprint.objects import CLASS, ROUTINE, Kind, Object, in_schema, routine
from gitmig.check.footprint.parse_tree import texts
from gitmig.check.footprint.touches import Blind, Manner, Touch, Trait, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gitmig.check.footprint.parse_tree import Node

DEFAULT_PATH = ("public",)
TEMPORARY = "pg_temp"


class Trace:
    """The one mutable thing of this package; it lives as long as one script is read."""

    def __init__(self) -> None:
        self.touches: list[Touch] = []
        self.blind: list[Blind] = []
        self.path: tuple[str, ...] = DEFAULT_PATH
        self.statement = 0
        self.part = 0
        self.line = 1
        self.manner = Manner.ONCE
        self.parameters: dict[str | None, Object] = {}  # of the function that is looked into, those of a row type
        self._traits: frozenset[Trait] = frozenset()
        self._bodies: dict[tuple[str, ...], Callable[[], None]] = {}
        self._made: set[tuple[str, ...]] = set()

    def touch(
        self,
        verb: Verb,
        touched: Object,
        *traits: Trait,
        manner: Manner | None = None,
        aspect: str = "",
        value: str = "",
        to: Object | None = None,
        columns: Sequence[str] | None = None,
    ) -> None:
        """Note a touch; whatever is temporary is nobody else's business."""
        made = to or touched if verb in {Verb.CREATE, Verb.RENAME} else None
        if made:
            self._made.add(made.root)
        if len(touched.path) > 1 and touched.path[1] == TEMPORARY:
            return
        self.touches.append(
            Touch(
                verb=verb,
                object=touched,
                line=self.line,
                statement=self.statement,
                part=self.part,
                manner=manner or self.manner,
                traits=self._traits | set(traits),
                aspect=aspect,
                value=value,
                to=to,
                columns=None if columns is None else tuple(columns),
            )
        )

    def read(self, touched: Object, *traits: Trait, manner: Manner | None = None) -> None:
        """Note that something is needed."""
        self.touch(Verb.READ, touched, *traits, manner=manner)

    def body(self, of: Object, walk: Callable[[], None]) -> None:
        """Keep what walks through the body of a function, whatever its parameters, in case that the script calls it."""
        self._bodies[of.root] = walk

    def call(self, called: Object) -> None:
        """A function that the script has made itself runs now, with all that stands in its body; once is enough."""
        if self.manner is Manner.ONCE and (walk := self._bodies.pop(called.root, None)):
            walk()

    def cannot_see(self, reason: str) -> None:
        """Note a place that hides what it touches."""
        place = Blind(line=self.line, reason=reason)
        if place not in self.blind:
            self.blind.append(place)

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
    def using(self, manner: Manner | None = None, *traits: Trait) -> Iterator[None]:
        """Everything touched in this block is touched in this manner and has these traits, too."""
        before = self.manner, self._traits
        self.manner, self._traits = manner or self.manner, self._traits | set(traits)
        try:
            yield
        finally:
            self.manner, self._traits = before

    def relation(self, node: Node, kind: Kind = Kind.TABLE, *, new: bool = False) -> Object:
        """The relation a RangeVar names."""
        if node.get("relpersistence") == "t":
            return in_schema(kind, TEMPORARY, node["relname"])
        return self._find(CLASS, kind, node.get("schemaname"), node["relname"], new=new)

    def named(self, names: Sequence[Node] | Sequence[str], kind: Kind, *, new: bool = False) -> Object:
        """The relation or type behind a list of names, the schema perhaps first."""
        words = [name if isinstance(name, str) else texts([name])[0] for name in names]
        return self._find(CLASS, kind, words[-2] if len(words) > 1 else None, words[-1], new=new)

    def routine(self, names: Sequence[Node], signature: str | None, *, new: bool = False) -> Object:
        """The function behind a list of names; without a signature all of that name."""
        words = texts(list(names))
        found = self._find(ROUTINE, Kind.FUNCTION, words[-2] if len(words) > 1 else None, words[-1], new=new)
        return routine(found.path[1], found.path[2], signature)

    def set_path(self, schemas: Sequence[str]) -> None:
        """Follow a SET search_path; none means the default."""
        wanted = [name for name in schemas if name not in {"$user", "pg_catalog"} and not name.startswith(TEMPORARY)]
        self.path = tuple(wanted) or DEFAULT_PATH

    def _find(self, space: str, kind: Kind, schema: str | None, name: str, *, new: bool) -> Object:
        if schema:
            return Object(kind, (space, schema, name))
        if not new:
            for candidate in (TEMPORARY, *self.path):
                if (space, candidate, name) in self._made:
                    return Object(kind, (space, candidate, name))
            if len(self.path) > 1:
                self.cannot_see(f"names without a schema are looked up in {', '.join(self.path)}")
        return Object(kind, (space, self.path[0], name))
