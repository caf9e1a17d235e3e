"""Objects that stay the same ones under another name or in another shape, where that is known and not guessed.

When an up ran, it was noted what it called otherwise (`core.renamings`): the way back gives the old names again, in the
order that the names need, and whatever stands in their way makes room first. A table that only differs in whether, or
how, it is partitioned cannot be altered: it makes room for a new one, which takes over its rows before it goes.


What a script called otherwise, told from what every object was called before and after it: no likeness, no guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.schema.decompose import IDENTITY, KEYS, OWNER, claims
from gitmig.schema.model import ObjectName
from gitmig.schema.names import arguments, beside, last, parent, without_arguments
from gitmig.schema.rename_references import Substitution, substituted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gitmig.schema.decompose import Model
    from gitmig.schema.definitions import Relation
    from gitmig.schema.renamings import Undo


Pair = tuple[ObjectName, ObjectName]
Work = list[tuple[ObjectName, str]]

# What makes room is called after what it was, with this behind it.
ASIDE = "_gitmig"
# Known renamings are taken back in this order, so that each is told by the names which the ones before it gave.
ORDER = (
    {"schema"},
    {"enum", "composite type", "domain", "range"},
    {"table", "foreign table", "view", "materialized view"},
    {"column"},
    {"sequence"},
    {"function", "procedure", "aggregate"},
    {"constraint"},
    {"index"},
    {"trigger"},
)
WORDS = {
    "table": "TABLE", "foreign table": "FOREIGN TABLE", "view": "VIEW", "materialized view": "MATERIALIZED VIEW",
    "sequence": "SEQUENCE", "domain": "DOMAIN", "function": "FUNCTION", "procedure": "PROCEDURE",
    "aggregate": "AGGREGATE",
}  # fmt: skip


def taken_back(found: Model, wanted: Model, undos: Iterable[Undo]) -> tuple[Work, Model]:
    """The statements that give the old names again, newest script first, and the model as it is behind them."""
    work: Work = []
    for undo in undos:
        for kinds in ORDER:
            pairs = [pair for pair in _pairs(found, undo, kinds) if undo.whole or _is_open(pair, found, wanted)]
            if pairs:
                more, found = _renamed(found, pairs)
                work += more
    return work, found


def displaced(found: Model, wanted: Model) -> tuple[Work, Model, dict[str, str]]:
    """The statements by which tables make room that cannot be altered, the model then; and by new table the old one."""
    old_by_new = {new: old for old, new in _replaced(found, wanted)}
    work: Work = []
    taken_over: dict[str, str] = {}
    for new, old in old_by_new.items():
        aside = beside(new, ASIDE)
        pairs = [(ObjectName("table", old), ObjectName("table", aside))]
        more, found = _renamed(found, pairs)
        work += more
        more, found = _renamed(found, list(_names_of_parts(found, aside)))
        work += more
        taken_over[new] = aside
    return work, found, taken_over


def rename_statements(old: ObjectName, new: ObjectName) -> Iterator[str]:
    """The SQL that gives an object a new name, in another schema if need be."""
    table = parent(old.name) if old.kind != "schema" else ""
    name, to = last(old.name), last(new.name)
    if old.kind == "schema":
        yield f"ALTER SCHEMA {old.name} RENAME TO {new.name}"
    elif old.kind in {"column", "constraint"}:
        yield f"ALTER TABLE {table} RENAME {old.kind.upper()} {name} TO {to}"
    elif old.kind == "trigger":
        yield f"ALTER TRIGGER {name} ON {table} RENAME TO {to}"
    elif old.kind == "index":
        yield f"ALTER INDEX {parent(table)}.{name} RENAME TO {to}"
    else:
        word, signature = WORDS.get(old.kind, "TYPE"), arguments(old.name)
        schema, new_schema = (parent(without_arguments(one.name)) for one in (old, new))
        if schema != new_schema:
            yield f"ALTER {word} {old.name} SET SCHEMA {new_schema}"
        if name != to:
            yield f"ALTER {word} {new_schema}.{name}{signature} RENAME TO {to}"


def _pairs(found: Model, undo: Undo, kinds: set[str]) -> Iterator[Pair]:
    """What is called as it was after the script, with the name it had before."""
    for kind, before, after in undo.renamings:
        if kind in kinds and ObjectName(kind, after) in found.items:
            yield ObjectName(kind, after), ObjectName(kind, before)


def _is_open(pair: Pair, found: Model, wanted: Model) -> bool:
    """Whether nothing has taken the renaming back so far: after a down, both names may be right as they are."""
    now, then = pair
    return then not in found.items and now not in wanted.items


def _renamed(found: Model, pairs: Sequence[Pair]) -> tuple[Work, Model]:
    """Give new names; what has one of them, and keeps it not, is called otherwise first, and so gets out of the way."""
    moving = {now: then for now, then in pairs if now != then}
    taken = {claim for now, then in moving.items() for claim in claims(then) if claim not in set(claims(now))}
    occupants = [
        name
        for name, item in found.items.items()
        if name.kind in {kind for kinds in ORDER for kind in kinds} and not taken.isdisjoint(claims(name, item))
    ]
    work: Work = []
    if occupants:
        room = [(name, _aside(name)) for name in occupants]
        work += [(now, text) for now, then in room for text in rename_statements(now, then)]
        found = substituted(found, Substitution.of(room))
        aside = dict(room)
        moving = {aside.get(now, now): then for now, then in moving.items()}
    work += [(now, text) for now, then in moving.items() for text in rename_statements(now, then)]
    along = list(_along(found, moving))
    return work, substituted(found, Substitution.of([*moving.items(), *along]))


def _aside(name: ObjectName) -> ObjectName:
    """A name for what makes room."""
    return ObjectName(name.kind, beside(without_arguments(name.name), ASIDE) + arguments(name.name))


def _along(found: Model, moving: Mapping[ObjectName, ObjectName]) -> Iterator[Pair]:
    """What goes to another schema because its table does, or because the schema has another name."""
    for now, then in moving.items():
        if now.kind == "table" and parent(now.name) != parent(then.name):
            for name, item in found.items.items():
                owned = name.kind == OWNER and parent(item.body) == now.name
                inside = name.kind == IDENTITY and parent(name.name) == now.name
                if owned or inside:
                    sequence = name.name if owned else item.body.name
                    moved = f"{parent(then.name)}.{last(sequence)}"
                    yield ObjectName("sequence", sequence), ObjectName("sequence", moved)
        elif now.kind == "schema":
            for name in found.items:
                if name != now and name.name.startswith(f"{now.name}."):
                    yield name, ObjectName(name.kind, then.name + name.name[len(now.name) :])


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
        if _columns(found, old) == _columns(wanted, new) and _differ_in_partitioning(found, old, wanted, new)
    ]
    for old, new in alike:
        if [pair[0] for pair in alike].count(old) == [pair[1] for pair in alike].count(new) == 1:
            yield old, new


def _differ_in_partitioning(found: Model, old: str, wanted: Model, new: str) -> bool:
    tables: tuple[Relation, Relation] = (found.tables[old], wanted.tables[new])
    alone = not any(table.foreign or table.parents or table.of_type for table in tables)
    apart = old not in found.parents and new not in wanted.parents
    return alone and apart and tables[0].partition_key != tables[1].partition_key


def _columns(model: Model, table: str) -> dict[str, str]:
    return {last(one.name): model.items[one].body.type for one in model.parts.get(table, ()) if one.kind == "column"}


def _names_of_parts(found: Model, table: str) -> Iterator[Pair]:
    """What belongs to the table and has a name that nothing else in its schema may have."""
    for name in found.parts.get(table, ()):
        body = found.items[name].body
        is_key = name.kind == "constraint" and body.definition.startswith(KEYS)
        if is_key or name.kind == "index":
            yield name, _aside(name)
        elif name.kind == IDENTITY:
            yield ObjectName("sequence", body.name), ObjectName("sequence", beside(body.name, ASIDE))
