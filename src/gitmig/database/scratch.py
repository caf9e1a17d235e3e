"""Scratch databases: made beside, filled, looked at and dropped; and fresh databases that get their name last."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.core.languages.sql import SQL
from gitmig.core.migration import Script
from gitmig.database.connection import connect, drop_database, with_name, with_options
from gitmig.database.like import create_like
from gitmig.database.roles import SCRATCH, drop_claimed
from gitmig.database.sending import ScriptError, run_sql
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gitmig.database.connection import Connection

# Seconds. A process that was killed leaves its scratch database; the next one drops what is older and unused.
STALE = 3600

LEFT_BEHIND = """
    SELECT datname FROM pg_catalog.pg_database d WHERE starts_with(datname, %s)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)
"""


@contextmanager
def scratch_database(url: str, bootstrap: str) -> Iterator[Connection]:
    """A connection to an empty database on the same server, with the bootstrap SQL run; dropped afterwards.

    Raises GitmigError if the role may not create databases or the bootstrap fails.
    """
    name = f"{SCRATCH}{int(time.time())}_{os.getpid()}"
    with connect(url, "scratch") as connection:
        _drop_left_behind(connection, url)
        create_like(connection, name)
    try:
        with scratch_connection(url, name) as connection:
            run_bootstrap(connection, bootstrap)
            yield connection
    finally:
        _drop(url, name)


@contextmanager
def scratch_copy(url: str, template: str) -> Iterator[Connection]:
    """A connection to a copy of a scratch database to which nobody is connected; dropped afterwards."""
    name = f"{template}_copy"
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with connect(url, "scratch") as connection:
        connection.execute(copy)
    try:
        with scratch_connection(url, name) as connection:
            yield connection
    finally:
        _drop(url, name)


@contextmanager
def scratch_connection(url: str, name: str) -> Iterator[Connection]:
    """A connection to a database that nobody will miss after a power cut.

    Roles and their like are the whole server's: who waits for one of them may wait for the very session that asked for
    the scratch database, and would do so for good.
    """
    with connect(
        with_options(with_name(url, name), "synchronous_commit=off", "lock_timeout=30s"), "scratch"
    ) as connection:
        yield connection


def create_from_bootstrap(
    maintenance_url: str, url_of: Callable[[str], str], name: str, bootstrap: str, *, anew: bool = False
) -> None:
    """Create database `name` with the bootstrap SQL run in it; nobody ever sees it half made.

    If it exists, nothing happens, also if another process was quicker; or, `anew`, the new one takes its place once
    the bootstrap has succeeded. `url_of` maps a database's name to its URL.
    """
    with connect(maintenance_url, "create database") as connection:
        exists = connection.execute("SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s", (name,)).fetchone()
    if exists and not anew:
        return
    unnamed = f"gitmig_new_{os.getpid()}"
    drop_database(maintenance_url, unnamed)
    with connect(maintenance_url, "create database") as connection:
        create_like(connection, unnamed)
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


def _drop_left_behind(connection: Connection, url: str) -> None:
    for (name,) in connection.execute(LEFT_BEHIND, (SCRATCH,)).fetchall():
        made = name[len(SCRATCH) :].partition("_")[0]
        if made.isdecimal() and time.time() - int(made) > STALE:
            _drop(url, name)


def _drop(url: str, name: str) -> None:
    """Drop a scratch database and the roles that it made."""
    drop_database(url, name)
    with connect(url, "scratch") as connection:
        drop_claimed(connection, name)
