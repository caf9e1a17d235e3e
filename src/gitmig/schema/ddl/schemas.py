"""Schemas and extensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.schema.ddl.rule import Context, Rule, Statements, dropped, of_kind
from gitmig.schema.model import ObjectName

if TYPE_CHECKING:
    from gitmig.schema.definitions import Extension


def _create_schema(name: str, _body: object, _context: Context) -> Statements:
    yield f"CREATE SCHEMA {name}"


def _create_extension(name: str, extension: Extension, context: Context) -> Statements:
    """Some extensions make their schema themselves."""
    there = ObjectName("schema", extension.schema) in context.wanted.items
    yield f"CREATE EXTENSION {name}{f' SCHEMA {extension.schema}' if there else ''}"


def _alter_extension(name: str, _old: Extension, new: Extension, _context: Context) -> Statements:
    yield f"ALTER EXTENSION {name} SET SCHEMA {new.schema}"


RULES = {
    "schema": Rule(create=_create_schema, drop=dropped("SCHEMA"), subject=of_kind("SCHEMA")),
    "extension": Rule(
        create=_create_extension, drop=dropped("EXTENSION"), alter=_alter_extension, subject=of_kind("EXTENSION")
    ),
}
