"""CREATE TABLE with its columns and constraints; ALTER TABLE, and ALTER INDEX, VIEW and the like in the same form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gitmig.check.footprint.any_object import CLASSES, read_owner
from gitmig.check.footprint.indexes import UNIQUE_KEY, attach_index, cluster_on, read_index
from gitmig.check.footprint.model import Action, DependencyKind, NamedKind, Object, Trait, in_schema, other
from gitmig.check.footprint.names import HELD, NOT_NULL, SERIALS, chosen_name, index_columns, is_built_in, read_type
from gitmig.check.footprint.parse_tree import definition, texts, unwrap, without_places
from gitmig.check.footprint.queries import expression, is_null, read_labels, read_values, statement
from gitmig.check.footprint.trace import forgiving

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


# Bits of TableLikeOption in PostgreSQL's parsenodes.h, by the aspects they copy.
LIKE_OPTIONS = {
    "comment": 1,
    "compression": 2,
    "constraints": 4,
    "default": 8 | 16 | 32,
    "indexes": 64,
    "extended_statistics": 128,
    "storage": 256,
}


MERGED, MERGED_CHECK = "merged column", "merged check"  # a parent, by what a new child has as well
OWN_CHECK = "own constraints"  # NO INHERIT: children do not get it, LIKE copies it


def create_table(trace: Trace, node: Node, *, foreign: bool = False) -> None:
    """CREATE TABLE, also as a partition or foreign table."""
    table = trace.relation(node["relation"], new=True)
    forgives = forgiving(node)
    unlogged = [Trait.UNLOGGED] if node["relation"].get("relpersistence") == "u" else []
    if unlogged:
        trace.unlogged.add(table.path)
    trace.touch(Action.CREATE, table, *forgives, *unlogged, value=definition(node))
    with trace.using(None, *forgives):
        for element in node.get("tableElts", ()):
            _element(trace, table, element)
    _divided(trace, table, node.get("partspec", {}))
    for item in node.get("inhRelations", ()):
        parent = trace.relation(item["RangeVar"])
        trace.touch(Action.READ, parent, dependency=DependencyKind.FOLLOWS, aspect="parent", to=table)
        if "partbound" in node:
            add_partition(trace, parent, table, node["partbound"], node.get("partspec"), foreign=foreign)
        else:
            _merge(trace, parent, node.get("tableElts", ()))
    if "ofTypename" in node:
        _read_attributes(trace, table, trace.named(node["ofTypename"]["names"], NamedKind.TYPE))
        with trace.using(None, Trait.WHOLE):
            read_type(trace, node["ofTypename"], DependencyKind.BLOCKS, aspect="of", to=table)


def _divided(trace: Trace, table: Object, by: Node) -> None:
    """What PARTITION BY names beside columns of the new table: functions, collations."""
    for item in by.get("partParams", ()):
        element = item["PartitionElem"]
        collation = {"CollateClause": {"collname": element.get("collation", [])}}
        expression(trace, [collation, element.get("expr")], {table.path[2]: table}, DependencyKind.BLOCKS)


def _merge(trace: Trace, parent: Object, elements: Iterable[Node]) -> None:
    """What a new child has of its own, and its parent may have as well: columns and checks become one with those."""
    for element in elements:
        kind, node = unwrap(element)
        if kind == "ColumnDef":
            constraints = [constraint["Constraint"]["contype"] for constraint in node.get("constraints", ())]
            default = [Trait.GIVEN] if "CONSTR_DEFAULT" in constraints else []
            name, value = node["colname"], definition(node.get("typeName"))
            trace.touch(Action.READ, parent, *default, aspect=MERGED, columns=[name], value=value)
        elif kind == "Constraint" and node["contype"] == "CONSTR_CHECK" and "conname" in node:
            trace.touch(Action.READ, parent, aspect=MERGED_CHECK, columns=[node["conname"]], value=definition(node))


def _read_attributes(trace: Trace, table: Object, kind: Object) -> None:
    """The constraints of a table of a type name its attributes as columns."""
    named = [touch.object for touch in trace.touches if touch.statement == trace.statement]
    for column in dict.fromkeys(one for one in named if one.kind is NamedKind.COLUMN and one.root == table.path):
        trace.read(kind.part(NamedKind.COLUMN, column.path[-1]))


def create_foreign_table(trace: Trace, node: Node) -> None:
    """CREATE FOREIGN TABLE, which goes with its server."""
    trace.read(other("foreign server", node["servername"]), dependency=DependencyKind.FOLLOWS)
    create_table(trace, node["base"], foreign=True)


def create_table_as(trace: Trace, node: Node) -> None:
    """CREATE TABLE AS, CREATE MATERIALIZED VIEW: what the query gives decides what the columns are."""
    view = node.get("objtype") == "OBJECT_MATVIEW"
    made = trace.relation(node["into"]["rel"], NamedKind.VIEW if view else NamedKind.TABLE, new=True)
    forgives = forgiving(node)
    with trace.using(DependencyKind.BLOCKS):
        statement(trace, *unwrap(node["query"]))
    trace.touch(Action.CREATE, made, *forgives, dependency=DependencyKind.TRANSIENT, value=definition(node))


def add_partition(
    trace: Trace, parent: Object, table: Object, bound: Node, divided: Node | None = None, *, foreign: bool = False
) -> None:
    """A partition, as a part of the table it belongs to: which rows are its own, how it is divided itself."""
    with trace.next_part():
        part = parent.part(NamedKind.PARTITION, ".".join(table.path[1:]))
        value = json.dumps(without_places(bound), sort_keys=True)
        by = [item["PartitionElem"].get("name", "") for item in (divided or {}).get("partParams", ())]
        columns = by if all(by) else None
        sort = "divided" if divided else "foreign" if foreign else ""
        trace.touch(Action.CREATE, part, aspect=sort, value=value, to=table, columns=columns)


def add_column(trace: Trace, table: Object, node: Node, *traits: Trait) -> None:
    """A column with its type, default and constraints."""
    with trace.next_part():
        _column(trace, table, node, *traits)


def _column(trace: Trace, table: Object, node: Node, *traits: Trait) -> None:
    column = table.part(NamedKind.COLUMN, node["colname"])
    constraints = [constraint["Constraint"] for constraint in node.get("constraints", ())]
    kinds = {constraint["contype"] for constraint in constraints}
    given = kinds & {"CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED"}
    type_name = texts(node.get("typeName", {}).get("names"))
    serial = len(type_name) == 1 and type_name[0] in SERIALS
    required = kinds & {"CONSTR_NOTNULL", "CONSTR_PRIMARY"} and not given and not serial
    needs = [Trait.REQUIRED] if required else []
    needs += [Trait.NOT_NULL] if serial or kinds & {"CONSTR_NOTNULL", "CONSTR_PRIMARY", "CONSTR_IDENTITY"} else []
    needs += [Trait.REWRITES] if given or serial else []
    needs += [Trait.GIVEN] if given or serial or not is_built_in(type_name) else []  # a domain may have a default
    kind = [definition(node.get("typeName"))]
    trace.touch(Action.CREATE, column, *traits, *needs, value=definition(node), columns=kind)
    if serial or "CONSTR_IDENTITY" in kinds:
        _own_sequence(trace, column, *traits)
    if "typeName" in node:
        contained = [Trait.CONTAINED] if "arrayBounds" in node["typeName"] else []
        with trace.using(None, *contained):
            read_type(trace, node["typeName"], DependencyKind.FOLLOWS, aspect=HELD)
    expression(trace, {"CollateClause": node.get("collClause", {})}, {}, DependencyKind.FOLLOWS)
    for constraint in constraints:
        add_constraint(trace, table, constraint, *traits, column=node["colname"])
        _default(trace, constraint, type_name)


def _own_sequence(trace: Trace, column: Object, *traits: Trait) -> None:
    """The sequence of a serial or identity column, which goes with it."""
    with trace.next_part():
        trace.touch(Action.CREATE, _sequence_of(column), Trait.CHOSEN, *traits, value="serial")
        trace.read(column, dependency=DependencyKind.FOLLOWS)


def _sequence_of(column: Object) -> Object:
    name = chosen_name(column.path[2], [column.path[-1]], "seq")
    return in_schema(NamedKind.SEQUENCE, column.path[1], name)


def _default(trace: Trace, constraint: Node, type_name: list[str]) -> None:
    if constraint["contype"] == "CONSTR_DEFAULT":
        read_labels(trace, type_name, constraint.get("raw_expr"))


def add_constraint(trace: Trace, table: Object, node: Node, *traits: Trait, column: str | None = None) -> None:
    """A constraint of a table, or of one of its columns."""
    with trace.next_part():
        _constraint(trace, table, node, *traits, column=column)


def _constraint(trace: Trace, table: Object, node: Node, *traits: Trait, column: str | None) -> None:
    kind = node["contype"].removeprefix("CONSTR_")
    if kind in {"DEFAULT", "GENERATED", "IDENTITY"}:
        dependency = DependencyKind.BLOCKS if kind == "GENERATED" else DependencyKind.FOLLOWS
        expression(trace, node.get("raw_expr"), {table.path[2]: table}, dependency)
    elif kind in {"PRIMARY", "UNIQUE", "EXCLUSION"}:
        _key(trace, table, node, kind, [column] if column else None, *traits)
    elif kind == "FOREIGN":
        _foreign_key(trace, table, node, [column] if column else texts(node.get("fk_attrs")), *traits)
    elif kind == "CHECK":
        _check(trace, table, node, *traits)
    elif kind == "NOTNULL" and column is None:
        for name in texts(node.get("keys")):
            trace.touch(Action.ALTER, table.part(NamedKind.COLUMN, name), aspect="null", value=NOT_NULL)


def _element(trace: Trace, table: Object, element: Node) -> None:
    kind, node = unwrap(element)
    if kind == "ColumnDef":
        add_column(trace, table, node)
    elif kind == "Constraint":
        add_constraint(trace, table, node)
    elif kind == "TableLikeClause":
        like = trace.relation(node["relation"])
        copied = [what for what, bit in LIKE_OPTIONS.items() if node.get("options", 0) & bit]
        trace.touch(
            Action.READ, like, Trait.WHOLE, dependency=DependencyKind.BLOCKS, aspect=" ".join(["like", *copied])
        )


def _key(trace: Trace, table: Object, node: Node, kind: str, columns: list[str] | None, *traits: Trait) -> None:
    """A primary key, UNIQUE or EXCLUDE: a constraint, and an index of the same name."""
    elements = [pair["List"]["items"][0] for pair in node.get("exclusions", ())]
    columns = columns or texts(node.get("keys")) or index_columns(elements)
    label = {"PRIMARY": "pkey", "UNIQUE": "key", "EXCLUSION": "excl"}[kind]
    name = node.get("conname") or node.get("indexname")
    # a table has one primary key: its name is no matter of choice
    chosen = [] if name or kind == "PRIMARY" else [Trait.CHOSEN]
    name = name or chosen_name(table.path[2], [] if kind == "PRIMARY" else columns, label)
    value = definition([node, columns])
    index = in_schema(NamedKind.INDEX, table.path[1], node.get("indexname") or name)
    unique = [] if kind == "EXCLUSION" else [Trait.UNIQUE]
    if "indexname" in node:
        trace.read(index, dependency=DependencyKind.FOLLOWS)
        if name != node["indexname"]:  # it gets the name of its constraint
            trace.touch(Action.RENAME, index, to=in_schema(NamedKind.INDEX, table.path[1], name))
    else:
        trace.touch(Action.CREATE, index, *traits, *chosen, *unique, value=value, columns=columns)
    if unique and "indexname" not in node:
        trace.touch(Action.READ, table, aspect=UNIQUE_KEY, columns=columns)
    if kind == "UNIQUE" and "indexname" not in node:
        trace.touch(Action.READ, table, aspect="key", columns=[definition(columns)])
    key = table.part(NamedKind.CONSTRAINT, name)
    trace.touch(Action.CREATE, key, *traits, *chosen, *unique, aspect="indexes", value=value, columns=columns)
    if kind == "PRIMARY":
        trace.touch(Action.ALTER, table, *traits, Trait.ONCE, aspect="primary key", value=value)
    for column in columns if "indexname" not in node else ():
        trace.read(table.part(NamedKind.COLUMN, column), dependency=DependencyKind.FOLLOWS)
        if kind == "PRIMARY":
            trace.touch(Action.ALTER, table.part(NamedKind.COLUMN, column), aspect="null", value=NOT_NULL)
    for element in elements:
        expression(trace, element, {table.path[2]: table}, DependencyKind.FOLLOWS, Trait.COMPARED)


# What makes two foreign keys of a table and its partition one, whatever they are called.
MAKE_A_REFERENCE = ("pk_attrs", "fk_matchtype", "fk_upd_action", "fk_del_action", "fk_del_set_cols", "deferrable")
REFERENCED, REFERS = "referenced by a table", "refers to a table"  # the two ends of a foreign key


def _foreign_key(trace: Trace, table: Object, node: Node, columns: list[str], *traits: Trait) -> None:
    name = node.get("conname")
    chosen = [] if name else [Trait.CHOSEN]
    key = table.part(NamedKind.CONSTRAINT, name or chosen_name(table.path[2], columns, "fkey"))
    trace.touch(Action.CREATE, key, *traits, *chosen, aspect="foreign", value=definition([node, columns]))
    for column in columns:
        trace.read(table.part(NamedKind.COLUMN, column), Trait.COMPARED, dependency=DependencyKind.FOLLOWS)
    target = trace.relation(node["pktable"])
    primary = [] if "pk_attrs" in node else [Trait.PRIMARY]
    trace.read(target, *primary, dependency=DependencyKind.FOLLOWS)
    value = definition([target.path, *(node.get(key) for key in MAKE_A_REFERENCE)])
    trace.touch(Action.READ, table, aspect="reference", columns=[definition([value, columns])])
    for one, end, aspect in ((target, table, REFERENCED), (table, target, REFERS)):
        unlogged = [Trait.UNLOGGED] if end.path in trace.unlogged else []
        trace.touch(Action.READ, one, *unlogged, aspect=aspect, to=end)
    for column in texts(node.get("pk_attrs")):
        trace.read(
            target.part(NamedKind.COLUMN, column), Trait.FOREIGN, Trait.COMPARED, dependency=DependencyKind.FOLLOWS
        )
    if "pk_attrs" not in node:
        key = target.part(NamedKind.CONSTRAINT, chosen_name(target.path[2], [], "pkey"))
        trace.read(key, Trait.COMPARED, Trait.PRIMARY, dependency=DependencyKind.FOLLOWS)


def _check(trace: Trace, table: Object, node: Node, *traits: Trait) -> None:
    name = node.get("conname")
    chosen = [] if name else [Trait.CHOSEN]
    before = len(trace.touches)
    expression(trace, node.get("raw_expr"), {table.path[2]: table}, DependencyKind.FOLLOWS, Trait.COMPARED)
    named = {
        touch.object.path[4] for touch in trace.touches[before:] if touch.object.root == table.path != touch.object.path
    }
    name = name or chosen_name(table.path[2], sorted(named) if len(named) == 1 else [], "check")
    check = table.part(NamedKind.CONSTRAINT, name)
    aspect = OWN_CHECK if node.get("is_no_inherit") else "constraints"
    trace.touch(Action.CREATE, check, *traits, *chosen, aspect=aspect, value=definition(node))


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
    "AT_SetStorage": "storage",
    "AT_SetCompression": "compression",
    "AT_AlterColumnType": "type",
}
# Types that serve each other, as the parser calls them.
GRADUAL = {"int2", "int4", "int8", "numeric", "float4", "float8", "timestamp", "timestamptz", "date"}
JOINS_PARTITION = "joins as a partition"
# How a table is read that becomes a part of another one, or gets a part; by whether it inherits, and is the parent.
JOINS = {
    (True, True): "joined by a child",
    (True, False): "joins a parent",
    (False, True): "joined by a partition",
    (False, False): JOINS_PARTITION,
}
JOINED = {JOINS[True, True], JOINS[False, True]}
TRIGGER_CHANGES = ("AT_EnableTrig", "AT_DisableTrig", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig")
NO_IDENTITY = "no replica identity"
PERSISTENCE = "persistence"
LOGGED = {"AT_SetLogged": "logged", "AT_SetUnLogged": "unlogged"}
TABLE_ASPECTS = {
    "AT_EnableRowSecurity": "row security",
    "AT_DisableRowSecurity": "row security",
    "AT_ForceRowSecurity": "forced row security",
    "AT_NoForceRowSecurity": "forced row security",
    "AT_SetLogged": PERSISTENCE,
    "AT_SetUnLogged": PERSISTENCE,
    "AT_ChangeOwner": "owner",
    "AT_DropCluster": "clustered",
    "AT_ReplicaIdentity": "replica identity",
}


def alter_table(trace: Trace, node: Node) -> None:
    """Every command of the statement, on the relation it names; IF EXISTS is about that alone."""
    relation = trace.relation(node["relation"], CLASSES.get(node.get("objtype", ""), NamedKind.TABLE))
    alone = [] if node["relation"].get("inh") else [Trait.ALONE]
    with trace.if_exists(relation if forgiving(node) else None), trace.using(None, *alone):
        trace.read(relation)
        for item in node.get("cmds", ()):
            _command(trace, relation, item["AlterTableCmd"])


def _command(trace: Trace, relation: Object, command: Node) -> None:
    kind = command.get("subtype", "AT_AddColumn")
    forgives = forgiving(command)
    change = command.get("def", {})
    if kind == "AT_AddColumn":
        add_column(trace, relation, change["ColumnDef"], *forgives, *_cascade(command))
    elif kind == "AT_DropColumn":
        _drop_column(trace, relation, command, *forgives)
    elif kind in {"AT_SetOptions", "AT_ResetOptions", "AT_AlterColumnGenericOptions"}:
        _options(trace, relation.part(NamedKind.COLUMN, command["name"]), command)
    elif kind in COLUMN_ASPECTS and "name" in command:
        _alter_column(trace, relation, command, COLUMN_ASPECTS[kind])
    elif kind == "AT_AddConstraint":
        add_constraint(trace, relation, change["Constraint"], *forgives)
    elif kind == "AT_DropConstraint":
        drop_constraint(trace, relation, command["name"], *forgives, *_cascade(command))
    elif kind in {"AT_ValidateConstraint", "AT_AlterConstraint"}:
        name = command.get("name") or change["ATAlterConstraint"]["conname"]
        part = relation.part(NamedKind.CONSTRAINT, name)
        trace.touch(Action.ALTER, part, aspect=kind, value=definition(command))
    else:
        _alter_relation(trace, relation, command, kind)


def drop_constraint(trace: Trace, relation: Object, name: str, *traits: Trait) -> None:
    """The constraint, and the index of its name if it has one."""
    trace.touch(Action.DROP, relation.part(NamedKind.CONSTRAINT, name), *traits)
    trace.touch(Action.DROP, in_schema(NamedKind.INDEX, relation.path[1], name), Trait.FORGIVING)


def _drop_column(trace: Trace, relation: Object, command: Node, *traits: Trait) -> None:
    trace.touch(Action.DROP, relation.part(NamedKind.COLUMN, command["name"]), *traits, *_cascade(command))


OPTION = "option "  # each is an aspect of its own: what one side sets, the other one resets


def _options(trace: Trace, altered: Object, command: Node) -> None:
    for item in command["def"]["List"]["items"]:
        fields = item["DefElem"]
        once = [Trait.ONCE] if fields["defaction"] in {"DEFELEM_ADD", "DEFELEM_DROP"} else []
        name = ".".join(filter(None, [fields.get("defnamespace"), fields["defname"]]))
        trace.touch(Action.ALTER, altered, *once, aspect=OPTION + name, value=definition(fields.get("arg")))


def _alter_column(trace: Trace, relation: Object, command: Node, aspect: str) -> None:
    column = relation.part(NamedKind.COLUMN, command["name"])
    change = command.get("def", {})
    if command["subtype"] == "AT_SetIdentity":
        _set_identity(trace, column, command)
        return
    value = NOT_NULL if command["subtype"] == "AT_SetNotNull" else definition(command)
    traits = [Trait.CONVERTED] if aspect == "type" and _converts(change["ColumnDef"]) else []
    traits += [Trait.ALWAYS] if _is_always(change) else []
    traits += [Trait.GIVEN] if aspect == "default" and change and not is_null(change) else []
    traits += _cascade(command)
    trace.touch(Action.ALTER, column, *traits, aspect=aspect, value=value)
    if command["subtype"] == "AT_AddIdentity":
        _own_sequence(trace, column)
    elif command["subtype"] == "AT_DropIdentity":
        trace.touch(Action.DROP, _sequence_of(column), Trait.FORGIVING)
    if aspect == "type":
        read_type(trace, change["ColumnDef"]["typeName"], DependencyKind.FOLLOWS, aspect=HELD)
    if aspect == "default":
        read_values(trace, column, change, DependencyKind.FOLLOWS)
    expression(
        trace,
        change,
        {relation.path[2]: relation},
        DependencyKind.TRANSIENT if aspect == "type" else DependencyKind.FOLLOWS,
    )


IDENTITY = "identity "  # an option of the sequence behind a column


def _set_identity(trace: Trace, column: Object, command: Node) -> None:
    """ALTER … SET GENERATED, SET START and the like: who gives the value, and each option of its sequence."""
    change = command["def"]
    always = [Trait.ALWAYS] if _is_always(change) else []
    for item in change["List"]["items"]:
        option = item["DefElem"]
        trace.read(_sequence_of(column))
        given = option["defname"] == "generated"
        aspect = "default" if given else IDENTITY + option["defname"]
        trace.touch(Action.ALTER, column, Trait.GIVEN, *always, aspect=aspect, value=definition(option))


def _is_always(change: Node) -> bool:
    """Whether it becomes an identity whose values PostgreSQL alone gives."""
    options = [item["DefElem"] for item in change.get("List", {}).get("items", ()) if "DefElem" in item]
    ways = [
        option.get("arg", {}).get("Integer", {}).get("ival") for option in options if option["defname"] == "generated"
    ]
    return change.get("Constraint", {}).get("generated_when") == "a" or ord("a") in ways


def _converts(column: Node) -> bool:
    """Whether another family of types is to be expected: of numbers and times, most are widened, or get a time zone."""
    return "raw_default" in column and texts(column["typeName"].get("names"))[-1] not in GRADUAL


def _alter_relation(trace: Trace, relation: Object, command: Node, kind: str) -> None:
    change = command.get("def", {})
    if kind.startswith(TRIGGER_CHANGES):
        name = command.get("name")
        touched = relation.part(NamedKind.TRIGGER, name) if name else relation
        trace.touch(Action.ALTER, touched, aspect="enabled", value=kind)
    elif relation.kind is NamedKind.INDEX and kind == "AT_AttachPartition":
        attach_index(trace, relation, change["PartitionCmd"]["name"], definition(command))
    elif kind in {"AT_AttachPartition", "AT_AddInherit", "AT_DetachPartition", "AT_DropInherit"}:
        _join_or_leave(trace, relation, command, kind)
    elif kind in {"AT_AddOf", "AT_DropOf"}:
        _of_type(trace, relation, command)
    elif kind == "AT_ClusterOn":
        cluster_on(trace, relation, command["name"])
    else:
        _set_aspect(trace, relation, command, kind)


def _join_or_leave(trace: Trace, relation: Object, command: Node, kind: str) -> None:
    """ATTACH and DETACH PARTITION, INHERIT and NO INHERIT."""
    change = command["def"]
    node = change.get("PartitionCmd", {}).get("name") or change.get("RangeVar")
    member = trace.relation(node)
    joins = kind in {"AT_AttachPartition", "AT_AddInherit"}
    inherits = kind.endswith("Inherit")
    child, parent = (relation, member) if inherits else (member, relation)
    # both have to have the same columns when they are joined; who only inherits may have more
    for one in (child, parent):
        whole = [Trait.WHOLE] if joins else []
        aspect = JOINS[inherits, one == parent] if joins else ""
        stays = DependencyKind.BLOCKS if joins else None
        to = parent if aspect == JOINS_PARTITION else child if one == parent and joins else None
        trace.touch(Action.READ, one, *whole, dependency=stays, aspect=aspect, to=to)
    if kind == "AT_AttachPartition":
        add_partition(trace, relation, member, change["PartitionCmd"]["bound"])
    elif not joins:
        part = parent.part(NamedKind.PARTITION, ".".join(child.path[1:]))
        trace.touch(Action.DROP, part, aspect="inherits" if inherits else "")
    if joins:
        trace.touch(Action.READ, parent, dependency=DependencyKind.FOLLOWS, aspect="parent", to=child)
    else:  # what the parent gets from now on, the child does not
        trace.touch(Action.READ, child, Trait.WHOLE, dependency=DependencyKind.BLOCKS, aspect="detached", to=parent)
    trace.touch(Action.ALTER, child, aspect="parent", value=definition(command))


def _of_type(trace: Trace, relation: Object, command: Node) -> None:
    """OF and NOT OF: what the type gets from now on, the table does, or does not."""
    if kind := command.get("def", {}).get("TypeName"):
        with trace.using(None, Trait.WHOLE):
            read_type(trace, kind, DependencyKind.BLOCKS, aspect="of", to=relation)
    else:
        blocks = DependencyKind.BLOCKS
        trace.touch(Action.READ, relation, Trait.WHOLE, dependency=blocks, aspect="detached", to=relation)
    trace.touch(Action.ALTER, relation, aspect="of", value=definition(command))


def _set_aspect(trace: Trace, relation: Object, command: Node, kind: str) -> None:
    if kind in {"AT_SetRelOptions", "AT_ResetRelOptions", "AT_GenericOptions"}:
        _options(trace, relation, command)
        return
    identity = command.get("def", {}).get("ReplicaIdentityStmt", {})
    if index := identity.get("name"):
        read_index(trace, relation, index)
    read_owner(trace, command.get("newowner"))
    aspect = TABLE_ASPECTS.get(kind, kind.removeprefix("AT_"))
    value = NO_IDENTITY if identity.get("identity_type") == "n" else definition(command)
    value = LOGGED.get(kind, value)
    trace.touch(Action.ALTER, relation, aspect=aspect, value=value)


def vacuum(trace: Trace, node: Node) -> None:
    """VACUUM and ANALYZE, as far as they name tables and columns."""
    for item in node.get("rels", ()):
        fields = item["VacuumRelation"]
        table = trace.relation(fields["relation"])
        trace.read(table)
        for column in texts(fields.get("va_cols")):
            trace.read(table.part(NamedKind.COLUMN, column))


def _cascade(command: Node) -> list[Trait]:
    return [Trait.CASCADE] if command.get("behavior") == "DROP_CASCADE" else []


HANDLERS = {
    "CreateStmt": create_table,
    "CreateForeignTableStmt": create_foreign_table,
    "CreateTableAsStmt": create_table_as,
    "AlterTableStmt": alter_table,
    "VacuumStmt": vacuum,
}
