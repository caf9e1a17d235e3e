"""How a script touches objects, as values that can be kept as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from gitmig.check.footprint.objects import Kind, Object

# Another number makes the footprints that older versions kept worthless.
VERSION = 7


class Verb(Enum):
    """What happens to the object."""

    READ = "read"
    WRITE = "write"
    CREATE = "create"
    DROP = "drop"
    ALTER = "alter"
    RENAME = "rename"


class Manner(Enum):
    """When the object has to be there, and what stays of having read it."""

    ONCE = "once"  # while the statement runs
    CHECKED = "checked"  # while the function that names it is created; nothing stays
    KEY = "key"  # stays, and follows when the object is altered: keys, indexes, column types
    VIEW = "view"  # stays, and stands in the way of altering it: views, triggers, policies, generated columns
    BODY = "body"  # looked up when the function is called


class Trait(Enum):
    """What else is to be known of a touch."""

    LENIENT = "lenient"  # IF EXISTS, IF NOT EXISTS, OR REPLACE, or under a condition
    CHOSEN = "chosen"  # PostgreSQL chooses the name, and another one if it is taken
    WHOLE = "whole"  # every column or member, as SELECT * and LIKE
    REQUIRED = "required"  # a column that every insert has to give
    CASCADE = "cascade"  # and what depends on it
    FOREIGN = "foreign"  # the target of a foreign key or of ON CONFLICT: needs a unique key
    UNIQUE = "unique"  # a unique key
    CALLED = "called"  # a function that runs
    CONVERTED = "converted"  # a change to a type of another family, by USING
    COMPARED = "compared"  # stays, and only works with the type it was made for: foreign keys, checks, expressions


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One touch. `line` counts from 1 in the script, `statement` from 0; `part` counts what one statement makes.

    `aspect` says what an ALTER changes ("type", "default"), how rows are written ("insert", "update", "delete"), what
    an enum value stands beside, what sort of constraint is made, or what a statement copies or grants.
    `value` is a definition: equal values have equal effects. `to` is a renamed object's new self, or the table that
    becomes or stops being a part. `columns` are those an INSERT gives, None if it gives them by position.
    """

    verb: Verb
    object: Object
    line: int
    statement: int
    part: int = 0
    manner: Manner = Manner.ONCE
    traits: frozenset[Trait] = frozenset()
    aspect: str = ""
    value: str = ""
    to: Object | None = None
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """A place that cannot be looked into, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Everything a script touches, in order; `error` says where and why it does not parse."""

    touches: tuple[Touch, ...] = ()
    blind: tuple[Blind, ...] = ()
    error: Blind | None = None

    def to_json(self) -> list[Any]:
        """As plain lists, which `from_json` takes back."""
        blind = [[b.line, b.reason] for b in (*self.blind, *([self.error] if self.error else []))]
        return [[_row(touch) for touch in self.touches], blind, self.error is not None]

    @classmethod
    def from_json(cls, rows: list[Any]) -> Footprint:
        """The footprint that was kept."""
        touches, blind, failed = rows
        places = [Blind(line=line, reason=reason) for line, reason in blind]
        error = places.pop() if failed else None
        return cls(touches=tuple(_touch(*row) for row in touches), blind=tuple(places), error=error)


def _row(touch: Touch) -> list[Any]:
    return [
        touch.verb.value,
        _pair(touch.object),
        touch.line,
        touch.statement,
        touch.part,
        touch.manner.value,
        sorted(trait.value for trait in touch.traits),
        touch.aspect,
        touch.value,
        _pair(touch.to) if touch.to else None,
        touch.columns,
    ]


def _touch(  # noqa: PLR0917  # the order of `_row`
    verb: str,
    named: list[Any],
    line: int,
    statement: int,
    part: int,
    manner: str,
    traits: list[str],
    aspect: str,
    value: str,
    to: list[Any] | None,
    columns: list[str] | None,
) -> Touch:
    return Touch(
        verb=Verb(verb),
        object=_object(named),
        line=line,
        statement=statement,
        part=part,
        manner=Manner(manner),
        traits=frozenset(Trait(trait) for trait in traits),
        aspect=aspect,
        value=value,
        to=_object(to) if to else None,
        columns=None if columns is None else tuple(columns),
    )


def _pair(named: Object) -> list[Any]:
    return [named.kind.value, list(named.path)]


def _object(pair: list[Any]) -> Object:
    return Object(Kind(pair[0]), tuple(pair[1]))
