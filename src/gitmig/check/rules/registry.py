"""The registry of rules: every code that gitmig can print, with its words, its examples and what a proof makes of it.

A rule is one function below `@rule`, in the module of its family. Its docstring is what people read about it: a
sentence, then perhaps more, in Markdown. With `@on_sides` it is run on the two sides of a check, with `@on_pairs` on
every two effects that meet on one object; else it is called by its name. docs/findings.md is made from all of them.
"""

from __future__ import annotations

import inspect
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, TypeVar

from msgspec import Struct

from gitmig.check.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gitmig.check.effects import Effect
    from gitmig.check.footprint.model import Object
    from gitmig.check.sides import Sides

    Scripts = str | Mapping[str, str | Literal[False]]

P = ParamSpec("P")
T = TypeVar("T")


class Family(Enum):
    """What the rules are about, by the first digit of their codes; the headings of docs/findings.md."""

    SETS = "1", "Sets of migrations"
    OBJECTS = "2", "Objects"
    MERGED = "3", "The merged set"
    UNSEEN = "4", "What was not seen"
    PROVEN = "5", "What running both orders has shown"
    CLIENTS = "6", "Source code"
    STATEMENTS = "7", "Single statements"

    @property
    def title(self) -> str:
        """The heading."""
        return self.value[1]


class WhenProven(Enum):
    """What becomes of a finding if a proof has run every order and all gave one schema."""

    KEPT = "kept"
    GONE = "gone"
    UNCERTAIN = "uncertain"  # it stays, but a scratch database has only the rows that migrations insert
    NOTED = "noted"  # it stays as a note


class Example(Struct, frozen=True, kw_only=True):
    """What both sides add; `base` is what both have.

    A text is the up script of one migration; a mapping holds texts by the names of their files, False for one that is
    deleted. `note` says what the scripts do not show.
    """

    ours: Scripts = ""
    theirs: Scripts = ""
    base: Scripts = ""
    note: str = ""

    def __str__(self) -> str:
        """As SQL, with a comment before the part of each side."""
        parts = (("both have", self.base), ("ours", self.ours), ("theirs", self.theirs))
        lines = [line for side, given in parts for line in _shown(side, given)]
        return "\n".join([*lines, *([f"-- {self.note}"] if self.note else [])])


def _shown(side: str, given: Scripts) -> Iterator[str]:
    if isinstance(given, str):
        yield from [f"-- {side}", given] if given else []
        return
    for name, text in given.items():
        yield f"-- {side}: {name}" if text else f"-- {side}: without {name}"
        if text:
            yield text.rstrip()


class CheckRule(Struct, Generic[P, T], frozen=True, kw_only=True):
    """A rule with its words. `severity` is what its findings have as a rule; a finding may be given another one.

    `summary` is one sentence, `explanation` more of them, or empty. `hint` says what to do; a finding may be given a
    better one. `conflict` is an example of what is found, `harmless` one of what is fine, though it looks much like it.
    """

    code: str
    title: str
    severity: Severity
    summary: str
    explanation: str
    hint: str
    conflict: Example
    harmless: Example | None
    when_proven: WhenProven
    find: Callable[P, T]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """What the rule says."""
        return self.find(*args, **kwargs)

    @property
    def family(self) -> Family:
        """What the rule is about."""
        return next(family for family in Family if family.value[0] == self.code[2])

    def finding(
        self,
        message: str,
        hint: str | None = None,
        *,
        severity: Severity | None = None,
        migrations: tuple[str, ...] = (),
        objects: tuple[str, ...] = (),
        path: str | None = None,
        line: int | None = None,
        doubt: str | None = None,
    ) -> Finding:
        """A finding under the rule's code; with the rule's severity and hint if it is given none."""
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            message=message,
            hint=hint or self.hint,
            migrations=migrations,
            objects=objects,
            path=path,
            line=line,
            doubt=doubt,
        )


class Conflict(Struct, frozen=True, kw_only=True):
    """What a rule says about two effects.

    `object` is what it is about; `doubt` why it is not certain; without a `severity` or `hint` it has that of the rule.
    """

    object: Object
    message: str
    hint: str | None = None
    severity: Severity | None = None
    doubt: str | None = None


RULES: dict[str, CheckRule[..., Any]] = {}
SIDE_RULES: list[CheckRule[[Sides], Iterator[Finding]]] = []
# In the order of their codes: of two that say something about a pair, the first one counts.
PAIR_RULES: list[CheckRule[[Effect, Effect], Conflict | None]] = []


def rule(
    code: str,
    title: str,
    severity: Severity,
    *,
    hint: str,
    conflict: Example,
    harmless: Example | None = None,
    when_proven: WhenProven = WhenProven.KEPT,
) -> Callable[[Callable[P, T]], CheckRule[P, T]]:
    """Register a function as the rule of a code, which no other rule has."""

    def register(find: Callable[P, T]) -> CheckRule[P, T]:
        summary, _, explanation = (inspect.getdoc(find) or f"{title}.").partition("\n\n")
        made = CheckRule(
            code=code,
            title=title,
            severity=severity,
            summary=" ".join(summary.split()),
            explanation=explanation,
            hint=hint,
            conflict=conflict,
            harmless=harmless,
            when_proven=when_proven,
            find=find,
        )
        if code in RULES:
            raise ValueError(f"two rules have the code {code}")
        RULES[code] = made
        return made

    return register


def on_sides(made: CheckRule[[Sides], Iterator[Finding]]) -> CheckRule[[Sides], Iterator[Finding]]:
    """Have a rule run on the two sides of every check."""
    SIDE_RULES.append(made)
    return made


def on_pairs(made: CheckRule[[Effect, Effect], Conflict | None]) -> CheckRule[[Effect, Effect], Conflict | None]:
    """Have a rule run on every two effects that meet on one object, in both orders."""
    PAIR_RULES.append(made)
    PAIR_RULES.sort(key=lambda one: one.code)
    return made
