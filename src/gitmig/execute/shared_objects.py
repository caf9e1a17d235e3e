"""What the databases of a server share: what of it a script changed that is only to be tried.

Statements about it are left out by their words (see `build`). What a function or a computed statement does, nobody
sees before it has run. So what is shared is read before and after, in the script's transaction, which is rolled back
where it changed something of others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.migrations.parser import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.migrations.model import Script
    from gitmig.postgres.connection import Connection

# What a statement begins with that may run code which is not in its words; in a script without, it need not be looked
# for.
CALLS = {"DO", "CALL", "SELECT", "EXECUTE", "WITH", "VALUES"}
CALLING = re.compile(r"\b(?:do|call|select|execute|with|values)\b", re.IGNORECASE)

# For each object: its catalog, the OIDs of what it is about, what it is called, what it says, and whether this
# transaction wrote it. Nobody else writes in a catalog that it has locked to write. GRANT ON DATABASE keeps no such
# lock; but a row that is seen, and whose transaction is under way, is one's own. Scratch databases, and the roles that
# they have made for themselves, are not in it.
SHARED = """
    WITH databases AS (
      SELECT d.*, pg_catalog.starts_with(d.datname, 'gitmig_') AS is_scratch, d.xmin::text::int8 AS number
      FROM pg_catalog.pg_database d
    ), written AS (
      SELECT relation::regclass::text AS name FROM pg_catalog.pg_locks
      WHERE pid = pg_catalog.pg_backend_pid() AND database = 0 AND mode = 'RowExclusiveLock'
    ), clock AS (
      SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::int8 AS now
    ), comments AS (
      SELECT c.*, pg_catalog.starts_with(c.description, 'gitmig_scratch_') AS is_mark FROM pg_catalog.pg_shdescription c
    ), found AS (
      SELECT 'pg_authid' AS catalog, r.oid::text AS key, 'role ' || r.rolname AS name,
        pg_catalog.to_jsonb(r) || pg_catalog.jsonb_build_object('rolconfig', NULL, 'rolpassword', {password}) AS says,
        0::int8 AS number
      FROM pg_catalog.pg_roles r WHERE NOT EXISTS (SELECT FROM comments c WHERE c.objoid = r.oid AND c.is_mark)
      UNION ALL SELECT 'pg_auth_members', m.roleid || ' ' || m.member || ' ' || m.grantor,
        'the members of role ' || pg_catalog.pg_get_userbyid(m.roleid), pg_catalog.to_jsonb(m), 0
      FROM pg_catalog.pg_auth_members m
      UNION ALL SELECT 'pg_db_role_setting', s.setdatabase || ' ' || s.setrole,
        'the settings of ' || CASE s.setrole WHEN 0 THEN 'database ' || d.datname
          ELSE 'role ' || pg_catalog.pg_get_userbyid(s.setrole) END, pg_catalog.to_jsonb(s), 0
      FROM pg_catalog.pg_db_role_setting s LEFT JOIN databases d ON d.oid = s.setdatabase
      WHERE NOT coalesce(d.is_scratch, false)
      UNION ALL SELECT 'pg_shdescription', c.objoid::text,
        'the comment on ' || pg_catalog.pg_describe_object(c.classoid, c.objoid, 0), pg_catalog.to_jsonb(c), 0
      FROM comments c WHERE NOT c.is_mark
        AND NOT EXISTS (SELECT FROM databases d WHERE d.oid = c.objoid AND d.is_scratch)
      UNION ALL SELECT 'pg_database', d.oid::text, 'database ' || d.datname,
        pg_catalog.jsonb_build_array(d.datname, d.datdba, d.datacl, d.datconnlimit, d.datallowconn, d.datistemplate),
        d.number
      FROM databases d WHERE NOT d.is_scratch
      UNION ALL SELECT 'pg_tablespace', t.oid::text, 'tablespace ' || t.spcname, pg_catalog.to_jsonb(t),
        t.xmin::text::int8
      FROM pg_catalog.pg_tablespace t
    )
    SELECT catalog, key, name, says::text, CASE
      WHEN catalog NOT IN ('pg_database', 'pg_tablespace') THEN catalog IN (SELECT name FROM written)
      WHEN number > 2 AND number <= (now & 4294967295) THEN
        pg_catalog.pg_xact_status((now >> 32 << 32 | number)::text::xid8) = 'in progress'
      ELSE false END
    FROM found, clock
    UNION ALL SELECT name, '', '', '', true FROM written
"""
# Who may not read them cannot tell that one was set.
PASSWORD = "(SELECT a.rolpassword FROM pg_catalog.pg_authid a WHERE a.oid = r.oid)"  # noqa: S105
MAY_READ = "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')"
# The catalogs whose objects have OIDs that others are about.
NUMBERED = ("pg_authid", "pg_database", "pg_tablespace")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedObject:
    """Something that is shared, and what it says; `is_own`: this transaction wrote it."""

    name: str
    says: str
    is_own: bool


class SharedState:
    """What the server's databases share, by catalog and by the OIDs of what it is about."""

    def __init__(self, objects: dict[tuple[str, str], SharedObject], written: frozenset[str]) -> None:
        self._objects = objects
        self._written = written  # the catalogs in which this transaction may have deleted something
        self._numbers = {key for catalog, key in objects if catalog in NUMBERED}

    @classmethod
    def read(cls, connection: Connection) -> SharedState:
        """The state as the open transaction sees it."""
        password = PASSWORD if connection.value(MAY_READ) else "NULL"
        rows = connection.execute(SHARED.replace("{password}", password).encode()).fetchall()
        return cls(
            {
                (catalog, key): SharedObject(name=name, says=says, is_own=own)
                for catalog, key, name, says, own in rows
                if key
            },
            frozenset(catalog for catalog, key, *_ in rows if not key),
        )

    def changed(self, after: SharedState) -> Iterator[str]:
        """The names of what this transaction has changed since, but for what belongs to roles that it has made."""
        for place, one in self._objects.items():
            gone = place not in after._objects and place[0] in after._written
            if gone and (place[0] in NUMBERED or after._knows(place[1])):  # else it went with what it was about
                yield one.name
        for place, one in after._objects.items():
            known = self._objects.get(place)
            if one.is_own and (known.says != one.says if known else self._knows(place[1])):
                yield one.name

    def new_roles(self, after: SharedState) -> list[str]:
        """The names of the roles that this transaction has made since."""
        return [
            one.name.partition(" ")[2]
            for place, one in after._objects.items()
            if place[0] == "pg_authid" and place not in self._objects and one.is_own
        ]

    def _knows(self, key: str) -> bool:
        """Whether all that something is about was there."""
        return all(number in self._numbers for number in key.split(" ") if number != "0")


def may_change_shared(script: Script) -> bool:
    """Whether the words of a script may not be all that it does."""
    if script.language.is_program:
        return True
    found = tokens(script.text) if CALLING.search(script.text) else []
    if found is None:
        return True
    begins = zip([";", *(word.text for word in found)], found)
    return any(before == ";" and word.text.upper() in CALLS for before, word in begins)
