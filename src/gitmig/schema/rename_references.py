"""Writing new names into a model: what PostgreSQL itself does to everything that knows a thing by its old one.

Not into the texts of views, rules and function bodies: those are not what they would be if they had been written with
the new name, so that they count as changed and are made again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from gitmig.schema.decompose import CLUSTERED, KEY_INDEX, REPLICA_IDENTITY, Item, Model
from gitmig.schema.definitions import Routine
from gitmig.schema.model import ObjectName
from gitmig.schema.names import last

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gitmig.schema.model import Tie


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
