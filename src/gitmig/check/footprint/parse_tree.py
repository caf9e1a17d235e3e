"""Reading PostgreSQL's parse tree: dictionaries with one key, the node's type, and false fields left out."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from gitmig.migrations.parser import Node

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Node", "definition", "find", "text", "texts", "unwrap", "without_places"]
# Where a node stands, and what says only how much a statement forgives: no part of what it makes.
IGNORED = {"location", "arg_location", "stmt_location", "stmt_len", "replace", "if_not_exists", "missing_ok"}


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
