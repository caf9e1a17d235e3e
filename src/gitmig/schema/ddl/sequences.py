"""Sequences, and the columns they belong to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitmig.schema.ddl.rule import Context, Instead, Rule, Statements, dropped, of_kind
from gitmig.schema.definitions import Sequence
from gitmig.schema.model import DEFAULT, ObjectName
from gitmig.schema.names import default_name, literal, parent

if TYPE_CHECKING:
    from gitmig.schema.definitions import Column

BITS = {"smallint": 15, "integer": 31, "bigint": 63}
PERSISTENCE = {"p": "LOGGED", "u": "UNLOGGED"}


def plain(type_name: str, increment: int = 1) -> Sequence:
    """A sequence that only its type was said of, and maybe that it counts downwards."""
    top = 2 ** BITS[type_name]
    minimum, maximum = (1, top - 1) if increment > 0 else (-top, -1)
    start = minimum if increment > 0 else maximum
    return Sequence(type_name, start, increment, minimum, maximum, 1, False, "p", None)


def _differences(old: Sequence, new: Sequence) -> list[str]:
    """The properties of `new` that are not as in `old`."""
    found = []
    if old.increment != new.increment:
        found.append(f"INCREMENT BY {new.increment}")
    if old.minimum != new.minimum:
        found.append(f"MINVALUE {new.minimum}")
    if old.maximum != new.maximum:
        found.append(f"MAXVALUE {new.maximum}")
    if old.start != new.start:
        found.append(f"START WITH {new.start}")
    if old.cache != new.cache:
        found.append(f"CACHE {new.cache}")
    if old.cycle != new.cycle:
        found.append("CYCLE" if new.cycle else "NO CYCLE")
    return found


def identity_properties(sequence: Sequence) -> list[str]:
    """What has to be said about the sequence of an identity column."""
    step = [] if sequence.increment == 1 else [f"INCREMENT BY {sequence.increment}"]
    return [*step, *_differences(plain(sequence.type, sequence.increment), sequence)]


def is_serial(column: str, context: Context) -> bool:
    """Whether the column and its sequence can be made as `serial`: both are new, and all is as it would then be."""
    name = serial_sequence(column)
    sequence = ObjectName("sequence", name)
    return sequence in context.together and ObjectName(DEFAULT, column) in context.together


def serial_sequence(column: str) -> str:
    """What the sequence of a serial column is called."""
    return f"{parent(parent(column))}.{default_name(column, 'seq')}"


def could_be_serial(name: str, column: Column, default: str | None, sequence: Sequence | None) -> bool:
    """Whether `serial` makes exactly this."""
    return (
        sequence is not None
        and column.type == sequence.type
        and column.not_null
        and sequence == plain(sequence.type)
        and default == f"nextval({literal(serial_sequence(name))}::regclass)"
    )


def _create(name: str, sequence: Sequence, _context: Context) -> Statements:
    start = plain(sequence.type, sequence.increment)
    kind = "UNLOGGED SEQUENCE" if sequence.persistence == "u" else "SEQUENCE"
    typed = [] if sequence.type == "bigint" else [f"AS {sequence.type}"]
    step = [] if sequence.increment == 1 else [f"INCREMENT BY {sequence.increment}"]
    yield " ".join([f"CREATE {kind} {name}", *typed, *step, *_differences(start, sequence)])


def alterations(name: str, old: Sequence, new: Sequence) -> list[str] | Instead:
    """The statements that change a sequence's properties."""
    if (old.increment > 0) != (new.increment > 0):
        return Instead.REPLACE  # where it stands would be out of bounds
    moved = replace(old, type=new.type)
    if old.type != new.type:  # bounds that were the type's own change with it
        before, after = plain(old.type, old.increment), plain(new.type, new.increment)
        moved = replace(
            moved,
            minimum=after.minimum if old.minimum == before.minimum else old.minimum,
            maximum=after.maximum if old.maximum == before.maximum else old.maximum,
        )
    changes = [f"AS {new.type}"] * (old.type != new.type) + _differences(moved, new)
    statements = [f"ALTER SEQUENCE {name} {' '.join(changes)}"] if changes else []
    if old.persistence != new.persistence:
        statements.append(f"ALTER SEQUENCE {name} SET {PERSISTENCE[new.persistence]}")
    return statements


def _alter(name: str, old: Sequence, new: Sequence, _context: Context) -> Statements | Instead:
    return alterations(name, old, new)


def _own(name: str, column: str, _context: Context) -> Statements:
    yield f"ALTER SEQUENCE {name} OWNED BY {column}"


def _disown(name: str, _column: str, _context: Context) -> Statements:
    yield f"ALTER SEQUENCE {name} OWNED BY NONE"


RULES = {
    "sequence": Rule(create=_create, drop=dropped("SEQUENCE"), alter=_alter, subject=of_kind("SEQUENCE")),
    "owner of a sequence": Rule(
        create=_own, drop=_disown, alter=lambda name, _, new, context: list(_own(name, new, context))
    ),
}
