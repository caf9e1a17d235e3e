"""Databases built from the scripts of cases, and what is found in them."""

from __future__ import annotations

import itertools
import os
import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from gitmig.core.schema import Schema
from gitmig.database.catalogs import read_schema
from gitmig.database.connection import connect
from tests.conftest import url_of
from tests.database.catalogs.dump import Entry, dump

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from gitmig.core.schema import ObjectName
    from tests.database.catalogs.case import Case

OWN_NAME = re.compile(r"case_\d{4}")  # what SELF becomes
IN_PLACE = 150000  # tablespaces that need no directory of their own
# Extensions that come with PostgreSQL, or with the embedded one; any of them will do.
MODULES = "SELECT name FROM pg_available_extensions WHERE name IN ('citext', 'vector')"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Laboratory:
    """A server, the pg_dump that belongs to it, and the words that scripts may use there."""

    server: str
    program: Path
    version: int
    words: Mapping[str, str]

    @classmethod
    def opened(cls, server: str, program: Path) -> Laboratory:
        """Make the roles and the tablespace."""
        pid = os.getpid()
        words = {"READER": f"reader_{pid}", "WRITER": f"writer_{pid}", "SPACE": f"space_{pid}"}
        with psycopg.connect(url_of(server, "postgres"), autocommit=True) as connection:
            version = connection.info.server_version
            for (name,) in connection.execute(MODULES):
                words["MODULE"] = name
            connection.execute(f"CREATE ROLE {words['READER']}; CREATE ROLE {words['WRITER']}".encode())
            if version >= IN_PLACE:
                connection.execute("SET allow_in_place_tablespaces = on")
                connection.execute(f"CREATE TABLESPACE {words['SPACE']} LOCATION ''".encode())
        return cls(server=server, program=program, version=version, words=words)

    def close(self) -> None:
        """Drop them again."""
        with psycopg.connect(url_of(self.server, "postgres"), autocommit=True) as connection:
            connection.execute("DROP ROLE {READER}; DROP ROLE {WRITER}".format_map(self.words).encode())
            if self.version >= IN_PLACE:
                connection.execute("DROP TABLESPACE {SPACE}".format_map(self.words).encode())

    @contextmanager
    def database(self, scripts: Mapping[str, str]) -> Iterator[str]:
        """The URL of a database in which each script has run, in the schema that is its key."""
        name = f"laboratory_{os.getpid()}_{next(_numbers)}"
        maintenance = url_of(self.server, "postgres")
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        try:
            self._fill(url_of(self.server, name), scripts)
            yield url_of(self.server, name)
        finally:
            _drop_subscriptions(url_of(self.server, name))
            with psycopg.connect(maintenance, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def runs(self, case: Case) -> bool:
        """Whether there is what the case needs."""
        return case.runs_on(self.version) and ("MODULE" in self.words or "MODULE" not in case.b)

    def find_both(self, a: Mapping[str, str], b: Mapping[str, str]) -> tuple[Found, Found]:
        """Build, read and dump two databases, side by side."""
        with ThreadPoolExecutor() as pool:
            first, second = pool.map(self.find, (a, b))
        return first, second

    def find(self, scripts: Mapping[str, str]) -> Found:
        """Build, read and dump."""
        with self.database(scripts) as url:
            with connect(url, "test") as connection:
                schema = read_schema(connection)
            return Found(schema, dump(self.program, url))

    def _fill(self, url: str, scripts: Mapping[str, str]) -> None:
        failures = []
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET synchronous_commit = off")
            for own, script in scripts.items():
                words = {**self.words, "SELF": own}
                text = re.sub(rf"\b({'|'.join(words)})", lambda match, words=words: words[match[0]], script)
                try:
                    connection.execute(
                        f"RESET ROLE; DISCARD TEMP; CREATE SCHEMA {own}; SET search_path = {own}".encode()
                    )
                    connection.execute(text.encode())
                except psycopg.Error as error:
                    failures.append(f"{error}\n{text}")
        assert not failures, "\n".join(failures)


@dataclass(frozen=True)
class Found:
    """What is in a database."""

    schema: Schema
    entries: list[Entry]

    def by_case(self) -> defaultdict[str | None, Found]:
        """Taken apart; None for what belongs to no case."""
        parts: defaultdict[str | None, Found] = defaultdict(lambda: Found(Schema({}), []))
        for entry in self.entries:
            parts[_own_name(entry.schema, entry.name, entry.text)].entries.append(entry)
        objects: defaultdict[str | None, dict[ObjectName, str]] = defaultdict(dict)
        for name, text in self.schema.objects.items():
            objects[_own_name(name.name)][name] = text
        return defaultdict(
            parts.default_factory, {own: Found(Schema(objects[own]), parts[own].entries) for own in {*parts, *objects}}
        )


def _own_name(*texts: str) -> str | None:
    return next((found[0] for text in texts if (found := OWN_NAME.search(text))), None)


def _drop_subscriptions(url: str) -> None:
    """A database that has subscriptions cannot be dropped."""
    query = (
        "SELECT subname FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid WHERE datname = current_database()"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        for (name,) in connection.execute(query).fetchall():
            connection.execute(f"DROP SUBSCRIPTION {name}".encode())
