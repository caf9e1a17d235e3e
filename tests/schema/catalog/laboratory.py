"""Databases built from the scripts of cases, and what is found in them."""

from __future__ import annotations

import itertools
import os
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from gitmig.postgres.address import connect
from gitmig.schema.catalog import read_schema
from gitmig.schema.model import Schema
from tests.conftest import url_of
from tests.servers import create_database

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitmig.schema.model import ObjectName, Tie
    from tests.schema.catalog.case import Case
    from tests.schema.catalog.dump import Entry, PgDump

OWN_NAME = re.compile(r"case_\d{4}")  # what SELF becomes
IN_PLACE = 150000  # tablespaces that need no directory of their own
# Extensions that come with PostgreSQL, or with the embedded one; any of them will do.
MODULES = "SELECT name FROM pg_available_extensions WHERE name IN ('citext', 'vector')"
DROP_SUBSCRIPTIONS = """
    SELECT format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', subname), format('DROP SUBSCRIPTION %I', subname)
    FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
    WHERE d.datname = current_database()
"""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Laboratory:
    """A server, and the words that scripts may use there."""

    server: str
    version: int  # as 150004
    words: Mapping[str, str]
    databases: list[str] = field(default_factory=list)

    @classmethod
    def opened(cls, server: str) -> Laboratory:
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
        return cls(server=server, version=version, words=words)

    def close(self) -> None:
        """Drop what was made. At the end: to drop a database takes a checkpoint, which is cheap behind another one."""
        for name in self.databases:
            with psycopg.connect(url_of(self.server, name), autocommit=True) as connection:
                for statement in itertools.chain(*connection.execute(DROP_SUBSCRIPTIONS).fetchall()):
                    connection.execute(statement.encode())
        drops = [f"DROP DATABASE {name} WITH (FORCE)" for name in self.databases]
        drops += ["DROP ROLE {READER}", "DROP ROLE {WRITER}", *["DROP TABLESPACE {SPACE}"] * (self.version >= IN_PLACE)]
        with psycopg.connect(url_of(self.server, "postgres"), autocommit=True) as connection:
            for statement in drops:
                connection.execute(statement.format_map(self.words).encode())

    def make(self, scripts: Mapping[str, str]) -> str:
        """The URL of a new database in which each script has run, in the schema that is its key."""
        name = f"laboratory_{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(url_of(self.server, "postgres"), autocommit=True) as connection:
            create_database(connection, name)
        self.databases.append(name)
        self._fill(url_of(self.server, name), scripts)
        return url_of(self.server, name)

    def runs(self, case: Case) -> bool:
        """Whether there is what the case needs."""
        return case.runs_on(self.version) and ("MODULE" in self.words or "MODULE" not in case.b)

    def _fill(self, url: str, scripts: Mapping[str, str]) -> None:
        failures = []
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET synchronous_commit = off")
            for own, script in scripts.items():
                start = f"RESET ROLE; DISCARD TEMP; CREATE SCHEMA {own}; SET search_path = {own}"
                text = self._spelled_out(script, own)
                try:
                    connection.execute(start.encode())
                    connection.execute(text.encode())
                except psycopg.Error as error:
                    failures.append(f"{error}\n{text}")
        assert not failures, "\n".join(failures)

    def _spelled_out(self, script: str, own: str) -> str:
        words = {**self.words, "SELF": own}
        return re.sub(rf"\b({'|'.join(words)})", lambda match: words[match[0]], script)


@dataclass(frozen=True)
class Found:
    """What is in a database."""

    schema: Schema
    entries: list[Entry]

    @classmethod
    def look(cls, url: str, pg_dump: PgDump) -> Found:
        """Read a database and dump it."""
        with connect(url, "test") as connection:
            schema = read_schema(connection)
        return cls(schema, pg_dump.entries(url))

    def by_case(self) -> dict[str | None, Found]:
        """Taken apart; None for what belongs to no case."""
        entries: defaultdict[str | None, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            entries[_own_name(entry.schema, entry.name, entry.text)].append(entry)
        schemas = by_case(self.schema)
        return {own: Found(schemas.get(own, Schema({})), entries[own]) for own in {*entries, *schemas}}


def by_case(schema: Schema) -> dict[str | None, Schema]:
    """A schema taken apart, edges and all; None for what belongs to no case."""
    objects: defaultdict[str | None, dict[ObjectName, str]] = defaultdict(dict)
    edges: defaultdict[str | None, dict[ObjectName, Mapping[ObjectName, Tie]]] = defaultdict(dict)
    for name, text in schema.objects.items():
        objects[_own_name(name.name)][name] = text
    for name, ties in schema.edges.items():
        edges[_own_name(name.name)][name] = ties
    return {own: Schema(objects[own], edges[own]) for own in objects}


def _own_name(*texts: str) -> str | None:
    return next((found[0] for text in texts if (found := OWN_NAME.search(text))), None)
