"""Call `upgrade` or `downgrade` of a migration with a connection.

The environment says where the database is (PGHOST and so on). An async function gets an async connection.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

import psycopg

NAME = "gitmig_migration"


def load(path: Path) -> Any:
    """The migration as a module; what lies beside it can be imported, and so can what lies at the top."""
    sys.path[:] = list(dict.fromkeys([str(path.parent), str(Path.cwd()), *sys.path]))
    spec = importlib.util.spec_from_file_location(NAME, path)
    assert spec is not None  # it is a file of Python
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)
    return module


def call(function: Any, *, autocommit: bool) -> None:
    """Run the function in a transaction of its own, as psycopg's `with` block does, or statement by statement."""
    if inspect.iscoroutinefunction(function):
        asyncio.run(call_async(function, autocommit=autocommit))
        return
    with psycopg.connect("", autocommit=autocommit) as connection:
        function(connection)


async def call_async(function: Any, *, autocommit: bool) -> None:
    """The same for an async function."""
    async with await psycopg.AsyncConnection.connect("", autocommit=autocommit) as connection:
        await function(connection)


def main(arguments: list[str]) -> int:
    """Run one section (`up` or `down`) of the migration in a file: `[section, path]`.

    What the migration prints is shown to people: nothing of it is SQL.
    """
    section, path = arguments
    module = load(Path(path).resolve())
    function = getattr(module, "upgrade" if section == "up" else "downgrade")
    call(function, autocommit=getattr(module, "transaction", True) is False)
    return 0
