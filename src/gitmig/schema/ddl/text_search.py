"""Collations, conversions, text search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitmig.schema.ddl.rule import Context, Instead, Rule, Statements, dropped, of_kind
from gitmig.schema.names import literal

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVIDERS = {"i": "icu", "c": "libc", "b": "builtin"}
NONE = "-"
DEFAULT_PARSER = 'pg_catalog."default"'
# The token types of the default parser, in the order of their numbers.
TOKENS = (
    "asciiword", "word", "numword", "email", "url", "host", "sfloat", "version", "hword_numpart", "hword_part",
    "hword_asciipart", "blank", "tag", "protocol", "numhword", "asciihword", "hword", "url_path", "file", "float",
    "int", "uint", "entity",
)  # fmt: skip


def _create_collation(name: str, body: Any, _context: Context) -> Statements:
    yield f"CREATE COLLATION {name} ({', '.join(_collation_properties(body[0]))})"


def _collation_properties(row: dict[str, Any]) -> Iterator[str]:
    """The names of the catalog's columns depend on the version."""
    yield f"PROVIDER = {PROVIDERS[row['collprovider']]}"
    locale = row.get("colllocale") or row.get("colliculocale")
    collate, ctype = row.get("collcollate") or "", row.get("collctype") or ""
    if locale or collate == ctype:
        yield f"LOCALE = {literal(locale or collate)}"
    else:
        yield f"LC_COLLATE = {literal(collate)}"
        yield f"LC_CTYPE = {literal(ctype)}"
    if not row["collisdeterministic"]:
        yield "DETERMINISTIC = false"
    if row.get("collicurules") is not None:
        yield f"RULES = {literal(row['collicurules'])}"


def _create_conversion(name: str, body: Any, _context: Context) -> Statements:
    source, target, function, default = body
    kind = "DEFAULT CONVERSION" if default else "CONVERSION"
    yield f"CREATE {kind} {name} FOR {literal(source)} TO {literal(target)} FROM {function}"


def _create_parser(name: str, body: Any, _context: Context) -> Statements:
    words = ("START", "GETTOKEN", "END", "HEADLINE", "LEXTYPES")
    functions = [f"{word} = {function}" for word, function in zip(words, body) if function != NONE]
    yield f"CREATE TEXT SEARCH PARSER {name} ({', '.join(functions)})"


def _create_template(name: str, body: Any, _context: Context) -> Statements:
    functions = [f"{word} = {function}" for word, function in zip(("INIT", "LEXIZE"), body) if function != NONE]
    yield f"CREATE TEXT SEARCH TEMPLATE {name} ({', '.join(functions)})"


def _create_dictionary(name: str, body: Any, _context: Context) -> Statements:
    template, options = body
    yield f"CREATE TEXT SEARCH DICTIONARY {name} (TEMPLATE = {template}{f', {options}' if options else ''})"


def _create_configuration(name: str, body: Any, _context: Context) -> Statements:
    yield f"CREATE TEXT SEARCH CONFIGURATION {name} (PARSER = {body[0]})"
    yield from _mapping_changes(name, {}, body[1] or {})


def _alter_configuration(name: str, old: Any, new: Any, _context: Context) -> Statements | Instead:
    if old[0] != new[0]:
        return Instead.REPLACE
    return list(_mapping_changes(name, old[1] or {}, new[1] or {}))


def _mapping_changes(name: str, old: dict[str, list[str]], new: dict[str, list[str]]) -> Statements:
    """Token types that get the same dictionaries share a statement."""
    alter = f"ALTER TEXT SEARCH CONFIGURATION {name}"
    groups: dict[tuple[str, str], list[str]] = {}
    for number in sorted(new, key=int):
        if old.get(number) != new[number]:
            verb = "ALTER" if number in old else "ADD"
            groups.setdefault((verb, ", ".join(new[number])), []).append(TOKENS[int(number) - 1])
    for (verb, dictionaries), tokens in groups.items():
        yield f"{alter} {verb} MAPPING FOR {', '.join(tokens)} WITH {dictionaries}"
    gone = [TOKENS[int(number) - 1] for number in sorted(old, key=int) if number not in new]
    if gone:
        yield f"{alter} DROP MAPPING FOR {', '.join(gone)}"


def _has_known_tokens(body: Any) -> bool:
    """Which numbers another parser gives to its token types, it alone knows."""
    return body[0] == DEFAULT_PARSER or not body[1]


RULES = {
    "collation": Rule(create=_create_collation, drop=dropped("COLLATION"), subject=of_kind("COLLATION")),
    "conversion": Rule(create=_create_conversion, drop=dropped("CONVERSION"), subject=of_kind("CONVERSION")),
    "text search parser": Rule(
        create=_create_parser, drop=dropped("TEXT SEARCH PARSER"), subject=of_kind("TEXT SEARCH PARSER")
    ),
    "text search template": Rule(
        create=_create_template, drop=dropped("TEXT SEARCH TEMPLATE"), subject=of_kind("TEXT SEARCH TEMPLATE")
    ),
    "text search dictionary": Rule(
        create=_create_dictionary, drop=dropped("TEXT SEARCH DICTIONARY"), subject=of_kind("TEXT SEARCH DICTIONARY")
    ),
    "text search configuration": Rule(
        create=_create_configuration,
        drop=dropped("TEXT SEARCH CONFIGURATION"),
        alter=_alter_configuration,
        subject=of_kind("TEXT SEARCH CONFIGURATION"),
        covers=_has_known_tokens,
    ),
}
