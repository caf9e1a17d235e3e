"""The names PostgreSQL chooses for indexes, constraints and sequences that were not given one.

Indexes, statistics and sequences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.objects import Kind, in_schema
from gitmig.check.footprint.parse_tree import definition, texts
from gitmig.check.footprint.queries import expression
from gitmig.check.footprint.touches import Manner, Trait, Verb

if TYPE_CHECKING:
    from gitmig.check.footprint.objects import Object
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace
from gitmig.check.footprint.chosen_names import chosen_name, index_columns


def create_index(trace: Trace, node: Node) -> None:
    """CREATE INDEX: its own name, its table, its columns."""
    table = trace.relation(node["relation"])
    elements = node.get("indexParams", [])
    included = node.get("indexIncludingParams", [])
    chosen = [] if "idxname" in node else [Trait.CHOSEN]
    # a column that is only included has its part in the name, too
    name = node.get("idxname") or chosen_name(table.path[2], index_columns(elements + included), "idx")
    unique = [Trait.UNIQUE] if node.get("unique") else []
    trace.touch(Verb.READ, table, *unique, manner=Manner.KEY, aspect="indexes")
    for element in elements + included:
        fields = element["IndexElem"]
        expression(trace, {"CollateClause": {"collname": fields.get("collation", [])}}, {}, Manner.KEY)
        if "name" in fields:
            trace.read(table.part(Kind.COLUMN, fields["name"]), manner=Manner.KEY)
        else:
            expression(trace, fields, {table.path[2]: table}, Manner.KEY, Trait.COMPARED)
    expression(trace, node.get("whereClause"), {table.path[2]: table}, Manner.KEY, Trait.COMPARED)
    lenient = [Trait.LENIENT] if node.get("if_not_exists") else []
    value = definition({**node, "concurrent": False})
    made = in_schema(Kind.INDEX, table.path[1], name)
    trace.touch(Verb.CREATE, made, *lenient, *chosen, *unique, manner=Manner.ONCE, value=value)


def create_statistics(trace: Trace, node: Node) -> None:
    """CREATE STATISTICS."""
    tables = [trace.relation(item["RangeVar"]) for item in node.get("relations", ()) if "RangeVar" in item]
    for table in tables:
        trace.read(table, manner=Manner.KEY)
        for element in node.get("exprs", ()):
            if "name" in element["StatsElem"]:
                trace.read(table.part(Kind.COLUMN, element["StatsElem"]["name"]), manner=Manner.KEY)
            else:
                expression(trace, element, {table.path[2]: table}, Manner.KEY, Trait.COMPARED)
    names = node.get("defnames")
    if names:
        lenient = [Trait.LENIENT] if node.get("if_not_exists") else []
        made = trace.named(names, Kind.OTHER, new=True).part(Kind.OTHER, "statistics")
        trace.touch(Verb.CREATE, made, *lenient, value=definition(node))


def create_sequence(trace: Trace, node: Node) -> None:
    """CREATE SEQUENCE, perhaps owned by a column."""
    made = trace.relation(node["sequence"], Kind.SEQUENCE, new=True)
    lenient = [Trait.LENIENT] if node.get("if_not_exists") else []
    trace.touch(Verb.CREATE, made, *lenient, value=definition(node))
    _owner(trace, node)


def alter_sequence(trace: Trace, node: Node) -> None:
    """ALTER SEQUENCE, but for its name; each option is an aspect of its own."""
    sequence = trace.relation(node["sequence"], Kind.SEQUENCE)
    for option in node.get("options", ()):
        fields = option["DefElem"]
        trace.touch(Verb.ALTER, sequence, aspect=fields["defname"], value=definition(fields))
    _owner(trace, node)


def _owner(trace: Trace, node: Node) -> None:
    for option in node.get("options", ()):
        if option["DefElem"]["defname"] == "owned_by":
            names = texts(option["DefElem"]["arg"]["List"]["items"])
            if names != ["none"]:
                column: Object = trace.named(names[:-1], Kind.TABLE).part(Kind.COLUMN, names[-1])
                trace.read(column, manner=Manner.KEY)


HANDLERS = {
    "IndexStmt": create_index,
    "CreateStatsStmt": create_statistics,
    "CreateSeqStmt": create_sequence,
    "AlterSeqStmt": alter_sequence,
}
