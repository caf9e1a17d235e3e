"""What a Python file says without being run: the constants it assigns, its classes, whether a function does anything.

Migrations of Alembic and Django are the user's code, and those of another commit may be anybody's: gitmig reads their
syntax trees and imports nothing.
"""

from __future__ import annotations

import ast
import platform
import warnings
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from gitmig.migrations.model import InvalidMigrations, Problem

if TYPE_CHECKING:
    import re
    from collections.abc import Container, Iterator, Sequence

Constant: TypeAlias = "str | bytes | int | float | complex | bool | tuple[Constant, ...] | None"
Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
DEEPEST = 50  # names that stand for names
# What `ast.parse` raises; the last ones for what is nested too deep.
NOT_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)


class Unresolved(Exception):
    """A value that only running the file would tell; `line` is where it stands."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class PythonSource(Struct, frozen=True, dict=True):
    """The syntax tree of a file."""

    path: str
    tree: ast.Module

    @classmethod
    def parse(cls, text: str, path: str) -> PythonSource:
        """The tree of a text. Raises InvalidMigrations if it is not of the Python that gitmig itself runs on."""
        try:
            return cls(path, _tree(text))
        except SyntaxError as error:
            message = f"is not Python {_own_version()}: {error.msg}"
            problem = Problem(path=path, line=error.lineno, message=message, hint=NEWER)
        except NOT_PYTHON as error:
            problem = Problem(path=path, message=f"cannot be read as Python: {error}", hint=NEWER)
        raise InvalidMigrations([problem])

    @classmethod
    def head(cls, text: str, path: str, *, end: re.Pattern[str], telling: re.Pattern[str]) -> PythonSource:
        """The tree of what stands before `end`, if nothing behind that is `telling`; else of the whole text.

        A project has hundreds of files, and most of each is what the migration does. Whatever `end` is found in, as in
        a string that goes on behind it, what stands before it is no Python then. Raises InvalidMigrations.
        """
        found = end.search(text)
        if found and not telling.search(text, found.start()):
            with suppress(*NOT_PYTHON):
                return cls(path, _tree(text[: found.start()]))
        return cls.parse(text, path)

    @cached_property
    def names(self) -> dict[str, ast.expr]:
        """The expressions that the module itself assigns, not those below an `if` or `try`; the last one counts."""
        return assignments(self.tree.body)

    def value(self, expression: ast.expr, depth: int = 0) -> Constant:
        """What an expression of constants is; lists are tuples. Raises Unresolved."""
        match expression:
            case ast.Constant(value=value) if value is not ...:
                return value
            case ast.Name(id=name) if name in self.names and depth < DEEPEST:
                return self.value(self.names[name], depth + 1)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return tuple(self._elements(elements, depth + 1))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _sum(expression, self.value(left, depth + 1), self.value(right, depth + 1))
            case ast.JoinedStr(values=parts):
                return "".join(self._piece(part, depth + 1) for part in parts)
        raise Unresolved(expression.lineno)

    def _elements(self, elements: Sequence[ast.expr], depth: int) -> Iterator[Constant]:
        for element in elements:
            if isinstance(element, ast.Starred):
                found = self.value(element.value, depth)
                if not isinstance(found, tuple):
                    raise Unresolved(element.lineno)
                yield from found
            else:
                yield self.value(element, depth)

    def _piece(self, part: ast.expr, depth: int) -> str:
        plain = isinstance(part, ast.FormattedValue) and part.conversion == -1 and part.format_spec is None
        inner = part.value if isinstance(part, ast.FormattedValue) and plain else part
        return str(self.value(inner, depth))

    def function(self, name: str) -> Function | None:
        """The module's function of the name, the last one."""
        found = [n for n in self.tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and n.name == name]
        return found[-1] if found else None

    def classes(self) -> list[ast.ClassDef]:
        """The module's own classes."""
        return [node for node in self.tree.body if isinstance(node, ast.ClassDef)]


NEWER = "correct it, or run gitmig with the Python that the project is written for, or a newer one"


def assignments(body: Sequence[ast.stmt]) -> dict[str, ast.expr]:
    """Name → expression of what a body assigns, with or without an annotation."""
    found: dict[str, ast.expr] = {}
    for statement in body:
        match statement:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    found |= dict(_assigned(target, value))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
    return found


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for one, its in zip(targets, values):
                yield from _assigned(one, its)


def is_blank(function: Function) -> bool:
    """Whether it does nothing: it has a docstring, `pass`, `...` or an empty `return` at most."""
    return all(
        isinstance(statement, ast.Pass)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        or (isinstance(statement, ast.Return) and _is_nothing(statement.value))
        for statement in function.body
    )


def only_raises(function: Function) -> bool:
    """Whether the first thing it does is to raise an error."""
    return next(
        (
            isinstance(statement, ast.Raise)
            for statement in function.body
            if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        ),
        False,
    )


def calls(tree: ast.AST, names: Container[str]) -> Iterator[ast.Call]:
    """Every call, at any depth, of a function or method that has one of the names: `RunSQL(…)`, `m.RunSQL(…)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in names:
            yield node


def called(call: ast.Call) -> str:
    """The last part of the name of what is called; empty if it has none."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_nothing(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _sum(expression: ast.expr, left: Constant, right: Constant) -> Constant:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, tuple) and isinstance(right, tuple):
        return (*left, *right)
    raise Unresolved(expression.lineno)


@lru_cache(maxsize=4096)
def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the user's code, as "invalid escape sequence"
        return ast.parse(text)


def _own_version() -> str:
    return ".".join(platform.python_version_tuple()[:2])
