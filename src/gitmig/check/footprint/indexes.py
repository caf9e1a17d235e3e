"""Indexes, statistics and sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.model import Action, DependencyKind, NamedKind, Trait, in_schema, other, unplaced
from gitmig.check.footprint.names import chosen_name, index_columns
from gitmig.check.footprint.parse_tree import definition, texts
from gitmig.check.footprint.queries import expression
from gitmig.check.footprint.trace import forgiving

if TYPE_CHECKING:
    from gitmig.check.footprint.model import Object
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


# Of a partitioned table without its partitions: those that come later have the index, those that are there have not.
ONLY = "indexes only"


PARTIAL = "partial"  # an index of some rows
UNIQUE_KEY = "unique key"  # a table, by the columns of a key or unique index

# What makes two indexes of a table and its partition one, whatever they are called.
MAKE_AN_INDEX = ("accessMethod", "indexParams", "indexIncludingParams", "whereClause", "unique", "nulls_not_distinct")


def create_index(trace: Trace, node: Node) -> None:
    """CREATE INDEX: its own name, its table, its columns."""
    table = trace.relation(node["relation"])
    elements = node.get("indexParams", [])
    included = node.get("indexIncludingParams", [])
    chosen = [] if "idxname" in node else [Trait.CHOSEN]
    # a column that is only included has its part in the name, too
    name = node.get("idxname") or chosen_name(table.path[2], index_columns(elements + included), "idx")
    unique = [Trait.UNIQUE] if node.get("unique") else []
    trace.touch(
        Action.READ,
        table,
        *unique,
        dependency=DependencyKind.FOLLOWS,
        aspect="indexes" if node["relation"].get("inh") else ONLY,
        columns=[definition({key: node.get(key) for key in MAKE_AN_INDEX})],
    )
    for element in elements + included:
        fields = element["IndexElem"]
        expression(trace, {"CollateClause": {"collname": fields.get("collation", [])}}, {}, DependencyKind.FOLLOWS)
        if "name" in fields:
            trace.read(table.part(NamedKind.COLUMN, fields["name"]), dependency=DependencyKind.FOLLOWS)
        else:
            expression(trace, fields, {table.path[2]: table}, DependencyKind.FOLLOWS, Trait.COMPARED)
    expression(trace, node.get("whereClause"), {table.path[2]: table}, DependencyKind.FOLLOWS, Trait.COMPARED)
    forgives = forgiving(node)
    value = definition({**node, "concurrent": False})
    made = in_schema(NamedKind.INDEX, table.path[1], name)
    trace.indexed[made.path] = table
    plain = "whereClause" not in node and all("name" in element["IndexElem"] for element in elements)
    if unique:
        trace.touch(Action.READ, table, aspect=UNIQUE_KEY, columns=index_columns(elements))
    trace.touch(
        Action.CREATE,
        made,
        *forgives,
        *chosen,
        *unique,
        dependency=DependencyKind.TRANSIENT,
        aspect=PARTIAL if "whereClause" in node else "",
        value=value,
        columns=index_columns(elements) if plain else None,
    )


STATISTICS = "extended_statistics"


def create_statistics(trace: Trace, node: Node) -> None:
    """CREATE STATISTICS."""
    tables = [trace.relation(item["RangeVar"]) for item in node.get("relations", ()) if "RangeVar" in item]
    for table in tables:
        trace.touch(Action.READ, table, dependency=DependencyKind.FOLLOWS, aspect=STATISTICS)
        for element in node.get("exprs", ()):
            if "name" in element["StatsElem"]:
                trace.read(
                    table.part(NamedKind.COLUMN, element["StatsElem"]["name"]), dependency=DependencyKind.FOLLOWS
                )
            else:
                expression(trace, element, {table.path[2]: table}, DependencyKind.FOLLOWS, Trait.COMPARED)
    names = node.get("defnames")
    if names:
        forgives = forgiving(node)
        made = other("statistic ext", unplaced(texts(names)))
        trace.touch(Action.CREATE, made, *forgives, value=definition(node))


def cluster(trace: Trace, node: Node) -> None:
    """CLUSTER: with USING it also sets the index on which the table is clustered from now on."""
    if "relation" in node:
        table = trace.relation(node["relation"])
        trace.read(table)
        if "indexname" in node:
            cluster_on(trace, table, node["indexname"])


def cluster_on(trace: Trace, table: Object, index: str) -> None:
    """The index on which a table is clustered: the same by CLUSTER and by ALTER TABLE."""
    read_index(trace, table, index)
    trace.touch(Action.ALTER, table, aspect="clustered", value=index)


def read_index(trace: Trace, table: Object, index: str) -> None:
    """An index of the table that the table refers to: dropping it takes that away, renaming it does not."""
    trace.read(in_schema(NamedKind.INDEX, table.path[1], index), dependency=DependencyKind.FOLLOWS)


def attach_index(trace: Trace, index: Object, part: Node, value: str) -> None:
    """ALTER INDEX … ATTACH PARTITION: an index of a partition becomes a part of that of its table."""
    attached = trace.relation(part, NamedKind.INDEX)
    table, partition = (trace.indexed.get(one.path) for one in (index, attached))
    if table and partition:
        trace.read(table.part(NamedKind.PARTITION, ".".join(partition.path[1:])), dependency=DependencyKind.FOLLOWS)
    trace.read(attached, dependency=DependencyKind.FOLLOWS)
    trace.touch(Action.ALTER, attached, aspect="parent", value=value)


def reindex(trace: Trace, node: Node) -> None:
    """REINDEX of an index or a table; of a schema or database whatever is there."""
    if "relation" in node:
        alone = node.get("kind") == "REINDEX_OBJECT_INDEX"
        trace.read(trace.relation(node["relation"], NamedKind.INDEX if alone else NamedKind.TABLE))


def create_sequence(trace: Trace, node: Node) -> None:
    """CREATE SEQUENCE, perhaps owned by a column."""
    made = trace.relation(node["sequence"], NamedKind.SEQUENCE, new=True)
    forgives = forgiving(node)
    trace.touch(Action.CREATE, made, *forgives, value=definition(node))
    _owner(trace, made, node)


def alter_sequence(trace: Trace, node: Node) -> None:
    """ALTER SEQUENCE, but for its name; each option is an aspect of its own."""
    sequence = trace.relation(node["sequence"], NamedKind.SEQUENCE)
    for option in node.get("options", ()):
        fields = option["DefElem"]
        trace.touch(Action.ALTER, sequence, aspect=fields["defname"], value=definition(fields))
    _owner(trace, sequence, node)


OWNED_BY = "owned by"  # a sequence, `to` the column with which it goes from now on, or none
ONE_OWNER = "one owner"  # a sequence has that of the table to which it belongs


def _owner(trace: Trace, sequence: Object, node: Node) -> None:
    for option in node.get("options", ()):
        if option["DefElem"]["defname"] == "owned_by":
            names = texts(option["DefElem"]["arg"]["List"]["items"])
            if names == ["none"]:
                trace.touch(Action.READ, sequence, aspect=OWNED_BY)
            else:
                column: Object = trace.named(names[:-1], NamedKind.TABLE).part(NamedKind.COLUMN, names[-1])
                trace.read(column, dependency=DependencyKind.FOLLOWS)
                trace.touch(Action.READ, sequence, aspect=OWNED_BY, to=column)
                for owned in (sequence, trace.named(names[:-1], NamedKind.TABLE)):
                    trace.touch(Action.READ, owned, aspect=ONE_OWNER)


HANDLERS = {
    "IndexStmt": create_index,
    "CreateStatsStmt": create_statistics,
    "ClusterStmt": cluster,
    "ReindexStmt": reindex,
    "CreateSeqStmt": create_sequence,
    "AlterSeqStmt": alter_sequence,
}
