"""Writing new names into a model: what PostgreSQL itself does to everything that knows a thing by its old one.

Not into the texts of views, rules and function bodies: those are not what they would be if they had been written with
the new name, so that they count as changed and are made again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from gitmig.schema.decompose import Model, SchemaItem
from gitmig.schema.kinds.indexes import Index
from gitmig.schema.kinds.tables import ClusteredOn, ReplicaIdentity
from gitmig.schema.kinds.triggers import Trigger
from gitmig.schema.model import NAMED_PARTS, ObjectKind, ObjectName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gitmig.schema.kinds.kind import Definition
    from gitmig.schema.model import Tie


# Parts whose names have no table in front of them where others name them.
UNQUALIFIED = NAMED_PARTS - {ObjectKind.COLUMN}
STRING = r"'(?:[^']|'')*'"


@dataclass(frozen=True, kw_only=True)
class NewNames:
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
    return _Renaming(model, names).run()


class _Renaming:
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
