"""What a row of SQL scripts does to rows, and which objects it leaves behind, as far as their words tell.

A statement writes rows unless it is known not to. In a table that the scripts make themselves, there were nobody's rows
when they were written: there, a changed type or a new name says nothing about rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gitmig.migrations.languages import Effects, Unit
from gitmig.migrations.parser import Unparsed, checksum, parse, statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gitmig.migrations.parser import Statement

    Node = dict[str, Any]

CHANGES = ("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt")
# What they do is not in their words.
OPAQUE = {*CHANGES, "TruncateStmt", "DoStmt", "CallStmt", "ExecuteStmt", ""}
# pg_dump begins with it.
HARMLESS_FUNCTIONS = {"set_config"}
# Behind these PostgreSQL's own names end: no two scripts with one schema need to say them both.
CHOSEN_ENDINGS = ("_pkey", "_key", "_idx", "_fkey", "_check", "_seq", "_excl", "_not_null")
# What a type is under another name; and those of which the length counts.
ALSO_CALLED = {
    "serial": "int4",
    "serial4": "int4",
    "bigserial": "int8",
    "serial8": "int8",
    "smallserial": "int2",
    "serial2": "int2",
}
WITH_LENGTH = {"varchar", "bpchar", "numeric"}
# Where a statement has the name of what it makes: a text, a relation, or a list of words of which the last one counts.
NAMED_BY = {
    "CreateStmt": "relation",
    "CreateTableAsStmt": "into.rel",
    "CreateForeignTableStmt": "base.relation",
    "ViewStmt": "view",
    "IndexStmt": "idxname",
    "CreateSeqStmt": "sequence",
    "CreateFunctionStmt": "funcname",
    "CreateTrigStmt": "trigname",
    "CompositeTypeStmt": "typevar",
    "CreateEnumStmt": "typeName",
    "CreateRangeStmt": "typeName",
    "CreateDomainStmt": "domainname",
    "CreateSchemaStmt": "schemaname",
    "CreateExtensionStmt": "extname",
    "CreatePolicyStmt": "policy_name",
    "RuleStmt": "rulename",
    "DefineStmt": "defnames",
}


def effects(texts: Iterable[str]) -> Iterator[Effects]:
    """The effects of scripts that run in this order, each in the light of those before it."""
    group = _Group()
    for text in texts:
        yield group.read(text)


class _Group:
    """The tables that the scripts have made so far, and the columns that they have added to others with a default."""

    def __init__(self) -> None:
        self._made: set[str] = set()
        self._defaults: dict[tuple[str, str], str] = {}
        self._facts: dict[tuple[str, ...], str] = {}

    def read(self, text: str) -> Effects:
        """The effects of the next script."""
        writing, digests, names, gone = [], [], set[str](), set[str]()
        for statement in statements(text):
            kind, node = _parsed(statement.text)
            if digest := self._writes(kind, node, statement):
                writing.append(Unit(text=statement.text, offset=statement.offset))
                digests.append(digest)
            names |= {name for name in _made(kind, node) if not name.endswith(CHOSEN_ENDINGS)}
            lost = set(_gone(kind, node))
            gone |= lost
            if kind == "AlterEnumStmt":
                lost = {node["typeName"][-1]["String"]["sval"]}
            self._facts = {key: value for key, value in self._facts.items() if not lost.intersection(key)}
            for key, value in _facts(kind, node):
                self._facts[key] = value
            if kind in {"CreateStmt", "CreateTableAsStmt"}:
                self._made |= set(_named(kind, node))
        return Effects(
            writing=tuple(writing),
            digests=tuple(digests),
            names=frozenset(names),
            gone=frozenset(gone),
            facts=self._facts.copy(),
        )

    def _writes(self, kind: str, node: Node, statement: Statement) -> str | None:
        """A digest of the statement, and of what else decides about the rows that it writes; None if it writes none."""
        if kind in {"AlterTableStmt", "RenameStmt"}:
            return self._alters(kind, node, statement)
        return checksum(statement.text) if kind in OPAQUE or _WRITES.get(kind, _never)(node) else None

    def _alters(self, kind: str, node: Node, statement: Statement) -> str | None:
        """Whether it decides about values in a table that was there before."""
        table, own = node.get("relation", {}).get("relname", ""), checksum(statement.text)
        if table in self._made:
            self._made |= {node["newname"]} if node.get("renameType") == "OBJECT_TABLE" else set()
            return None
        if kind == "RenameStmt":
            return own if node["renameType"] in {"OBJECT_TABLE", "OBJECT_COLUMN"} else None
        digests = [self._commanded(command["AlterTableCmd"], table, own) for command in node.get("cmds", ())]
        return "+".join(filter(None, digests)) or None

    def _commanded(self, command: Node, table: str, own: str) -> str | None:
        """A changed type says with USING what becomes of values; a default that goes again was meant for them alone."""
        kind, column = command["subtype"], command.get("def", {}).get("ColumnDef", {})
        if kind == "AT_AddColumn" and any(
            one["Constraint"]["contype"] == "CONSTR_DEFAULT" for one in column.get("constraints", ())
        ):
            self._defaults[table, column["colname"]] = own
        elif kind == "AT_ColumnDefault" and (added := self._defaults.get((table, command["name"]))):
            return f"{added}+{own}"
        return own if kind == "AT_AlterColumnType" and "raw_default" in column else None


def _parsed(text: str) -> tuple[str, Node]:
    """The kind of the statement and its fields; no kind where the parser does not know it."""
    try:
        found = parse(text)
    except Unparsed:
        return "", {}
    if not found:
        return "nothing", {}
    ((kind, node),) = found[0]["stmt"].items()
    return kind, node


def _never(node: Node) -> bool:
    return False


def _queries(node: Node) -> bool:
    """Whether a query makes a table, changes rows, or calls what may do so."""
    called = (call["funcname"][-1]["String"]["sval"] for call in _find(node, {"FuncCall"}))
    writes = "intoClause" in node or next(_find(node, {*CHANGES}), None) is not None
    return writes or any(name not in HARMLESS_FUNCTIONS for name in called)


_WRITES: dict[str, Callable[[Node], bool]] = {
    "SelectStmt": _queries,
    "ExplainStmt": _queries,
    "CopyStmt": lambda node: node.get("is_from", False),
    "CreateTableAsStmt": lambda node: node["objtype"] == "OBJECT_TABLE" and not node["into"].get("skipData"),
    "AlterSeqStmt": lambda node: any(option["DefElem"]["defname"] == "restart" for option in node.get("options", ())),
}


def _made(kind: str, node: Node) -> Iterator[str]:
    """What has a name from now on, or was changed under its name."""
    yield from _named(kind, node)
    if kind in {"CreateStmt", "CreateForeignTableStmt", "CompositeTypeStmt", "AlterTableStmt"}:
        yield from (column["colname"] for column in _find(node, {"ColumnDef"}) if "colname" in column)
    if kind == "AlterTableStmt":
        yield node["relation"]["relname"]
        yield from (
            command["name"]
            for command in _find(node, {"AlterTableCmd"})
            if "name" in command and command["subtype"] != "AT_DropColumn" and "Constraint" not in command["subtype"]
        )
    elif kind == "RenameStmt" and node["renameType"] != "OBJECT_TABCONSTRAINT":
        yield node["newname"]


def _named(kind: str, node: Node) -> Iterator[str]:
    found: Any = node
    for step in NAMED_BY.get(kind, "").split("."):
        found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, list):
        found = found[-1].get("String", {}).get("sval")
    if isinstance(found, dict):
        found = found.get("relname")
    if isinstance(found, str):
        yield found


def _gone(kind: str, node: Node) -> Iterator[str]:
    """What has no such name any more."""
    if kind == "DropStmt":
        yield from (name["sval"] for name in _find(node.get("objects"), {"String"}))
    elif kind == "RenameStmt":
        yield node.get("subname") or node.get("relation", {}).get("relname") or ""
        yield from (name["sval"] for name in _find(node.get("object"), {"String"}))
    elif kind == "AlterTableStmt":
        commands = _find(node, {"AlterTableCmd"})
        yield from (command["name"] for command in commands if command["subtype"] == "AT_DropColumn")


def _facts(kind: str, node: Node) -> Iterator[tuple[tuple[str, ...], str]]:
    """Types of columns, values of enums, bodies of functions: whoever says them otherwise makes another schema."""
    if kind == "CreateStmt":
        for column in _find(node.get("tableElts"), {"ColumnDef"}):
            yield from _typed(node, column.get("colname", ""), column)
    elif kind == "AlterTableStmt":
        for command in _find(node.get("cmds"), {"AlterTableCmd"}):
            column = command.get("def", {}).get("ColumnDef", {})
            yield from _typed(node, command.get("name") or column.get("colname", ""), column)
    elif kind == "CreateEnumStmt":
        yield ("enum", *_named(kind, node)), json.dumps([value["String"] for value in node.get("vals", ())])
    elif kind == "CreateFunctionStmt":
        arguments = [_type(one["argType"]) for one in _find(node.get("parameters"), {"FunctionParameter"})]
        bodies = [option["arg"] for option in _find(node, {"DefElem"}) if option["defname"] == "as"]
        if bodies:
            yield ("function", *_named(kind, node), *arguments), json.dumps(bodies)


def _typed(node: Node, name: str, column: Node) -> Iterator[tuple[tuple[str, ...], str]]:
    if "typeName" in column:
        yield ("column", node["relation"]["relname"], name), _type(column["typeName"])


def _type(node: Node) -> str:
    """A type by its own name, with its length where it has one."""
    name = node["names"][-1]["String"]["sval"] if node.get("names") else ""
    length = [value["ival"] for value in _find(node.get("typmods"), {"A_Const"}) if "ival" in value]
    array = "[]" if "arrayBounds" in node else ""
    return f"{ALSO_CALLED.get(name, name)}{length if name in WITH_LENGTH else ''}{array}"


def _find(node: Any, kinds: set[str]) -> Iterator[Node]:
    """The fields of every node of these kinds."""
    if isinstance(node, list):
        for item in node:
            yield from _find(item, kinds)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in kinds and isinstance(value, dict):
                yield value
            yield from _find(value, kinds)
