"""What names mean at one place of a query."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gitmig.core.footprint.objects import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.core.footprint.nodes import Node
    from gitmig.core.footprint.objects import Object
    from gitmig.core.footprint.trace import Trace


@dataclass
class Scope:
    """Tables by alias, None where it is no table of the database; names that WITH makes; the query around."""

    tables: dict[str, Object | None] = field(default_factory=dict)
    common: frozenset[str] = frozenset()
    outer: Scope | None = None

    def owners(self, alias: str | None) -> Iterator[Object]:
        """The tables a column may belong to, from the inside out; all of them without an alias."""
        scope: Scope | None = self
        while scope:
            if alias is None:
                yield from filter(None, scope.tables.values())
            elif alias in scope.tables:
                yield from filter(None, [scope.tables[alias]])
                return
            scope = scope.outer

    def table(self, trace: Trace, node: Node, *, target: bool = False) -> Object | None:
        """A table by its name; names of WITH hide tables, but not as a target."""
        alias = node.get("alias", {}).get("aliasname") or node["relname"]
        if not target and "schemaname" not in node and node["relname"] in self.common:
            self.tables[alias] = None
            return None
        table = trace.relation(node)
        if table.path[1] in {"pg_catalog", "information_schema"} or table.path[2].startswith("pg_"):
            self.tables[alias] = None
            return table
        trace.read(table)
        self.tables[alias] = table
        return table

    def column(self, trace: Trace, alias: str | None, name: str) -> None:
        """Read a column of every table it may belong to, or of the row type of a function's parameter."""
        if alias in trace.parameters and not self._knows(alias):
            trace.read(trace.parameters[alias].part(Kind.COLUMN, name))
        for table in self.owners(alias):
            trace.read(table.part(Kind.COLUMN, name))

    def _knows(self, alias: str | None) -> bool:
        return alias in self.tables or bool(self.outer and self.outer._knows(alias))
