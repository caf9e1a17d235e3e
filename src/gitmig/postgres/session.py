"""What a session is set to while gitmig reads: rows and definitions are written as text the same at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection

VALUES = {
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}
# How PostgreSQL writes expressions depends on these. With nothing but pg_catalog on the path, it writes every other
# name with its schema. No jit: to compile queries of catalogs takes longer than to run them.
DEFINITIONS = {
    "search_path": "pg_catalog, pg_temp",
    **VALUES,
    "standard_conforming_strings": "on",
    "quote_all_identifiers": "off",
    "jit": "off",
}
# A policy must not hide rows, and no time limit of the database or the role may cut the work short. Rows are read in
# the order they lie in, by which those without a key are known again.
ROWS = {
    **VALUES,
    "xmloption": "content",
    "row_security": "off",
    "statement_timeout": "0",
    "array_nulls": "on",
    "max_parallel_workers_per_gather": "0",
    "synchronize_seqscans": "off",
    "jit": "off",
}
TRANSFER = {
    **DEFINITIONS,
    "xmloption": "content",
    "check_function_bodies": "off",
    "row_security": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "default_transaction_read_only": "off",
}


def setting(settings: dict[str, str], *, local: bool = False) -> str:
    """The expressions of a SELECT that make these settings; `local` ones end with the transaction."""
    return ", ".join(
        f"pg_catalog.set_config('{name}', '{value}', {str(local).lower()})" for name, value in settings.items()
    )


def settle(connection: Connection, settings: dict[str, str]) -> None:
    """Give the session these settings, until something else sets them."""
    connection.execute(f"SELECT {setting(settings)}".encode())
