"""Where in a repository migrations lie, and whose they are, as far as the names of its files tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

# Files that a layout reads, by the folder that has to be named for it.
READ = (
    re.compile(r"(?:(?P<folder>.+)/)?\d+(?:[_-][^/]*)?\.sql", re.IGNORECASE),
    re.compile(r"(?:(?P<folder>.+)/)?\d[\d-]*(?:[_-][^/]*)?/up\.sql", re.IGNORECASE),
)
# Of Django and Alembic the whole repository is read.
GRAPHS = re.compile(r"(?:.+/)?migrations/\d{4}_\w+\.py|(?:.+/)?versions/\w+\.py", re.IGNORECASE)
# In these there are migrations of others, or what only looks like some.
STRANGE = frozenset(
    {"node_modules", "vendor", "third_party", "testdata", "test", "tests", "fixtures", "examples", "seed", "seeds"}
)


class OtherTool(Struct, frozen=True, kw_only=True):
    """A tool whose migrations gitmig does not read: the names of its files, and what there is to do about it."""

    name: str
    files: re.Pattern[str]
    advice: str


BESIDE = (
    "leave the schema to it, or go on in SQL: `gitmig init --dir db/migrations`, then `gitmig capture` makes the first "
    "migration of the schema that is there"
)
OTHER_TOOLS = (
    OtherTool(name="Rails", files=re.compile(r"(?P<folder>.*db/migrate)/\d{14}_\w+\.rb"), advice=BESIDE),
    OtherTool(name="Ecto", files=re.compile(r"(?P<folder>.*priv/\w+/migrations)/\d{14}_\w+\.exs"), advice=BESIDE),
    OtherTool(
        name="Prisma",
        files=re.compile(r"(?P<folder>.*migrations)/\d{14}_[^/]+/migration\.sql"),
        advice="gitmig reads V_name/up.sql and V_name/down.sql (layout directory), and a down that is missing is "
        "computed: copy the migrations so into a folder of their own, and name it with --dir",
    ),
    OtherTool(
        name="Flyway",
        files=re.compile(r"(?:(?P<folder>.+)/)?[VUR][\d._]*__[^/]+\.sql"),
        advice="gitmig reads V_name.up.sql and V_name.down.sql: rename V1__x.sql to 1_x.up.sql, and U1__x.sql to "
        "1_x.down.sql; versions with dots need whole numbers",
    ),
    OtherTool(
        name="Liquibase",
        files=re.compile(r"(?:(?P<folder>.+)/)?[^/]*changelog[^/]*\.(?:xml|ya?ml|json)", re.IGNORECASE),
        advice=BESIDE,
    ),
    OtherTool(name="Sqitch", files=re.compile(r"(?:(?P<folder>.+)/)?sqitch\.plan"), advice=BESIDE),
    OtherTool(
        name="Knex, Sequelize or TypeORM",
        files=re.compile(r"(?P<folder>.*migrations)/\d{10,17}[_-][^/]+\.[cm]?[jt]s"),
        advice=f"gitmig runs only programs that do both ways when they are called with up or down; {BESIDE}",
    ),
)


class ForeignFolder(Struct, frozen=True, kw_only=True):
    """A folder with migrations of a tool that gitmig does not read."""

    tool: OtherTool
    folder: str


def readable_folders(paths: Sequence[str], below: str = "") -> list[str]:
    """The folders with migrations that a layout reads, in order; those that are called so, if there are some.

    Only those `below` a folder count, if any is.
    """
    found: set[str] = set()
    for path in paths:
        match = next((m for pattern in READ if (m := pattern.fullmatch(path))), None)
        if match is not None and _is_ours(path):
            found.add(match["folder"] or ".")
    found = {folder for folder in found if not below or _is_below(folder, below)} or found
    if called_so := {folder for folder in found if "migrat" in folder.lower()}:
        return sorted(called_so)
    return ["."] if any(GRAPHS.fullmatch(path) and _is_ours(path) for path in paths) else sorted(found)


def foreign_folder(paths: Sequence[str]) -> ForeignFolder | None:
    """The first folder of another tool."""
    for tool in OTHER_TOOLS:
        for path in paths:
            if (match := tool.files.fullmatch(path)) and _is_ours(path):
                return ForeignFolder(tool=tool, folder=path[: match.end("folder")] if match["folder"] else ".")
    return None


def _is_ours(path: str) -> bool:
    return not STRANGE & {*path.lower().split("/")[:-1]}


def _is_below(folder: str, above: str) -> bool:
    return folder == above or folder.startswith(f"{above}/")
