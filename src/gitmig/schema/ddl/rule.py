"""What a family of objects says about its kinds: the statements that make, drop and change one.

Clauses that many statements share: comments, options.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

from gitmig.schema.names import last, literal, parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from gitmig.schema.decompose import Model
    from gitmig.schema.model import ObjectName


class Instead(Enum):
    """What to do where no ALTER helps."""

    REPLACE = "drop it and make it again"
    LEAVE = "leave it, and say so"


class Impact(Enum):
    """What a change of an object means for those that need it; every kind includes the ones before it."""

    NONE = 0
    VIEWS = 1  # views, rules, policies, triggers and the like have to go and come back
    EXPRESSIONS = 2  # so have defaults, foreign keys, checks, and indexes with an expression or a condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a rule may look at beside the object it is about."""

    found: Model
    wanted: Model
    retired: frozenset[str] = frozenset()  # types that are being swapped for new ones of the same name
    merged: Mapping[ObjectName, Sequence[ObjectName]] = field(default_factory=dict)  # what is made together with what
    together: frozenset[ObjectName] = frozenset()  # everything that is made together with something else
    taken_over: Mapping[str, str] = field(default_factory=dict)  # by new table the one whose rows it takes over


Statements: TypeAlias = "Iterable[str]"


def _nothing(_name: str, _body: Any, _context: Context) -> Statements:
    return ()


def _replace(_name: str, _old: Any, _new: Any, _context: Context) -> Statements | Instead:
    return Instead.REPLACE


def _no_impact(_old: Any, _new: Any) -> Impact:
    return Impact.NONE


def _anything(_body: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The statements for one kind. Functions get the object's name, its body or both bodies, and the context.

    `settings` is what a newly made object needs beyond `create`, also when it was made together with another one.
    `subject` is what COMMENT ON calls it. What a rule does not cover is left alone, and told.
    """

    create: Callable[[str, Any, Context], Statements]
    drop: Callable[[str, Any, Context], Statements]
    alter: Callable[[str, Any, Any, Context], Statements | Instead] = _replace
    settings: Callable[[str, Any, Context], Statements] = _nothing
    impact: Callable[[Any, Any], Impact] = _no_impact
    subject: Callable[[str], str] = str
    covers: Callable[[Any], bool] = _anything


def on_parent(kind: str) -> Callable[[str], str]:
    """The subject of a part of a table: `TRIGGER g ON s.t`."""
    return lambda name: f"{kind} {last(name)} ON {parent(name)}"


def of_kind(kind: str) -> Callable[[str], str]:
    """The subject of an object with a name of its own: `TABLE s.t`."""
    return lambda name: f"{kind} {name}"


def dropped(kind: str) -> Callable[[str, Any, Context], Statements]:
    """DROP of an object with a name of its own."""
    return lambda name, _body, _context: (f"DROP {kind} {name}",)


def commented(subject: str, comment: str | None) -> str:
    """The statement that sets a comment, or takes it away."""
    return f"COMMENT ON {subject} IS {'NULL' if comment is None else literal(comment)}"


def option_list(options: Iterable[str]) -> str:
    """Options as `a=1` the way WITH and SET take them."""
    return ", ".join(f"{name}={_value(value)}" for name, _, value in (option.partition("=") for option in options))


def _value(value: str) -> str:
    return value if value.replace("_", "").isalnum() else literal(value)


def option_changes(subject: str, old: Iterable[str] | None, new: Iterable[str] | None) -> Iterator[str]:
    """SET and RESET of options; `subject` is as `ALTER TABLE t`."""
    before, after = set(old or ()), set(new or ())
    gone = {option.partition("=")[0] for option in before} - {option.partition("=")[0] for option in after}
    if after - before:
        yield f"{subject} SET ({option_list(sorted(after - before))})"
    if gone:
        yield f"{subject} RESET ({', '.join(sorted(gone))})"


def foreign_options(options: Iterable[str] | None) -> str:
    """OPTIONS (…) for a new object, with a space ahead; nothing if there are none."""
    pairs = [option.partition("=") for option in options or ()]
    texts = [f"{name} {literal(value)}" for name, _, value in pairs]
    return f" OPTIONS ({', '.join(texts)})" if texts else ""


def foreign_option_changes(subject: str, old: Iterable[str] | None, new: Iterable[str] | None) -> Iterator[str]:
    """ADD, SET and DROP of a foreign object's options."""
    before = dict(option.split("=", 1) for option in old or ())
    after = dict(option.split("=", 1) for option in new or ())
    changes = [f"ADD {name} {literal(after[name])}" for name in after if name not in before]
    changes += [f"SET {name} {literal(value)}" for name, value in after.items() if before.get(name, value) != value]
    changes += [f"DROP {name}" for name in before if name not in after]
    if changes:
        yield f"{subject} OPTIONS ({', '.join(changes)})"
