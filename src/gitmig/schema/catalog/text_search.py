"""How text is compared, converted and searched: collations, conversions, text search."""

from __future__ import annotations

from gitmig.schema.catalog.scope import OURS, address, comment, named, own

CATALOGS = ("pg_collation", "pg_conversion", "pg_ts_parser", "pg_ts_template", "pg_ts_dict", "pg_ts_config")

# The version is that of the library on this machine, the encoding that of the database.
NOT_THE_COLLATION = "{oid,collname,collnamespace,collowner,collversion,collencoding}"


def _query(kind: str, catalog: str, prefix: str, definition: str) -> str:
    """A query on objects `o` of a catalog that names its columns in the usual way."""
    return f"""
SELECT '{kind}', quote_ident(n.nspname) || '.' || quote_ident(o.{prefix}name),
       jsonb_build_array({definition}, {comment(catalog, "o.oid")})::text,
       {address(catalog, "o.oid")}
FROM {catalog} o JOIN pg_namespace n ON n.oid = o.{prefix}namespace AND {OURS} AND {own(catalog, "o.oid")}
"""


COLLATIONS = _query("collation", "pg_collation", "coll", f"to_jsonb(o) - '{NOT_THE_COLLATION}'::text[]")

CONVERSIONS = _query(
    "conversion",
    "pg_conversion",
    "con",
    "pg_encoding_to_char(o.conforencoding), pg_encoding_to_char(o.contoencoding), o.conproc, o.condefault",
)

PARSERS = _query(
    "text search parser", "pg_ts_parser", "prs", "o.prsstart, o.prstoken, o.prsend, o.prsheadline, o.prslextype"
)

TEMPLATES = _query("text search template", "pg_ts_template", "tmpl", "o.tmplinit, o.tmpllexize")

DICTIONARIES = _query(
    "text search dictionary",
    "pg_ts_dict",
    "dict",
    named("pg_ts_template", "tmplname", "tmplnamespace", "o.dicttemplate") + ", o.dictinitoption",
)

# Of a token's dictionaries the order counts, not the numbers: there are gaps where one was dropped.
CONFIGURATIONS = _query(
    "text search configuration",
    "pg_ts_config",
    "cfg",
    named("pg_ts_parser", "prsname", "prsnamespace", "o.cfgparser")
    + """,
         (SELECT jsonb_object_agg(t.token, t.dictionaries) FROM (
            SELECT m.maptokentype AS token, array_agg(m.mapdict::regdictionary ORDER BY m.mapseqno) AS dictionaries
            FROM pg_ts_config_map m WHERE m.mapcfg = o.oid GROUP BY m.maptokentype) t)""",
)


def queries(_server_version: int) -> tuple[str, ...]:
    """The family's queries."""
    return (COLLATIONS, CONVERSIONS, PARSERS, TEMPLATES, DICTIONARIES, CONFIGURATIONS)
