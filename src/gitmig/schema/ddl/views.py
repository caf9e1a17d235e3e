"""Views and materialized views, with what is said of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.schema.ddl.privileges import grant_changes
from gitmig.schema.ddl.rule import (
    Context,
    Instead,
    Rule,
    Statements,
    commented,
    dropped,
    of_kind,
    option_changes,
    option_list,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.schema.definitions import Column, Relation

STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
COMPRESSION = {"p": "pglz", "l": "lz4", "": "DEFAULT"}


def _text(view: Relation) -> str:
    return str(view.query).strip().rstrip(";")


def _create_view(name: str, view: Relation, _context: Context) -> Statements:
    yield f"CREATE VIEW {name}{_options(view)} AS\n{_text(view)}"


def _create_materialized(name: str, view: Relation, _context: Context) -> Statements:
    method = f" USING {view.method}" if view.method not in {None, "heap"} else ""
    space = f" TABLESPACE {view.tablespace}" if view.tablespace else ""
    yield f"CREATE MATERIALIZED VIEW {name}{method}{_options(view)}{space} AS\n{_text(view)}"


def _options(view: Relation) -> str:
    return f" WITH ({option_list(_all_options(view))})" if _all_options(view) else ""


def _all_options(view: Relation) -> list[str]:
    return [*(view.options or ()), *(f"toast.{option}" for option in view.toast_options or ())]


def _settings_of(kind: str) -> Callable[[str, Relation, Context], Statements]:
    def settings(name: str, view: Relation, _context: Context) -> Statements:
        return _column_changes(kind, name, None, view)

    return settings


def _column_changes(kind: str, name: str, old: Relation | None, new: Relation) -> Statements:
    """Defaults, settings, grants and comments of columns; `old` is None for a new view."""
    for column, after in new.columns.items():
        before = old.columns.get(column) if old else None
        alter = f"ALTER {kind} {name} ALTER COLUMN {column}"
        default, wanted = (old.defaults.get(column) if old else None), new.defaults.get(column)
        if default != wanted:
            yield f"{alter} {'DROP DEFAULT' if wanted is None else f'SET DEFAULT {wanted}'}"
        yield from _storage_changes(alter, before and before.body, after.body)
        yield from grant_changes("column", f"{name}.{column}", before and before.grants, after.grants)
        if (before and before.comment) != after.comment:
            yield commented(f"COLUMN {name}.{column}", after.comment)


def _storage_changes(alter: str, before: Column | None, after: Column) -> Statements:
    if (before.storage if before else None) != after.storage:
        yield f"{alter} SET STORAGE {STORAGE[after.storage or 'x']}"
    if (before.compression if before else "") != after.compression:
        yield f"{alter} SET COMPRESSION {COMPRESSION[after.compression]}"
    if (before.statistics if before else None) != after.statistics:
        yield f"{alter} SET STATISTICS {-1 if after.statistics is None else after.statistics}"
    yield from option_changes(alter, before.options if before else (), after.options)


def _alter_view(name: str, old: Relation, new: Relation, _context: Context) -> Statements | Instead:
    if not _can_replace(old, new):
        return Instead.REPLACE
    statements: list[str] = []
    if old.query != new.query:
        statements += [f"CREATE OR REPLACE VIEW {name}{_options(new)} AS\n{_text(new)}"]
    else:
        statements += option_changes(f"ALTER VIEW {name}", _all_options(old), _all_options(new))
    return [*statements, *_column_changes("VIEW", name, old, new)]


def _can_replace(old: Relation, new: Relation) -> bool:
    """CREATE OR REPLACE VIEW can only add columns at the end."""
    before, after = old.column_names or (), new.column_names or ()
    return after[: len(before)] == before and all(
        (old.columns[name].body.type, old.columns[name].body.collation)
        == (new.columns[name].body.type, new.columns[name].body.collation)
        for name in before
    )


def _alter_materialized(name: str, old: Relation, new: Relation, _context: Context) -> Statements | Instead:
    if (old.query, old.column_names) != (new.query, new.column_names):
        return Instead.REPLACE
    alter = f"ALTER MATERIALIZED VIEW {name}"
    statements = list(option_changes(alter, _all_options(old), _all_options(new)))
    if old.method != new.method:
        statements.append(f"{alter} SET ACCESS METHOD {new.method}")
    if old.tablespace != new.tablespace:
        statements.append(f"{alter} SET TABLESPACE {new.tablespace or 'pg_default'}")
    return [*statements, *_column_changes("MATERIALIZED VIEW", name, old, new)]


RULES = {
    "view": Rule(
        create=_create_view,
        drop=dropped("VIEW"),
        alter=_alter_view,
        settings=_settings_of("VIEW"),
        subject=of_kind("VIEW"),
    ),
    "materialized view": Rule(
        create=_create_materialized,
        drop=dropped("MATERIALIZED VIEW"),
        alter=_alter_materialized,
        settings=_settings_of("MATERIALIZED VIEW"),
        subject=of_kind("MATERIALIZED VIEW"),
    ),
}
