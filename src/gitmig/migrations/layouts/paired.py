"""`V_name.up.sql` and `V_name.down.sql`, as golang-migrate and sqlx write them; sqlx's `V_name.sql` is an up alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.migrations.layouts import parsing
from gitmig.migrations.layouts.sections import marks_of
from gitmig.migrations.model import Migration, Problem, Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.migrations.layouts import Read
    from gitmig.migrations.model import Content, File, Script

SECTION = re.compile(r"^[ \t]*--[ \t]*(migrate:(?:up|down)|\+goose[ \t]+(?:up|down))\b", re.M | re.I)
EXPECTED = "V_name.up.sql and V_name.down.sql, as in 0001_create_comments.up.sql"


class PairedLayout:
    """Two files per migration, or an up alone."""

    name = "paired"
    is_graph = False

    def group(self, files: Sequence[File], read: Read) -> tuple[list[Migration], list[Problem]]:
        """See `Layout`."""
        pairs: dict[str, dict[str, File]] = {}
        alone: list[Migration] = []
        problems: list[Problem] = []
        for file in filter(parsing.is_script, files):
            whole = file.name.rpartition(".")[0]
            stem, dot, role = whole.rpartition(".")
            if role in {"up", "down"} and parsing.STEM.fullmatch(stem):
                pairs.setdefault(stem, {})[role] = file
            elif not dot and parsing.STEM.fullmatch(whole):
                alone.append(_migration(whole, {"up": file}))
            else:
                problems += parsing.misnamed(file, EXPECTED)
        _join_halves(pairs)
        # a down alone is nothing to either tool
        return alone + [_migration(stem, roles) for stem, roles in pairs.items() if "up" in roles], problems

    def parse(self, migration: Migration, texts: Mapping[str, str]) -> Content:
        """See `Layout`."""
        scripts = {role: _script(texts[role], file) for role, file in migration.files}
        return parsing.checked(scripts["up"], scripts.get("down"), _other_layouts(migration, texts["up"]))

    def render(self, version: str, name: str, up: str, down: str | None) -> dict[str, str]:
        """See `Layout`."""
        files = {f"{version}_{name}.up.sql": up}
        return files if down is None else files | {f"{version}_{name}.down.sql": down}


def _other_layouts(migration: Migration, text: str) -> list[Problem]:
    """An up alone that is written for a layout with sections: its down would run right behind its up."""
    file = migration.files[0][1]
    match, marks = SECTION.search(text), marks_of(text)
    if marks is not None and match is None:
        match = marks.down.search(text) or (marks.up and marks.up.search(text))
    if not match or "." in file.name.rpartition(".")[0]:
        return []
    line = text.count("\n", 0, match.start(1)) + 1
    hint = "write its sections into two files, V_name.up.sql and V_name.down.sql"
    if marks is not None:
        hint = f'layout = "single" in gitmig.toml reads the sections of {marks.tool}; or {hint}'
    return [Problem(path=file.path, line=line, message=f"{match[1]} is of another layout than paired", hint=hint)]


def _migration(stem: str, roles: Mapping[str, File]) -> Migration:
    match = parsing.STEM.fullmatch(stem)
    assert match is not None  # nothing else is let through
    files = tuple((role, roles[role]) for role in ("up", "down") if role in roles)
    return Migration(version=Version(match["version"]), name=match["name"] or "", files=files)


def _join_halves(pairs: dict[str, dict[str, File]]) -> None:
    """Bring an up and a down of two names together if they alone have their version: both tools go by that."""
    halves: dict[Version, dict[str, list[str]]] = {}
    for stem, roles in pairs.items():
        match = parsing.STEM.fullmatch(stem)
        if match is not None and len(roles) == 1:
            halves.setdefault(Version(match["version"]), {}).setdefault(next(iter(roles)), []).append(stem)
    for stems in halves.values():
        ups, downs = stems.get("up", []), stems.get("down", [])
        if len(ups) == len(downs) == 1:
            pairs[ups[0]] |= pairs.pop(downs[0])


def _script(text: str, file: File) -> Script:
    """Sqlx runs a file that begins with `-- no-transaction` outside of one; golang-migrate has no such flag."""
    comment = re.escape(parsing.language_of(file).comment)
    return parsing.whole(text, file, transactional=not re.match(rf"\s*{comment}\s*no-transaction\b", text))
