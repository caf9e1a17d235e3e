"""Functions and procedures with what stands in their bodies, SQL or PL/pgSQL; DO blocks; CALL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitmig.check.footprint.model import Action, DependencyKind, NamedKind, Trait
from gitmig.check.footprint.names import is_built_in, read_type, signature, written_type
from gitmig.check.footprint.parse_tree import definition, find, text, texts, unwrap
from gitmig.check.footprint.queries import STATEMENTS, expression, read_labels, statement
from gitmig.check.footprint.trace import forgiving
from gitmig.migrations.parser import Unparsed, parse, parse_plpgsql
from gitmig.schema.names import always_quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gitmig.check.footprint.model import Object
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


INPUTS = {"FUNC_PARAM_DEFAULT", "FUNC_PARAM_IN", "FUNC_PARAM_INOUT", "FUNC_PARAM_VARIADIC"}
MODES = {"FUNC_PARAM_OUT": "OUT", "FUNC_PARAM_INOUT": "INOUT", "FUNC_PARAM_VARIADIC": "VARIADIC"}
COLUMN_OF_TABLE = "FUNC_PARAM_TABLE"
ASSIGNMENT = re.compile(r"\s*[^:=]+:?=")
# What stands in these runs perhaps, or more than once.
CONDITIONAL = {"then_body", "elsif_list", "else_body", "case_when_list", "exceptions", "body"}
# Of these it is enough to know that the statement forgives: rows are no objects, and IF NOT EXISTS is a condition, too.
HARMLESS_UNDER_A_CONDITION = {Action.READ, Action.WRITE, Action.CREATE}
WHOLE_STATEMENT, EXPRESSION = 0, 2
RUNS_A_TEXT = {"PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"}  # beside every `dynquery`
NAME = re.compile(r"[\w$]+")
ROW_TYPE = re.compile(r"([\w.]+)%(?:row)?type", re.IGNORECASE)


def create_function(trace: Trace, node: Node) -> None:
    """CREATE FUNCTION or PROCEDURE."""
    parameters = [item["FunctionParameter"] for item in node.get("parameters", ())]
    inputs = [p["argType"] for p in parameters if p.get("mode", "FUNC_PARAM_DEFAULT") in INPUTS]
    made = trace.routine(node["funcname"], signature([{"TypeName": node} for node in inputs]), new=True)
    forgives = forgiving(node)
    trace.touch(Action.CREATE, made, *forgives, value=definition(node))
    for parameter in parameters:
        read_type(trace, parameter["argType"], DependencyKind.FOLLOWS)
        expression(trace, parameter.get("defexpr"), {}, DependencyKind.BLOCKS)
        read_labels(trace, texts(parameter["argType"].get("names")), parameter.get("defexpr"))
    if "returnType" in node:
        read_type(trace, node["returnType"], DependencyKind.FOLLOWS, aspect="returns")
    rows = _rows(trace, parameters)
    if texts(node.get("returnType", {}).get("names"))[-1:] == ["trigger"]:
        rows |= {"new": made, "old": made}  # of whichever table, is known where there is a trigger
    if "sql_body" in node:
        with trace.inside(rows):
            expression(trace, node["sql_body"], {}, DependencyKind.BLOCKS)
        return
    options = {item["DefElem"]["defname"]: item["DefElem"].get("arg", {}) for item in node.get("options", ())}
    _body(trace, made, options, _head(node, parameters), rows)


def _rows(trace: Trace, parameters: list[Node]) -> dict[str | None, Object]:
    """Parameters that may be rows, by name and by number."""
    rows: dict[str | None, Object] = {}
    for number, parameter in enumerate(parameters, 1):
        names = texts(parameter["argType"].get("names"))
        if not is_built_in(names) and "pct_type" not in parameter["argType"]:
            row = trace.named(names, NamedKind.TABLE)
            rows |= {f"${number}": row, parameter.get("name", f"${number}"): row}
    return rows


def _body(trace: Trace, made: Object, options: dict[str, Node], head: str, rows: dict[str | None, Object]) -> None:
    language = text(options.get("language")).lower()
    parts = texts(options.get("as", {}).get("List", {}).get("items"))
    if not parts:
        return
    if language in {"sql", "plpgsql"}:
        in_sql = language == "sql"

        def walk() -> None:
            with trace.inside(rows):
                if in_sql:
                    sql_text(trace, parts[0])
                else:
                    plpgsql(trace, parts[0], head)

        with trace.using(DependencyKind.CHECKED if in_sql else DependencyKind.AT_CALL):
            walk()
        trace.body(made, walk)
    elif language not in {"c", "internal"}:
        trace.cannot_see(f"a function in {language}")


def _head(node: Node, parameters: list[Node]) -> str:
    """`FUNCTION f(a int, OUT b text) RETURNS SETOF record`: what PL/pgSQL's parser has to know of a function."""
    arguments: list[str] = []
    columns: list[str] = []
    for parameter in parameters:
        mode, name = parameter.get("mode", ""), parameter.get("name")
        words = [MODES.get(mode, ""), always_quoted(name) if name else "", written_type(parameter["argType"])]
        (columns if mode == COLUMN_OF_TABLE else arguments).append(" ".join(words))
    head = f"{'PROCEDURE' if node.get('is_procedure') else 'FUNCTION'} f({', '.join(arguments)})"
    if columns:
        return f"{head} RETURNS TABLE ({', '.join(columns)})"
    return f"{head} RETURNS {written_type(node['returnType'])}" if "returnType" in node else head


def do(trace: Trace, node: Node) -> None:
    """DO: runs at once."""
    options = {item["DefElem"]["defname"]: item["DefElem"].get("arg", {}) for item in node.get("args", ())}
    language = text(options.get("language")).lower() or "plpgsql"
    if language == "plpgsql":
        plpgsql(trace, text(options.get("as")))
    else:
        trace.cannot_see(f"a DO block in {language}")


def alter_function(trace: Trace, node: Node) -> None:
    """ALTER FUNCTION, but for its name."""
    named = node["func"]
    arguments = None if named.get("args_unspecified") else signature(named.get("objargs", []))
    touched = trace.routine(named["objname"], arguments)
    for item in node.get("actions", ()):
        option = item["DefElem"]
        setting = option.get("arg", {}).get("VariableSetStmt", {})
        everything = " of any name" if setting.get("kind") == "VAR_RESET_ALL" else ""
        aspect = f"{option['defname']} {setting.get('name', '')}".strip() + everything
        trace.touch(Action.ALTER, touched, aspect=aspect, value=definition(option))


def call(trace: Trace, node: Node) -> None:
    """CALL."""
    expression(trace, {"FuncCall": node["funccall"]}, {})


def sql_text(trace: Trace, body: str) -> None:
    """The statements of an SQL function, or of an EXECUTE with a constant text."""
    for kind, node in _parsed(trace, body):
        if kind in STATEMENTS:
            statement(trace, kind, node)
        elif trace.dependency is DependencyKind.TRANSIENT:
            trace.define(kind, node)


def plpgsql(trace: Trace, body: str, head: str = "FUNCTION f() RETURNS void") -> None:
    """Every statement of a PL/pgSQL block. The head decides which variables there are, and which RETURNs."""
    try:
        function = plpgsql_function(head, body)
    except Unparsed:
        trace.cannot_see("a PL/pgSQL block that PostgreSQL's parser does not take")
        return
    _declared(trace, function)
    with trace.inside(trace.parameters | _row_variables(trace, function)):
        for variable, name in function.fields:
            if variable in trace.parameters:
                trace.read(trace.parameters[variable].part(NamedKind.COLUMN, name))
        _visit(trace, function.tree.get("action", {}), conditional=False)


class PlpgsqlFunction(Struct, frozen=True):
    """A function as libpg_query has it; `rows` are the declared types of variables that are rows, by name."""

    tree: Node
    rows: Mapping[str, str]

    @property
    def fields(self) -> Iterator[tuple[str, str]]:
        """The fields of rows that it names in PL/pgSQL itself: variable and field."""
        datums = self.tree.get("datums", ())
        for datum in filter(None, datums):
            kind, fields = unwrap(datum)
            if kind == "PLpgSQL_recfield":
                owner = datums[fields.get("recparentno", 0)].get("PLpgSQL_rec", {})
                yield owner.get("refname", ""), fields["fieldname"]


# What the parser says of a field of a variable that it does not know to be a row: it cannot look up types.
NO_TYPES = {"record", "in", "from", "where", "alias"}
NO_ROW = re.compile(r'"([^".]+)\.[^"]+" is not a known variable')
DECLARED = (
    r"(?<![\w.\"]){}\s+(?:constant\s+)?((?:[\w$]+|\"[^\"]+\")(?:\s*\.\s*(?:[\w$]+|\"[^\"]+\"))?(?:%row)?(?:type)?)"
)


def plpgsql_function(head: str, body: str) -> PlpgsqlFunction:
    """Parse a PL/pgSQL function; variables of composite types are taken for records. Raises Unparsed."""
    rows: dict[str, str] = {}
    while True:
        try:
            (found,) = parse_plpgsql(f"CREATE {head} LANGUAGE plpgsql AS $gitmig${body}$gitmig$")
        except Unparsed as error:
            match = NO_ROW.search(error.fault.message)
            name = match[1] if match else ""
            if not name or name in rows:
                raise
            rows[name] = ""
            head, body = (_as_record(part, name, rows) for part in (head, body))
        else:
            tree = found.get("PLpgSQL_function", {})
            return PlpgsqlFunction(tree, _declared_rows(tree, body) | rows)


def _declared_rows(tree: Node, body: str) -> dict[str, str]:
    """The declared types of records, which the parser does not keep."""
    records = {
        fields["PLpgSQL_rec"]["refname"] for fields in filter(None, tree.get("datums", ())) if "PLpgSQL_rec" in fields
    }
    found = {}
    for name in records - {"new", "old"}:
        match = re.search(DECLARED.format(re.escape(name)), body, re.IGNORECASE)
        if match and match[1].lower() not in NO_TYPES:
            found[name] = match[1]
    return found


def _as_record(text: str, name: str, rows: dict[str, str]) -> str:
    """The text with one variable declared as a record, whose type is put into `rows`."""
    match = None if rows[name] else re.search(DECLARED.format(re.escape(name)), text, re.IGNORECASE)
    if match is None:
        return text
    rows[name] = match[1]
    return text[: match.start(1)] + "record" + text[match.end(1) :]


def _row_variables(trace: Trace, function: PlpgsqlFunction) -> dict[str | None, Object]:
    """Variables that may be rows of a table, by name."""
    types = dict(function.rows)
    for datum in filter(None, function.tree.get("datums", ())):
        _, fields = unwrap(datum)
        types.setdefault(
            fields.get("refname", ""), fields.get("datatype", {}).get("PLpgSQL_type", {}).get("typname", "")
        )
    found: dict[str | None, Object] = {}
    for variable, written in types.items():
        names = re.sub(r"%rowtype$", "", written, flags=re.IGNORECASE).replace('"', "").split(".")
        if all(map(NAME.fullmatch, names)) and not is_built_in(names):
            found[variable] = trace.named(names[-2:], NamedKind.TABLE)
    return found


def _declared(trace: Trace, function: PlpgsqlFunction) -> None:
    """Types and defaults of variables; the validator looks up row types when the function is made."""
    types = [*function.rows.values()]
    for datum in filter(None, function.tree.get("datums", ())):
        _, fields = unwrap(datum)
        types.append(fields.get("datatype", {}).get("PLpgSQL_type", {}).get("typname", ""))
        _visit(trace, fields.get("default_val"), conditional=False)
    for match in filter(None, map(ROW_TYPE.fullmatch, types)):
        with trace.using(DependencyKind.CHECKED if trace.dependency is DependencyKind.AT_CALL else None):
            trace.read(trace.named(match[1].split(".")[-2:] if "." in match[1] else [match[1]], NamedKind.TABLE))


def _visit(trace: Trace, node: Any, *, conditional: bool) -> None:
    if isinstance(node, list):
        for item in node:
            _visit(trace, item, conditional=conditional)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "PLpgSQL_expr":
                _expression(trace, value, conditional=conditional)
            elif key in RUNS_A_TEXT:
                _dynamic(trace, value["query"], conditional=conditional)
                rest = {part: inner for part, inner in value.items() if part != "query"}
                _visit(trace, rest, conditional=conditional)
            elif key == "dynquery":
                _dynamic(trace, value, conditional=conditional)
            elif key == "PLpgSQL_stmt_block":
                _visit_block(trace, value, conditional=conditional)
            else:
                _visit(trace, value, conditional=conditional or key in CONDITIONAL)


def _visit_block(trace: Trace, node: Node, *, conditional: bool) -> None:
    """A block runs as a whole, unless it catches exceptions; "it is there already" is what IF NOT EXISTS says."""
    caught = {condition["condname"] for condition in find(node.get("exceptions"), "PLpgSQL_condition")}
    if trace.dependency is DependencyKind.TRANSIENT and any(
        not name.startswith(("duplicate_", "undefined_")) for name in caught
    ):
        trace.cannot_see("a block that catches errors, so that what it does depends on what it finds")
    _visit(trace, node.get("body"), conditional=conditional or bool(caught))
    _visit(trace, node.get("exceptions"), conditional=True)


def _expression(trace: Trace, node: Node, *, conditional: bool) -> None:
    mode, query = node.get("parseMode", WHOLE_STATEMENT), node["query"]
    if mode > EXPRESSION:
        query = ASSIGNMENT.sub("", query, count=1)
    with trace.using(None, *([Trait.FORGIVING] if conditional else [])):
        before = len(trace.touches)
        sql_text(trace, query if mode == WHOLE_STATEMENT else f"SELECT {query}")
    changes = any(touch.action not in HARMLESS_UNDER_A_CONDITION for touch in trace.touches[before:])
    if conditional and changes and trace.dependency is DependencyKind.TRANSIENT:
        trace.cannot_see("a statement that runs under a condition")


def _dynamic(trace: Trace, node: Node, *, conditional: bool) -> None:
    """EXECUTE: a constant text can be read, one that is put together cannot."""
    query = node["PLpgSQL_expr"]["query"]
    constant = constant_of(query)
    if constant is None:
        if trace.dependency is DependencyKind.TRANSIENT:
            trace.cannot_see("EXECUTE of a text that is put together when it runs")
        sql_text(trace, f"SELECT {query}")
        return
    with trace.using(None, *([Trait.FORGIVING] if conditional else [])):
        sql_text(trace, constant)


def constant_of(expression: str) -> str | None:
    """The text that an expression is, where that can be said without running it."""
    try:
        (item,) = parse(f"SELECT {expression}")
    except (Unparsed, ValueError):
        return None
    (target, *_) = item["stmt"].get("SelectStmt", {}).get("targetList") or [{}]
    return _constant(target.get("ResTarget", {}).get("val", {}))


def _constant(value: Node) -> str | None:
    if "A_Const" in value:
        return str(value["A_Const"].get("sval", {}).get("sval", ""))
    call = value.get("FuncCall", {})
    arguments = call.get("args", [])
    if call and text(call["funcname"][-1]) == "format" and arguments and "A_Const" in arguments[0]:
        pattern = str(arguments[0]["A_Const"].get("sval", {}).get("sval", ""))
        values = [_constant(argument) for argument in arguments[1:]]
        if None not in values and len(re.findall(r"%", pattern)) == len(values):
            return re.sub(r"%[sIL]", "{}", pattern.replace("{", "{{").replace("}", "}}")).format(*values)
    return None


def _parsed(trace: Trace, body: str) -> list[tuple[str, Node]]:
    try:
        return [unwrap(item["stmt"]) for item in parse(body) if "stmt" in item]
    except Unparsed:
        trace.cannot_see("a function body that PostgreSQL's parser does not take")
        return []


HANDLERS = {
    "CreateFunctionStmt": create_function,
    "AlterFunctionStmt": alter_function,
    "DoStmt": do,
    "CallStmt": call,
}
