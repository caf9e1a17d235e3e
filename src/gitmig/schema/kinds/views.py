"""Views and materialized views, with what is said of their columns."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from gitmig.schema.kinds.columns import COMPRESSION, STORAGE, Column
from gitmig.schema.kinds.kind import (
    Context,
    Instead,
    Self,
    Statements,
    commented,
    option_changes,
    option_list,
)
from gitmig.schema.kinds.privileges import ON_COLUMN, grant_changes
from gitmig.schema.kinds.tables import Relation
from gitmig.schema.model import ObjectKind, ObjectName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitmig.schema.decompose import SchemaItem


class View(Relation):
    """A view. Its columns and their defaults, by name, belong to it."""

    columns: Mapping[str, SchemaItem[Column]] = MappingProxyType({})
    defaults: Mapping[str, str] = MappingProxyType({})

    KIND = ObjectKind.VIEW
    SPACES = ("relation", "type")
    IN_THE_WAY = True
    HAS_OLD_NAMES = True

    @property
    def statement(self) -> str:
        """What it selects."""
        return str(self.text).strip().rstrip(";")

    def _with_options(self) -> str:
        return f" WITH ({option_list(self.all_options)})" if self.all_options else ""

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield f"CREATE VIEW {name.name}{self._with_options()} AS\n{self.statement}"

    def settings(self, name: ObjectName, context: Context) -> Statements:
        return self._column_changes(None, name)

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        return self._changes(old, name) if self._can_replace(old) else Instead.REPLACE

    def _can_replace(self, old: View) -> bool:
        """CREATE OR REPLACE VIEW can only add columns at the end."""
        before, after = old.column_names or (), self.column_names or ()
        return after[: len(before)] == before and all(
            old.columns[name].body.full_type == self.columns[name].body.full_type for name in before
        )

    def _changes(self, old: View, name: ObjectName) -> Statements:
        if old.text != self.text:
            yield f"CREATE OR REPLACE VIEW {name.name}{self._with_options()} AS\n{self.statement}"
        else:
            yield from option_changes(f"ALTER VIEW {name.name}", old.all_options, self.all_options)
        yield from self._column_changes(old, name)

    def _column_changes(self, old: View | None, name: ObjectName) -> Statements:
        """Defaults, settings, grants and comments of columns; `old` is None for a new view."""
        for column, after in self.columns.items():
            part = ObjectName(ObjectKind.COLUMN, f"{name.name}.{column}")
            before = old.columns.get(column) if old else None
            alter = f"ALTER {self.word()} {name.name} ALTER COLUMN {column}"
            default, wanted = (old.defaults.get(column) if old else None), self.defaults.get(column)
            if default != wanted:
                yield f"{alter} {'DROP DEFAULT' if wanted is None else f'SET DEFAULT {wanted}'}"
            yield from _storage_changes(alter, before.body if before else None, after.body)
            yield from grant_changes(ON_COLUMN, part, before.grants if before else None, after.grants)
            if (before and before.comment) != after.comment:
                yield commented(Column.subject(part), after.comment)


def _storage_changes(alter: str, before: Column | None, after: Column) -> Statements:
    if (before.storage if before else None) != after.storage:
        yield f"{alter} SET STORAGE {STORAGE[after.storage or 'x']}"
    if (before.compression if before else "") != after.compression:
        yield f"{alter} SET COMPRESSION {COMPRESSION[after.compression]}"
    if (before.statistics if before else None) != after.statistics:
        yield f"{alter} SET STATISTICS {-1 if after.statistics is None else after.statistics}"
    yield from option_changes(alter, before.options if before else (), after.options)


class MaterializedView(View):
    """A materialized view."""

    KIND = ObjectKind.MATERIALIZED_VIEW

    def create(self, name: ObjectName, context: Context) -> Statements:
        method = f" USING {self.method}" if self.method not in {None, "heap"} else ""
        space = f" TABLESPACE {self.tablespace}" if self.tablespace else ""
        yield f"CREATE MATERIALIZED VIEW {name.name}{method}{self._with_options()}{space} AS\n{self.statement}"

    def _can_replace(self, old: View) -> bool:
        return (old.text, old.column_names) == (self.text, self.column_names)

    def _changes(self, old: View, name: ObjectName) -> Statements:
        alter = f"ALTER MATERIALIZED VIEW {name.name}"
        yield from option_changes(alter, old.all_options, self.all_options)
        if old.method != self.method:
            yield f"{alter} SET ACCESS METHOD {self.method}"
        if old.tablespace != self.tablespace:
            yield f"{alter} SET TABLESPACE {self.tablespace or 'pg_default'}"
        yield from self._column_changes(old, name)
