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
from typing import TYPE_CHECKING

from gitmig.schema.decompose import IDENTITY, OWNER, TYPES, Model, claims
from gitmig.schema.model import DEFAULT, ObjectName
from gitmig.schema.moves import rename_statements
from gitmig.schema.names import last, parent

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from gitmig.schema.moves import Pair, Work
from gitmig.schema.rename_references import Substitution, substituted


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
