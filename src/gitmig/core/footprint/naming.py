"""What the parts of an expression name: columns, functions, types, operators, collations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.footprint.nodes import text, texts, unwrap
from gitmig.core.footprint.objects import Kind, operator, other, unplaced
from gitmig.core.footprint.touches import Trait
from gitmig.core.footprint.typenames import read_type

if TYPE_CHECKING:
    from gitmig.core.footprint.nodes import Node
    from gitmig.core.footprint.scope import Scope
    from gitmig.core.footprint.trace import Trace

SEQUENCE_FUNCTIONS = {"nextval", "setval", "currval"}
# They take the name of a configuration as their first argument of several.
SEARCH_FUNCTIONS = {"to_tsvector", "to_tsquery", "plainto_tsquery", "phraseto_tsquery", "websearch_to_tsquery"}
# The list only saves touches nobody asks for.
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
        trace.read(trace.named(constant.replace('"', "").split("."), Kind.SEQUENCE))


def _cast(trace: Trace, node: Node, _: Scope) -> None:
    read_type(trace, node["typeName"])
    names = texts(node["typeName"].get("names"))
    constant = node["arg"].get("A_Const", {}).get("sval", {}).get("sval")
    if constant and names[-1:] == ["regclass"]:
        trace.read(trace.named(constant.replace('"', "").split("."), Kind.SEQUENCE))
    elif constant and names[-1:] == ["regconfig"]:
        trace.read(other("tsconfiguration", unplaced(constant.split("."))))
    elif constant and len(names) == 1:  # perhaps a value of an enum
        trace.read(trace.named(names, Kind.TYPE).part(Kind.VALUE, constant))


def _field(trace: Trace, node: Node, scope: Scope) -> None:
    """`(r).x` of a function's parameter, `(…::c).y` of a composite type."""
    kind, fields = unwrap(node["arg"])
    name = text(node["indirection"][0])
    if kind == "TypeCast" and name:
        names = texts(fields["typeName"].get("names"))
        if names[:1] != ["pg_catalog"]:
            trace.read(trace.named(names, Kind.TYPE).part(Kind.COLUMN, name))
    elif kind == "ColumnRef" and name and len(fields["fields"]) == 1:
        scope.column(trace, text(fields["fields"][0]), name)
    elif kind == "ParamRef" and name:
        scope.column(trace, f"${fields.get('number')}", name)


def _operation(trace: Trace, node: Node, _: Scope) -> None:
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
