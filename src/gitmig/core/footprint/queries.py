"""What queries and expressions read and write: SELECT, INSERT, UPDATE, DELETE, MERGE, and everything inside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitmig.core.footprint.naming import NAMING
from gitmig.core.footprint.nodes import find, text, texts, unwrap
from gitmig.core.footprint.objects import Kind
from gitmig.core.footprint.scope import Scope
from gitmig.core.footprint.touches import Manner, Trait, Verb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gitmig.core.footprint.nodes import Node
    from gitmig.core.footprint.objects import Object
    from gitmig.core.footprint.trace import Trace


def statement(trace: Trace, kind: str, node: Node, outer: Scope | None = None) -> None:
    """Note what a query or a data change touches."""
    scope = Scope(outer=outer, common=outer.common if outer else frozenset())
    _common_tables(trace, node.get("withClause"), scope)
    STATEMENTS[kind](trace, node, scope)


def expression(
    trace: Trace, node: Any, tables: Mapping[str, Object | None], manner: Manner | None = None, *traits: Trait
) -> None:
    """Note what an expression over the tables reads."""
    with trace.using(manner, *traits):
        _visit(trace, node, Scope(tables=dict(tables)))


def _visit(trace: Trace, node: Any, scope: Scope) -> None:
    if isinstance(node, list):
        for item in node:
            _visit(trace, item, scope)
        return
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key in STATEMENTS:
            statement(trace, key, value, scope)
        else:
            if key in NAMING:
                NAMING[key](trace, value, scope)
            _visit(trace, value, scope)


def _common_tables(trace: Trace, clause: Node | None, scope: Scope) -> None:
    for node in (clause or {}).get("ctes", ()):
        common = node["CommonTableExpr"]
        if clause and clause.get("recursive"):
            scope.common |= {common["ctename"]}
        statement(trace, *unwrap(common["ctequery"]), scope)
        scope.common |= {common["ctename"]}


def _select(trace: Trace, node: Node, scope: Scope) -> None:
    for side in ("larg", "rarg"):
        if side in node:
            statement(trace, "SelectStmt", node[side], scope)
    for item in node.get("fromClause", ()):
        _from(trace, item, scope)
    for target in node.get("targetList", ()):
        _star(trace, target, scope)
    rest = {key: value for key, value in node.items() if key not in {"fromClause", "larg", "rarg", "withClause"}}
    into = rest.pop("intoClause", None)
    if into:
        trace.touch(Verb.CREATE, trace.relation(into["rel"], new=True))
    _visit(trace, rest, scope)


def _from(trace: Trace, item: Node, scope: Scope) -> None:
    """Bring what stands in FROM into scope."""
    kind, node = unwrap(item)
    alias = node.get("alias", {}).get("aliasname")
    if kind == "RangeVar":
        scope.table(trace, node)
    elif kind == "JoinExpr":
        _from(trace, node["larg"], scope)
        _from(trace, node["rarg"], scope)
        for column in texts(node.get("usingClause")):
            scope.column(trace, None, column)
        if node.get("isNatural"):
            for table in scope.owners(None):
                trace.read(table, Trait.WHOLE)
        _visit(trace, node.get("quals"), scope)
    elif kind == "RangeSubselect":
        outer = scope if node.get("lateral") else Scope(common=scope.common, outer=scope.outer)
        statement(trace, *unwrap(node["subquery"]), outer)
        scope.tables[alias or ""] = None
    else:  # a function, a sample
        _visit(trace, node, scope)
        scope.tables.setdefault(alias or kind, None)
        for called in find(node.get("functions"), "FuncCall") if trace.manner is Manner.VIEW else ():
            # a view keeps the names of all columns of the function's row
            trace.read(trace.routine(called["funcname"], None), Trait.WHOLE)


def _star(trace: Trace, target: Node, scope: Scope) -> None:
    fields = target.get("ResTarget", {}).get("val", {}).get("ColumnRef", {}).get("fields", [])
    if fields and "A_Star" in fields[-1]:
        own = Scope(tables=scope.tables)
        for table in own.owners(text(fields[-2]) if len(fields) > 1 else None):
            trace.read(table, Trait.WHOLE)


def _insert(trace: Trace, node: Node, scope: Scope) -> None:
    table = scope.table(trace, node["relation"], target=True)
    assert table is not None  # a target is a table
    columns = [target["ResTarget"]["name"] for target in node.get("cols", ())]
    trace.touch(Verb.WRITE, table, aspect="insert", columns=columns or None)
    for column in columns:
        trace.touch(Verb.WRITE, table.part(Kind.COLUMN, column), aspect="insert")
    if "selectStmt" in node:
        statement(trace, *unwrap(node["selectStmt"]), Scope(common=scope.common, outer=scope.outer))
    _visit(trace, node.get("returningList"), scope)
    conflict = node.get("onConflictClause")
    if conflict:
        scope.tables["excluded"] = table
        _on_conflict(trace, conflict, table, scope)


def _on_conflict(trace: Trace, clause: Node, table: Object, scope: Scope) -> None:
    infer = clause.get("infer", {})
    for element in infer.get("indexElems", ()):
        name = element["IndexElem"].get("name")
        if name:
            trace.read(table.part(Kind.COLUMN, name), Trait.FOREIGN)
    if "conname" in infer:
        trace.read(table.part(Kind.CONSTRAINT, infer["conname"]))
    _assignments(trace, clause.get("targetList", ()), table)
    _visit(trace, clause, scope)


def _update(trace: Trace, node: Node, scope: Scope) -> None:
    table = scope.table(trace, node["relation"], target=True)
    assert table is not None
    for item in node.get("fromClause", ()):
        _from(trace, item, scope)
    _assignments(trace, node.get("targetList", ()), table)
    rest = {key: value for key, value in node.items() if key not in {"fromClause", "relation", "withClause"}}
    _visit(trace, rest, scope)


def _assignments(trace: Trace, targets: Iterable[Node], table: Object) -> None:
    for target in targets:
        trace.touch(Verb.WRITE, table.part(Kind.COLUMN, target["ResTarget"]["name"]), aspect="update")


def _delete(trace: Trace, node: Node, scope: Scope) -> None:
    table = scope.table(trace, node["relation"], target=True)
    assert table is not None
    trace.touch(Verb.WRITE, table, aspect="delete")
    for item in node.get("usingClause", ()):
        _from(trace, item, scope)
    rest = {key: value for key, value in node.items() if key not in {"usingClause", "relation", "withClause"}}
    _visit(trace, rest, scope)


def _merge(trace: Trace, node: Node, scope: Scope) -> None:
    table = scope.table(trace, node["relation"], target=True)
    assert table is not None
    _from(trace, node["sourceRelation"], scope)
    for item in node.get("mergeWhenClauses", ()):
        clause = item["MergeWhenClause"]
        command = clause.get("commandType", "").removeprefix("CMD_").lower()
        names = [target["ResTarget"]["name"] for target in clause.get("targetList", ())]
        if command in {"insert", "delete"}:
            trace.touch(Verb.WRITE, table, aspect=command, columns=names or None)
        for name in names:
            trace.touch(Verb.WRITE, table.part(Kind.COLUMN, name), aspect=command)
    _visit(trace, {key: node[key] for key in ("joinCondition", "mergeWhenClauses") if key in node}, scope)


STATEMENTS = {
    "SelectStmt": _select,
    "InsertStmt": _insert,
    "UpdateStmt": _update,
    "DeleteStmt": _delete,
    "MergeStmt": _merge,
}
