"""`V_name/up.sql`, `V_name/down.sql` and perhaps `V_name/metadata.toml`, as diesel writes them."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from gitmig.migrations.layouts import parsing
from gitmig.migrations.model import InvalidMigrations, Migration, Problem, Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.migrations.layouts import Read
    from gitmig.migrations.model import Content, File

EXPECTED = "V_name/up.sql and V_name/down.sql, as in 2026-01-01-120000_create_comments/up.sql"
# Dashes inside the version do not count in the order: 2017-09-23-182408 is 20170923182408.
DIRECTORY = re.compile(r"(?P<version>[0-9]+(?:-[0-9]+)*)(?:[_-](?P<name>[^/]*))?")
OPTIONS = "metadata.toml"


class DirectoryLayout:
    """One directory per migration."""

    name = "directory"
    is_graph = False

    def group(self, files: Sequence[File], read: Read) -> tuple[list[Migration], list[Problem]]:
        """See `Layout`."""
        directories: dict[str, dict[str, File]] = {}
        problems: list[Problem] = []
        for file in files:
            directory, _, base = file.name.rpartition("/")
            role = "options" if base == OPTIONS else base.rpartition(".")[0]
            if DIRECTORY.fullmatch(directory) and (
                base == OPTIONS or (parsing.is_script(file) and role in {"up", "down"})
            ):
                directories.setdefault(directory, {})[role] = file
            elif parsing.is_script(file):
                problems += parsing.misnamed(file, EXPECTED)
        migrations = []
        for directory, roles in directories.items():
            match = DIRECTORY.fullmatch(directory)
            if match is None or "up" not in roles:
                hint = f"add {directory}/up.sql, or delete it"
                path = next(iter(roles.values())).path
                problems.append(Problem(path=path, message="has no up script beside it", hint=hint))
                continue
            by_role = tuple((role, roles[role]) for role in ("up", "down", "options") if role in roles)
            migrations.append(Migration(version=Version(match["version"]), name=match["name"] or "", files=by_role))
        return migrations, problems

    def parse(self, migration: Migration, texts: Mapping[str, str]) -> Content:
        """See `Layout`."""
        files = dict(migration.files)
        transactional = _transactional(files["options"], texts["options"]) if "options" in files else True
        scripts = {
            role: parsing.whole(texts[role], files[role], transactional=transactional)
            for role in ("up", "down")
            if role in files
        }
        return parsing.checked(scripts["up"], scripts.get("down"), [])

    def render(self, version: str, name: str, up: str, down: str | None) -> dict[str, str]:
        """See `Layout`."""
        files = {f"{version}_{name}/up.sql": up}
        return files if down is None else files | {f"{version}_{name}/down.sql": down}


def _transactional(file: File, text: str) -> bool:
    """Diesel's `run_in_transaction`, true where it is not written."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = "the only key is run_in_transaction = true or false"
        raise InvalidMigrations([Problem(path=file.path, message=f"is not TOML: {error}", hint=hint)]) from error
    value = table.pop("run_in_transaction", True)
    if table:
        hint = "the only key is run_in_transaction = true or false"
        raise InvalidMigrations([Problem(path=file.path, message=f"unknown key {next(iter(table))}", hint=hint)])
    if not isinstance(value, bool):
        hint = "write true or false, without quotes"
        raise InvalidMigrations([Problem(path=file.path, message="run_in_transaction is no boolean", hint=hint)])
    return value
