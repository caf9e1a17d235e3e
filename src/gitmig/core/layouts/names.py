"""What the layouts' file names have in common: a version, perhaps a name, an ending."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.core.languages import suffixes
from gitmig.core.migration import Migration
from gitmig.core.problem import Problem
from gitmig.core.version import Version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.migration import File

# `20260101120000_create_comments`, `0001-init`, `42`: digits, then perhaps a separator and a name.
STEM = re.compile(r"(?P<version>[0-9]+)(?:[_-](?P<name>[^/]*))?")
ONE_FILE = "V_name.sql, as in 20260101120000_create_comments.sql"
# Beside the migrations lie seeds, dumps and archives, which every tool passes over. What begins with a version (or with
# Flyway's V1) or says up or down is meant as a migration, and then a slip in the name must not go unnoticed.
MEANT = re.compile(r"[\W_]*[vV]?\d.*|(?:.*[./])?(?:up|down)\.[^./]+", re.S)
# The down of a pair.
DOWN = re.compile(rf"(?P<stem>{STEM.pattern})\.down\.(?P<suffix>[^./]+)")
# What goose, Flyway and others run that is written in a programming language.
PROGRAMS = frozenset({"go", "py", "js", "ts", "rb", "php", "java", "kt", "exs", "sh"})


def is_script(file: File) -> bool:
    """Whether the file is written in a language gitmig runs; README.md, .gitkeep and the like are left alone."""
    return file.name.rpartition(".")[2].lower() in suffixes() and "." in file.name


def misnamed(file: File, expected: str) -> list[Problem]:
    """What is wrong with a script that is no migration by its name: nothing if it is not meant as one.

    `expected` shows how the layout names migrations.
    """
    if not MEANT.fullmatch(file.name):
        return []
    directory, _, _ = file.name.rpartition("/")
    if directory and re.match(r"[0-9]", directory):
        what = f"is in a directory that is named like a migration ({directory}/)"
    else:
        what = "does not fit the name of a migration"
    return [Problem(path=file.path, message=what, hint=f"name it {expected}, or move it out of the migrations folder")]


def passed_over(file: File) -> Problem | None:
    """Why a file that belongs to no migration is left alone; None if nobody would take it for one."""
    if is_script(file) and not MEANT.fullmatch(file.name):
        return Problem(
            path=file.path,
            message="is left alone: its name does not begin with a version",
            hint="give it one if it shall run; move it out of the migrations folder if not",
        )
    if is_script(file) and (half := DOWN.fullmatch(file.name)):
        return Problem(
            path=file.path,
            message="is left alone: no up script of its version is beside it",
            hint=f"add {half['stem']}.up.{half['suffix']}, or delete it",
        )
    if _program(file):
        return Problem(
            path=file.path,
            message=f"is left alone: gitmig runs no .{file.name.rpartition('.')[2]} files",
            hint="write it in SQL, or run it with the tool it was written for",
        )
    return None


def versions_of_programs(files: Sequence[File]) -> frozenset[Version]:
    """The versions of migrations that are written in a programming language, which another tool may have run."""
    return frozenset(Version(found["version"]) for file in files if (found := _program(file)))


def _program(file: File) -> re.Match[str] | None:
    stem, _, suffix = file.name.rpartition(".")
    return STEM.fullmatch(stem) if suffix.lower() in PROGRAMS else None


def one_file_each(files: Sequence[File]) -> tuple[list[Migration], list[Problem]]:
    """`Layout.group` where a migration is one file with both sections in it."""
    migrations: list[Migration] = []
    problems: list[Problem] = []
    for file in filter(is_script, files):
        stem = file.name.rpartition(".")[0]
        match = STEM.fullmatch(stem)
        if match is None or stem.endswith((".up", ".down")):
            problems += misnamed(file, ONE_FILE)
            continue
        version = Version(match["version"])
        migrations.append(Migration(version=version, name=match["name"] or "", files=(("both", file),)))
    return migrations, problems
