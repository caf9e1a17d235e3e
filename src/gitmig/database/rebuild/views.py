"""Filling materialized views anew from the rows that were carried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from gitmig.database.catalogs.scope import OURS, OWN_RELATION

if TYPE_CHECKING:
    from gitmig.database.connection import Connection

# A view is younger than the views it reads from.
POPULATED = f"""
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE c.relkind = 'm' AND c.relispopulated AND {OWN_RELATION} ORDER BY c.oid
"""


def refresh_views(old: Connection, new: Connection) -> list[str]:
    """Refresh what was populated in the old database or is in the new one; returns what could not be, and why."""
    populated = {name for (name,) in old.execute(POPULATED.encode()).fetchall()}
    every = new.execute(POPULATED.replace("c.relispopulated", "true").encode()).fetchall()
    there = {name for (name,) in new.execute(POPULATED.encode()).fetchall()}
    failed = []
    for (name,) in every:
        if name in populated | there and (reason := _refresh(new, name)):
            failed.append(f"{name}: {reason}")
    return failed


def _refresh(new: Connection, name: str) -> str | None:
    """None if it is refreshed, else PostgreSQL's reason; it is then as the migrations left it."""
    try:
        with new.users_path():  # functions of the view's owner
            new.execute(f"REFRESH MATERIALIZED VIEW {name}".encode())  # regclass quotes the name itself
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
        return error.diag.message_primary or str(error)
    return None
