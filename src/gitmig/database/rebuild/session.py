"""What every connection of a rebuild is set to, so that rows and definitions mean the same on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitmig.database.connection import Connection

# With nothing but pg_catalog on the path, PostgreSQL writes every other name with its schema. Row security is off so
# that a policy leads to an error instead of hiding rows. No time limits, whatever the database or the role has set.
SETTINGS = {
    "search_path": "pg_catalog, pg_temp",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "xmloption": "content",
    "standard_conforming_strings": "on",
    "quote_all_identifiers": "off",
    "check_function_bodies": "off",
    "row_security": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "default_transaction_read_only": "off",
}
SET = f"SELECT {', '.join(f'pg_catalog.set_config({name!r}, {value!r}, false)' for name, value in SETTINGS.items())}"


def settle(connection: Connection) -> None:
    """Give the session these settings."""
    connection.execute(SET.encode())
