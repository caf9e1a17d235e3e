"""Indexes and extended statistics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.schema.ddl.rule import Context, Instead, Rule, Statements, dropped, of_kind, option_changes
from gitmig.schema.names import last, parent

if TYPE_CHECKING:
    from gitmig.schema.definitions import Index, Statistics

STORAGE = re.compile(r" WITH \(((?:[\w.]+='?[^',]*'?(?:, )?)+)\)(?= WHERE |$)")
STATISTICS_KINDS = {"d": "ndistinct", "f": "dependencies", "m": "mcv"}


def storage(definition: str) -> list[str]:
    """The storage options in an index's definition, as `fillfactor=70`."""
    match = STORAGE.search(definition)
    return match[1].replace("'", "").split(", ") if match else []


def settings(name: str, index: Index) -> Statements:
    """What is said of an index after it was made."""
    for column, target in _targets(index).items():
        yield f"ALTER INDEX {_own_name(name)} ALTER COLUMN {column} SET STATISTICS {target}"


def _targets(index: Index) -> dict[str, str]:
    return dict(entry.split(":") for entry in index.statistics or ())


def _own_name(name: str) -> str:
    """Indexes are called after their table here, and after its schema in SQL."""
    return f"{parent(parent(name))}.{last(name)}"


def _create(name: str, index: Index, _context: Context) -> Statements:
    """PostgreSQL writes ONLY for a partitioned table; partitions are to have the index, too."""
    definition = index.definition.replace(f" ON ONLY {parent(name)} ", f" ON {parent(name)} ", 1)
    if not index.tablespace:
        yield definition
        return
    head, where, condition = definition.partition(" WHERE ")
    yield f"{head} TABLESPACE {index.tablespace}{where}{condition}"


def _drop(name: str, _index: Index, _context: Context) -> Statements:
    yield f"DROP INDEX {_own_name(name)}"


def _alter(name: str, old: Index, new: Index, _context: Context) -> Statements | Instead:
    if STORAGE.sub("", old.definition) != STORAGE.sub("", new.definition):
        return Instead.REPLACE
    return list(_changes(name, old, new))


def _changes(name: str, old: Index, new: Index) -> Statements:
    alter = f"ALTER INDEX {_own_name(name)}"
    yield from option_changes(alter, storage(old.definition), storage(new.definition))
    if old.tablespace != new.tablespace:
        yield f"{alter} SET TABLESPACE {new.tablespace or 'pg_default'}"
    if old.valid != new.valid:
        yield f"REINDEX INDEX {_own_name(name)}"
    before, after = _targets(old), _targets(new)
    for column in sorted(before.keys() | after.keys()):
        if before.get(column) != after.get(column):
            yield f"{alter} ALTER COLUMN {column} SET STATISTICS {after.get(column, -1)}"


def _create_statistics(name: str, statistics: Statistics, _context: Context) -> Statements:
    kinds = [STATISTICS_KINDS[kind] for kind in statistics.kinds if kind in STATISTICS_KINDS]
    some = f" ({', '.join(kinds)})" if 0 < len(kinds) < len(STATISTICS_KINDS) else ""
    what = [*(statistics.columns or ()), *(f"({one})" for one in statistics.expressions or ())]
    yield f"CREATE STATISTICS {name}{some} ON {', '.join(what)} FROM {statistics.table}"


def _statistics_target(name: str, statistics: Statistics, _context: Context) -> Statements:
    if statistics.target is not None:
        yield f"ALTER STATISTICS {name} SET STATISTICS {statistics.target}"


def _alter_statistics(name: str, old: Statistics, new: Statistics, _context: Context) -> Statements | Instead:
    same = (old.table, old.kinds, old.columns, old.expressions) == (new.table, new.kinds, new.columns, new.expressions)
    if not same:
        return Instead.REPLACE
    return [f"ALTER STATISTICS {name} SET STATISTICS {-1 if new.target is None else new.target}"]


RULES = {
    "index": Rule(
        create=_create,
        drop=_drop,
        alter=_alter,
        settings=lambda name, index, _: settings(name, index),
        subject=lambda name: f"INDEX {_own_name(name)}",
    ),
    "statistics": Rule(
        create=_create_statistics,
        drop=dropped("STATISTICS"),
        alter=_alter_statistics,
        settings=_statistics_target,
        subject=of_kind("STATISTICS"),
    ),
}
