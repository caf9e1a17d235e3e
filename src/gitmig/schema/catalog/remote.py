"""What leads to other servers: foreign data wrappers, servers, user mappings, publications, subscriptions."""

from __future__ import annotations

from gitmig.schema.catalog.scope import BUILDERS, OURS, RELATIONS, address, comment, grants, listing, options, own

CATALOGS = ("pg_foreign_data_wrapper", "pg_publication", "pg_subscription")

FOREIGN_DATA_WRAPPERS = f"""
SELECT 'foreign data wrapper', quote_ident(w.fdwname), jsonb_build_array(nullif(w.fdwhandler, 0)::regprocedure,
         nullif(w.fdwvalidator, 0)::regprocedure, {options("w.fdwoptions")},
         {grants("w.fdwacl", "F", "w.fdwowner")}, {comment("pg_foreign_data_wrapper", "w.oid")})::text,
         {address("pg_foreign_data_wrapper", "w.oid")}
FROM pg_foreign_data_wrapper w WHERE {own("pg_foreign_data_wrapper", "w.oid")}
"""

SERVERS = f"""
SELECT 'server', quote_ident(s.srvname),
       jsonb_build_array(quote_ident(w.fdwname), s.srvtype, s.srvversion, {options("s.srvoptions")},
         {grants("s.srvacl", "S", "s.srvowner")}, {comment("pg_foreign_server", "s.oid")})::text,
       {address("pg_foreign_server", "s.oid")}
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
WHERE {own("pg_foreign_server", "s.oid")}
"""

# Hashed: the options are where the passwords are.
USER_MAPPINGS = f"""
SELECT 'user mapping', quote_ident(u.srvname) || '.' || CASE WHEN u.umuser = 0 THEN 'PUBLIC'
         WHEN u.umuser IN {BUILDERS} THEN 'owner' ELSE u.umuser::regrole::text END,
       coalesce(md5({options("u.umoptions")}::text), ''), {address("pg_user_mapping", "u.umid")}
FROM pg_user_mappings u WHERE {own("pg_foreign_server", "u.srvid")}
"""

# {since_15} and {since_18} are what those versions of PostgreSQL added.
PUBLICATIONS = f"""
SELECT 'publication', quote_ident(p.pubname),
       jsonb_build_array(p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot,
         {{since_18}} {comment("pg_publication", "p.oid")})::text, {address("pg_publication", "p.oid")}
FROM pg_publication p WHERE {own("pg_publication", "p.oid")}
"""
SINCE_18 = "p.pubgencols,"

# A table goes with what is published of it, and so does the publication's name.
PUBLISHED_TABLES = f"""
SELECT 'published table', r.prrelid::regclass || '.' || quote_ident(p.pubname), jsonb_build_array({{since_15}})::text,
       {address("pg_publication_rel", "r.oid")}
FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
  JOIN ({RELATIONS}) ON c.oid = r.prrelid
WHERE {own("pg_publication", "p.oid")}
"""
COLUMN_NAMES = listing(
    "quote_ident(a.attname)", "pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)"
)
SINCE_15 = f"pg_get_expr(r.prqual, r.prrelid), {COLUMN_NAMES}"

PUBLISHED_SCHEMAS = f"""
SELECT 'published schema', s.pnnspid::regnamespace || '.' || quote_ident(p.pubname), '',
       {address("pg_publication_namespace", "s.oid")}
FROM pg_publication p JOIN pg_publication_namespace s ON s.pnpubid = p.oid
  JOIN pg_namespace n ON n.oid = s.pnnspid AND {OURS}
WHERE {own("pg_publication", "p.oid")}
"""

# Not the connection: only superusers may read it, and it is another one wherever the schema is used.
SUBSCRIPTIONS = f"""
SELECT 'subscription', quote_ident(s.subname),
       jsonb_build_array(s.subslotname, s.subsynccommit, s.subbinary, s.substream, s.subpublications,
         {{options}} {comment("pg_subscription", "s.oid")})::text,
       {address("pg_subscription", "s.oid")}
FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid AND d.datname = current_database()
"""
SUBSCRIPTION_OPTIONS = {
    150000: "s.subtwophasestate <> 'd', s.subdisableonerr,",
    160000: "s.suborigin, s.subpasswordrequired, s.subrunasowner,",
    170000: "s.subfailover,",
}


def queries(server_version: int) -> tuple[str, ...]:
    """The family's queries."""
    since_15 = SINCE_15 if server_version >= 150000 else ""
    since_18 = SINCE_18 if server_version >= 180000 else ""
    subscription_options = "".join(text for since, text in SUBSCRIPTION_OPTIONS.items() if server_version >= since)
    everywhere = (
        FOREIGN_DATA_WRAPPERS,
        SERVERS,
        USER_MAPPINGS,
        PUBLICATIONS.replace("{since_18}", since_18),
        PUBLISHED_TABLES.replace("{since_15}", since_15),
        SUBSCRIPTIONS.replace("{options}", subscription_options),
    )
    return (*everywhere, PUBLISHED_SCHEMAS) if server_version >= 150000 else everywhere
