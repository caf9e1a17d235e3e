"""CREATE AGGREGATE, OPERATOR, COLLATION and the other definitions in one form; casts, operator classes, text search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.any_object import named_object
from gitmig.check.footprint.model import Action, DependencyKind, NamedKind, Object, Trait, operator, other, unplaced
from gitmig.check.footprint.names import read_type, signature
from gitmig.check.footprint.parse_tree import definition, find, text, texts
from gitmig.check.footprint.trace import forgiving

if TYPE_CHECKING:
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace

# Options of a definition that name a function.
FUNCTIONS = {"sfunc", "finalfunc", "combinefunc", "procedure", "function"}


def define(trace: Trace, node: Node) -> None:
    """The definition, and what it is made from: a function, a type, an object of the same kind that it copies."""
    kind = node.get("kind", "")
    options = {item["DefElem"]["defname"]: item["DefElem"].get("arg", {}) for item in node.get("definition", ())}
    if kind == "OBJECT_AGGREGATE":
        made = trace.routine(node["defnames"], _aggregated(node, options), new=True)
    elif kind == "OBJECT_TYPE":
        made = trace.named(node["defnames"], NamedKind.TYPE, new=True)
    elif kind == "OBJECT_OPERATOR":
        sides = [options[side] for side in ("leftarg", "rightarg") if "TypeName" in options.get(side, {})]
        made = operator(texts(node["defnames"]), signature(sides))
        for side in sides:
            read_type(trace, side["TypeName"], DependencyKind.BLOCKS)
    else:
        made = other(_kind(kind), unplaced(texts(node["defnames"])))
    trace.touch(Action.CREATE, made, *forgiving(node), value=definition(node))
    for name, value in options.items():
        names = [text(item) for item in value.get("List", {}).get("items", ())] or texts(
            value.get("TypeName", {}).get("names")
        )
        if name in FUNCTIONS and names and names[0] != "pg_catalog":
            trace.read(trace.routine(value["TypeName"]["names"], None), dependency=DependencyKind.BLOCKS)
        elif name in {"commutator", "negator"} and names:
            trace.read(operator(names, None), dependency=DependencyKind.FOLLOWS)
        elif name in {"copy", "from"} and names:
            trace.touch(Action.READ, other(_kind(kind), unplaced(names)), Trait.WHOLE, aspect="copy")


def _kind(word: str) -> str:
    return word.removeprefix("OBJECT_").replace("_", " ").lower()


def _aggregated(node: Node, options: dict[str, Node]) -> str:
    """The types of an aggregate's arguments, as those of a function: the two share their names."""
    if "basetype" in options:
        return signature([options["basetype"]]) if "TypeName" in options["basetype"] else ""
    types = [parameter["argType"] for parameter in find((node.get("args") or [{}])[0], "FunctionParameter")]
    return signature([{"TypeName": named} for named in types])


def create_cast(trace: Trace, node: Node) -> None:
    """CREATE CAST, named by its two types, as DROP CAST does."""
    for side in ("sourcetype", "targettype"):
        read_type(trace, node[side], DependencyKind.BLOCKS)
    if "func" in node:
        trace.read(trace.routine(node["func"]["objname"], None), dependency=DependencyKind.BLOCKS)
    pair = {"List": {"items": [{"TypeName": node[side]} for side in ("sourcetype", "targettype")]}}
    trace.touch(Action.CREATE, named_object(trace, "OBJECT_CAST", pair), value=definition(node))


def create_conversion(trace: Trace, node: Node) -> None:
    """CREATE CONVERSION."""
    trace.touch(Action.CREATE, other("conversion", unplaced(texts(node["conversion_name"]))), value=definition(node))


def create_operator_class(trace: Trace, node: Node) -> None:
    """CREATE OPERATOR CLASS: below the access method, which may have a class of each name."""
    names = [node["amname"], unplaced(texts(node["opclassname"]))]
    read_type(trace, node["datatype"], DependencyKind.BLOCKS)
    for item in find(node.get("items"), "CreateOpClassItem"):
        named = item.get("name", {})
        if item.get("itemtype") == 2:  # OPCLASS_ITEM_FUNCTION of PostgreSQL's parsenodes.h
            trace.read(trace.routine(named["objname"], None), dependency=DependencyKind.BLOCKS)
    trace.touch(Action.CREATE, other("opclass", ".".join(names)), value=definition(node))
    if "opfamilyname" not in node:  # a family of the same name, if there is none
        trace.touch(Action.CREATE, other("opfamily", ".".join(names)), Trait.FORGIVING)
    else:
        family = ".".join([node["amname"], unplaced(texts(node["opfamilyname"]))])
        trace.read(other("opfamily", family), dependency=DependencyKind.FOLLOWS)


def create_operator_family(trace: Trace, node: Node) -> None:
    """CREATE OPERATOR FAMILY."""
    names = [node["amname"], unplaced(texts(node["opfamilyname"]))]
    trace.touch(Action.CREATE, other("opfamily", ".".join(names)), value=definition(node))


def alter_operator(trace: Trace, node: Node) -> None:
    """ALTER OPERATOR … SET: each option is an aspect of its own."""
    altered = named_object(trace, "OBJECT_OPERATOR", {"ObjectWithArgs": node["opername"]})
    _options(trace, altered, node)


def alter_configuration(trace: Trace, node: Node) -> None:
    """ALTER TEXT SEARCH CONFIGURATION: each sort of token is an aspect of its own."""
    altered = other("tsconfiguration", unplaced(texts(node["cfgname"])))
    for item in node.get("dicts", ()):
        names = unplaced(texts(item.get("List", {}).get("items")))
        trace.read(other("tsdictionary", names), dependency=DependencyKind.FOLLOWS)
    twice_is_one_too_many = [Trait.ONCE] if node.get("kind") == "ALTER_TSCONFIG_ADD_MAPPING" else []
    for token in texts(node.get("tokentype")) or ["any token"]:
        trace.touch(Action.ALTER, altered, *twice_is_one_too_many, aspect=f"mapping of {token}", value=definition(node))


def alter_dictionary(trace: Trace, node: Node) -> None:
    """ALTER TEXT SEARCH DICTIONARY."""
    _options(trace, other("tsdictionary", unplaced(texts(node["dictname"]))), node)


def alter_statistics(trace: Trace, node: Node) -> None:
    """ALTER STATISTICS … SET STATISTICS."""
    altered = named_object(trace, "OBJECT_STATISTIC_EXT", {"List": {"items": node["defnames"]}})
    trace.touch(Action.ALTER, altered, *forgiving(node), aspect="target", value=definition(node))


def depends_on_extension(trace: Trace, node: Node) -> None:
    """ALTER … DEPENDS ON EXTENSION."""
    kind = node.get("objectType", "")
    named = node.get("object") or {}
    if "relation" not in node:
        touched = named_object(trace, kind, named)
    elif kind == "OBJECT_TRIGGER":
        table = trace.relation(node["relation"])
        touched = table.part(NamedKind.TRIGGER, texts(named["List"]["items"])[-1])
    else:
        touched = trace.relation(node["relation"], NamedKind.INDEX if kind == "OBJECT_INDEX" else NamedKind.TABLE)
    extension = node["extname"].get("sval", "")
    trace.read(other("extension", extension), dependency=DependencyKind.FOLLOWS)
    trace.touch(Action.ALTER, touched, aspect=f"depends on {extension}", value=str(node.get("remove", False)))


def _options(trace: Trace, altered: Object, node: Node) -> None:
    for item in node.get("options", ()):
        trace.touch(Action.ALTER, altered, aspect=item["DefElem"]["defname"], value=definition(item))


HANDLERS = {
    "DefineStmt": define,
    "CreateCastStmt": create_cast,
    "CreateConversionStmt": create_conversion,
    "CreateOpClassStmt": create_operator_class,
    "CreateOpFamilyStmt": create_operator_family,
    "AlterOperatorStmt": alter_operator,
    "AlterTSConfigurationStmt": alter_configuration,
    "AlterTSDictionaryStmt": alter_dictionary,
    "AlterStatsStmt": alter_statistics,
    "AlterObjectDependsStmt": depends_on_extension,
}
