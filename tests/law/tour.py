"""A project on its way between migration sets, told as a story; and the rows it has, by plain SELECTs.

Nothing here asks gitmig about rows: what a table holds is read under settings of the reader's own, as text and, for
PostgreSQL's own types, in the bytes that their send functions give.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from gitmig.cli.main import run
from tests.conftest import url_of
from tests.servers import TEMPLATE, create_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.law.case import Case

Rows = Counter[str]
Tables = dict[str, Rows]

# Text that says every bit, whatever the role or the database prefers.
SETTINGS = (
    "SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex'; SET timezone = 'UTC'; "
    "SET extra_float_digits = 1; SET client_min_messages = warning; SET lc_monetary = 'C'; SET xmlbinary = 'base64'"
)
COLUMNS = """
SELECT n.nspname, c.relname, c.relkind,
  array_agg(quote_ident(a.attname) ORDER BY a.attname) FILTER (WHERE a.attname IS NOT NULL),
  array_agg(CASE WHEN t.oid < 10000 AND t.typtype = 'b' AND t.typsend <> 0 THEN t.typsend::text ELSE '' END
            ORDER BY a.attname) FILTER (WHERE a.attname IS NOT NULL)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'gitmig', 'gitmig_kept')
GROUP BY 1, 2, 3 ORDER BY 1, 2
"""
# A sequence that a column takes its values from, as its own or by default.
SEQUENCES = """
SELECT DISTINCT s.oid::regclass::text, a.attrelid::regclass::text, quote_ident(a.attname)
FROM pg_depend d
JOIN pg_class s ON s.relkind = 'S' AND d.refclassid = 'pg_class'::regclass
LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refobjid = s.oid
LEFT JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = s.oid AND o.refobjsubid > 0
  AND o.deptype IN ('a', 'i')
JOIN pg_attribute a ON a.attrelid = COALESCE(f.adrelid, o.refobjid) AND a.attnum = COALESCE(f.adnum, o.refobjsubid)
WHERE a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AND s.relnamespace >= 16384
   OR a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AND s.relnamespace = 'public'::regnamespace
"""
BETWEEN = " │ "  # the values of a row
numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Scripts:
    """A migration; None where its file has no down at all."""

    up: str
    down: str | None = ""

    def __str__(self) -> str:
        down = "missing" if self.down is None else self.down or "empty"
        return f"up:   {self.up}\n    down: {down}"


class Refused(AssertionError):
    """A sync that did not end with 0; the text is the story so far, and what it said."""


@dataclass
class Tour:
    """One repository and one database, which nothing but `sync` and `people` change."""

    root: Path
    url: str
    story: list[str] = field(default_factory=list)

    def sync(self, migrations: Mapping[str, Scripts]) -> str:
        """Have the database follow to exactly these migrations, by label; returns what gitmig said."""
        self.write(migrations)
        self.story.append(f"sync to {', '.join(migrations)}")
        status, said = self.gitmig("sync", "--yes")
        self.story += [f"    | {line}" for line in said.splitlines()]
        if status:
            raise Refused(f"exit status {status}\n{self}")
        return said

    def write(self, migrations: Mapping[str, Scripts]) -> None:
        """Have the work tree hold exactly these migrations, by label."""
        folder = self.root / "migrations"
        folder.mkdir(exist_ok=True)
        before = {path.stem: path.read_bytes() for path in folder.glob("*.sql")}
        for label in before.keys() - migrations.keys():
            (folder / f"{label}.sql").unlink()
        for label, scripts in migrations.items():
            down = "" if scripts.down is None else f"-- migrate:down\n{scripts.down}\n"
            content = f"-- migrate:up\n{scripts.up}\n{down}".encode()
            if before.get(label) != content:
                (folder / f"{label}.sql").write_bytes(content)
                if (told_already := f"{label}\n    {scripts}") not in self.story:
                    self.story.append(told_already)

    def gitmig(self, *arguments: str) -> tuple[int, str]:
        """Call gitmig in this process; its exit status and all that it printed."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = run(["-C", str(self.root), *arguments, "--database", self.url])
        return status, said.getvalue()

    def people(self, statements: str) -> None:
        """What somebody does to the rows, as text of several statements."""
        self.story.append(f"people: {statements}")
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SET array_nulls = on")  # as everywhere, whatever the database has set
            connection.execute(statements.encode())

    def ask(self, query: str) -> str:
        """The rows of a query as `psql -At` prints them, sorted, on one line."""
        with reader(self.url) as connection:
            lines = connection.execute(query.encode()).fetchall()
        return " ".join(sorted("|".join("" if value is None else str(value) for value in line) for line in lines))

    def schemas(self) -> dict[str, Tables]:
        """Every schema with its tables and their rows."""
        with reader(self.url) as connection:
            return read_tables(connection)

    def rows(self) -> Tables:
        """The tables of schema public with their rows."""
        found = self.schemas().get("public", {})
        self.story.append(told(found))
        return found

    def kept(self) -> list[dict[str, Any]]:
        """What is still kept, as `gitmig kept list --json` has it."""
        status, said = self.gitmig("kept", "list", "--json")
        assert status == 0, said
        found: list[dict[str, Any]] = json.loads(said)
        return found

    def stuck(self) -> list[str]:
        """What is still kept though the script that was to bring it back has run, and without a reason."""
        return [str(item) for item in self.kept() if item["due"] and not item["reason"]]

    def taken_numbers(self) -> list[str]:
        """Sequences whose next value a row has already."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = []
            for sequence, table, column in connection.execute(SEQUENCES).fetchall():
                query = f"SELECT count(*) FROM {table} WHERE {column} = (SELECT nextval('{sequence}'))"
                row = connection.execute(query.encode()).fetchone()
                found += [f"{sequence} of {table}.{column}"] if row and row[0] else []
        return found

    def __str__(self) -> str:
        return "\n".join(self.story)


@contextlib.contextmanager
def reader(url: str) -> Iterator[psycopg.Connection]:
    """A connection that reads under settings of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SETTINGS)
        yield connection


def read_tables(connection: psycopg.Connection) -> dict[str, Tables]:
    """Every row of every table by column names in order of the alphabet: where a column stands is the schema's."""
    queries, found = [], dict[str, Tables]()
    for schema, name, kind, columns, sends in connection.execute(COLUMNS).fetchall():
        texts = [f"'{column}=' || COALESCE({column}::text, '∅')" for column in columns or []]
        sent = [f"{send}({column})" for column, send in zip(columns or [], sends or []) if send]
        bits = [f"left(md5(row({', '.join(sent)})::text), 6)"] if sent else []
        row = f"concat_ws('{BETWEEN}', {', '.join([*texts, *bits])})" if texts else "''"
        queries.append(
            f"""SELECT '{schema}', '{name}', {row} FROM {"" if kind == "p" else "ONLY"} "{schema}"."{name}\""""
        )
        found.setdefault(schema, {})[name] = Counter()
    if queries:
        for schema, name, row in connection.execute(" UNION ALL ".join(queries).encode()).fetchall():
            found[schema][name][str(row)] += 1
    return found


def told(tables: Tables) -> str:
    """Tables as lines of a story; long values are cut."""
    lines = []
    for table, rows in tables.items():
        lines.append(f"    {table}: {sum(rows.values())} rows")
        lines += [f"        {row[:160]}" + (f"  × {times}" if times > 1 else "") for row, times in sorted(rows.items())]
    return "\n".join(lines)


def difference(before: Tables, after: Tables) -> list[str]:
    """What is not as it was, in lines; an empty list is the law."""
    found = []
    for table in sorted(before.keys() | after.keys()):
        had, has = before.get(table), after.get(table)
        if had is None or has is None:
            found.append(f"{table} is {'gone' if has is None else 'new'}")
            continue
        lost, more = had - has, has - had
        found += [f"{table}: lost {count} x {row[:200]}" for row, count in sorted(lost.items())]
        found += [f"{table}: too many, {count} x {nearest(row, lost)}" for row, count in sorted(more.items())]
    return found


def nearest(row: str, others: Rows) -> str:
    """A row, or where it is long, what tells it from the one among others that is most like it."""
    if len(row) < 200 or not others:
        return row[:200]
    values = row.split(BETWEEN)
    like = min((set(other.split(BETWEEN)) for other in others), key=lambda other: len(set(values) - other))
    return BETWEEN.join(["…", *(value[:200] for value in values if value not in like)])


class Databases:
    """Databases of one test module, each made for one tour and dropped after it."""

    def __init__(self, server: str, maintenance: psycopg.Connection, folder: Path) -> None:
        self._server = server
        self._maintenance = maintenance
        self._folder = folder
        self._names: list[str] = []

    def tour(self, options: str = f'TEMPLATE "{TEMPLATE}"', settings: str = "") -> Tour:
        """A new repository and a new database with these options and `ALTER DATABASE … SET` settings."""
        name = f"law_{os.getpid()}_{next(numbers)}"
        self._names.append(name)
        create_database(self._maintenance, name, options)
        for setting in filter(None, settings.split(";")):
            self._maintenance.execute(f'ALTER DATABASE "{name}" SET {setting}'.encode())
        root = self._folder / name
        (root / ".git").mkdir(parents=True)
        for folder in ("objects", "refs"):
            (root / ".git" / folder).mkdir()
        (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        return Tour(root=root, url=url_of(self._server, name))

    def can_run(self, case: Case) -> bool:
        """Whether the server is new enough for a case."""
        return self._maintenance.info.server_version >= case.needs

    def drop(self) -> None:
        """Drop all of them, and what rebuilds have kept of them."""
        there = [str(row[0]) for row in self._maintenance.execute("SELECT datname FROM pg_database").fetchall()]
        for name in there:
            if any(name.startswith(own) for own in self._names):
                self._maintenance.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        self._names.clear()
