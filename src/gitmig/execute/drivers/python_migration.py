"""Call `upgrade` or `downgrade` of a migration with a connection: `python_migration.py FILE up|down`.

The environment says where the database is (PGHOST and so on). An async function gets an async connection. Exits with
the status MISSING if there is no psycopg.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from typing import Any

MISSING = 78  # EX_CONFIG of sysexits.h


def load(path: Path) -> Any:
    """The migration as a module; what lies beside it can be imported, and so can what lies at the top."""
    sys.path[:0] = [str(path.parent), str(Path.cwd())]
    spec = importlib.util.spec_from_file_location("gitmig_migration", path)
    assert spec is not None  # it is a file of Python
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def call(function: Any, *, autocommit: bool) -> None:
    """Run the function in a transaction of its own, as psycopg's `with` block does, or statement by statement."""
    import psycopg

    if inspect.iscoroutinefunction(function):
        asyncio.run(call_async(function, autocommit=autocommit))
        return
    with psycopg.connect("", autocommit=autocommit) as connection:
        function(connection)


async def call_async(function: Any, *, autocommit: bool) -> None:
    """The same for an async function."""
    import psycopg

    async with await psycopg.AsyncConnection.connect("", autocommit=autocommit) as connection:
        await function(connection)


def main(path: str, section: str) -> int:
    """Run one section. What the migration prints is shown to people: nothing of it is SQL."""
    try:
        import psycopg  # noqa: F401  # it is needed, and may not be there
    except ImportError as error:
        hint = "install it there, or name another interpreter: py in [languages] of gitmig.toml"
        sys.stderr.write(f"{sys.executable} has no psycopg ({error}): {hint}\n")
        return MISSING
    try:
        module = load(Path(path).resolve())
        function = getattr(module, "upgrade" if section == "up" else "downgrade")
        call(function, autocommit=getattr(module, "transaction", True) is False)
    except Exception as error:  # whatever it is, it is told without the lines of this file
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
            frames = frames.tb_next
        traceback.print_exception(type(error), error, frames)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
