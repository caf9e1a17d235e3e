"""How text is compared, converted and searched: collations, conversions, text search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.schema.kinds.kind import Context, Definition, Instead, Json, Query, Self, Statements, sql
from gitmig.schema.kinds.routines import NONE
from gitmig.schema.model import ObjectKind, ObjectName
from gitmig.schema.names import literal
from gitmig.schema.scope import OURS, named, own, some

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CATALOGS = ("pg_collation", "pg_conversion", "pg_ts_parser", "pg_ts_template", "pg_ts_dict", "pg_ts_config")
RARE = " OR ".join(map(some, CATALOGS))
PROVIDERS = {"i": "icu", "c": "libc", "b": "builtin"}
DEFAULT_PARSER = 'pg_catalog."default"'
# The token types of the default parser, in the order of their numbers.
TOKENS = (
    "asciiword", "word", "numword", "email", "url", "host", "sfloat", "version", "hword_numpart", "hword_part",
    "hword_asciipart", "blank", "tag", "protocol", "numhword", "asciihword", "hword", "url_path", "file", "float",
    "int", "uint", "entity",
)  # fmt: skip


def _query(catalog: str, prefix: str) -> Query:
    """A query on objects `o` of a catalog that names its columns in the usual way."""
    return Query(
        name=f"quote_ident(n.nspname) || '.' || quote_ident(o.{prefix}name)",
        of=f"{catalog} o",
        source=f"{catalog} o JOIN pg_namespace n ON n.oid = o.{prefix}namespace AND {OURS} AND {own(catalog, 'o.oid')}",
        rare=RARE,
    )


class Collation(Definition):
    """A collation: its row in the catalog, whose columns depend on the version of PostgreSQL, as sorted pairs.

    The version of a collation is that of the library on this machine, the encoding that of the database.
    """

    row: tuple[tuple[str, str | bool | None], ...] = sql(
        "to_jsonb(o) - '{oid,collname,collnamespace,collowner,collversion,collencoding}'::text[]"
    )

    KIND = ObjectKind.COLLATION
    QUERY = _query("pg_collation", "coll")

    @classmethod
    def read(cls, values: Json) -> Self:
        return cls(tuple(sorted(values[0].items())))

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield f"CREATE COLLATION {name.name} ({', '.join(self._properties())})"

    def _properties(self) -> Iterator[str]:
        row = {name: str(value) for name, value in self.row if value is not None}
        yield f"PROVIDER = {PROVIDERS[row['collprovider']]}"
        locale = row.get("colllocale") or row.get("colliculocale")
        collate, ctype = row.get("collcollate", ""), row.get("collctype", "")
        if locale or collate == ctype:
            yield f"LOCALE = {literal(locale or collate)}"
        else:
            yield f"LC_COLLATE = {literal(collate)}"
            yield f"LC_CTYPE = {literal(ctype)}"
        if not dict(self.row)["collisdeterministic"]:
            yield "DETERMINISTIC = false"
        if "collicurules" in row:
            yield f"RULES = {literal(row['collicurules'])}"


class Conversion(Definition):
    """A conversion between encodings."""

    encoding: str = sql("pg_encoding_to_char(o.conforencoding)")
    target: str = sql("pg_encoding_to_char(o.contoencoding)")
    function: str = sql("o.conproc")
    default: bool = sql("o.condefault")

    KIND = ObjectKind.CONVERSION
    QUERY = _query("pg_conversion", "con")

    def create(self, name: ObjectName, context: Context) -> Statements:
        word = "DEFAULT CONVERSION" if self.default else "CONVERSION"
        encodings = f"{literal(self.encoding)} TO {literal(self.target)}"
        yield f"CREATE {word} {name.name} FOR {encodings} FROM {self.function}"


def _functions(**functions: str) -> str:
    return ", ".join(f"{word.upper()} = {function}" for word, function in functions.items() if function != NONE)


class TextSearchParser(Definition):
    """A text search parser."""

    start: str = sql("o.prsstart")
    token: str = sql("o.prstoken")
    end: str = sql("o.prsend")
    headline: str = sql("o.prsheadline")
    types: str = sql("o.prslextype")

    KIND = ObjectKind.TEXT_SEARCH_PARSER
    QUERY = _query("pg_ts_parser", "prs")

    def create(self, name: ObjectName, context: Context) -> Statements:
        functions = _functions(
            start=self.start, gettoken=self.token, end=self.end, headline=self.headline, lextypes=self.types
        )
        yield f"CREATE TEXT SEARCH PARSER {name.name} ({functions})"


class TextSearchTemplate(Definition):
    """A text search template."""

    init: str = sql("o.tmplinit")
    lexize: str = sql("o.tmpllexize")

    KIND = ObjectKind.TEXT_SEARCH_TEMPLATE
    QUERY = _query("pg_ts_template", "tmpl")

    def create(self, name: ObjectName, context: Context) -> Statements:
        functions = _functions(init=self.init, lexize=self.lexize)
        yield f"CREATE TEXT SEARCH TEMPLATE {name.name} ({functions})"


# As `accept = false, stopwords = 'english'`: the order in which they were set means nothing.
OPTIONS = """(SELECT string_agg(m[1], ', ' ORDER BY m[1] COLLATE "C")
          FROM regexp_matches(o.dictinitoption, '([^ =,]+ = (?:E?''(?:[^'']|'''')*''|[^,'']+))', 'g') m)"""


class TextSearchDictionary(Definition):
    """A text search dictionary."""

    template: str = sql(named("pg_ts_template", "tmplname", "tmplnamespace", "o.dicttemplate"))
    options: str | None = sql(
        f"CASE WHEN length({OPTIONS}) = length(o.dictinitoption) THEN {OPTIONS} ELSE o.dictinitoption END"
    )

    KIND = ObjectKind.TEXT_SEARCH_DICTIONARY
    QUERY = _query("pg_ts_dict", "dict")

    def create(self, name: ObjectName, context: Context) -> Statements:
        options = f", {self.options}" if self.options else ""
        yield f"CREATE TEXT SEARCH DICTIONARY {name.name} (TEMPLATE = {self.template}{options})"


class TextSearchConfiguration(Definition):
    """A text search configuration: by number of a token type its dictionaries, sorted by number.

    Of a token's dictionaries the order counts, not the numbers: there are gaps where one was dropped.
    """

    parser: str = sql(named("pg_ts_parser", "prsname", "prsnamespace", "o.cfgparser"))
    mapping: tuple[tuple[int, tuple[str, ...]], ...] = sql("""(SELECT jsonb_object_agg(t.token, t.dictionaries) FROM (
            SELECT m.maptokentype AS token, array_agg(m.mapdict::regdictionary ORDER BY m.mapseqno) AS dictionaries
            FROM pg_ts_config_map m WHERE m.mapcfg = o.oid GROUP BY m.maptokentype) t)""")

    KIND = ObjectKind.TEXT_SEARCH_CONFIGURATION
    QUERY = _query("pg_ts_config", "cfg")

    @classmethod
    def read(cls, values: Json) -> Self:
        parser, mapping = values
        return cls(parser, tuple(sorted((int(token), tuple(names)) for token, names in (mapping or {}).items())))

    def is_covered(self) -> bool:
        """Which numbers another parser gives to its token types, it alone knows."""
        return self.parser == DEFAULT_PARSER or not self.mapping

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield f"CREATE TEXT SEARCH CONFIGURATION {name.name} (PARSER = {self.parser})"
        yield from _mapping_changes(name.name, {}, dict(self.mapping))

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        if old.parser != self.parser:
            return Instead.REPLACE
        return _mapping_changes(name.name, dict(old.mapping), dict(self.mapping))


def _mapping_changes(name: str, old: Mapping[int, tuple[str, ...]], new: Mapping[int, tuple[str, ...]]) -> Statements:
    """Token types that get the same dictionaries share a statement."""
    alter = f"ALTER TEXT SEARCH CONFIGURATION {name}"
    groups: dict[tuple[str, str], list[str]] = {}
    for number, dictionaries in new.items():
        if old.get(number) != dictionaries:
            verb = "ALTER" if number in old else "ADD"
            groups.setdefault((verb, ", ".join(dictionaries)), []).append(TOKENS[number - 1])
    for (verb, listed), tokens in groups.items():
        yield f"{alter} {verb} MAPPING FOR {', '.join(tokens)} WITH {listed}"
    gone = [TOKENS[number - 1] for number in old if number not in new]
    if gone:
        yield f"{alter} DROP MAPPING FOR {', '.join(gone)}"
