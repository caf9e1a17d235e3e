"""Writing new names into a model: what PostgreSQL itself does to everything that knows a thing by its old one.

Not into the texts of views, rules and function bodies: those are not what they would be if they had been written with
the new name, so that they count as changed and are made again.


What was only renamed, where nobody noted it: recognised by what is equal but for the name.

Types, tables, columns, sequences, constraints, indexes and triggers, in this order, so that each is compared with the
names that the ones before it have got.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from gitmig.schema.decompose import CLUSTERED, IDENTITY, KEY_INDEX, OWNER, REPLICA_IDENTITY, TYPES, Item, Model, claims
from gitmig.schema.definitions import Routine
from gitmig.schema.model import DEFAULT, ObjectName
from gitmig.schema.moves import rename_statements
from gitmig.schema.names import last, parent

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

    from gitmig.schema.model import Tie
    from gitmig.schema.moves import Pair, Work


UNTOUCHED = {"view", "materialized view", "rule"}
STRING = r"'(?:[^']|'')*'"
NAMED_IN_DEFINITION = {"index": "INDEX", "trigger": "TRIGGER", KEY_INDEX: "INDEX"}


@dataclass(frozen=True, kw_only=True)
class Substitution:
    """New names by old ones: those with their schema, which are replaced wherever they stand, and parts of tables."""

    qualified: Mapping[str, str]
    parts: Mapping[ObjectName, ObjectName]

    @classmethod
    def of(cls, pairs: Iterable[tuple[ObjectName, ObjectName]]) -> Substitution:
        """From the old and new names of objects."""
        pairs = list(pairs)
        whole = {old.name: new.name for old, new in pairs if old.kind not in {"constraint", "index", "trigger"}}
        parts = {old: new for old, new in pairs if old.kind in {"constraint", "index", "trigger", "column"}}
        keys = {
            ObjectName(KEY_INDEX, old.name): ObjectName(KEY_INDEX, new.name)
            for old, new in parts.items()
            if old.kind == "constraint"
        }
        return cls(qualified=whole, parts=parts | keys)

    def in_text(self) -> Callable[[str], str]:
        """Replaces whole names, also in front of a part's name."""
        if not self.qualified:
            return lambda text: text
        names = "|".join(map(re.escape, sorted(self.qualified, key=len, reverse=True)))
        pattern = re.compile(rf"(?<![\w$\".])(?:{names})(?![\w$\"])")
        return lambda text: pattern.sub(lambda match: self.qualified[match[0]], text)


def substituted(model: Model, substitution: Substitution) -> Model:
    """The model with the new names."""
    return _Substituting(model, substitution).run()


class _Substituting:
    def __init__(self, model: Model, substitution: Substitution) -> None:
        self.model, self.substitution = model, substitution
        self.text = substitution.in_text()
        self.columns = _columns_by_dependent(model, substitution)

    def run(self) -> Model:
        names = {name: self._name(name) for name in self.model.items}
        items = {names[name]: self._item(name, item) for name, item in self.model.items.items()}
        needs: dict[ObjectName, dict[ObjectName, Tie]] = {
            names[name]: {names[needed]: tie for needed, tie in ties.items()} for name, ties in self.model.needs.items()
        }
        keys = frozenset(map(self.text, self.model.partition_keys))
        return Model(items=items, needs=needs, orders=self.model.orders, partition_keys=keys)

    def _name(self, name: ObjectName) -> ObjectName:
        part = self.substitution.parts.get(name)
        return part or ObjectName(name.kind, self.text(name.name))

    def _item(self, name: ObjectName, item: Item) -> Item:
        if name.kind in UNTOUCHED:
            return item
        body = _mapped(item.body, self.text)
        for old, new in self.columns.get(name, ()):
            body = _mapped(body, partial(_in_expression, old=old, new=new))
        part = self.substitution.parts.get(name)
        if part and name.kind in NAMED_IN_DEFINITION:
            word = NAMED_IN_DEFINITION[name.kind]
            named = body.definition.replace(f"{word} {last(name.name)} ", f"{word} {last(part.name)} ", 1)
            body = replace(body, definition=named)
        if name.kind in {CLUSTERED, REPLICA_IDENTITY}:
            body = self._index_of(name.name, body)
        return item if body == item.body else replace(item, body=body)

    def _index_of(self, table: str, index: str) -> str:
        for kind in ("index", "constraint"):
            if new := self.substitution.parts.get(ObjectName(kind, f"{table}.{index}")):
                return last(new.name)
        return index


def _columns_by_dependent(model: Model, substitution: Substitution) -> dict[ObjectName, list[tuple[str, str]]]:
    """Which columns have another name in the expressions of which items."""
    found: dict[ObjectName, list[tuple[str, str]]] = {}
    for old, new in substitution.parts.items():
        if old.kind == "column":
            for dependent in model.dependents.get(old, ()):
                found.setdefault(dependent, []).append((last(old.name), last(new.name)))
                if dependent.kind == "constraint":
                    found.setdefault(ObjectName(KEY_INDEX, dependent.name), []).append((last(old.name), last(new.name)))
    return found


def _in_expression(text: str, old: str, new: str) -> str:
    """A column's name, but for strings that happen to contain it."""
    pattern = rf"{STRING}|(?<![\w$\"]){re.escape(old)}(?![\w$\"(])"
    return re.sub(pattern, lambda match: new if match[0] == old else match[0], text)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """Every text within a body."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_mapped(one, change) for one in value)
    if isinstance(value, Routine):
        return _in_head(value, change)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _mapped(getattr(value, one.name), change) for one in fields(value)})
    return value


def _in_head(routine: Routine, change: Callable[[str], str]) -> Routine:
    """Bodies stay as they were written."""
    if not isinstance(routine.definition, str):
        return Routine(_mapped(routine.definition, change))
    head, language, rest = routine.definition.partition("\n LANGUAGE ")
    return Routine(change(head) + language + rest)


def renamed(found: Model, wanted: Model, *, rows: bool = True) -> tuple[Work, Model]:
    """The statements that rename, and the found model as it is behind them; without `rows`, of what holds none."""
    statements: Work = []
    holding = (_tables, _columns, _sequences) if rows else ()
    for step in (_types, *holding, _constraints, _indexes, _triggers):
        pairs = [pair for pair in step(found, wanted) if not _is_taken(pair, found)]
        statements += [(old, text) for old, new in pairs for text in rename_statements(old, new)]
        if pairs:
            found = substituted(found, Substitution.of(pairs))
    return statements, found


def _is_taken(pair: Pair, found: Model) -> bool:
    """Whether something else still has the new name."""
    return not found.claimed.isdisjoint(set(claims(pair[1])) - set(claims(pair[0])))


def _pairs(
    found: Model, wanted: Model, kinds: Iterable[str], key: Callable[[Model, ObjectName], Hashable | None]
) -> Iterator[Pair]:
    """What has only gone and what has only come, where the keys agree; in doubt none. A key of None never agrees."""
    for kind in kinds:
        gone, come = _by_key(found, wanted, kind, key), _by_key(wanted, found, kind, key)
        for value, names in gone.items():
            if len(names) == len(come.get(value, ())) == 1:
                yield names[0], come[value][0]


def _by_key(
    model: Model, other: Model, kind: str, key: Callable[[Model, ObjectName], Hashable | None]
) -> dict[Hashable, list[ObjectName]]:
    found: defaultdict[Hashable, list[ObjectName]] = defaultdict(list)
    for name in model.items:
        if name.kind == kind and name not in other.items and (value := key(model, name)) is not None:
            found[value].append(name)
    return found


def _types(found: Model, wanted: Model) -> Iterator[Pair]:
    return _pairs(found, wanted, sorted(TYPES), lambda model, name: model.items[name].body)


def _tables(found: Model, wanted: Model) -> Iterator[Pair]:
    return _pairs(found, wanted, ["table"], _table_key)


def _table_key(model: Model, name: ObjectName) -> Hashable | None:
    """Everything but names: columns and constraints, with the table's own name left out of them."""
    parts = model.parts.get(name.name, ())
    columns = frozenset((last(one.name), model.items[one].body) for one in parts if one.kind == "column")
    rules = sorted(model.items[one].body.definition for one in parts if one.kind == "constraint")
    own = re.compile(rf"(?<![\w$\".]){re.escape(name.name)}(?![\w$\"])")
    body = model.items[name].body
    key = (body.partition_key, body.parents, columns, tuple(own.sub("", rule) for rule in rules))
    return key if columns else None


def _columns(found: Model, wanted: Model) -> Iterator[Pair]:
    """Where a table has one column too many and one too few, and they are alike; of several, those with akin names."""
    for table in found.tables.keys() & wanted.tables.keys():
        gone, come = (
            [one for one in a.parts.get(table, ()) if one.kind == "column" and one not in b.items]
            for a, b in ((found, wanted), (wanted, found))
        )
        only = len(gone) == len(come) == 1
        alike = [
            (old, new)
            for old in gone
            for new in come
            if (only or _are_akin(last(old.name), last(new.name))) and _are_alike(found, old, wanted, new)
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
    before, after = found.items[old].body, wanted.items[new].body
    return bool(before == after and before.local and not before.generated and _same_default(found, old, wanted, new))


def _same_default(found: Model, old: ObjectName, wanted: Model, new: ObjectName) -> bool:
    """A sequence of the column's own may be called after it."""
    defaults = [side.body(DEFAULT, name.name) for side, name in ((found, old), (wanted, new))]
    identities = [side.body(IDENTITY, name.name) is None for side, name in ((found, old), (wanted, new))]
    own = all(text is not None and text.startswith("nextval(") for text in defaults)
    return (own or defaults[0] == defaults[1]) and identities[0] == identities[1]


def _sequences(found: Model, wanted: Model) -> Iterator[Pair]:
    def key(model: Model, name: ObjectName) -> Hashable:
        return model.items[name].body, model.body(OWNER, name.name)

    return _pairs(found, wanted, ["sequence"], key)


def _constraints(found: Model, wanted: Model) -> Iterator[Pair]:
    def key(model: Model, name: ObjectName) -> Hashable:
        return parent(name.name), model.items[name].body

    return _pairs(found, wanted, ["constraint"], key)


def _indexes(found: Model, wanted: Model) -> Iterator[Pair]:
    return _pairs(found, wanted, ["index"], _definition_key("INDEX"))


def _triggers(found: Model, wanted: Model) -> Iterator[Pair]:
    return _pairs(found, wanted, ["trigger"], _definition_key("TRIGGER"))


def _definition_key(word: str) -> Callable[[Model, ObjectName], Hashable]:
    def key(model: Model, name: ObjectName) -> Hashable:
        return parent(name.name), model.items[name].body.definition.replace(f"{word} {last(name.name)} ", "", 1)

    return key
