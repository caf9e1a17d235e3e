"""What queries and expressions read and write: SELECT, INSERT, UPDATE, DELETE, MERGE, and everything inside them.

From top to bottom: what names mean at one place (`Scope`), what the parts of an expression name, the statements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from gitmig.check.footprint.model import Action, DependencyKind, NamedKind, Trait, operator, other, unplaced
from gitmig.check.footprint.names import is_built_in, read_type
from gitmig.check.footprint.parse_tree import find, text, texts, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gitmig.check.footprint.model import Object
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


class Scope(Struct):
    """Tables by alias, None where it is no table of the database; names that WITH makes; the query around."""

    tables: dict[str, Object | None] = field(default_factory=dict)
    common: frozenset[str] = frozenset()
    outer: Scope | None = None

    def owners(self, alias: str | None) -> Iterator[Object]:
        """The tables a column may belong to, from the inside out; all of them without an alias."""
        scope: Scope | None = self
        while scope:
            if alias is None:
                yield from filter(None, scope.tables.values())
            elif alias in scope.tables:
                yield from filter(None, [scope.tables[alias]])
                return
            scope = scope.outer

    def table(self, trace: Trace, node: Node, *, target: bool = False) -> Object | None:
        """A table by its name; names of WITH hide tables, but not as a target."""
        alias = node.get("alias", {}).get("aliasname") or node["relname"]
        if not target and "schemaname" not in node and node["relname"] in self.common:
            self.tables[alias] = None
            return None
        table = trace.relation(node)
        if table.path[1] in {"pg_catalog", "information_schema"} or table.path[2].startswith("pg_"):
            self.tables[alias] = None
            return table
        trace.read(table)
        self.tables[alias] = table
        return table

    def column(self, trace: Trace, alias: str | None, name: str) -> None:
        """Read a column of every table it may belong to, or of the row type of a function's parameter."""
        if alias in trace.parameters and not self._knows(alias):
            trace.read(trace.parameters[alias].part(NamedKind.COLUMN, name))
        for table in self.owners(alias):
            trace.read(table.part(NamedKind.COLUMN, name))

    def _knows(self, alias: str | None) -> bool:
        return alias in self.tables or bool(self.outer and self.outer._knows(alias))


SEQUENCE_FUNCTIONS = {"nextval", "setval", "currval"}
# They take the name of a configuration as their first argument of several.
SEARCH_FUNCTIONS = {"to_tsvector", "to_tsquery", "plainto_tsquery", "phraseto_tsquery", "websearch_to_tsquery"}
# the list only saves useless touches.
BUILT_IN_OPERATORS = frozenset(
    "+ - * / % = <> < > <= >= || -> ->> #> #>> @> <@ && ~ ~* !~ !~* ? ^ & |".split()  # noqa: SIM905  # read more easily
)


def _column_reference(trace: Trace, node: Node, scope: Scope) -> None:
    names = texts(node["fields"])
    if "A_Star" in node["fields"][-1]:
        return
    scope.column(trace, names[-2] if len(names) > 1 else None, names[-1])


def _function_call(trace: Trace, node: Node, _: Scope) -> None:
    names = texts(node["funcname"])
    if names[0] != "pg_catalog":
        called = trace.routine(node["funcname"], None)
        trace.read(called, Trait.CALLED)
        trace.call(called)
    constant = (node.get("args") or [{}])[0].get("A_Const", {}).get("sval", {}).get("sval")
    if constant and names[-1] in SEARCH_FUNCTIONS and len(node["args"]) > 1:
        trace.read(other("tsconfiguration", unplaced(constant.split("."))))
    if constant and names[-1] in SEQUENCE_FUNCTIONS:
        trace.read(trace.named(constant.replace('"', "").split("."), NamedKind.SEQUENCE))


def _cast(trace: Trace, node: Node, _: Scope) -> None:
    read_type(trace, node["typeName"])
    names = texts(node["typeName"].get("names"))
    constant = node["arg"].get("A_Const", {}).get("sval", {}).get("sval")
    if constant and names[-1:] == ["regclass"]:
        trace.read(trace.named(constant.replace('"', "").split("."), NamedKind.SEQUENCE))
    elif constant and names[-1:] == ["regconfig"]:
        trace.read(other("tsconfiguration", unplaced(constant.split("."))))
    elif constant and len(names) == 1:  # perhaps a value of an enum
        trace.read(trace.named(names, NamedKind.TYPE).part(NamedKind.VALUE, constant))


def _field(trace: Trace, node: Node, scope: Scope) -> None:
    """`(r).x` of a function's parameter, `(…::c).y` of a composite type."""
    kind, fields = unwrap(node["arg"])
    name = text(node["indirection"][0])
    if kind == "TypeCast" and name:
        names = texts(fields["typeName"].get("names"))
        if names[:1] != ["pg_catalog"]:
            trace.read(trace.named(names, NamedKind.TYPE).part(NamedKind.COLUMN, name))
    elif kind == "ColumnRef" and name and "A_Star" not in fields["fields"][-1]:
        names = texts(fields["fields"])
        if len(names) == 1:
            scope.column(trace, names[0], name)
        for column in _columns(scope, fields):
            trace.read(column.part(NamedKind.COLUMN, name))
    elif kind == "ParamRef" and name:
        scope.column(trace, f"${fields.get('number')}", name)


def _columns(scope: Scope, reference: Node) -> list[Object]:
    """The column of every table that a reference may belong to."""
    names = texts(reference["fields"])
    owners = scope.owners(names[-2] if len(names) > 1 else None)
    return [table.part(NamedKind.COLUMN, names[-1]) for table in owners]


def _constants(node: Any) -> list[str]:
    """The texts that stand there as they are, one by one or in a list."""
    items = node.get("List", {}).get("items", [node]) if isinstance(node, dict) else []
    found = (item.get("A_Const", {}).get("sval", {}).get("sval") for item in items)
    return [constant for constant in found if constant]


def is_null(value: Node) -> bool:
    """Whether a value is the constant NULL."""
    return bool(value.get("A_Const", {}).get("isnull"))


def read_values(trace: Trace, column: Object, value: Any, dependency: DependencyKind | None = None) -> None:
    """A text that is compared with a column, or put into it, is perhaps a value of an enum."""
    for constant in _constants(value):
        trace.read(column.part(NamedKind.VALUE, constant), dependency=dependency)


def read_labels(trace: Trace, type_name: list[str], value: Any) -> None:
    """A mere text where a value of a type is wanted is perhaps a value of an enum, in braces several of them."""
    if is_built_in(type_name):
        return
    for constant in _constants(value):
        in_braces = constant.startswith("{") and constant.endswith("}")
        for label in constant[1:-1].split(",") if in_braces else [constant]:
            kind = trace.named(type_name, NamedKind.TYPE)
            trace.read(kind.part(NamedKind.VALUE, label.strip(' "')), dependency=DependencyKind.FOLLOWS)


def _operation(trace: Trace, node: Node, scope: Scope) -> None:
    sides = node.get("lexpr", {}), node.get("rexpr", {})
    for side, value in (sides, sides[::-1]):
        if isinstance(side, dict) and "ColumnRef" in side and "A_Star" not in side["ColumnRef"]["fields"][-1]:
            for column in _columns(scope, side["ColumnRef"]):
                read_values(trace, column, value)
    if node.get("kind") == "AEXPR_OP" and (names := texts(node["name"]))[-1] not in BUILT_IN_OPERATORS:
        trace.read(operator(names, None))


def _collation(trace: Trace, node: Node, _: Scope) -> None:
    if names := texts(node.get("collname")):
        trace.read(other("collation", unplaced(names)))


NAMING = {
    "ColumnRef": _column_reference,
    "FuncCall": _function_call,
    "TypeCast": _cast,
    "A_Indirection": _field,
    "A_Expr": _operation,
    "CollateClause": _collation,
}


def statement(trace: Trace, kind: str, node: Node, outer: Scope | None = None) -> None:
    """Note what a query or a data change touches."""
    scope = Scope(outer=outer, common=outer.common if outer else frozenset())
    _common_tables(trace, node.get("withClause"), scope)
    STATEMENTS[kind](trace, node, scope)


def expression(
    trace: Trace,
    node: Any,
    tables: Mapping[str, Object | None],
    dependency: DependencyKind | None = None,
    *traits: Trait,
) -> None:
    """Note what an expression over the tables reads."""
    with trace.using(dependency, *traits):
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
    _needs_key(trace, node, scope)
    rest = {key: value for key, value in node.items() if key not in {"fromClause", "larg", "rarg", "withClause"}}
    into = rest.pop("intoClause", None)
    if into:
        trace.touch(Action.CREATE, trace.relation(into["rel"], new=True))
    _visit(trace, rest, scope)


def _needs_key(trace: Trace, node: Node, scope: Scope) -> None:
    """GROUP BY the primary key of a table allows for its other columns, as long as there is that key."""
    grouped = [item["ColumnRef"] for item in node.get("groupClause", ()) if "ColumnRef" in item]
    named = {texts(reference["fields"])[-1] for reference in grouped}
    for target in node.get("targetList", ()) if grouped else ():
        reference = target.get("ResTarget", {}).get("val", {}).get("ColumnRef")
        if reference and (texts(reference["fields"]) or [""])[-1] not in named:
            names = texts(reference["fields"])
            for table in scope.owners(names[-2] if len(names) > 1 else None):
                trace.read(table, Trait.PRIMARY)


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
        for called in find(node.get("functions"), "FuncCall") if trace.dependency is DependencyKind.BLOCKS else ():
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
    query = node.get("selectStmt", {}).get("SelectStmt", {})
    perhaps = [] if {"fromClause", "whereClause", "larg", "limitCount"}.isdisjoint(query) else [Trait.PERHAPS]
    rows = [row.get("List", {}).get("items", ()) for row in query.get("valuesLists", ())]
    written_values = [[row[number] for row in rows if number < len(row)] for number in range(len(columns))]
    given = [name for name, values in zip(columns, written_values) if not any("SetToDefault" in one for one in values)]
    by_position = not columns and "selectStmt" in node
    trace.touch(Action.WRITE, table, *perhaps, aspect="insert", columns=None if by_position else given)
    for column, values in zip(columns, written_values):
        written = table.part(NamedKind.COLUMN, column)
        null = [Trait.NULL] if any(map(is_null, values)) else []
        trace.touch(Action.WRITE, written, *null, aspect="insert")
        for value in values:
            read_values(trace, written, value)
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
            trace.read(table.part(NamedKind.COLUMN, name), Trait.FOREIGN)
    if "conname" in infer:
        trace.read(table.part(NamedKind.CONSTRAINT, infer["conname"]))
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
        fields = target["ResTarget"]
        column = table.part(NamedKind.COLUMN, fields["name"])
        null = [Trait.NULL, Trait.PERHAPS] if is_null(fields.get("val", {})) else []
        trace.touch(Action.WRITE, column, *null, aspect="update")
        if attribute := text((fields.get("indirection") or [{}])[0]):
            trace.read(column.part(NamedKind.COLUMN, attribute))
        read_values(trace, column, fields.get("val"))


def _delete(trace: Trace, node: Node, scope: Scope) -> None:
    table = scope.table(trace, node["relation"], target=True)
    assert table is not None
    trace.touch(Action.WRITE, table, aspect="delete")
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
            trace.touch(Action.WRITE, table, Trait.PERHAPS, aspect=command, columns=names or None)
        for name in names:
            trace.touch(Action.WRITE, table.part(NamedKind.COLUMN, name), aspect=command)
    _visit(trace, {key: node[key] for key in ("joinCondition", "mergeWhenClauses") if key in node}, scope)


STATEMENTS = {
    "SelectStmt": _select,
    "InsertStmt": _insert,
    "UpdateStmt": _update,
    "DeleteStmt": _delete,
    "MergeStmt": _merge,
}
