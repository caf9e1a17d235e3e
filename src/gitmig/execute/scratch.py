"""Databases that are made beside the real one: scratch databases, which are dropped again, and new ones of projects.

A scratch database is made, filled, looked at and dropped; it may be copied or cloned meanwhile. A new database gets its
name last, so that nobody sees it half made. Both are like another one: in encoding and locale, which decide about
collations and casts.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.errors import GitmigError
from gitmig.execute.build import SCRATCH, drop_claimed
from gitmig.migrations.languages.sql import SQL
from gitmig.migrations.model import Script
from gitmig.postgres.address import connect, drop_database, with_name, with_options
from gitmig.postgres.run_sql import ScriptError, run_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gitmig.postgres.connection import Connection, Programs

# Seconds. A process that was killed leaves its scratch database; the next one drops what is older and unused.
STALE = 3600

LEFT_BEHIND = """
    SELECT datname FROM pg_catalog.pg_database d WHERE starts_with(datname, %s)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)
"""
ENCODING = """
    SELECT pg_encoding_to_char(encoding), datcollate, datctype, {provider}, {locale}, {rules}
    FROM pg_catalog.pg_database WHERE datname = current_database()
"""
PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}

# The tablespace only where it is not that of the template: to name it takes a right of its own.
HOME = """
    SELECT datdba::regrole::text, (SELECT spcname FROM pg_catalog.pg_tablespace t WHERE t.oid = d.dattablespace
      AND t.oid <> (SELECT dattablespace FROM pg_catalog.pg_database WHERE datname = 'template0'))
    FROM pg_catalog.pg_database d WHERE datname = current_database()
"""


@contextmanager
def scratch_database(url: str, bootstrap: str, programs: Programs | None) -> Iterator[Connection]:
    """A connection to an empty database on the same server, with the bootstrap SQL run; dropped afterwards.

    Its name is like no other one's: containers have the same process ids, and one process may want two in a second.
    `programs` runs the migrations that are programs there. Raises GitmigError if the role may not create databases or
    the bootstrap fails.
    """
    name = f"{SCRATCH}{int(time.time())}_{os.getpid()}_{secrets.token_hex(3)}"
    with connect(url, "scratch") as connection:
        _drop_left_behind(connection, url)
        create_database_like(connection, name)
    try:
        with scratch_connection(url, name, programs) as connection:
            run_bootstrap(connection, bootstrap)
            yield connection
    finally:
        _drop(url, name)


@contextmanager
def _scratch_copy(url: str, template: str, programs: Programs | None) -> Iterator[Connection]:
    """A connection to a copy of a scratch database to which nobody is connected; dropped afterwards."""
    name = f"{template}_copy"
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with connect(url, "scratch") as connection:
        connection.execute(copy)
    try:
        with scratch_connection(url, name, programs) as connection:
            yield connection
    finally:
        _drop(url, name)


@contextmanager
def scratch_connection(url: str, name: str, programs: Programs | None) -> Iterator[Connection]:
    """A connection to a database that nobody will miss after a power cut.

    Roles and their like are the whole server's: who waits for one of them may wait for the very session that asked for
    the scratch database, and would do so for good.
    """
    with connect(
        with_options(with_name(url, name), "synchronous_commit=off", "lock_timeout=30s"), "scratch"
    ) as connection:
        connection.programs = programs
        yield connection


class ClonableScratch:
    """A scratch database that can be cloned as it stands, and the connection to it: another one after each clone."""

    def __init__(self, url: str, connection: Connection, stack: ExitStack) -> None:
        self.connection = connection
        self._url = url
        self._name = connection.info.dbname
        self._stack = stack

    @contextmanager
    def clone(self) -> Iterator[Connection]:
        """A connection to a database that equals this one, rows included; dropped afterwards."""
        self.connection.close()  # a template must not be in use
        programs = self.connection.programs
        with _scratch_copy(self._url, self._name, programs) as connection:
            self.connection = self._stack.enter_context(scratch_connection(self._url, self._name, programs))
            yield connection


@contextmanager
def clonable_scratch(url: str, bootstrap: str, programs: Programs | None) -> Iterator[ClonableScratch]:
    """An empty scratch database, with the bootstrap SQL run, that can be cloned; see `scratch_database`."""
    with scratch_database(url, bootstrap, programs) as connection, ExitStack() as stack:
        yield ClonableScratch(url, connection, stack)


def _drop_left_behind(connection: Connection, url: str) -> None:
    for name in connection.values(LEFT_BEHIND, (SCRATCH,)):
        made = name[len(SCRATCH) :].partition("_")[0]
        if made.isdecimal() and time.time() - int(made) > STALE:
            _drop(url, name)


def _drop(url: str, name: str) -> None:
    """Drop a scratch database and the roles that it made."""
    drop_database(url, name)
    with connect(url, "scratch") as connection:
        drop_claimed(connection, name)


def create_from_bootstrap(
    maintenance_url: str, url_of: Callable[[str], str], name: str, bootstrap: str, *, anew: bool = False
) -> None:
    """Create database `name` with the bootstrap SQL run in it; nobody ever sees it half made.

    If it exists, nothing happens, also if another process was quicker; or, `anew`, the new one takes its place once
    the bootstrap has succeeded. `url_of` maps a database's name to its URL.
    """
    with connect(maintenance_url, "create database") as connection:
        exists = connection.value("SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s", (name,))
    if exists and not anew:
        return
    unnamed = f"gitmig_new_{os.getpid()}"
    drop_database(maintenance_url, unnamed)
    with connect(maintenance_url, "create database") as connection:
        create_database_like(connection, unnamed)
    try:
        with connect(url_of(unnamed), "bootstrap") as connection:
            run_bootstrap(connection, bootstrap)
    except GitmigError:
        drop_database(maintenance_url, unnamed)
        raise
    if anew:
        drop_database(maintenance_url, name)
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unnamed), sql.Identifier(name))
    with connect(maintenance_url, "create database") as connection:
        try:
            connection.execute(rename)
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(unnamed)))


def run_bootstrap(connection: Connection, text: str) -> None:
    """Run the bootstrap SQL in an empty database. Raises GitmigError."""
    try:
        run_sql(connection, Script(language=SQL, text=text, path="bootstrap"))
    except ScriptError as error:
        hint = "it runs on every empty database; roles belong to the whole server: create one only if it is missing"
        raise GitmigError(f"the bootstrap SQL failed at line {error.line}: {error.message}", hint=hint) from error


def create_database_like(connection: Connection, name: str, *, same_home: bool = False) -> None:
    """Create an empty database with the encoding and locale of the one connected to.

    `same_home`: owner and tablespace as well.
    """
    version = connection.info.server_version
    query = ENCODING.format(
        provider="datlocprovider" if version >= 150000 else "'c'",
        locale="datlocale" if version >= 170000 else "daticulocale" if version >= 150000 else "NULL",
        rules="daticurules" if version >= 160000 else "NULL",
    )
    ((encoding, collate, ctype, provider, locale, rules),) = connection.execute(query.encode()).fetchall()
    clauses = [sql.SQL("TEMPLATE template0"), _clause("ENCODING", encoding)]
    clauses += [_clause("LC_COLLATE", collate), _clause("LC_CTYPE", ctype)]
    if provider != "c":
        clauses.append(sql.SQL(f"LOCALE_PROVIDER {PROVIDERS[provider]}"))
        clauses.append(_clause(f"{PROVIDERS[provider].upper()}_LOCALE", locale))
    if rules:
        clauses.append(_clause("ICU_RULES", rules))
    if same_home:
        ((owner, tablespace),) = connection.execute(HOME).fetchall()
        clauses.append(sql.SQL("OWNER {}").format(sql.SQL(owner)))
        if tablespace:
            clauses.append(sql.SQL("TABLESPACE {}").format(sql.Identifier(tablespace)))
    statement = sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), sql.SQL(" ").join(clauses))
    connection.execute(statement)


def _clause(word: str, value: str) -> sql.Composed:
    return sql.SQL("{} {}").format(sql.SQL(word), sql.Literal(value))
