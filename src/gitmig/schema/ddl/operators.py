"""Operators, operator classes and families, access methods, casts, languages, transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitmig.schema.ddl.routines import qualified
from gitmig.schema.ddl.rule import Context, Rule, Statements, dropped, of_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NONE = "-"
CONTEXTS = {"a": " AS ASSIGNMENT", "i": " AS IMPLICIT", "e": ""}
METHODS = {"b": "WITHOUT FUNCTION", "i": "WITH INOUT"}
USES = {"i": "INDEX", "t": "TABLE"}


def _create_operator(name: str, body: Any, _context: Context) -> Statements:
    operator, _, arguments = name.rstrip(")").rpartition("(")
    left, right = _two(arguments)
    properties = [f"FUNCTION = {body[0]}"]
    properties += [f"LEFTARG = {left}"] if left != "NONE" else []
    properties += [f"RIGHTARG = {right}"]
    properties += _operator_properties(body)
    yield f"CREATE OPERATOR {operator} ({', '.join(properties)})"


def _two(arguments: str) -> tuple[str, str]:
    """The types of both arguments: a comma may also stand in a modifier, but no operator has one."""
    left, _, right = arguments.partition(",")
    return left, right


def _operator_properties(body: Any) -> Iterator[str]:
    _, restrict, join, commutator, negator, merges, hashes = body
    if commutator:
        yield f"COMMUTATOR = OPERATOR({qualified(commutator)})"
    if negator:
        yield f"NEGATOR = OPERATOR({qualified(negator)})"
    if restrict != NONE:
        yield f"RESTRICT = {restrict}"
    if join != NONE:
        yield f"JOIN = {join}"
    if hashes:
        yield "HASHES"
    if merges:
        yield "MERGES"


def _operator_subject(name: str) -> str:
    operator, _, arguments = name.rstrip(")").rpartition("(")
    return f"OPERATOR {operator} ({arguments})"


def _drop_operator(name: str, _body: Any, _context: Context) -> Statements:
    yield f"DROP {_operator_subject(name)}"


def _member(member: str) -> str:
    """As CREATE OPERATOR CLASS takes it, from `operator 1 <(a,b)` or `function 1 a, b f(a,b)`."""
    kind, number, rest = member.split(" ", 2)
    if kind == "operator":
        operator, ordering, family = rest.partition(" by ")
        signature = operator if "." in operator.partition("(")[0] else f"pg_catalog.{operator}"
        return f"OPERATOR {number} {signature}{f' FOR ORDER BY {family}' if ordering else ''}"
    types, _, function = rest.partition("(")[0].rpartition(" ")
    return f"FUNCTION {number} ({types}) {function}({rest.partition('(')[2]}"


def _with_method(name: str) -> str:
    family, _, method = name.rpartition(" ")
    return f"{family} USING {method}"


def _create_class(name: str, body: Any, _context: Context) -> Statements:
    type_, default, key, family, members = body
    family_name = name.rpartition(" ")[0]
    text = f"CREATE OPERATOR CLASS {family_name}{' DEFAULT' if default else ''} FOR TYPE {type_}"
    text += f" USING {name.rpartition(' ')[2]} FAMILY {family} AS "
    yield text + ", ".join([*map(_member, members or ()), *([f"STORAGE {key or type_}"] if key or not members else [])])


def _create_family(name: str, body: Any, _context: Context) -> Statements:
    yield f"CREATE OPERATOR FAMILY {_with_method(name)}"
    if body[0]:
        yield f"ALTER OPERATOR FAMILY {_with_method(name)} ADD {', '.join(map(_member, body[0]))}"


def _drop_with_method(kind: str) -> Callable[[str, Any, Context], Statements]:
    return lambda name, _body, _context: (f"DROP {kind} {_with_method(name)}",)


def _create_cast(name: str, body: Any, _context: Context) -> Statements:
    function, context, method = body
    yield f"CREATE CAST ({name}) {METHODS.get(method) or f'WITH FUNCTION {function}'}{CONTEXTS[context]}"


def _create_access_method(name: str, body: Any, _context: Context) -> Statements:
    handler, use = body
    yield f"CREATE ACCESS METHOD {name} TYPE {USES[use]} HANDLER {handler}"


def _create_language(name: str, body: Any, _context: Context) -> Statements:
    trusted, *functions = body
    words = zip(("HANDLER", "INLINE", "VALIDATOR"), functions)
    text = "".join(f" {word} {function.partition('(')[0]}" for word, function in words if function)
    yield f"CREATE {'TRUSTED ' if trusted else ''}LANGUAGE {name}{text}"


def _transform(name: str) -> str:
    type_, _, language = name.rpartition(" ")
    return f"TRANSFORM FOR {type_} LANGUAGE {language}"


def _create_transform(name: str, body: Any, _context: Context) -> Statements:
    words = zip(("FROM SQL", "TO SQL"), body)
    functions = ", ".join(f"{word} WITH FUNCTION {function}" for word, function in words if function)
    yield f"CREATE {_transform(name)} ({functions})"


RULES = {
    "operator": Rule(create=_create_operator, drop=_drop_operator, subject=_operator_subject),
    "operator class": Rule(
        create=_create_class,
        drop=_drop_with_method("OPERATOR CLASS"),
        subject=lambda name: f"OPERATOR CLASS {_with_method(name)}",
    ),
    "operator family": Rule(
        create=_create_family,
        drop=_drop_with_method("OPERATOR FAMILY"),
        subject=lambda name: f"OPERATOR FAMILY {_with_method(name)}",
    ),
    "cast": Rule(
        create=_create_cast,
        drop=lambda name, _body, _context: (f"DROP CAST ({name})",),
        subject=lambda name: f"CAST ({name})",
    ),
    "access method": Rule(
        create=_create_access_method, drop=dropped("ACCESS METHOD"), subject=of_kind("ACCESS METHOD")
    ),
    "language": Rule(create=_create_language, drop=dropped("LANGUAGE"), subject=of_kind("LANGUAGE")),
    "transform": Rule(
        create=_create_transform, drop=lambda name, _body, _context: (f"DROP {_transform(name)}",), subject=_transform
    ),
}
