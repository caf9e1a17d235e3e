"""Other migration tools: the table in which each of them notes what it has applied, and how to read it.

A new tool is one more entry of TOOLS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.migrations.model import Version
from gitmig.schema.model import ObjectKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from gitmig.migrations.model import Migration

Rows = list[tuple[str, ...]]


class Claim(Struct, frozen=True, kw_only=True):
    """What a tool says is applied: these `versions`, every migration `up_to` one, or all that the `heads` come after.

    `broken` are versions of which the tool itself does not know how far they got.
    """

    versions: tuple[str, ...] = ()
    up_to: str | None = None
    heads: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.versions or self.up_to or self.heads or self.broken)


class Tool(Struct, frozen=True, kw_only=True):
    """A migration tool and its table; `layout` is that of its files.

    `columns` are all that the tool gives the table; `asked` are those that are read, as text, in order of `order`. If
    it `is_run`, gitmig has the tool itself run its migrations, and what is in the table is the tool's business.
    """

    name: str
    layout: str
    table: str
    columns: frozenset[str]
    asked: tuple[str, ...]
    order: str
    read: Callable[[Rows], Claim]
    is_run: bool = False


def _each(rows: Rows) -> Claim:
    """A row for every version that is applied."""
    return Claim(versions=tuple(version for (version,) in rows))


def _newest(rows: Rows) -> Claim:
    """One row, with the newest version; `dirty` while a script runs, and after it failed. None is -1."""
    for version, dirty in rows:
        if dirty == "true":
            return Claim(broken=(version,))
        if not version.startswith("-"):
            return Claim(up_to=version)
    return Claim()


def _last_of_each(rows: Rows) -> Claim:
    """The last row of a version counts. Version 0 stands for the table itself."""
    last = {version: is_applied for version, is_applied in rows}  # noqa: C416 - rows are tuples of any length
    return Claim(
        versions=tuple(version for version, is_applied in last.items() if is_applied == "true" and version != "0")
    )


def _judged(rows: Rows) -> Claim:
    """A row for every version that was begun, and whether it succeeded."""
    broken = tuple(version for version, success in rows if success != "true")
    return Claim(versions=tuple(version for version, _ in rows if version not in broken), broken=broken)


def _heads(rows: Rows) -> Claim:
    """A row for every revision that nothing applied comes after."""
    return Claim(heads=tuple(version for (version,) in rows))


def _apps(rows: Rows) -> Claim:
    """A row for every migration of every app."""
    return Claim(versions=tuple(f"{app}.{name}" for app, name in rows))


TOOLS = (
    Tool(
        name="dbmate",
        layout="single",
        table="schema_migrations",
        columns=frozenset({"version"}),
        asked=("version",),
        order="version",
        read=_each,
    ),
    Tool(
        name="golang-migrate",
        layout="paired",
        table="schema_migrations",
        columns=frozenset({"version", "dirty"}),
        asked=("version", "dirty"),
        order="version",
        read=_newest,
    ),
    Tool(
        name="sqlx",
        layout="paired",
        table="_sqlx_migrations",
        columns=frozenset({"version", "description", "installed_on", "success", "checksum", "execution_time"}),
        asked=("version", "success"),
        order="version",
        read=_judged,
    ),
    Tool(
        name="diesel",
        layout="directory",
        table="__diesel_schema_migrations",
        columns=frozenset({"version", "run_on"}),
        asked=("version",),
        order="version",
        read=_each,
    ),
    Tool(
        name="goose",
        layout="goose",
        table="goose_db_version",
        columns=frozenset({"id", "version_id", "is_applied", "tstamp"}),
        asked=("version_id", "is_applied"),
        order="id",
        read=_last_of_each,
    ),
    Tool(
        name="alembic",
        layout="alembic",
        table="alembic_version",
        columns=frozenset({"version_num"}),
        asked=("version_num",),
        order="version_num",
        read=_heads,
        is_run=True,
    ),
    Tool(
        name="django",
        layout="django",
        table="django_migrations",
        columns=frozenset({"id", "app", "name", "applied"}),
        asked=("app", "name"),
        order="id",
        read=_apps,
        is_run=True,
    ),
)
# The tables in which tools note what gitmig has them run.
RUN_TABLES = tuple(tool.table for tool in TOOLS if tool.is_run)
# What of such a table is the tool's own. A trigger on it is a migration's, as Lemmy has one.
OWN_PARTS = frozenset({
    ObjectKind.TABLE, ObjectKind.COLUMN, ObjectKind.COLUMN_ORDER, ObjectKind.CONSTRAINT, ObjectKind.INDEX,
    ObjectKind.SEQUENCE,
})  # fmt: skip


def tool_of(table: str, columns: Collection[str]) -> Tool | None:
    """The tool whose table this is, by its name and columns; it may have got more columns since."""
    found = [tool for tool in TOOLS if tool.table == table and tool.columns <= set(columns)]
    return max(found, key=lambda tool: len(tool.columns), default=None)


def own_tables(tables: Iterable[str], columns: Iterable[str]) -> frozenset[str]:
    """Those of the tables that are a tool's own: they have its name, in any schema, and exactly its columns.

    `columns` are the names of all the columns there are, as `public.schema_migrations.version`; most databases have no
    such table, and then they are not looked at.
    """
    named = {tool.table for tool in TOOLS}
    found: dict[str, set[str]] = {table: set() for table in tables if _bare(table) in named}
    if not found:
        return frozenset()
    for column in columns:
        table, _, name = column.rpartition(".")
        if table in found:
            found[table].add(name)
    known = {(tool.table, tool.columns) for tool in TOOLS}
    return frozenset(table for table, members in found.items() if (_bare(table), frozenset(members)) in known)


def _with_ancestors(heads: Iterable[str], migrations: Sequence[Migration]) -> set[str]:
    """The heads, and all that they come after."""
    parents = {m.version.text: (*m.ancestry.follows, *m.ancestry.needs) for m in migrations if m.ancestry is not None}
    found: set[str] = set()
    waiting = list(heads)
    while waiting:
        version = waiting.pop()
        if version not in found:
            found.add(version)
            waiting += parents.get(version, ())
    return found


def _bare(table: str) -> str:
    """The name without its schema."""
    return table.rpartition(".")[2]


def applied_among(
    claim: Claim, migrations: Sequence[Migration], passed_over: Collection[Version] = ()
) -> tuple[tuple[Migration, ...], tuple[str, ...]]:
    """The migrations that are applied, in order, and the versions that none of them has.

    Those `passed_over` are no migrations for gitmig, though the tool has run them.
    """
    known = {migration.version for migration in migrations}
    claimed = {Version(text): text for text in claim.versions}
    if claim.up_to is not None:
        newest = Version(claim.up_to)
        claimed[newest] = claim.up_to
        claimed |= {version: version.text for version in known if version < newest}
    claimed |= {Version(text): text for text in _with_ancestors(claim.heads, migrations)}
    # what Django has run of apps that are not in the repository is no migration of anybody's here
    lines = {migration.ancestry.line for migration in migrations if migration.ancestry is not None} - {""}
    unknown = sorted(
        version
        for version, text in claimed.items()
        if version not in known and version not in passed_over and not (lines and text.partition(".")[0] not in lines)
    )
    return (
        tuple(migration for migration in migrations if migration.version in claimed),
        tuple(claimed[version] for version in unknown),
    )
