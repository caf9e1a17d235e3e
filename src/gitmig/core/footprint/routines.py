"""Functions and procedures, with what stands in their bodies; DO blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.footprint import blocks
from gitmig.core.footprint.nodes import definition, text, texts
from gitmig.core.footprint.objects import Kind, always_quoted
from gitmig.core.footprint.queries import expression
from gitmig.core.footprint.touches import Manner, Trait, Verb
from gitmig.core.footprint.typenames import is_built_in, read_type, signature, written_type

if TYPE_CHECKING:
    from gitmig.core.footprint.nodes import Node
    from gitmig.core.footprint.objects import Object
    from gitmig.core.footprint.trace import Trace

INPUTS = {"FUNC_PARAM_DEFAULT", "FUNC_PARAM_IN", "FUNC_PARAM_INOUT", "FUNC_PARAM_VARIADIC"}
MODES = {"FUNC_PARAM_OUT": "OUT", "FUNC_PARAM_INOUT": "INOUT", "FUNC_PARAM_VARIADIC": "VARIADIC"}
COLUMN_OF_TABLE = "FUNC_PARAM_TABLE"


def create_function(trace: Trace, node: Node) -> None:
    """CREATE FUNCTION or PROCEDURE."""
    parameters = [item["FunctionParameter"] for item in node.get("parameters", ())]
    inputs = [p["argType"] for p in parameters if p.get("mode", "FUNC_PARAM_DEFAULT") in INPUTS]
    made = trace.routine(node["funcname"], signature([{"TypeName": node} for node in inputs]), new=True)
    lenient = [Trait.LENIENT] if node.get("replace") else []
    trace.touch(Verb.CREATE, made, *lenient, value=definition(node))
    for parameter in parameters:
        read_type(trace, parameter["argType"], Manner.KEY)
        expression(trace, parameter.get("defexpr"), {}, Manner.VIEW)
    if "returnType" in node:
        read_type(trace, node["returnType"], Manner.KEY, aspect="returns")
    rows = _rows(trace, parameters)
    if "sql_body" in node:
        with trace.inside(rows):
            expression(trace, node["sql_body"], {}, Manner.VIEW)
        return
    options = {item["DefElem"]["defname"]: item["DefElem"].get("arg", {}) for item in node.get("options", ())}
    _body(trace, made, options, _head(node, parameters), rows)


def _rows(trace: Trace, parameters: list[Node]) -> dict[str | None, Object]:
    """Parameters that may be rows, by name and by number."""
    rows: dict[str | None, Object] = {}
    for number, parameter in enumerate(parameters, 1):
        names = texts(parameter["argType"].get("names"))
        if not is_built_in(names) and "pct_type" not in parameter["argType"]:
            row = trace.named(names, Kind.TABLE)
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
                    blocks.sql_text(trace, parts[0])
                else:
                    blocks.plpgsql(trace, parts[0], head)

        with trace.using(Manner.CHECKED if in_sql else Manner.BODY):
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
        blocks.plpgsql(trace, text(options.get("as")))
    else:
        trace.cannot_see(f"a DO block in {language}")


def alter_function(trace: Trace, node: Node) -> None:
    """ALTER FUNCTION, but for its name."""
    named = node["func"]
    arguments = None if named.get("args_unspecified") else signature(named.get("objargs", []))
    touched = trace.routine(named["objname"], arguments)
    trace.touch(Verb.ALTER, touched, aspect="options", value=definition(node))


def call(trace: Trace, node: Node) -> None:
    """CALL."""
    expression(trace, {"FuncCall": node["funccall"]}, {})


HANDLERS = {
    "CreateFunctionStmt": create_function,
    "AlterFunctionStmt": alter_function,
    "DoStmt": do,
    "CallStmt": call,
}
