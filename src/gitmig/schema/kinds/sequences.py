"""Sequences, and the columns they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.schema.kinds.kind import Context, Definition, Instead, Query, Self, Setting, Statements, sql
from gitmig.schema.kinds.privileges import ON_SEQUENCE
from gitmig.schema.model import ObjectKind, ObjectName, Tie
from gitmig.schema.names import default_name, last, literal, parent
from gitmig.schema.scope import OURS, OWN_RELATION, RELATION, RELATIONS, grants, some

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from gitmig.schema.kinds.columns import Column

BITS = {"smallint": 15, "integer": 31, "bigint": 63}
PERSISTENCE = {"p": "LOGGED", "u": "UNLOGGED"}
OWNING_COLUMN = "d.refobjid::regclass || '.' || quote_ident(a.attname)"


class Sequence(Definition):
    """A sequence; `owner` is a column."""

    type: str = sql("format_type(s.seqtypid, NULL)")
    start: int = sql("s.seqstart")
    increment: int = sql("s.seqincrement")
    minimum: int = sql("s.seqmin")
    maximum: int = sql("s.seqmax")
    cache: int = sql("s.seqcache")
    cycle: bool = sql("s.seqcycle")
    persistence: str = sql("c.relpersistence")
    owner: str | None = sql(OWNING_COLUMN)

    KIND = ObjectKind.SEQUENCE
    SPACES = ("relation",)
    RIGHTS = ON_SEQUENCE
    QUERY = Query(
        name=RELATION,
        grants=grants("c.relacl", "s", "c.relowner"),
        of="pg_class c",
        part_of=OWNING_COLUMN,
        source=f"""{RELATIONS} JOIN pg_sequence s ON s.seqrelid = c.oid
  LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
    AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
  LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  LEFT JOIN pg_class o ON o.oid = d.refobjid
WHERE {OWN_RELATION} AND o.relispartition IS NOT TRUE""",
        rare=some("pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace", f"c.relkind = 'S' AND {OURS}"),
    )

    @classmethod
    def plain(cls, type_name: str, increment: int = 1) -> Self:
        """A sequence that only its type was said of, and maybe that it counts downwards."""
        top = 2 ** BITS[type_name]
        minimum, maximum = (1, top - 1) if increment > 0 else (-top, -1)
        start = minimum if increment > 0 else maximum
        return cls(type_name, start, increment, minimum, maximum, 1, False, "p", None)

    def properties(self) -> list[str]:
        """What has to be said about it beside its type."""
        step = [] if self.increment == 1 else [f"INCREMENT BY {self.increment}"]
        return [*step, *self._differences(self.plain(self.type, self.increment))]

    def _differences(self, old: Sequence) -> list[str]:
        """The properties that are not as in the old one."""
        found = []
        if old.increment != self.increment:
            found.append(f"INCREMENT BY {self.increment}")
        if old.minimum != self.minimum:
            found.append(f"MINVALUE {self.minimum}")
        if old.maximum != self.maximum:
            found.append(f"MAXVALUE {self.maximum}")
        if old.start != self.start:
            found.append(f"START WITH {self.start}")
        if old.cache != self.cache:
            found.append(f"CACHE {self.cache}")
        if old.cycle != self.cycle:
            found.append("CYCLE" if self.cycle else "NO CYCLE")
        return found

    def create(self, name: ObjectName, context: Context) -> Statements:
        word = "UNLOGGED SEQUENCE" if self.persistence == "u" else "SEQUENCE"
        typed = [] if self.type == "bigint" else [f"AS {self.type}"]
        yield " ".join([f"CREATE {word} {name.name}", *typed, *self.properties()])

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        return self.alterations(old, name.name)

    def beyond_rows(self, name: str, column: str, context: Context) -> Statements:
        """Lets a new sequence go on behind the values of a column that was there before; not out of its bounds."""
        table = context.found.tables.get(parent(column))
        before = context.found.columns(parent(column)).get(last(column))
        after = context.wanted.columns(parent(column)).get(last(column))
        if table is None or table.foreign or before is None or after is None or after.type not in BITS:
            return
        end, bounds = ("max", (self.start, self.maximum)) if self.increment > 0 else ("min", (self.minimum, self.start))
        end = f"{end}({last(column)})"
        between = f"{bounds[0]} AND {bounds[1]}"
        yield f"SELECT pg_catalog.setval({literal(name)}, {end}) FROM {parent(column)} HAVING {end} BETWEEN {between}"

    def alterations(self, old: Sequence, name: str) -> list[str] | Instead:
        """The statements that change the properties of the sequence of this name."""
        if (old.increment > 0) != (self.increment > 0):
            return Instead.REPLACE  # where it stands would be out of bounds
        moved = old.replaced(type=self.type)
        if old.type != self.type:  # bounds that were the type's own change with it
            before, after = self.plain(old.type, old.increment), self.plain(self.type, self.increment)
            moved = moved.replaced(
                minimum=after.minimum if old.minimum == before.minimum else old.minimum,
                maximum=after.maximum if old.maximum == before.maximum else old.maximum,
            )
        changes = [f"AS {self.type}"] * (old.type != self.type) + self._differences(moved)
        statements = [f"ALTER SEQUENCE {name} {' '.join(changes)}"] if changes else []
        if old.persistence != self.persistence:
            statements.append(f"ALTER SEQUENCE {name} SET {PERSISTENCE[self.persistence]}")
        return statements


class SequenceOwner(Setting):
    """The column that a sequence belongs to."""

    column: str

    KIND = ObjectKind.SEQUENCE_OWNER

    def needs(self, name: ObjectName, items: Collection[ObjectName]) -> Iterator[tuple[ObjectName, Tie]]:
        yield ObjectName(ObjectKind.SEQUENCE, name.name), Tie.GOES_ALONG
        yield ObjectName(ObjectKind.COLUMN, self.column), Tie.NEEDS

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield f"ALTER SEQUENCE {name.name} OWNED BY {self.column}"
        if context.found.find(Sequence, name.name) is None:
            sequence = context.wanted.get(Sequence, ObjectName(ObjectKind.SEQUENCE, name.name))
            yield from sequence.beyond_rows(name.name, self.column, context)

    def drop(self, name: ObjectName, context: Context) -> Statements:
        yield f"ALTER SEQUENCE {name.name} OWNED BY NONE"


def serial_sequence(column: str) -> str:
    """What the sequence of a serial column is called."""
    return f"{parent(parent(column))}.{default_name(column, 'seq')}"


def is_serial(column: str, context: Context) -> bool:
    """Whether the column and its sequence can be made as `serial`: both are new, and all is as it would then be."""
    sequence = ObjectName(ObjectKind.SEQUENCE, serial_sequence(column))
    return sequence in context.together and ObjectName(ObjectKind.DEFAULT, column) in context.together


def could_be_serial(name: str, column: Column, default: str, sequence: Sequence) -> bool:
    """Whether `serial` makes exactly this."""
    return (
        column.type == sequence.type
        and column.not_null
        and sequence == Sequence.plain(sequence.type)
        and default == f"nextval({literal(serial_sequence(name))}::regclass)"
    )
