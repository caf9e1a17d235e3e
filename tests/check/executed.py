# ruff: noqa: E501  # SQL is read more easily in one piece
"""What two changes really come to: both orders are run on PostgreSQL, and the catalogs are read with its own words.

Nothing of gitmig is used here: this is what its answers are held against. `Bench` is one database with the base of
`ddl.py` in an open transaction; whatever runs on it is rolled back.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = "nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND nspname NOT LIKE 'pg_temp%'"
# What PostgreSQL makes of a foreign key for each partition is named by a number that depends on who was first.
# One line of text for everything that a schema consists of; none has an OID in it, or the place of a column.
PARTS = {
    "role": "rolname, rolcanlogin, rolinherit, shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname LIKE '{role}'",
    "member": "roleid::regrole, member::regrole FROM pg_auth_members WHERE roleid::regrole::text LIKE '{role}'",
    "setting": "setrole::regrole, (SELECT array_agg(s ORDER BY s) FROM unnest(setconfig) s) FROM pg_db_role_setting WHERE setrole::regrole::text LIKE '{role}'",
    "schema": "nspname, nspowner::regrole, nspacl FROM pg_namespace n WHERE {ours}",
    "relation": """c.oid::regclass, c.relkind, c.relpersistence, c.relowner::regrole, (
        SELECT array_agg(a::text ORDER BY a::text) FROM unnest(c.relacl) a), (SELECT array_agg(o ORDER BY o) FROM unnest(c.reloptions) o), c.relrowsecurity,
        c.relforcerowsecurity, c.relreplident, c.reloftype::regtype, pg_get_expr(c.relpartbound, c.oid),
        pg_get_partkeydef(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE {ours}""",
    "column": """c.oid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
        attstorage, attcompression, attstattarget, (SELECT array_agg(o ORDER BY o) FROM unnest(attoptions) o), attacl, attislocal, attinhcount, attcollation::regcollation,
        pg_get_expr(adbin, adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
        LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum
        WHERE {ours} AND attnum > 0 AND NOT attisdropped AND relkind NOT IN ('i', 'I')""",
    "view": """c.oid::regclass, pg_get_viewdef(c.oid) FROM pg_class c
        JOIN pg_namespace n ON n.oid = relnamespace WHERE {ours} AND relkind IN ('v', 'm')""",
    "index": """pg_get_indexdef(indexrelid), indisvalid, indisclustered, indisreplident, indisprimary, (
        SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = indexrelid)
        FROM pg_index i JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE {ours}""",
    "constraint": """conname, conrelid::regclass, contypid::regtype, pg_get_constraintdef(k.oid), convalidated,
        connoinherit, conislocal, coninhcount
        FROM pg_constraint k JOIN pg_namespace n ON n.oid = connamespace WHERE {ours} AND contype <> 't' AND (contype <> 'f' OR conparentid = 0)""",
    "child": """inhrelid::regclass, inhparent::regclass FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
        WHERE relkind NOT IN ('i', 'I')""",
    "trigger": "pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal",
    "rule": """pg_get_ruledef(r.oid), ev_enabled FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
        JOIN pg_namespace n ON n.oid = relnamespace WHERE {ours} AND rulename <> '_RETURN'""",
    "policy": "p FROM pg_policies p",
    "function": """p.oid::regprocedure, CASE WHEN prokind <> 'a' THEN (
        SELECT array_agg(l ORDER BY l) FROM unnest(string_to_array(pg_get_functiondef(p.oid), E'\\n')) l) END, (
        SELECT aggtransfn::text FROM pg_aggregate WHERE aggfnoid = p.oid), proowner::regrole, proacl
        FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE {ours} AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')""",
    "type": """t.oid::regtype, typtype, typnotnull, typdefault, typowner::regrole, typacl, typbasetype::regtype, (
        SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid), (
        SELECT rngsubtype::regtype FROM pg_range WHERE rngtypid = t.oid)
        FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE {ours}""",
    "sequence": """seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle, (
        SELECT pg_describe_object(refclassid, refobjid, refobjsubid) FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = seqrelid AND refobjsubid > 0) FROM pg_sequence""",
    "operator": "oid::regoperator, oprcode, oprrest FROM pg_operator WHERE oid >= 16384",
    "operator class": "opcname, opcnamespace::regnamespace, opcintype::regtype FROM pg_opclass WHERE oid >= 16384",
    "operator family": "opfname, opfnamespace::regnamespace FROM pg_opfamily WHERE oid >= 16384",
    "cast": "castsource::regtype, casttarget::regtype, castmethod FROM pg_cast WHERE oid >= 16384",
    "conversion": "conname FROM pg_conversion WHERE oid >= 16384",
    "collation": "oid::regcollation, collcollate FROM pg_collation WHERE oid >= 16384",
    "statistics": "stxname, pg_get_statisticsobjdef(oid), stxstattarget FROM pg_statistic_ext",
    "dictionary": "oid::regdictionary, dictinitoption FROM pg_ts_dict WHERE oid >= 16384",
    "configuration": """oid::regconfig, (
        SELECT array_agg((maptokentype, mapseqno, mapdict::regdictionary) ORDER BY maptokentype, mapseqno)
        FROM pg_ts_config_map WHERE mapcfg = c.oid) FROM pg_ts_config c WHERE oid >= 16384""",
    "publication": """pubname, puballtables, pubinsert, pubupdate, (
        SELECT array_agg((schemaname, tablename, rowfilter, (SELECT array_agg(a ORDER BY a) FROM unnest(attnames) a))::text
        ORDER BY schemaname, tablename) FROM pg_publication_tables t WHERE t.pubname = p.pubname), (
        SELECT array_agg(pnnspid::regnamespace::text ORDER BY pnnspid) FROM pg_publication_namespace WHERE pnpubid = p.oid)
        FROM pg_publication p""",
    "wrapper": "fdwname, (SELECT array_agg(o ORDER BY o) FROM unnest(fdwoptions) o) FROM pg_foreign_data_wrapper",
    "server": "srvname, srvversion, (SELECT array_agg(o ORDER BY o) FROM unnest(srvoptions) o), srvacl FROM pg_foreign_server",
    "mapping": "usename, srvname, (SELECT array_agg(o ORDER BY o) FROM unnest(umoptions) o) FROM pg_user_mappings",
    "foreign table": """ftrelid::regclass, srvname, (SELECT array_agg(o ORDER BY o) FROM unnest(ftoptions) o) FROM pg_foreign_table
        JOIN pg_foreign_server s ON s.oid = ftserver""",
    "extension": "extname, extnamespace::regnamespace FROM pg_extension",
    "event trigger": "evtname, evtevent, evtfoid::regproc, evtenabled FROM pg_event_trigger",
    "default privileges": """defaclnamespace::regnamespace, defaclrole::regrole, defaclobjtype, defaclacl
        FROM pg_default_acl""",
    "comment": """pg_describe_object(classoid, objoid, objsubid), description FROM pg_description WHERE objoid >= 16384""",
    "needs extension": "pg_describe_object(classid, objid, 0) FROM pg_depend WHERE deptype = 'x'",
}
# Of running both in one transaction: added values of an enum that are used before they are committed (55P04), and a
# change of a domain behind another change (XX000: unprocessed inval messages).
NEEDS_A_COMMIT = ("55P04", "XX000")


@dataclass(frozen=True)
class Outcome:
    """What a run came to: the schema after it as a digest, or what PostgreSQL said; the calls that work and fail after it."""

    schema: str | None = None
    error: str | None = None
    working: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Truth:
    """Whether two changes can live together: both orders run, give one schema, and what could be called still can."""

    conflict: bool
    why: str
    calls: str = ""


class Bench:
    """A database with the base, on which changes are tried one after the other."""

    def __init__(self, connection: psycopg.Connection, base: str, roles: str, names: tuple[str, str]) -> None:
        """Commit the base; `roles` is run in every trial. `names`: what the roles begin with there, and here."""
        self._connection = connection
        self._roles, self._names = roles, names
        query = " UNION ALL ".join(
            f"(SELECT '{name} ' || r::text FROM (SELECT {part}) r)" for name, part in PARTS.items()
        )
        self._query = query.replace("{ours}", OURS).replace("{role}", f"{names[1]}%").encode()
        self._connection.execute("SET jit = off; SET client_min_messages = error")
        self._connection.execute(base.encode())
        self._connection.commit()
        self._depth = 0

    def _named(self, sql: str) -> bytes:
        return sql.replace(*self._names).encode()

    @contextmanager
    def after(self, sql: str) -> Iterator[Outcome]:
        """What comes after a script is run in this block; then it is as before."""
        connection = self._connection
        self._depth += 1
        connection.execute(f"SAVEPOINT s{self._depth}".encode() if self._depth > 1 else self._named(self._roles))
        try:
            yield self._run(sql)
        finally:
            if self._depth > 1:
                connection.execute(f"ROLLBACK TO s{self._depth}".encode())
            else:
                connection.rollback()
            self._depth -= 1

    def _run(self, sql: str) -> Outcome:
        try:
            self._connection.execute(self._named(sql))
        except psycopg.Error as error:
            return Outcome(error=f"{error.sqlstate} {error.diag.message_primary}")
        return Outcome()

    def look(self, *, calls: bool) -> Outcome:
        """The schema as it is now, and what can be called in it."""
        rows = self._connection.execute(self._query).fetchall()
        lines = sorted(line for (line,) in rows if line is not None)
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        working, failing = self._calls() if calls else (frozenset(), frozenset())
        return Outcome(schema=digest, working=working, failing=failing)

    def lines(self) -> list[str]:
        """The schema as it is now, to see what differs."""
        return sorted(line for (line,) in self._connection.execute(self._query) if line is not None)

    def _calls(self) -> tuple[frozenset[str], frozenset[str]]:
        """Every function without parameters is called, and every trigger at an insert; by name."""
        functions = self._connection.execute(
            "SELECT proname, 'SELECT ' || oid::regproc || '()', false FROM pg_proc WHERE prokind = 'f' AND pronargs = 0 AND "
            "pronamespace::regnamespace::text IN ('public', 'side') AND prorettype NOT IN ('trigger'::regtype, "
            "'event_trigger'::regtype) AND proname <> 'newest' AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = "
            "'pg_proc'::regclass AND objid = pg_proc.oid "
            "AND deptype = 'e') "
            "UNION SELECT proname, 'SELECT ' || oid::regproc || '(1)', false FROM pg_proc WHERE oid::regprocedure::text "
            "IN ('clear(integer)', 'twice(integer)') "
            "UNION SELECT proname, 'INSERT INTO ' || tgrelid::regclass || ' DEFAULT VALUES', true FROM pg_trigger "
            "JOIN pg_proc p ON p.oid = tgfoid WHERE NOT tgisinternal AND tgparentid = 0 AND proname = 'filler'"
        ).fetchall()
        working: set[str] = set()
        failing: set[str] = set()
        for name, call, forgives in functions:
            with self.after(call) as outcome:
                state = (outcome.error or "")[:2]
                # what a trigger makes of a row may break a constraint: it ran
                (failing if outcome.error and not (forgives and state == "23") else working).add(name)
        return frozenset(working), frozenset(failing)


def alone(bench: Bench, sql: str, *, calls: bool = False) -> Outcome:
    """A change on the base."""
    with bench.after(sql) as outcome:
        return outcome if outcome.error else bench.look(calls=calls)


def one_order(bench: Bench, first: str, second: str, *, calls: bool = False) -> Outcome:
    """One change, then the other one."""
    with bench.after(first) as outcome:
        return outcome if outcome.error else alone(bench, second, calls=calls)


def compare(alone_outcomes: tuple[Outcome, Outcome], orders: tuple[Outcome, Outcome]) -> Truth | None:
    """The truth about two changes that run alone; None if one of the orders needs a commit in between."""
    errors = [outcome.error for outcome in orders if outcome.error]
    if any(error.startswith(NEEDS_A_COMMIT) for error in errors):
        return None
    if errors:
        return Truth(conflict=True, why=errors[0])
    broken = sorted(
        name for outcome in orders for name in outcome.failing if all(name not in one.failing for one in alone_outcomes)
    )
    if orders[0].schema != orders[1].schema:
        return Truth(conflict=True, why="two schemas", calls=" ".join(broken))
    return Truth(conflict=False, why="", calls=" ".join(broken))
