"""PostgreSQL's parse tree as libpg_query's JSON: dictionaries with one key, the node's type, and false fields left out.

The JSON form is read seven times as fast as the library's classes are made. The parser is called here only.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Node = dict[str, Any]
# Where a node stands, and what says only how much a statement forgives: no part of what it makes.
IGNORED = {"location", "arg_location", "stmt_location", "stmt_len", "replace", "if_not_exists", "missing_ok"}


class NotParsed(Exception):
    """PostgreSQL's parser does not take a text: `reason` in its words, `offset` in characters."""

    def __init__(self, error: Exception) -> None:
        super().__init__(*error.args)
        self.reason = str(error.args[0])
        self.offset = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else 0


def parse(text: str) -> list[Node]:
    """The statements of a script, each with its place: `stmt`, `stmt_location`. Raises NotParsed."""
    import pglast.parser

    try:
        statements: list[Node] = json.loads(pglast.parser.parse_sql_json(text)).get("stmts", [])
    except pglast.parser.ParseError as error:
        raise NotParsed(error) from error
    return statements


def parse_plpgsql(text: str) -> list[Node]:
    """The PL/pgSQL functions that a CREATE FUNCTION makes. Raises NotParsed."""
    import pglast.parser

    try:
        functions: list[Node] = json.loads(pglast.parser.parse_plpgsql_json(text))
    except pglast.parser.ParseError as error:
        raise NotParsed(error) from error
    return functions


def unwrap(node: Node) -> tuple[str, Node]:
    """`{"SelectStmt": {…}}` → the type and the fields."""
    ((name, fields),) = node.items()
    return name, fields


def text(node: Node | None) -> str:
    """The text of a String node; empty for anything else."""
    return str(node["String"].get("sval", "")) if node and "String" in node else ""


def texts(nodes: list[Node] | None) -> list[str]:
    """The texts of a list of String nodes."""
    return [text(node) for node in nodes or ()]


def definition(node: Any) -> str:
    """A digest that is equal where two nodes make the same."""
    plain = json.dumps(without_places(node), sort_keys=True)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def find(node: Any, name: str) -> Iterator[Node]:
    """The fields of every node of a type below `node`, that one included, from the outside in."""
    if isinstance(node, list):
        for item in node:
            yield from find(item, name)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == name:
                yield value
            yield from find(value, name)


def without_places(node: Any) -> Any:
    """The node with nothing in it but what it makes."""
    if isinstance(node, list):
        return [without_places(item) for item in node]
    if isinstance(node, dict):
        return {key: without_places(value) for key, value in node.items() if key not in IGNORED}
    return node
