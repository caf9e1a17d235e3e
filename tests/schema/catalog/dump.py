"""What `pg_dump -s` says about a database, entry by entry, without the orders that mean nothing."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import psycopg

from gitmig.postgres.address import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARTITIONS = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relispartition
"""
HEADER = re.compile(r"^--\n-- Name: (.*?); Type: (.*?); Schema: (.*?); Owner: ?(.*?)\n--\n", re.MULTILINE)
# Written ahead of an entry's header when the table needs another one than the table before it.
ACCESS_METHOD = re.compile(r"^SET default_table_access_method = .*;$", re.MULTILINE)
# Kinds of entries whose lines may come in any order: columns, options, grants.
UNORDERED = {"TABLE", "FOREIGN TABLE", "FOREIGN DATA WRAPPER", "SERVER", "USER MAPPING", "ACL", "DEFAULT ACL"}
COLUMNS_OF_A_TABLE = {"STATISTICS", "PUBLICATION TABLE"}
OPTIONS = re.compile(r"(?<=[HT] \()[^()]*(?=\))")  # WITH (…), SET (…)
SETTING = "    SET "  # of a function
# What stands between entries. Since August 2025 `\restrict` is there for psql; its argument is random.
NOISE = re.compile(r"^(\\(un)?restrict .*|SET default_.*|--|-- PostgreSQL database dump complete)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One object, or one property of it, as `pg_dump` splits them."""

    schema: str
    kind: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class PgDump:
    """The program, with psql beside it."""

    path: Path

    @property
    def version(self) -> int:
        """Its major version."""
        said = subprocess.run([self.path, "--version"], capture_output=True, text=True, check=True).stdout
        return int(re.sub(r"\D*(\d+).*", r"\1", said))  # pg_dump (PostgreSQL) 15.4 (Debian …)

    def entries(self, url: str) -> list[Entry]:
        """The sorted entries of a dump without owners, partitions and gitmig's own schemas."""
        with psycopg.connect(url, autocommit=True) as connection:
            partitions = [str(row[0]) for row in connection.execute(PARTITIONS.encode())]
        text = self.text(url, "--exclude-schema=gitmig*", *(f"--exclude-table={name}" for name in partitions))
        return sorted(entry for entry in _entries(text) if not _is_published(entry, partitions))

    def text(self, url: str, *options: str) -> str:
        """A dump without owners."""
        return self._run("pg_dump", url, "--schema-only", "--no-owner", *options)

    def restore(self, text: str, url: str) -> None:
        """Run a dump in an empty database."""
        self._run("psql", url, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", standard_input=text)

    def _run(self, program: str, url: str, *options: str, standard_input: str = "") -> str:
        command = [str(self.path.with_name(program)), *options]
        process = subprocess.run(
            command,
            env=os.environ | environment(url),
            input=standard_input,
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        return process.stdout


def _entries(text: str) -> Iterator[Entry]:
    head, *parts = HEADER.split(text)
    access_method = ACCESS_METHOD.findall(head)
    for name, kind, schema, tablespace, body in zip(*(iter(parts),) * 5):
        stored = kind in {"TABLE", "MATERIALIZED VIEW"} and "PARTITION BY" not in body
        lines = [tablespace, *access_method[-1:] * stored, *_normal(kind, NOISE.sub("", body).strip())]
        yield Entry(schema, kind, name, "\n".join(lines))
        access_method += ACCESS_METHOD.findall(body)


def _is_published(entry: Entry, tables: list[str]) -> bool:
    """For pg_dump 18, a table that is left out is still a member of its publications."""
    return entry.kind == "PUBLICATION TABLE" and f"{entry.schema}.{entry.name.partition(' ')[2]}" in tables


def _normal(kind: str, body: str) -> list[str]:
    lines = body.splitlines()
    if kind in UNORDERED:
        return sorted(OPTIONS.sub(_sorted_options, line.rstrip(",")) for line in lines)
    if kind == "INDEX":
        return [OPTIONS.sub(_sorted_options, line) for line in lines]
    if kind == "TEXT SEARCH DICTIONARY":
        return [", ".join(sorted(re.split(r"[\s,();]+", line))) for line in lines]
    if kind in {"FUNCTION", "PROCEDURE"}:  # settings stand one below the other
        runs = [(is_setting, list(run)) for is_setting, run in groupby(lines, lambda line: line.startswith(SETTING))]
        return [line for is_setting, run in runs for line in (sorted(run) if is_setting else run)]
    if kind in COLUMNS_OF_A_TABLE:
        return [" ".join(sorted(re.split(r"[\s,();]+", line))) for line in lines]
    return lines


def _sorted_options(options: re.Match[str]) -> str:
    return ", ".join(sorted(options[0].split(", ")))
