"""CREATE INDEX CONCURRENTLY and its like: which index is made, and how the same is written without the word."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

from gitmig.core.languages.sql.tokens import statements, tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrentIndex:
    """An index that is built outside a transaction.

    `table` is quoted, `name` None if PostgreSQL chooses it; an expression is the empty string among the `columns`.
    """

    table: str
    name: str | None
    columns: tuple[str, ...]
    unique: bool


def concurrent_index(text: str) -> ConcurrentIndex | None:
    """The index a CREATE INDEX CONCURRENTLY makes; None for every other statement."""
    import pglast

    if "concurrently" not in text.lower():
        return None
    try:
        node = pglast.parse_sql(text)[0].stmt
    except (pglast.parser.ParseError, IndexError):
        return None
    if not isinstance(node, pglast.ast.IndexStmt) or not node.concurrent or node.relation is None:
        return None
    parts = [node.relation.schemaname, node.relation.relname]
    return ConcurrentIndex(
        table=".".join('"' + part.replace('"', '""') + '"' for part in parts if part),
        name=node.idxname,
        columns=tuple(
            element.name or "" for element in (*(node.indexParams or ()), *(node.indexIncludingParams or ()))
        ),
        unique=bool(node.unique),
    )


def is_concurrent(text: str) -> bool:
    """Whether the script has such statements: they do not run inside a transaction."""
    return without_concurrently(text) != text


def without_concurrently(text: str) -> str:
    """The text, at unchanged positions, without the word wherever a plain statement gives the same schema.

    That is at CREATE, DROP and REINDEX INDEX. It stays at DETACH PARTITION, which makes a constraint the plain form
    does not make.
    """
    for statement in statements(text) if "concurrently" in text.lower() else ():
        found = tokens(statement.text) or []
        if found and found[0].kind in {"CREATE", "DROP", "REINDEX"}:
            plain = takewhile(lambda t: t.kind != "ASCII_40", found)  # REINDEX (CONCURRENTLY) is left as it is
            for token in (t for t in plain if t.kind == "CONCURRENTLY"):
                start = statement.offset + token.start
                text = text[:start] + " " * len(token.text) + text[start + len(token.text) :]
    return text
