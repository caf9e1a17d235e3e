"""Code of users that runs when rows of a table are written: checks, domains, generated columns, indexes, casts.

Whoever moves the rows runs it with their own rights, as any INSERT does, and `SET ROLE` is no fence against it: what
runs can set the role back. A person may decide for that; a hook of a superuser does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.errors import LeftToSync

if TYPE_CHECKING:
    from collections.abc import Collection

    from gitmig.postgres.connection import Connection

# Volatile functions of PostgreSQL's own that do nothing to anybody. Others run any SQL they are given (query_to_xml),
# write files or end sessions.
HARMLESS = (
    *("nextval", "currval", "lastval", "random", "gen_random_uuid", "uuidv4", "uuidv7", "clock_timestamp", "timeofday"),
    *("statement_timestamp", "setseed", "random_normal"),
)
# From the tables to what they use, and to what is a part of it: constraints, defaults and indexes of a table,
# constraints and casts of a type, members of an operator family. `stranger`: the table's owner is no superuser.
# PostgreSQL's own functions are in no dependency, but in the expressions.
CODE = """
    WITH RECURSIVE tree AS (
        SELECT r.oid AS root, coalesce(p.relid, r.oid) AS oid FROM pg_catalog.unnest(%(tables)s::oid[]) r(oid)
        LEFT JOIN LATERAL pg_catalog.pg_partition_tree(r.oid) p ON true
    ), reached(root, stranger, class, object) AS (
        SELECT tree.root, NOT o.rolsuper, 'pg_class'::regclass::oid, c.oid
        FROM tree JOIN pg_class c ON c.oid = tree.oid JOIN pg_roles o ON o.oid = c.relowner
        UNION
        SELECT r.root, r.stranger, next.class, next.object FROM reached r, LATERAL (
            SELECT d.refclassid, d.refobjid FROM pg_depend d
            WHERE d.classid = r.class AND d.objid = r.object AND (
                d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass,
                    'pg_opfamily'::regclass, 'pg_type'::regclass)
                OR d.refclassid = 'pg_class'::regclass
                    AND EXISTS (SELECT FROM pg_class c WHERE c.oid = d.refobjid AND c.relkind = 'c'))
            UNION ALL
            SELECT d.classid, d.objid FROM pg_depend d
            WHERE d.refclassid = r.class AND d.refobjid = r.object AND (
                r.class = 'pg_class'::regclass AND (d.classid IN ('pg_constraint'::regclass, 'pg_attrdef'::regclass)
                    OR d.classid = 'pg_class'::regclass AND EXISTS (SELECT FROM pg_index WHERE indexrelid = d.objid))
                OR r.class = 'pg_type'::regclass AND d.classid IN ('pg_constraint'::regclass, 'pg_cast'::regclass)
                OR r.class = 'pg_opfamily'::regclass AND d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass))
        ) next(class, object)
    ), expression(root, stranger, tree) AS (
        SELECT r.root, r.stranger, c.conbin::text FROM reached r JOIN pg_constraint c
            ON r.class = 'pg_constraint'::regclass AND c.oid = r.object
        UNION ALL
        SELECT r.root, r.stranger, a.adbin::text FROM reached r JOIN pg_attrdef a
            ON r.class = 'pg_attrdef'::regclass AND a.oid = r.object
        UNION ALL
        SELECT r.root, r.stranger, i.indexprs::text || coalesce(i.indpred::text, '') FROM reached r JOIN pg_index i
            ON r.class = 'pg_class'::regclass AND i.indexrelid = r.object
    ), called(root, stranger, function) AS (
        SELECT root, stranger, object FROM reached WHERE class = 'pg_proc'::regclass
        UNION
        SELECT e.root, e.stranger, m.id[1]::oid FROM expression e,
            LATERAL regexp_matches(e.tree, ':(?:func|opfunc)id ([0-9]+)', 'g') m(id)
    )
    SELECT called.root::regclass::text, p.oid::regprocedure::text, o.rolname
    FROM called JOIN pg_proc p ON p.oid = called.function JOIN pg_roles o ON o.oid = p.proowner
    WHERE NOT o.rolsuper
        OR called.stranger AND p.provolatile = 'v' AND NOT (p.oid < 16384 AND p.proname = ANY(%(harmless)s))
    ORDER BY 1, 2 LIMIT 1
"""
SUPERUSER = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"


def leave_to_sync(connection: Connection, tables: Collection[int]) -> None:
    """Raise LeftToSync if this role is a superuser, and writing rows of the tables (oids) would run others' code."""
    if not tables or connection.execute(SUPERUSER).fetchone() != (True,):
        return
    found = connection.execute(CODE.encode(), {"tables": list(tables), "harmless": list(HARMLESS)}).fetchone()
    if found:
        table, function, owner = found
        raise LeftToSync(
            f"to move rows of {table} would run {function} of {owner} as a superuser, which a hook does not",
            hint="run `gitmig sync` yourself",
        )
