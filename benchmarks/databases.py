"""Fresh databases on one server, dropped in the end; or on the embedded server of a scratch repository."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import psycopg
from process import Command
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from workload import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAINTENANCE = "postgres"
DROP = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
CREATE = sql.SQL("CREATE DATABASE {} TEMPLATE template0")
COPY = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
RENAME = sql.SQL("ALTER DATABASE {} RENAME TO {}")
LEAVE = "SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity WHERE datname = %s"
COUNT = "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'public' AND starts_with(tablename, %s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database of one tool."""

    url: str
    name: str

    def tables(self) -> int:
        """How many of the workload's tables are there."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(COUNT, (PREFIX,)).fetchone()
        return int(row[0]) if row else 0


class Databases:
    """The databases of one run."""

    def __init__(self, server: str) -> None:
        self._parameters = {key: str(value) for key, value in conninfo_to_dict(server).items() if value}
        self._parameters.pop("dbname", None)
        self._made: list[str] = []

    def fresh(self, purpose: str) -> Database:
        """An empty database; whatever the purpose had before is put aside, and dropped in the end.

        Where many files were deleted in the last minutes, ext4 takes ten times as long to make one, and what a tool
        needs would drown in that.
        """
        return self._make(purpose, CREATE)

    def copy(self, of: Database, purpose: str) -> Database:
        """A copy of a database that nobody is connected to."""
        return self._make(purpose, COPY, of.name)

    def drop_all(self) -> None:
        """Leave the server as it was."""
        while self._made:
            self._execute(DROP, self._made.pop())

    def version(self) -> str:
        """The server's version."""
        with psycopg.connect(self._url(MAINTENANCE)) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        return str(row[0]).split()[0] if row else "unknown"

    def _make(self, purpose: str, statement: sql.SQL, *names: str) -> Database:
        name = f"gitmig_benchmark_{os.getpid()}_{purpose}".replace("-", "_")
        if name in self._made:
            self._put_aside(name)
        self._made.append(name)
        self._execute(statement, name, *names)
        return Database(url=self._url(name), name=name)

    def _put_aside(self, name: str) -> None:
        aside = f"{name}_{len(self._made)}"
        with psycopg.connect(self._url(MAINTENANCE), autocommit=True) as connection:
            connection.execute(LEAVE, (name,))
            connection.execute(RENAME.format(sql.Identifier(name), sql.Identifier(aside)))
        self._made[self._made.index(name)] = aside

    def _execute(self, statement: sql.SQL, *names: str) -> None:
        with psycopg.connect(self._url(MAINTENANCE), autocommit=True) as connection:
            connection.execute("SET client_min_messages = warning")
            connection.execute(statement.format(*map(sql.Identifier, names)))

    def _url(self, name: str) -> str:
        """A URL that every tool understands: a socket's folder is the parameter `host`."""
        rest = dict(self._parameters)
        user, password = (quote(rest.pop(key, ""), safe="") for key in ("user", "password"))
        host, port = rest.pop("host", ""), rest.pop("port", "")
        if host.startswith("/") or not host:
            rest |= {key: value for key, value in (("host", host), ("port", port)) if value}
            where = ""
        else:
            where = f"{host}:{port}" if port else host
        who = f"{user}:{password}@" if password else f"{user}@" if user else ""
        return f"postgresql://{who}{where}/{name}{'?' * bool(rest)}{urlencode(rest)}"


@contextmanager
def embedded_server(gitmig: str, folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """The URL of gitmig's embedded server, which is stopped in the end."""

    def command(*arguments: str) -> Command:
        return Command(arguments=arguments, folder=folder, environment=environment)

    folder.mkdir()
    command("git", "init", "--quiet").run()
    try:
        yield command(gitmig, "db", "url").output().splitlines()[-1]
    finally:
        command(gitmig, "db", "stop").run()
