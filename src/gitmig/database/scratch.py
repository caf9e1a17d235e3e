"""Fresh databases: made beside, filled, and only then given their name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.core.languages.sql import SQL
from gitmig.core.migration import Script
from gitmig.database.connection import connect, create_database, drop_database
from gitmig.database.runners import ScriptError, run_script
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Callable


def create_from_bootstrap(maintenance_url: str, url_of: Callable[[str], str], name: str, bootstrap: str) -> None:
    """Create database `name` with the bootstrap SQL run in it; nobody ever sees it half made.

    Nothing happens if it exists, also if another process was quicker. `url_of` maps a database's name to its URL.
    """
    with connect(maintenance_url, "create database") as connection:
        if connection.execute("SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s", (name,)).fetchone():
            return
    unnamed = f"gitmig_new_{os.getpid()}"
    drop_database(maintenance_url, unnamed)
    create_database(maintenance_url, unnamed)
    try:
        with connect(url_of(unnamed), "bootstrap") as connection:
            run_script(connection, Script(language=SQL, text=bootstrap, path="bootstrap"))
    except ScriptError as error:
        drop_database(maintenance_url, unnamed)
        hint = "it has to run on an empty database"
        raise GitmigError(f"the bootstrap SQL failed at line {error.line}: {error.message}", hint=hint) from error
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unnamed), sql.Identifier(name))
    with connect(maintenance_url, "create database") as connection:
        try:
            connection.execute(rename)
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(unnamed)))
