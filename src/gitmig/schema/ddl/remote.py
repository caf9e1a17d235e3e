"""Foreign data wrappers, servers, publications and what they publish."""

from __future__ import annotations

from typing import Any

from gitmig.schema.ddl.rule import (
    Context,
    Instead,
    Rule,
    Statements,
    dropped,
    foreign_option_changes,
    foreign_options,
    of_kind,
)
from gitmig.schema.names import last, literal, parent

EVENTS = ("insert", "update", "delete", "truncate")
GENERATED_COLUMNS = {"n": "none", "s": "stored"}


def _create_wrapper(name: str, body: Any, _context: Context) -> Statements:
    handler, validator, options = body
    text = f"CREATE FOREIGN DATA WRAPPER {name}"
    text += f" HANDLER {_function(handler)}" if handler else ""
    text += f" VALIDATOR {_function(validator)}" if validator else ""
    yield text + foreign_options(options)


def _function(signature: str) -> str:
    return signature.partition("(")[0]


def _alter_wrapper(name: str, old: Any, new: Any, _context: Context) -> Statements | Instead:
    alter = f"ALTER FOREIGN DATA WRAPPER {name}"
    statements = [
        f"{alter} {f'{word} {_function(after)}' if after else f'NO {word}'}"
        for word, before, after in zip(("HANDLER", "VALIDATOR"), old, new)
        if before != after
    ]
    return [*statements, *foreign_option_changes(alter, old[2], new[2])]


def _create_server(name: str, body: Any, _context: Context) -> Statements:
    wrapper, kind, version, options = body
    text = f"CREATE SERVER {name}"
    text += f" TYPE {literal(kind)}" if kind is not None else ""
    text += f" VERSION {literal(version)}" if version is not None else ""
    yield f"{text} FOREIGN DATA WRAPPER {wrapper}{foreign_options(options)}"


def _alter_server(name: str, old: Any, new: Any, _context: Context) -> Statements | Instead:
    if old[:2] != new[:2]:
        return Instead.REPLACE
    statements = [f"ALTER SERVER {name} VERSION {literal(new[2]) if new[2] else 'NULL'}"] if old[2] != new[2] else []
    return [*statements, *foreign_option_changes(f"ALTER SERVER {name}", old[3], new[3])]


def _create_publication(name: str, body: Any, _context: Context) -> Statements:
    settings = _publication_settings(((None, True, True, True, True, False, "n"))[: len(body)], body)
    tables = " FOR ALL TABLES" if body[0] else ""
    yield f"CREATE PUBLICATION {name}{tables}{f' WITH ({settings})' if settings else ''}"


def _publication_settings(old: Any, new: Any) -> str:
    settings = []
    if old[1:5] != new[1:5]:
        published = [event for event, chosen in zip(EVENTS, new[1:5]) if chosen]
        settings.append(f"publish = {literal(', '.join(published))}")
    if old[5] != new[5]:
        settings.append(f"publish_via_partition_root = {'true' if new[5] else 'false'}")
    if old[6:] != new[6:]:
        settings.append(f"publish_generated_columns = {GENERATED_COLUMNS[new[6]]}")
    return ", ".join(settings)


def _alter_publication(name: str, old: Any, new: Any, _context: Context) -> Statements | Instead:
    if old[0] != new[0]:
        return Instead.REPLACE
    return [f"ALTER PUBLICATION {name} SET ({_publication_settings(old, new)})"]


def _publish(name: str, body: Any, _context: Context) -> Statements:
    condition, columns = body or (None, None)
    text = f"ALTER PUBLICATION {last(name)} ADD TABLE {parent(name)}"
    text += f" ({', '.join(columns)})" if columns else ""
    yield text + (f" WHERE ({condition})" if condition else "")


def _unpublish(name: str, _body: Any, _context: Context) -> Statements:
    yield f"ALTER PUBLICATION {last(name)} DROP TABLE {parent(name)}"


def _publish_schema(name: str, _body: Any, _context: Context) -> Statements:
    yield f"ALTER PUBLICATION {last(name)} ADD TABLES IN SCHEMA {parent(name)}"


def _unpublish_schema(name: str, _body: Any, _context: Context) -> Statements:
    yield f"ALTER PUBLICATION {last(name)} DROP TABLES IN SCHEMA {parent(name)}"


RULES = {
    "foreign data wrapper": Rule(
        create=_create_wrapper,
        drop=dropped("FOREIGN DATA WRAPPER"),
        alter=_alter_wrapper,
        subject=of_kind("FOREIGN DATA WRAPPER"),
    ),
    "server": Rule(create=_create_server, drop=dropped("SERVER"), alter=_alter_server, subject=of_kind("SERVER")),
    "publication": Rule(
        create=_create_publication,
        drop=dropped("PUBLICATION"),
        alter=_alter_publication,
        subject=of_kind("PUBLICATION"),
    ),
    "published table": Rule(create=_publish, drop=_unpublish),
    "published schema": Rule(create=_publish_schema, drop=_unpublish_schema),
}
