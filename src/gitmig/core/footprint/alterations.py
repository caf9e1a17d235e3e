"""ALTER TABLE, and ALTER INDEX, VIEW, SEQUENCE, TYPE in the same form: one function for each kind of change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.footprint.drops import read_owner
from gitmig.core.footprint.nodes import definition, texts
from gitmig.core.footprint.objects import Kind, Object, in_schema
from gitmig.core.footprint.queries import expression
from gitmig.core.footprint.tables import add_column, add_constraint, add_partition
from gitmig.core.footprint.touches import Manner, Trait, Verb
from gitmig.core.footprint.typenames import read_type

if TYPE_CHECKING:
    from gitmig.core.footprint.nodes import Node
    from gitmig.core.footprint.trace import Trace

KINDS = {
    "OBJECT_TABLE": Kind.TABLE,
    "OBJECT_FOREIGN_TABLE": Kind.TABLE,
    "OBJECT_VIEW": Kind.VIEW,
    "OBJECT_MATVIEW": Kind.VIEW,
    "OBJECT_INDEX": Kind.INDEX,
    "OBJECT_SEQUENCE": Kind.SEQUENCE,
    "OBJECT_TYPE": Kind.TYPE,
}
# What a change of a column changes; two changes of different aspects do not meet.
COLUMN_ASPECTS = {
    "AT_ColumnDefault": "default",
    "AT_CookedColumnDefault": "default",
    "AT_AddIdentity": "default",
    "AT_SetIdentity": "default",
    "AT_DropIdentity": "default",
    "AT_SetExpression": "default",
    "AT_DropExpression": "default",
    "AT_SetNotNull": "null",
    "AT_DropNotNull": "null",
    "AT_SetStatistics": "statistics",
    "AT_SetOptions": "options",
    "AT_ResetOptions": "options",
    "AT_SetStorage": "storage",
    "AT_SetCompression": "compression",
    "AT_AlterColumnType": "type",
}
# Types that serve each other, as the parser calls them.
GRADUAL = {"int2", "int4", "int8", "numeric", "float4", "float8", "timestamp", "timestamptz", "date"}
TRIGGER_CHANGES = ("AT_EnableTrig", "AT_DisableTrig", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig")
TABLE_ASPECTS = {
    "AT_EnableRowSecurity": "row security",
    "AT_DisableRowSecurity": "row security",
    "AT_ForceRowSecurity": "forced row security",
    "AT_NoForceRowSecurity": "forced row security",
    "AT_SetLogged": "persistence",
    "AT_SetUnLogged": "persistence",
    "AT_ChangeOwner": "owner",
}


def alter_table(trace: Trace, node: Node) -> None:
    """Every command of the statement, on the relation it names."""
    relation = trace.relation(node["relation"], KINDS.get(node.get("objtype", ""), Kind.TABLE))
    with trace.using(None, *([Trait.LENIENT] if node.get("missing_ok") else [])):
        trace.read(relation)
        for item in node.get("cmds", ()):
            _command(trace, relation, item["AlterTableCmd"])


def _command(trace: Trace, relation: Object, command: Node) -> None:
    kind = command.get("subtype", "AT_AddColumn")
    lenient = [Trait.LENIENT] if command.get("missing_ok") else []
    change = command.get("def", {})
    if kind == "AT_AddColumn":
        add_column(trace, relation, change["ColumnDef"], *lenient, *_cascade(command))
    elif kind == "AT_DropColumn":
        _drop_column(trace, relation, command, *lenient)
    elif kind in COLUMN_ASPECTS and "name" in command:
        _alter_column(trace, relation, command, COLUMN_ASPECTS[kind])
    elif kind == "AT_AddConstraint":
        add_constraint(trace, relation, change["Constraint"], *lenient)
    elif kind == "AT_DropConstraint":
        drop_constraint(trace, relation, command["name"], *lenient, *_cascade(command))
    elif kind in {"AT_ValidateConstraint", "AT_AlterConstraint"}:
        name = command.get("name") or change["ATAlterConstraint"]["conname"]
        part = relation.part(Kind.CONSTRAINT, name)
        trace.touch(Verb.ALTER, part, aspect=kind, value=definition(command))
    else:
        _alter_relation(trace, relation, command, kind)


def drop_constraint(trace: Trace, relation: Object, name: str, *traits: Trait) -> None:
    """The constraint, and the index of its name if it has one."""
    trace.touch(Verb.DROP, relation.part(Kind.CONSTRAINT, name), *traits)
    trace.touch(Verb.DROP, in_schema(Kind.INDEX, relation.path[1], name), Trait.LENIENT)


def _drop_column(trace: Trace, relation: Object, command: Node, *traits: Trait) -> None:
    trace.touch(Verb.DROP, relation.part(Kind.COLUMN, command["name"]), *traits, *_cascade(command))


def _alter_column(trace: Trace, relation: Object, command: Node, aspect: str) -> None:
    column = relation.part(Kind.COLUMN, command["name"])
    change = command.get("def", {})
    value = "not null" if command["subtype"] == "AT_SetNotNull" else definition(command)
    converted = [Trait.CONVERTED] if aspect == "type" and _converts(change["ColumnDef"]) else []
    trace.touch(Verb.ALTER, column, *converted, aspect=aspect, value=value)
    if aspect == "type":
        read_type(trace, change["ColumnDef"]["typeName"], Manner.KEY)
    expression(trace, change, {relation.path[2]: relation}, Manner.ONCE if aspect == "type" else Manner.KEY)


def _converts(column: Node) -> bool:
    """Whether another family of types is to be expected: of numbers and times, most are widened, or get a time zone."""
    return "raw_default" in column and texts(column["typeName"].get("names"))[-1] not in GRADUAL


def _alter_relation(trace: Trace, relation: Object, command: Node, kind: str) -> None:
    change = command.get("def", {})
    if kind.startswith(TRIGGER_CHANGES):
        name = command.get("name")
        touched = relation.part(Kind.TRIGGER, name) if name else relation
        trace.touch(Verb.ALTER, touched, aspect="enabled", value=definition(command) if name else kind)
    elif kind in {"AT_AttachPartition", "AT_AddInherit", "AT_DetachPartition", "AT_DropInherit"}:
        node = change.get("PartitionCmd", {}).get("name") or change.get("RangeVar")
        member = trace.relation(node)
        joins = kind in {"AT_AttachPartition", "AT_AddInherit"}
        # both have to have the same columns when they are joined
        for one in (relation, member):
            trace.read(one, *([Trait.WHOLE] if joins else []), manner=Manner.VIEW if joins else None)
        if kind == "AT_AttachPartition":
            add_partition(trace, relation, member, change["PartitionCmd"]["bound"])
        child, parent = (relation, member) if kind.endswith("Inherit") else (member, relation)
        if joins:
            trace.touch(Verb.READ, parent, manner=Manner.KEY, aspect="parent", to=child)
        else:  # what the parent gets from now on, the child does not
            trace.touch(Verb.READ, child, Trait.WHOLE, manner=Manner.VIEW, aspect="detached", to=parent)
        trace.touch(Verb.ALTER, child, aspect="parent", value=definition(command))
    else:
        read_owner(trace, command.get("newowner"))
        aspect = TABLE_ASPECTS.get(kind, kind.removeprefix("AT_"))
        trace.touch(Verb.ALTER, relation, aspect=aspect, value=definition(command))


def _cascade(command: Node) -> list[Trait]:
    return [Trait.CASCADE] if command.get("behavior") == "DROP_CASCADE" else []


HANDLERS = {"AlterTableStmt": alter_table}
