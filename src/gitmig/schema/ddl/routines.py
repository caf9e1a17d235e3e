"""Functions, procedures, aggregates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.schema.ddl.rule import Context, Instead, Rule, Statements, dropped, of_kind
from gitmig.schema.definitions import Aggregate
from gitmig.schema.names import literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.schema.definitions import Routine, State

MODIFY = {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}
PARALLEL = {"s": "SAFE", "r": "RESTRICTED"}
NONE = "-"
ROUTINE_HEADS = ("CREATE OR REPLACE FUNCTION", "CREATE OR REPLACE PROCEDURE")
TEXT_BODY = re.compile(r"^ LANGUAGE (?:sql|plpgsql)\b.*^AS \$", re.MULTILINE | re.DOTALL)


def has_text_body(statement: str) -> bool:
    """Whether PostgreSQL would look into the body, and miss what is not there yet."""
    return statement.startswith(ROUTINE_HEADS) and TEXT_BODY.search(statement) is not None


def _create(_name: str, routine: Routine, _context: Context) -> Statements:
    yield routine.definition.rstrip("\n")


def _alter(_name: str, old: Routine, new: Routine, _context: Context) -> Statements | Instead:
    before, after = _signature(old.definition), _signature(new.definition)
    if before != after or _defaults(old.definition) > _defaults(new.definition):
        return Instead.REPLACE
    return [new.definition.rstrip("\n")]


def _signature(definition: str) -> list[str]:
    """Names and types of the arguments, and of the result: what CREATE OR REPLACE cannot change."""
    first, _, rest = definition.partition("\n")
    result = [line for line in rest.split("\n", 1)[:1] if line.startswith(" RETURNS ")]
    window = " WINDOW" in rest.split("AS $", 1)[0]
    return [*(argument.partition(" DEFAULT ")[0] for argument in _arguments(first)), *result, str(window)]


def _defaults(definition: str) -> int:
    return len([1 for argument in _arguments(definition.partition("\n")[0]) if " DEFAULT " in argument])


def _arguments(head: str) -> list[str]:
    """What stands between commas, but for those in brackets and quotes."""
    found, depth, quote, start = [], 0, "", 0
    for position, character in enumerate(head):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "," and depth == 1:
            found.append(head[start:position])
            start = position + 1
    return [*found, head[start:]]


def _create_aggregate(name: str, routine: Routine, _context: Context) -> Statements:
    aggregate = Aggregate.of(routine.definition)
    text = ",\n    ".join(_aggregate_properties(aggregate))
    yield f"CREATE AGGREGATE {name.partition('(')[0]}({aggregate.arguments}) (\n    {text}\n)"


def _aggregate_properties(aggregate: Aggregate) -> Iterator[str]:
    modify = "r" if aggregate.kind == "n" else "w"
    yield from _state("", aggregate.state, modify)
    functions = {"COMBINEFUNC": aggregate.combine, "SERIALFUNC": aggregate.serial, "DESERIALFUNC": aggregate.deserial}
    yield from (f"{word} = {function}" for word, function in functions.items() if function != NONE)
    if aggregate.moving.function != NONE:
        yield from _state("M", aggregate.moving, modify)
        yield f"MINVFUNC = {aggregate.inverse}"
    if aggregate.sort_operator:
        yield f"SORTOP = OPERATOR({qualified(aggregate.sort_operator)})"
    if aggregate.parallel in PARALLEL:
        yield f"PARALLEL = {PARALLEL[aggregate.parallel]}"
    if aggregate.kind == "h":
        yield "HYPOTHETICAL"


def qualified(operator: str) -> str:
    """The name of an operator without its arguments, with its schema."""
    name = operator.partition("(")[0]
    return name if "." in name else f"pg_catalog.{name}"


def _state(prefix: str, state: State, modify: str) -> Iterator[str]:
    yield f"{prefix}SFUNC = {state.function}"
    yield f"{prefix}STYPE = {state.type}"
    if state.space:
        yield f"{prefix}SSPACE = {state.space}"
    if state.first is not None:
        yield f"{prefix}INITCOND = {literal(state.first)}"
    if state.final != NONE:
        yield f"{prefix}FINALFUNC = {state.final}"
    if state.final_extra:
        yield f"{prefix}FINALFUNC_EXTRA"
    if state.final_modify != modify:
        yield f"{prefix}FINALFUNC_MODIFY = {MODIFY[state.final_modify]}"


RULES = {
    "function": Rule(create=_create, drop=dropped("FUNCTION"), alter=_alter, subject=of_kind("FUNCTION")),
    "procedure": Rule(create=_create, drop=dropped("PROCEDURE"), alter=_alter, subject=of_kind("PROCEDURE")),
    "aggregate": Rule(create=_create_aggregate, drop=dropped("ROUTINE"), subject=of_kind("ROUTINE")),
}
