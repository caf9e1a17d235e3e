"""Objects that stay the same ones under another name or in another shape.

Known: when an up ran, it was noted what it called otherwise (`noted_renames`): the way back gives the old names again,
in the order that the names need, and whatever stands in their way makes room first. Guessed, where nobody noted it:
what is equal but for the name; types, tables, columns, sequences, constraints, indexes and triggers, in this order, so
that each is compared with the names that the ones before it have got. And a table that only differs in whether, or how,
it is partitioned cannot be altered: it makes room for a new one, which takes over its rows before it goes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.schema.decompose import Model, SchemaItem, claims
from gitmig.schema.kinds import DEFINITIONS
from gitmig.schema.kinds.columns import Column, Default, Identity
from gitmig.schema.kinds.constraints import Constraint
from gitmig.schema.kinds.indexes import Index
from gitmig.schema.kinds.kind import Context
from gitmig.schema.kinds.sequences import Sequence, SequenceOwner
from gitmig.schema.kinds.tables import ClusteredOn, ReplicaIdentity, Table
from gitmig.schema.kinds.triggers import Trigger
from gitmig.schema.model import NAMED_PARTS, ROUTINES, TABLES, TYPES, VIEWS, ObjectKind, ObjectName
from gitmig.schema.names import beside, parent, parts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
    from collections.abc import Sequence as Several

    from gitmig.schema.kinds.kind import Definition
    from gitmig.schema.model import Tie
    from gitmig.schema.noted_renames import Undo


Pair = tuple[ObjectName, ObjectName]
Work = list[tuple[ObjectName, str]]

# What makes room is called after what it was, with this behind it.
ASIDE = "_gitmig"
# Known renamings are taken back in this order, so that each is told by the names which the ones before it gave.
ORDER = (
    {ObjectKind.SCHEMA},
    TYPES,
    TABLES | VIEWS,
    {ObjectKind.COLUMN},
    {ObjectKind.SEQUENCE},
    ROUTINES,
    {ObjectKind.CONSTRAINT},
    {ObjectKind.INDEX},
    {ObjectKind.TRIGGER},
)
RENAMED = frozenset(kind for kinds in ORDER for kind in kinds)


def undo_renames(found: Model, wanted: Model, undos: Iterable[Undo]) -> tuple[Work, Model]:
    """The statements that give the old names again, newest script first, and the model as it is behind them."""
    work: Work = []
    for undo in undos:
        for kinds in ORDER:
            pairs = [pair for pair in _known(found, undo, kinds) if undo.whole or _is_open(pair, found, wanted)]
            if pairs:
                more, found = _renamed(found, pairs)
                work += more
    return work, found


def make_room(found: Model, wanted: Model) -> tuple[Work, Model, dict[str, str]]:
    """The statements by which tables make room that cannot be altered, the model then; and by new table the old one."""
    old_by_new = {new: old for old, new in _replaced(found, wanted)}
    work: Work = []
    taken_over: dict[str, str] = {}
    for new, old in old_by_new.items():
        aside = beside(new, ASIDE)
        pairs = [(ObjectName(ObjectKind.TABLE, old), ObjectName(ObjectKind.TABLE, aside))]
        more, found = _renamed(found, pairs)
        work += more
        more, found = _renamed(found, list(_names_of_parts(found, aside)))
        work += more
        taken_over[new] = aside
    return work, found, taken_over


def rename_statements(old: ObjectName, new: ObjectName) -> Iterator[str]:
    """The SQL that gives an object a new name, in another schema if need be."""
    word = DEFINITIONS[old.kind].word()
    if old.kind is ObjectKind.SCHEMA:
        yield f"ALTER SCHEMA {old.name} RENAME TO {new.name}"
    elif old.kind in {ObjectKind.COLUMN, ObjectKind.CONSTRAINT}:
        yield f"ALTER TABLE {old.parent} RENAME {word} {old.last} TO {new.last}"
    elif old.kind in NAMED_PARTS:
        yield f"ALTER {DEFINITIONS[old.kind].subject(old)} RENAME TO {new.last}"
    else:
        if old.parent != new.parent:
            yield f"ALTER {word} {old.name} SET SCHEMA {new.parent}"
        if old.last != new.last:
            yield f"ALTER {word} {new.parent}.{old.last}{old.arguments} RENAME TO {new.last}"


def _known(found: Model, undo: Undo, kinds: Collection[ObjectKind]) -> Iterator[Pair]:
    """What is called as it was after the script, with the name it had before."""
    for kind, before, after in undo.renamings:
        if kind in kinds and ObjectName(kind, after) in found.items:
            yield ObjectName(kind, after), ObjectName(kind, before)


def _is_open(pair: Pair, found: Model, wanted: Model) -> bool:
    """Whether nothing has taken the renaming back so far: after a down, both names may be right as they are."""
    now, then = pair
    return then not in found.items and now not in wanted.items


def _renamed(found: Model, pairs: Several[Pair]) -> tuple[Work, Model]:
    """Give new names; what has one of them, and keeps it not, is called otherwise first, and so gets out of the way."""
    moving = {now: then for now, then in pairs if now != then}
    taken = {claim for now, then in moving.items() for claim in claims(then) if claim not in set(claims(now))}
    occupants = [
        name for name, item in found.items.items() if name.kind in RENAMED and not taken.isdisjoint(claims(name, item))
    ]
    work: Work = []
    if occupants:
        room = [(name, _aside(name)) for name in occupants]
        work += [(now, text) for now, then in room for text in rename_statements(now, then)]
        found = rename_references(found, NewNames.of(room))
        aside = dict(room)
        moving = {aside.get(now, now): then for now, then in moving.items()}
    work += [(now, text) for now, then in moving.items() for text in rename_statements(now, then)]
    along = list(_along(found, moving))
    return work, rename_references(found, NewNames.of([*moving.items(), *along]))


def _aside(name: ObjectName) -> ObjectName:
    """A name for what makes room."""
    return ObjectName(name.kind, beside(name.name, ASIDE) + name.arguments)


def _along(found: Model, moving: Mapping[ObjectName, ObjectName]) -> Iterator[Pair]:
    """What goes to another schema because its table does, or because the schema has another name."""
    for now, then in moving.items():
        if now.kind is ObjectKind.TABLE and now.parent != then.parent:
            for sequence in _sequences_of(found, now.name):
                yield sequence, ObjectName(ObjectKind.SEQUENCE, f"{then.parent}.{sequence.last}")
        elif now.kind is ObjectKind.SCHEMA:
            for name in found.items:
                if name != now and name.name.startswith(f"{now.name}."):
                    yield name, ObjectName(name.kind, then.name + name.name[len(now.name) :])


def _sequences_of(found: Model, table: str) -> Iterator[ObjectName]:
    """Those that belong to a column of the table."""
    for name, item in found.items.items():
        if isinstance(item.body, SequenceOwner) and parent(item.body.column) == table:
            yield ObjectName(ObjectKind.SEQUENCE, name.name)
        elif isinstance(item.body, Identity) and name.parent == table:
            yield ObjectName(ObjectKind.SEQUENCE, item.body.name)


def _replaced(found: Model, wanted: Model) -> Iterator[tuple[str, str]]:
    """Tables of which only the partitioning differs, by their names now and then; or also the name, if no doubt is."""
    both = found.tables.keys() & wanted.tables.keys()
    for name in sorted(both):
        if _differ_in_partitioning(found, name, wanted, name):
            yield name, name
    gone, come = (sorted(a.tables.keys() - both) for a in (found, wanted))
    alike = [
        (old, new)
        for old in gone
        for new in come
        if _column_types(found, old) == _column_types(wanted, new) and _differ_in_partitioning(found, old, wanted, new)
    ]
    for old, new in alike:
        if [pair[0] for pair in alike].count(old) == [pair[1] for pair in alike].count(new) == 1:
            yield old, new


def _differ_in_partitioning(found: Model, old: str, wanted: Model, new: str) -> bool:
    tables = (found.tables[old], wanted.tables[new])
    alone = not any(table.foreign or table.parents or table.of_type for table in tables)
    apart = old not in found.parents and new not in wanted.parents
    return alone and apart and tables[0].partition_key != tables[1].partition_key


def _column_types(model: Model, table: str) -> dict[str, str]:
    return {name: column.type for name, column in model.columns(table).items()}


def _names_of_parts(found: Model, table: str) -> Iterator[Pair]:
    """What belongs to the table and has a name that nothing else in its schema may have."""
    for name in found.parts.get(table, ()):
        body = found.items[name].body
        if name.kind is ObjectKind.INDEX or (isinstance(body, Constraint) and body.is_key):
            yield name, _aside(name)
        elif isinstance(body, Identity):
            sequence = ObjectName(ObjectKind.SEQUENCE, body.name)
            yield sequence, _aside(sequence)


# What nobody noted


def guess_renames(found: Model, wanted: Model, *, rows: bool = True, added: Collection[str] = ()) -> tuple[Work, Model]:
    """The statements that rename, and the found model as it is behind them; without `rows`, of what holds none.

    Columns that were `added`, on whichever side, are no other ones with a new name.
    """
    statements: Work = []
    holding = (_tables, _columns, _sequences) if rows else ()
    added_names = {ObjectName(ObjectKind.COLUMN, name) for name in added}
    for step in (_types, *holding, _constraints, _indexes, _triggers):
        pairs = [pair for pair in step(found, wanted) if not _is_taken(pair, found) and added_names.isdisjoint(pair)]
        for schema in sorted({_schema(new) for _, new in pairs} & wanted.items.keys() - found.items.keys()):
            more, found = _with_schema(found, wanted, schema)
            statements += more
        if pairs:
            more, found = _renamed(found, pairs)
            statements += more
    return statements, found


def _schema(name: ObjectName) -> ObjectName:
    return ObjectName(ObjectKind.SCHEMA, parts(name.name)[0])


def _with_schema(found: Model, wanted: Model, schema: ObjectName) -> tuple[Work, Model]:
    """Make a schema, for what moves there; who may use it comes later."""
    body = wanted.items[schema].body
    work = [(schema, text) for text in body.create(schema, Context(found=found, wanted=wanted))]
    return work, replace(found, items={**found.items, schema: SchemaItem(body=body)})


def _is_taken(pair: Pair, found: Model) -> bool:
    """Whether something else still has the new name."""
    return not found.claimed.isdisjoint(set(claims(pair[1])) - set(claims(pair[0])))


def _pairs(
    found: Model, wanted: Model, kinds: Iterable[ObjectKind], key: Callable[[Model, ObjectName], Hashable | None]
) -> Iterator[Pair]:
    """What has only gone and what has only come, where the keys agree; in doubt none. A key of None never agrees."""
    for kind in kinds:
        gone, come = _by_key(found, wanted, kind, key), _by_key(wanted, found, kind, key)
        for value, names in gone.items():
            if len(names) == len(come.get(value, ())) == 1:
                yield names[0], come[value][0]


def _by_key(
    model: Model, other: Model, kind: ObjectKind, key: Callable[[Model, ObjectName], Hashable | None]
) -> dict[Hashable, list[ObjectName]]:
    found: defaultdict[Hashable, list[ObjectName]] = defaultdict(list)
    for name in model.items:
        if name.kind is kind and name not in other.items and (value := key(model, name)) is not None:
            found[value].append(name)
    return found


def _types(found: Model, wanted: Model) -> Iterator[Pair]:
    return _pairs(found, wanted, sorted(TYPES), lambda model, name: model.items[name].body)


def _tables(found: Model, wanted: Model) -> Iterator[Pair]:
    return _pairs(found, wanted, [ObjectKind.TABLE], _table_key)


def _table_key(model: Model, name: ObjectName) -> Hashable | None:
    """Everything but names: columns and constraints, with the table's own name left out of them."""
    constraints = (model.items[part].body for part in model.parts.get(name.name, ()))
    rules = sorted(body.definition for body in constraints if isinstance(body, Constraint))
    own = re.compile(rf"(?<![\w$\".]){re.escape(name.name)}(?![\w$\"])")
    table, columns = model.get(Table, name), frozenset(model.columns(name.name).items())
    key = (table.partition_key, table.parents, columns, tuple(own.sub("", rule) for rule in rules))
    return key if columns else None


def _columns(found: Model, wanted: Model) -> Iterator[Pair]:
    """Where a table has one column too many and one too few, and they are alike; of several, those with akin names."""
    for table in found.tables.keys() & wanted.tables.keys():
        gone, come = (
            [one for one in a.parts.get(table, ()) if one.kind is ObjectKind.COLUMN and one not in b.items]
            for a, b in ((found, wanted), (wanted, found))
        )
        only = len(gone) == len(come) == 1
        alike = [
            (old, new)
            for old in gone
            for new in come
            if (only or _are_akin(old.last, new.last)) and _are_alike(found, old, wanted, new)
        ]
        yield from (
            (old, new)
            for old, new in alike
            if [pair[0] for pair in alike].count(old) == [pair[1] for pair in alike].count(new) == 1
        )


def _are_akin(old: str, new: str) -> bool:
    """As `published` and `published_at`, or `id` and `user_id`."""
    short, long = sorted((old.strip('"'), new.strip('"')), key=len)
    return long.startswith(f"{short}_") or long.endswith(f"_{short}")


def _are_alike(found: Model, old: ObjectName, wanted: Model, new: ObjectName) -> bool:
    before, after = found.get(Column, old), wanted.get(Column, new)
    return before == after and before.local and not before.generated and _same_default(found, old, wanted, new)


def _same_default(found: Model, old: ObjectName, wanted: Model, new: ObjectName) -> bool:
    """A sequence of the column's own may be called after it."""
    sides = ((found, old.name), (wanted, new.name))
    before, after = (side.find(Default, name) for side, name in sides)
    identities = [side.find(Identity, name) is None for side, name in sides]
    own = all(default is not None and default.expression.startswith("nextval(") for default in (before, after))
    return (own or before == after) and identities[0] == identities[1]


def _sequences(found: Model, wanted: Model) -> Iterator[Pair]:
    def key(model: Model, name: ObjectName) -> Hashable:
        return model.get(Sequence, name), model.find(SequenceOwner, name.name)

    return _pairs(found, wanted, [ObjectKind.SEQUENCE], key)


def _constraints(found: Model, wanted: Model) -> Iterator[Pair]:
    def key(model: Model, name: ObjectName) -> Hashable:
        return name.parent, model.get(Constraint, name)

    return _pairs(found, wanted, [ObjectKind.CONSTRAINT], key)


def _indexes(found: Model, wanted: Model) -> Iterator[Pair]:
    def key(model: Model, name: ObjectName) -> Hashable:
        return name.parent, model.get(Index, name).definition.replace(f"INDEX {name.last} ", "", 1)

    return _pairs(found, wanted, [ObjectKind.INDEX], key)


def _triggers(found: Model, wanted: Model) -> Iterator[Pair]:
    def key(model: Model, name: ObjectName) -> Hashable:
        return name.parent, model.get(Trigger, name).definition.replace(f"TRIGGER {name.last} ", "", 1)

    return _pairs(found, wanted, [ObjectKind.TRIGGER], key)


# --- new names in a model: what PostgreSQL itself does to everything that knows a thing by its old one
#
# Not in the texts of views, rules and function bodies: those are not what they would be if they had been written with
# the new name, so that they count as changed and are made again.

# Parts whose names have no table in front of them where others name them.
UNQUALIFIED = NAMED_PARTS - {ObjectKind.COLUMN}
STRING = r"'(?:[^']|'')*'"


class NewNames(Struct, frozen=True, kw_only=True):
    """New names by old ones: those with their schema, which are replaced wherever they stand, and parts of tables."""

    qualified: Mapping[str, str]
    parts: Mapping[ObjectName, ObjectName]

    @classmethod
    def of(cls, pairs: Iterable[tuple[ObjectName, ObjectName]]) -> NewNames:
        """From the old and new names of objects."""
        pairs = list(pairs)
        whole = {old.name: new.name for old, new in pairs if old.kind not in UNQUALIFIED}
        parts = {old: new for old, new in pairs if old.kind in NAMED_PARTS}
        keys = {
            ObjectName(ObjectKind.KEY_INDEX, old.name): ObjectName(ObjectKind.KEY_INDEX, new.name)
            for old, new in parts.items()
            if old.kind is ObjectKind.CONSTRAINT
        }
        return cls(qualified=whole, parts=parts | keys)

    def in_text(self) -> Callable[[str], str]:
        """Replaces whole names, also in front of a part's name."""
        if not self.qualified:
            return lambda text: text
        names = "|".join(map(re.escape, sorted(self.qualified, key=len, reverse=True)))
        pattern = re.compile(rf"(?<![\w$\".])(?:{names})(?![\w$\"])")
        return lambda text: pattern.sub(lambda match: self.qualified[match[0]], text)


def rename_references(model: Model, names: NewNames) -> Model:
    """The model with the new names."""
    return _Renamer(model, names).run()


class _Renamer:
    def __init__(self, model: Model, names: NewNames) -> None:
        self.model, self.names = model, names
        self.text = names.in_text()
        self.columns = _columns_by_dependent(model, names)

    def run(self) -> Model:
        names = {name: self._name(name) for name in self.model.items}
        items = {names[name]: self._item(name, item) for name, item in self.model.items.items()}
        needs: dict[ObjectName, dict[ObjectName, Tie]] = {
            names[name]: {names[needed]: tie for needed, tie in ties.items()} for name, ties in self.model.needs.items()
        }
        keys = frozenset(map(self.text, self.model.partition_keys))
        return Model(items=items, needs=needs, orders=self.model.orders, partition_keys=keys)

    def _name(self, name: ObjectName) -> ObjectName:
        part = self.names.parts.get(name)
        return part or ObjectName(name.kind, self.text(name.name))

    def _item(self, name: ObjectName, item: SchemaItem[Definition]) -> SchemaItem[Definition]:
        if item.body.HAS_OLD_NAMES:
            return item
        body = item.body.mapped(self.text)
        for old, new in self.columns.get(name, ()):
            body = body.mapped(partial(_in_expression, old=old, new=new))
        part = self.names.parts.get(name)
        if part and isinstance(body, Index | Trigger):
            word = "INDEX" if isinstance(body, Index) else "TRIGGER"
            named = body.definition.replace(f"{word} {name.last} ", f"{word} {part.last} ", 1)
            body = body.replaced(definition=named)
        if isinstance(body, ClusteredOn | ReplicaIdentity):
            body = body.replaced(index=self._index_of(name.name, body.index))
        return item if body == item.body else replace(item, body=body)

    def _index_of(self, table: str, index: str) -> str:
        for kind in (ObjectKind.INDEX, ObjectKind.CONSTRAINT):
            if new := self.names.parts.get(ObjectName(kind, f"{table}.{index}")):
                return new.last
        return index


def _columns_by_dependent(model: Model, names: NewNames) -> dict[ObjectName, list[tuple[str, str]]]:
    """Which columns have another name in the expressions of which items."""
    found: dict[ObjectName, list[tuple[str, str]]] = {}
    for old, new in names.parts.items():
        if old.kind is ObjectKind.COLUMN:
            for dependent in model.dependents.get(old, ()):
                found.setdefault(dependent, []).append((old.last, new.last))
                if dependent.kind is ObjectKind.CONSTRAINT:
                    key_index = ObjectName(ObjectKind.KEY_INDEX, dependent.name)
                    found.setdefault(key_index, []).append((old.last, new.last))
    return found


def _in_expression(text: str, old: str, new: str) -> str:
    """A column's name, but for strings that happen to contain it."""
    pattern = rf"{STRING}|(?<![\w$\"]){re.escape(old)}(?![\w$\"(])"
    return re.sub(pattern, lambda match: new if match[0] == old else match[0], text)
