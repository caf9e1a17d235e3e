"""Building a migration set in an empty database, without a ledger: what the schema shall be is measured there.

Roles belong to the whole server: a database made beside the real one neither needs to make them nor may touch them. A
script that creates a role runs on the real database, and the role is there for good; on a fresh build the same
statement would fail, and a DROP ROLE or ALTER ROLE would reach into the databases that people work with. So would what
is said of a database by its name, of tablespaces and of the server's settings. A role that only a scratch database
needed is marked as its own, and goes with it. Of a script that gets at something shared nevertheless, nothing stays:
what a function or a computed statement does, nobody sees before it has run. So what is shared is read before and after,
in the script's transaction, which is rolled back where it changed something of others.
"""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from msgspec import Struct
from msgspec.structs import replace
from psycopg import sql

from gitmig.execute.script import OUTSIDE_ONLY, runner_of
from gitmig.execute.tasks import TOO_MUCH_FOR_ONE
from gitmig.migrations.languages import SharedVerb
from gitmig.migrations.parser import tokens
from gitmig.postgres.run_sql import SAID_LATE, SHARED_CHANGED, ScriptError, error_at_commit
from gitmig.schema.catalog import read_names, read_schema
from gitmig.schema.noted_renames import MAY_RENAME, renamings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from gitmig.migrations.languages import SharedStatement
    from gitmig.migrations.model import Script
    from gitmig.postgres.connection import Connection
    from gitmig.schema.model import Schema
    from gitmig.schema.noted_renames import Renaming


# What the names of scratch databases begin with.
SCRATCH = "gitmig_scratch_"

# The names that are there, and whether this database made them.
THERE = """
    SELECT rolname, coalesce(pg_catalog.shobj_description(oid, 'pg_authid') = current_database(), false)
    FROM pg_catalog.pg_roles WHERE rolname = ANY(%s)
"""
MADE = """
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE pg_catalog.shobj_description(oid, 'pg_authid') = ANY(%s)
"""
# Whom a statement means without a name.
SOMEBODY = frozenset({"current_user", "session_user", "current_role", "all"})


@dataclass(kw_only=True, eq=False)
class BuildFailed(Exception):
    """A script does not run on a fresh database; `position` counts from 1."""

    position: int
    script: Script
    error: ScriptError


def build(
    connection: Connection,
    ups: Sequence[Script],
    measure_at: Collection[int],
    ignore: Sequence[str] = (),
    *,
    noted: dict[int, tuple[Renaming, ...]] | None = None,
) -> Iterator[tuple[int, Schema]]:
    """Run the up scripts in order; yields position and schema at each of `measure_at`. Raises BuildFailed.

    Position 0 is the empty database. The scripts run when the next item is asked for. What each of them renames is put
    into `noted`.
    """
    if 0 in measure_at:
        yield 0, read_schema(connection, ignore, edges=True)
    for position, script in enumerate(ups, 1):
        may_rename = noted is not None and (script.sql is None or MAY_RENAME.search(script.sql))
        before = read_names(connection) if may_rename else None
        try:
            run_fresh(connection, script)
        except ScriptError as error:
            raise BuildFailed(position=position, script=script, error=error) from error
        if noted is not None:
            noted[position] = tuple(renamings(before, read_names(connection))) if before is not None else ()
        if position in measure_at:
            yield position, read_schema(connection, ignore, edges=True)


def is_about_server(script: Script) -> bool:
    """Whether it has to be run by itself, confined: it changes what the whole server shares, or may do so."""
    return bool(script.language.shared(script.text)) or may_change_shared(script)


class NeedsCommits(Exception):
    """PostgreSQL does not run a script in one transaction with others, or its answer there is not the last word."""


def inside_of(script: Script) -> Script:
    """The same script for the inside of a transaction. Raises NeedsCommits if it needs its own."""
    inside = script.inside()
    if inside is None:
        raise NeedsCommits
    return inside


def run_confined(connection: Connection, script: Script) -> None:
    """Run a script inside the open transaction, without what would touch the server's others.

    Raises ScriptError, NeedsCommits.
    """
    own = _without_others(connection, inside_of(script))
    try:
        with _confined(connection, own):
            runner_of(own.language).inside(connection, own)
    except ScriptError as error:
        if connection.closed or error.sqlstate in TOO_MUCH_FOR_ONE:
            raise NeedsCommits from error
        raise


def run_fresh(connection: Connection, script: Script) -> None:
    """Run a script where nobody else is, in a transaction if PostgreSQL allows it. Raises ScriptError."""
    script = _without_others(connection, script)
    runner, inside = runner_of(script.language), script.inside()
    try:
        if inside is None:
            _run_outside(connection, script)
        else:
            with connection.transaction(), _confined(connection, script):
                runner.inside(connection, inside)
    except SAID_LATE as error:
        raise error_at_commit(script, error) from error
    except ScriptError as error:
        outside = error.sqlstate in OUTSIDE_ONLY or script.in_parts
        if inside is None or not outside or error.sqlstate not in TOO_MUCH_FOR_ONE:
            raise
        _run_outside(connection, script)


def _run_outside(connection: Connection, script: Script) -> None:
    with _confined(connection, script):
        runner_of(script.language).unrecorded(connection, script)


def _is_scratch(connection: Connection) -> bool:
    """A database that shall take the real one's place is none: there, roles may be changed, but not dropped."""
    return connection.info.dbname.startswith(SCRATCH)


@contextmanager
def _confined(connection: Connection, script: Script) -> Iterator[None]:
    """See that a script, run in the block, leaves alone what others on the server have. Raises ScriptError.

    A scratch database marks the roles that are made there.
    """
    if not _is_scratch(connection):
        yield
        return
    before = SharedState.read(connection) if may_change_shared(script) else None
    yield
    made = [s.roles[0] for s in script.language.shared(script.text) if s.verb is SharedVerb.CREATE and s.roles]
    if before is not None:
        after = SharedState.read(connection)
        if changed := next(before.changed(after), None):
            raise ScriptError(
                sqlstate=SHARED_CHANGED,
                message=f"it would change {changed}, which the whole server shares: it is not tried here",
                hint="write the statement as it is, where it can be seen and left out (see docs/security.md); with "
                '`verify = "never"` nothing is built beside',
                line=script.first_line,
                statement="",
            )
        made += before.new_roles(after)
    _claim(connection, made)


def _without_others(connection: Connection, script: Script) -> Script:
    """The script without what would touch what others on the server have, all else at unchanged positions."""
    found = script.language.shared(script.text)
    if not found:
        return script
    verbs = {*SharedVerb} if _is_scratch(connection) else {SharedVerb.CREATE, SharedVerb.DROP}
    names = list({name for statement in found for name in statement.roles})
    owned: dict[str, bool] = dict(connection.execute(THERE, (names,)).fetchall())
    others = SOMEBODY | {name for name, own in owned.items() if not own}
    text = script.text
    for statement in found:
        if statement.verb in verbs and _concerns(statement, others):
            end = statement.offset + statement.length
            text = text[: statement.offset] + _blank(text[statement.offset : end], statement) + text[end:]
        elif statement.verb is SharedVerb.CREATE:
            others = others - set(statement.roles)
    return replace(script, text=text)


def _concerns(statement: SharedStatement, others: Collection[str]) -> bool:
    """Whether somebody else would notice the statement; a membership that involves a role of our own is ours.

    Of a name that is only known when it runs (%I, or nothing) it is only known that a role that is made is new.
    """
    if "%" in statement.roles or not statement.roles:
        return statement.verb is not SharedVerb.CREATE
    which = all if statement.verb is SharedVerb.MEMBER else any
    return which(name in others for name in statement.roles)


def _blank(text: str, statement: SharedStatement) -> str:
    """In a block, a statement has to be in its place."""
    blank = "".join(character if character == "\n" else " " for character in text)
    return f"NULL{blank[4:]}" if statement.in_block else blank


def _claim(connection: Connection, names: Sequence[str]) -> None:
    if not names:
        return
    for role, _ in connection.execute(THERE, (list(names),)).fetchall():  # it may be gone again
        comment = sql.SQL("COMMENT ON ROLE {} IS {}")
        connection.execute(comment.format(sql.Identifier(role), connection.info.dbname))


def drop_claimed(connection: Connection, name: str) -> None:
    """Drop the roles that the database, which is gone, or a copy of it had made for themselves."""
    for role in connection.values(MADE, ([name, f"{name}_copy", f"{name}_clone"],)):
        with suppress(psycopg.errors.DependentObjectsStillExist):  # somebody has come to need it
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


# --- what the databases of a server share, and what of it a script changed

# What a statement begins with that may run code which is not in its words, a trigger's if nothing else; in a script
# without, it need not be looked for. CREATE TABLE … AS and its kin run a query.
CALLS = {
    *("DO", "CALL", "SELECT", "EXECUTE", "WITH", "VALUES", "TABLE", "EXPLAIN", "REFRESH"),
    *("INSERT", "UPDATE", "DELETE", "MERGE", "COPY"),
}
CALLING = re.compile(rf"\b(?:{'|'.join(CALLS)}|as)\b", re.IGNORECASE)

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


class SharedObject(Struct, frozen=True, kw_only=True):
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
    words = [word.text.upper() for word in found]
    starts = [number for number, (before, _) in enumerate(zip([";", *words], words)) if before == ";"]
    return any(
        words[start] in CALLS or (words[start] == "CREATE" and _runs_a_query(words[start:end]))
        for start, end in zip(starts, [*starts[1:], len(words)])
    )


def _runs_a_query(words: Sequence[str]) -> bool:
    """Whether a CREATE may fill what it makes: a table, or a materialized view, AS something."""
    return "AS" in words and not {"TABLE", "MATERIALIZED"}.isdisjoint(words[1:4])
