"""What a migration costs that is a program, against the same in SQL."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from bench import Result
from peers import GITMIG

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench import Bench
    from sites import Site

UP = (
    "ALTER TABLE items ADD COLUMN size int; UPDATE items SET size = length(name); "
    "CREATE INDEX items_size ON items (size);"
)
DOWN = "DROP INDEX items_size; ALTER TABLE items DROP COLUMN size;"
BASE = {
    "gitmig.toml": 'layout = "single"\n',
    "migrations/0001_items.sql": "-- migrate:up\nCREATE TABLE items (id int PRIMARY KEY, name text);\n"
    "INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 100) n;\n-- migrate:down\nDROP TABLE items;\n",
}
PYTHON = f"""\
def upgrade(connection):
    connection.execute({UP!r})


def downgrade(connection):
    connection.execute({DOWN!r})
"""
SHELL = f"#!/bin/sh\ncase $1 in up) echo '{UP}' ;; down) echo '{DOWN}' ;; esac\n"
JAVASCRIPT = f"#!/usr/bin/env node\nconsole.log(process.argv[2] === 'up' ? '{UP}' : '{DOWN}');\n"
# What it is called, its file, its text, what it needs.
LANGUAGES = (
    ("SQL", "0002_size.sql", f"-- migrate:up\n{UP}\n-- migrate:down\n{DOWN}\n", "git"),
    ("Python", "0002_size.py", PYTHON, "git"),
    ("shell", "0002_size.sh", SHELL, "sh"),
    ("JavaScript", "0002_size.js", JAVASCRIPT, "node"),
)


def languages(bench: Bench) -> Result:
    """One migration more and one less, `gitmig sync REVISION` both times, with rows in its table."""
    timers = {
        name: _timer(_site(bench, file, text)) for name, file, text, tool in LANGUAGES if shutil.which(tool) is not None
    }
    return Result(
        title="one migration and back, by language", subject="Python", samples=bench.measure(timers), promises=()
    )


def _site(bench: Bench, file: str, text: str) -> Site:
    site = bench.sites.make(bench.peers[GITMIG])
    site.write(BASE)
    site.commit("Items")
    site.write({f"migrations/{file}": text})
    if not file.endswith((".sql", ".py")):
        (site.folder / "migrations" / file).chmod(0o755)
    site.commit("Size")
    site.tool("sync", "--trust").run()
    return site


def _timer(site: Site) -> Callable[[], float]:
    away, home = site.tool("sync", "main~1"), site.tool("sync", "main")
    return lambda: away.run() + home.run()
