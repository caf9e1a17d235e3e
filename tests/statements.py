"""Every statement that gitmig sends, looked at as it is sent: at home in truth, or the same under every search path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import postgast
import psycopg
from google.protobuf.json_format import MessageToDict

from gitmig.postgres import connection
from gitmig.postgres.connection import Connection
from gitmig.postgres.session import SearchPath

if TYPE_CHECKING:
    import pytest

HOME = "pg_catalog, pg_temp"
PLACEHOLDER = re.compile(r"%(?:s|\((\w+)\)s)")
# Kinds of expressions that look an operator up by its bare name, whatever stands there.
BARE = {
    "AEXPR_DISTINCT",
    "AEXPR_NOT_DISTINCT",
    "AEXPR_NULLIF",
    "AEXPR_IN",
    "AEXPR_BETWEEN",
    "AEXPR_NOT_BETWEEN",
    "AEXPR_BETWEEN_SYM",
    "AEXPR_NOT_BETWEEN_SYM",
}


class Scanner:
    """What is wrong with the statements so far, and how many of each kind were looked at."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.seen = dict.fromkeys(SearchPath, 0)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Look at every statement from now on."""
        prepare = Connection.prepare_path
        note = Connection.note_statement
        send = Connection._send

        def prepare_path(connection: Connection) -> None:
            prepare(connection)
            status = connection.info.transaction_status
            is_open = connection.pgconn.pipeline_status == psycopg.pq.PipelineStatus.OFF
            if (
                connection.state.wanted is SearchPath.HOME
                and status != psycopg.pq.TransactionStatus.INERROR
                and is_open
            ):
                self._look_home(connection)

        def note_statement(connection: Connection, query: psycopg.abc.Query) -> None:
            self.seen[connection.state.wanted] += 1
            if connection.state.wanted is not SearchPath.HOME:
                self._parse(_text(query, connection))
            note(connection, query)

        def sent(connection: Connection, *statements: bytes) -> list[psycopg.rows.TupleRow]:
            for statement in statements:
                self._parse(statement.decode())
            return send(connection, *statements)

        def joined(connection: Connection, query: Any) -> tuple[Any, int]:
            connection.prepare_path()  # on its own, so that it can be looked at
            return query, 0

        monkeypatch.setattr(connection.Connection, "prepare_path", prepare_path)
        monkeypatch.setattr(connection.Connection, "joined", joined)
        monkeypatch.setattr(connection.Connection, "ahead", _at_once)
        monkeypatch.setattr(connection.Connection, "note_statement", note_statement)
        monkeypatch.setattr(connection.Connection, "_send", sent)

    def _look_home(self, connection: Connection) -> None:
        found = psycopg.Cursor(connection).execute("SHOW search_path").fetchone()
        if found is None or str(found[0]).replace('"', "") != HOME:
            self.faults.append(f"a statement was about to run under {found}")

    def _parse(self, text: str) -> None:
        self.faults += [f"{fault} in {' '.join(text.split())}" for fault in unqualified(text)]


def send(connection: Connection, text: str) -> list[tuple[object, ...]]:
    """Send a statement of a test's own on a connection of gitmig's, under the path that is wanted."""
    connection.prepare_path()
    cursor = psycopg.Cursor(connection)
    try:
        cursor.execute(text.encode())
        return cursor.fetchall() if cursor.description else []
    finally:
        connection.note_statement(b"")


def unqualified(text: str) -> list[str]:
    """What a statement looks up along the search path."""
    try:
        tree = MessageToDict(postgast.parse(PLACEHOLDER.sub("$1", text).replace("%%", "%")))  # type: ignore[no-untyped-call]
    except postgast.PgQueryError as error:
        return [f"does not parse: {error}"]
    ctes = set(re.findall(r"(\w+)(?:\([\w, ]*\))? AS (?:MATERIALIZED )?\(", text))
    faults: list[str] = []
    _walk(tree, ctes, faults)
    return faults


def _walk(node: Any, ctes: set[str], faults: list[str]) -> None:
    if isinstance(node, list):
        for one in node:
            _walk(one, ctes, faults)
    elif isinstance(node, dict):
        for kind, value in node.items():
            if isinstance(value, dict):
                faults += _faults(kind, value, ctes)
            _walk(value, ctes, faults)


def _faults(kind: str, node: dict[str, Any], ctes: set[str]) -> list[str]:
    names = [
        one.get("String", {}).get("sval", "")
        for one in node.get("funcname", node.get("name", node.get("names", [])))
        if isinstance(one, dict)
    ]
    relation = node.get("relname")
    found = {
        f"function {names}": kind == "FuncCall" and len(names) < 2,
        f"operator {names}": kind == "A_Expr" and (len(names) < 2 or node.get("kind") in BARE),
        f"type {names}": kind in {"TypeName", "typeName"} and len(names) < 2,
        f"relation {relation}": relation and not node.get("schemaname") and relation not in ctes,
        "IN": kind == "SubLink" and node.get("subLinkType") == "ANY_SUBLINK" and not node.get("operName"),
        "CASE with a value": kind == "CaseExpr" and "arg" in node,
        "USING": kind == "JoinExpr" and ("usingClause" in node or node.get("isNatural")),
    }
    return [fault for fault, is_there in found.items() if is_there]


def _at_once(connection: Connection, *statements: psycopg.sql.SQL | psycopg.sql.Composed) -> None:
    """Statements that go ahead of others, each on its own."""
    for statement in statements:
        connection.execute(statement)


def _text(query: psycopg.abc.Query, connection: Connection) -> str:
    if isinstance(query, bytes):
        return query.decode()
    return query.as_string(connection) if isinstance(query, psycopg.sql.Composable) else str(query)
