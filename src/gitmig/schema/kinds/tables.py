"""Tables and foreign tables; which index a table is clustered on or identified by; the order of columns."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from gitmig.schema.kinds.columns import Column, Identity, column_clause, conversion
from gitmig.schema.kinds.constraints import Constraint
from gitmig.schema.kinds.kind import (
    Context,
    Definition,
    Instead,
    Names,
    Query,
    Self,
    Setting,
    Statements,
    foreign_option_changes,
    foreign_options,
    option_changes,
    option_list,
    sql,
)
from gitmig.schema.kinds.privileges import ON_RELATION
from gitmig.schema.model import TABLES, VIEWS, ObjectKind, ObjectName, Tie
from gitmig.schema.names import beside, literal
from gitmig.schema.scope import (
    OWN_RELATION,
    RELATION,
    RELATIONS,
    grants,
    sorted_options,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


PERSISTENCE = {"p": "LOGGED", "u": "UNLOGGED"}
# Of a table that was partitioned, nobody knows its partitions any more: one takes all rows.
HASHED = "FOR VALUES WITH (MODULUS 1, REMAINDER 0)"
COLUMN_NAMES = """(SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum) FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0)"""


class Relation(Definition):
    """A table, foreign table, view or materialized view.

    The replica identity is a mark on an index (see `indexes`) or one of two letters here. No population: that is data.
    """

    persistence: str = sql("c.relpersistence")
    row_security: bool = sql("c.relrowsecurity")
    forced_row_security: bool = sql("c.relforcerowsecurity")
    options: Names | None = sql(sorted_options("c.reloptions"))
    toast_options: Names | None = sql(
        f"(SELECT {sorted_options('t.reloptions')} FROM pg_class t WHERE t.oid = c.reltoastrelid)"
    )
    replica_identity: str | None = sql("CASE WHEN c.relreplident IN ('n', 'f') THEN c.relreplident END")
    of_type: str | None = sql("nullif(c.reloftype, 0)::regtype")
    partition_key: str | None = sql("pg_get_partkeydef(c.oid)")
    method: str | None = sql("(SELECT quote_ident(a.amname) FROM pg_am a WHERE a.oid = c.relam)")
    tablespace: str | None = sql("(SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = c.reltablespace)")
    parents: Names | None = sql(
        "(SELECT array_agg(i.inhparent::regclass ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid)"
    )
    foreign: tuple[str, Names | None] | None = sql(
        f"(SELECT jsonb_build_array(quote_ident(s.srvname), {sorted_options('f.ftoptions')}) FROM pg_foreign_table f "
        "JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid)"
    )
    text: str | None = sql("CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END")
    column_names: Names | None = sql(f"CASE WHEN c.relkind IN ('v', 'm') THEN {COLUMN_NAMES} END")

    RIGHTS = ON_RELATION
    QUERY = Query(
        kind="CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' "
        "ELSE 'table' END",
        name=RELATION,
        grants=grants("c.relacl", "r", "c.relowner"),
        of="pg_class c",
        source=f"{RELATIONS} AND c.relkind IN ('r', 'p', 'f', 'v', 'm') WHERE {OWN_RELATION}",
    )

    @property
    def all_options(self) -> list[str]:
        """Its options, and those of its toast table as `toast.…`."""
        return [*(self.options or ()), *(f"toast.{option}" for option in self.toast_options or ())]

    def kept_parents(self, old: Relation) -> Names:
        """The parents that stay where the old table becomes this one: those ahead of the first that differs."""
        same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(old.parents or (), self.parents or ()))
        return tuple(parent for parent, _ in same)


class Table(Relation):
    """A table, also a partitioned one."""

    KIND = ObjectKind.TABLE
    SPACES = ("relation", "type")

    def create(self, name: ObjectName, context: Context) -> Statements:
        wanted = context.wanted
        merged = context.merged.get(name, ())
        order = {column: number for number, column in enumerate(wanted.orders.get(name.name, ()))}
        columns = sorted(
            (one for one in merged if one.kind is ObjectKind.COLUMN), key=lambda one: order.get(one.last, 0)
        )
        lines = [column_clause(one, context) for one in columns if wanted.get(Column, one).local]
        lines += [
            f"CONSTRAINT {one.last} {constraint.definition}"
            for one in merged
            if one.kind is ObjectKind.CONSTRAINT
            and (constraint := wanted.get(Constraint, one)).local
            and not constraint.definition.startswith("NOT NULL ")
        ]
        inside = "".join(f"\n    {line}," for line in lines).rstrip(",")
        word = "UNLOGGED TABLE" if self.persistence == "u" else self.word()
        yield f"CREATE {word} {name.name} ({inside}{chr(10) if inside else ''}){self._clauses()}"
        if old := context.taken_over.get(name.name):
            yield from self._take_over(name.name, old, context)

    def _clauses(self) -> str:
        text = f" INHERITS ({', '.join(self.parents)})" if self.parents else ""
        text += f" PARTITION BY {self.partition_key}" if self.partition_key else ""
        if self.foreign:
            server, foreign = self.foreign
            return f"{text} SERVER {server}{foreign_options(foreign)}"
        text += f" USING {self.method}" if self.method not in {None, "heap"} else ""
        text += f" WITH ({option_list(self.all_options)})" if self.all_options else ""
        return text + (f" TABLESPACE {self.tablespace}" if self.tablespace else "")

    def _take_over(self, name: str, old: str, context: Context) -> Statements:
        """The rows of the table in whose place this one comes, and where the sequences of its identities stood."""
        found, wanted = context.found.columns(old), context.wanted.columns(name)
        shared = {column: body for column, body in wanted.items() if column in found and not body.generated}
        values = (conversion(column, found[column].type, body.type) or column for column, body in shared.items())
        if self.partition_key:
            part = f"{beside(name, '_default')} PARTITION OF {name}"
            bounds = HASHED if self.partition_key.startswith("HASH") else "DEFAULT"
            yield f"DO $$BEGIN IF EXISTS (SELECT FROM {old}) THEN CREATE TABLE {part} {bounds}; END IF; END$$"
        if shared:
            columns = ", ".join(shared)
            yield f"INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {', '.join(values)} FROM {old}"
        for column in shared:
            before = context.found.find(Identity, f"{old}.{column}")
            after = context.wanted.find(Identity, f"{name}.{column}")
            if before and after and ObjectName(ObjectKind.IDENTITY, f"{name}.{column}") in context.together:
                yield f"SELECT pg_catalog.setval({literal(after.name)}, last_value, is_called) FROM {before.name}"

    def settings(self, name: ObjectName, context: Context) -> Statements:
        if self.of_type:
            yield f"ALTER TABLE {name.name} OF {self.of_type}"
        yield from self._row_security(name.name)

    def _row_security(self, name: str, old: Relation | None = None) -> Statements:
        if self.row_security != (old is not None and old.row_security):
            yield f"ALTER TABLE {name} {'ENABLE' if self.row_security else 'DISABLE'} ROW LEVEL SECURITY"
        if self.forced_row_security != (old is not None and old.forced_row_security):
            yield f"ALTER TABLE {name} {'FORCE' if self.forced_row_security else 'NO FORCE'} ROW LEVEL SECURITY"

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        if old.partition_key != self.partition_key or (old.foreign or (None,))[0] != (self.foreign or (None,))[0]:
            return Instead.REPLACE
        return self._changes(old, name.name, context)

    def _changes(self, old: Self, name: str, context: Context) -> Statements:
        yield from self._change_parents(old, name, context)
        if old.of_type and not self.of_type:
            yield f"ALTER TABLE {name} NOT OF"
        elif self.of_type and old.of_type != self.of_type:
            yield f"ALTER TABLE {name} OF {self.of_type}"
        if old.persistence != self.persistence:
            yield f"ALTER TABLE {name} SET {PERSISTENCE[self.persistence]}"
        if old.method != self.method:
            yield f"ALTER TABLE {name} SET ACCESS METHOD {self.method or 'DEFAULT'}"
        if old.tablespace != self.tablespace:
            yield f"ALTER TABLE {name} SET TABLESPACE {self.tablespace or 'pg_default'}"
        yield from option_changes(f"ALTER TABLE {name}", old.all_options, self.all_options)
        if old.foreign and self.foreign:
            yield from foreign_option_changes(f"ALTER FOREIGN TABLE {name}", old.foreign[1], self.foreign[1])
        yield from self._row_security(name, old)

    def _change_parents(self, old: Self, name: str, context: Context) -> Statements:
        """Parents that come behind a changed one are taken off and put on again: their order counts."""
        kept = self.kept_parents(old)
        for gone in (old.parents or ())[len(kept) :]:
            if ObjectName(ObjectKind.TABLE, gone) in context.wanted.items:
                yield f"ALTER TABLE {name} NO INHERIT {gone}"
        for added in (self.parents or ())[len(kept) :]:
            yield f"ALTER TABLE {name} INHERIT {added}"


class ForeignTable(Table):
    """A foreign table."""

    KIND = ObjectKind.FOREIGN_TABLE


class ColumnOrder(Definition):
    """The order of a table's columns, as text."""

    KIND = ObjectKind.COLUMN_ORDER
    QUERY = Query(
        name=RELATION,
        text="""(SELECT coalesce(string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), '')
          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)""",
        source=f"{RELATIONS} AND c.relkind IN ('r', 'p', 'f') WHERE {OWN_RELATION}",
    )


class IndexMark(Setting):
    """What a table says of one of its indexes."""

    index: str

    def needs(self, name: ObjectName, items: Collection[ObjectName]) -> Iterator[tuple[ObjectName, Tie]]:
        yield from ((ObjectName(kind, name.name), Tie.GOES_ALONG) for kind in TABLES | VIEWS)
        for kind in (ObjectKind.INDEX, ObjectKind.CONSTRAINT):
            yield ObjectName(kind, f"{name.name}.{self.index}"), Tie.GOES_ALONG


class ClusteredOn(IndexMark):
    """The index that a table is clustered on."""

    KIND = ObjectKind.CLUSTERED

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield f"ALTER TABLE {name.name} CLUSTER ON {self.index}"

    def drop(self, name: ObjectName, context: Context) -> Statements:
        yield f"ALTER TABLE {name.name} SET WITHOUT CLUSTER"


class ReplicaIdentity(IndexMark):
    """The index that identifies a table's rows for replicas; or `n`, nothing, or `f`, all columns."""

    KIND = ObjectKind.REPLICA_IDENTITY

    def create(self, name: ObjectName, context: Context) -> Statements:
        how = {"n": "NOTHING", "f": "FULL"}.get(self.index) or f"USING INDEX {self.index}"
        yield f"ALTER TABLE {name.name} REPLICA IDENTITY {how}"

    def drop(self, name: ObjectName, context: Context) -> Statements:
        yield f"ALTER TABLE {name.name} REPLICA IDENTITY DEFAULT"
