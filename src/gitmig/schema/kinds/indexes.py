"""Indexes, what is said of the indexes of keys, and extended statistics: what a table knows about its rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from gitmig.schema.kinds.kind import Context, Definition, Instead, Names, Query, Self, Statements, option_changes, sql
from gitmig.schema.model import ObjectKind, ObjectName, Tie
from gitmig.schema.names import parent
from gitmig.schema.scope import OURS, OWN_RELATION, RELATION, RELATIONS, listing, own, some

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


STORAGE = re.compile(r" WITH \(((?:[\w.]+='?[^',]*'?(?:, )?)+)\)(?= WHERE |$)")
STATISTICS_KINDS = {"d": "ndistinct", "f": "dependencies", "m": "mcv"}


def _options(order: str) -> str:
    """An index's options as PostgreSQL writes them, in some order; that in which they were set means nothing."""
    value = "substr(o.option, strpos(o.option, '=') + 1)"
    return f"""coalesce((SELECT string_agg(quote_ident(split_part(o.option, '=', 1)) || '='
      || CASE WHEN quote_ident({value}) = {value} THEN {value} ELSE quote_literal({value}) END, ', ' ORDER BY {order})
    FROM unnest(x.reloptions) WITH ORDINALITY o(option, n)), '')"""


class Index(Definition):
    """An index; `valid` is None for one of a partitioned table; `statistics` as `2:7`, column and target.

    An index of a partitioned table is valid once every partition has its part, and partitions do not count.
    """

    definition: str = sql(f"replace(pg_get_indexdef(i.indexrelid), {_options('o.n')}, {_options('o.option')})")
    clustered: bool = sql("i.indisclustered")
    replica_identity: bool = sql("i.indisreplident")
    valid: bool | None = sql("CASE WHEN x.relkind = 'i' THEN i.indisvalid END")
    tablespace: str | None = sql("(SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = x.reltablespace)")
    statistics: Names | None = sql("""CASE WHEN i.indexprs IS NOT NULL THEN
           (SELECT array_agg(a.attnum || ':' || a.attstattarget ORDER BY a.attnum) FROM pg_attribute a
              WHERE a.attrelid = x.oid AND a.attstattarget >= 0) END""")

    KIND = ObjectKind.INDEX
    QUERY: ClassVar[Query | None] = Query(
        name=f"{RELATION} || '.' || quote_ident(x.relname)",
        of="pg_class x",
        source=f"""{RELATIONS} JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
WHERE {OWN_RELATION}""",
    )

    @classmethod
    def subject(cls, name: ObjectName) -> str:
        """Indexes are called after their table here, and after its schema in SQL."""
        return f"INDEX {parent(name.parent)}.{name.last}"

    def _storage(self) -> list[str]:
        """The storage options, as `fillfactor=70`."""
        match = STORAGE.search(self.definition)
        return match[1].replace("'", "").split(", ") if match else []

    def _targets(self) -> dict[str, str]:
        return dict(entry.split(":") for entry in self.statistics or ())

    def create(self, name: ObjectName, context: Context) -> Statements:
        """PostgreSQL writes ONLY for a partitioned table; partitions are to have the index, too."""
        definition = self.definition.replace(f" ON ONLY {name.parent} ", f" ON {name.parent} ", 1)
        if not self.tablespace:
            yield definition
            return
        head, where, condition = definition.partition(" WHERE ")
        yield f"{head} TABLESPACE {self.tablespace}{where}{condition}"

    def settings(self, name: ObjectName, context: Context) -> Statements:
        for column, target in self._targets().items():
            yield f"ALTER {self.subject(name)} ALTER COLUMN {column} SET STATISTICS {target}"

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        if STORAGE.sub("", old.definition) != STORAGE.sub("", self.definition):
            return Instead.REPLACE
        return self._changes(old, name)

    def _changes(self, old: Self, name: ObjectName) -> Statements:
        alter = f"ALTER {self.subject(name)}"
        yield from option_changes(alter, old._storage(), self._storage())
        if old.tablespace != self.tablespace:
            yield f"{alter} SET TABLESPACE {self.tablespace or 'pg_default'}"
        if old.valid != self.valid:
            yield f"REINDEX {self.subject(name)}"
        before, after = old._targets(), self._targets()
        for column in sorted(before.keys() | after.keys()):
            if before.get(column) != after.get(column):
                yield f"{alter} ALTER COLUMN {column} SET STATISTICS {after.get(column, -1)}"


class KeyIndex(Index):
    """The index of a key, which comes and goes with its constraint: what is said of it beside that."""

    KIND = ObjectKind.KEY_INDEX
    QUERY = None

    def needs(self, name: ObjectName, items: Collection[ObjectName]) -> Iterator[tuple[ObjectName, Tie]]:
        yield ObjectName(ObjectKind.CONSTRAINT, name.name), Tie.GOES_ALONG

    def create(self, name: ObjectName, context: Context) -> Statements:
        return ()

    def settings(self, name: ObjectName, context: Context) -> Statements:
        alter = f"ALTER {self.subject(name)}"
        yield from option_changes(alter, (), self._storage())
        if self.tablespace:
            yield f"{alter} SET TABLESPACE {self.tablespace}"
        for column, target in self._targets().items():
            yield f"{alter} ALTER COLUMN {column} SET STATISTICS {target}"

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements:
        return self._changes(old, name)

    def drop(self, name: ObjectName, context: Context) -> Statements:
        return ()


class Statistics(Definition):
    """An extended statistics object; kinds are d, f, m and e."""

    table: str = sql("s.stxrelid::regclass")
    kinds: Names = sql("s.stxkind")
    # Not pg_get_statisticsobjdef: it names the columns in the order they have in the table.
    columns: Names | None = sql(
        listing("quote_ident(a.attname)", "pg_attribute a WHERE a.attrelid = s.stxrelid AND a.attnum = ANY (s.stxkeys)")
    )
    expressions: Names | None = sql(listing("e.e", "unnest(pg_get_statisticsobjdef_expressions(s.oid)) e(e)"))
    target: int | None = sql("nullif(s.stxstattarget, -1)")

    KIND = ObjectKind.STATISTICS
    QUERY = Query(
        name="quote_ident(n.nspname) || '.' || quote_ident(s.stxname)",
        of="pg_statistic_ext s",
        part_of="s.stxrelid::regclass::text",
        source=f"""pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace AND {OURS}
  JOIN pg_class c ON c.oid = s.stxrelid AND NOT c.relispartition
WHERE {own("pg_statistic_ext", "s.oid")}""",
        rare=some("pg_statistic_ext"),
    )

    def create(self, name: ObjectName, context: Context) -> Statements:
        kinds = [STATISTICS_KINDS[kind] for kind in self.kinds if kind in STATISTICS_KINDS]
        chosen = f" ({', '.join(kinds)})" if 0 < len(kinds) < len(STATISTICS_KINDS) else ""
        what = [*(self.columns or ()), *(f"({one})" for one in self.expressions or ())]
        yield f"CREATE STATISTICS {name.name}{chosen} ON {', '.join(what)} FROM {self.table}"

    def settings(self, name: ObjectName, context: Context) -> Statements:
        if self.target is not None:
            yield f"ALTER STATISTICS {name.name} SET STATISTICS {self.target}"

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        before, after = ((one.table, one.kinds, one.columns, one.expressions) for one in (old, self))
        if before != after:
            return Instead.REPLACE
        return [f"ALTER STATISTICS {name.name} SET STATISTICS {-1 if self.target is None else self.target}"]
