"""What the layouts share: file names, and files with several sections.

A file name has a version, perhaps a name, and an ending. In a file with sections (`-- migrate:up`), directives are
found, scripts cut out and checked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.migrations.languages import by_suffix, suffixes
from gitmig.migrations.model import Content, InvalidMigrations, Migration, Problem, Script, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.migrations.languages import Language
    from gitmig.migrations.model import File


# `20260101120000_create_comments`, `0001-init`, `42`: digits, then perhaps a separator and a name.
STEM = re.compile(r"(?P<version>[0-9]+)(?:[_-](?P<name>[^/]*))?")
ONE_FILE = "V_name.sql, as in 20260101120000_create_comments.sql"
# Beside the migrations lie seeds, dumps and archives, which every tool passes over. What begins with a version (or with
# Flyway's V1) or says up or down is meant as a migration, and then a slip in the name must not go unnoticed.
MEANT = re.compile(r"[\W_]*[vV]?\d.*|(?:.*[./])?(?:up|down)\.[^./]+", re.S)
FLYWAY = re.compile(r"[VU][\d._]+__.*\.sql", re.S)
# The down of a pair.
DOWN = re.compile(rf"(?P<stem>{STEM.pattern})\.down\.(?P<suffix>[^./]+)")
# What goose, Flyway and others run that is written in a programming language.
PROGRAMS = frozenset({"go", "py", "js", "ts", "rb", "php", "java", "kt", "exs", "sh"})


def is_script(file: File) -> bool:
    """Whether the file is written in a language gitmig runs; README.md, .gitkeep and the like are left alone."""
    return file.name.rpartition(".")[2].lower() in suffixes() and "." in file.name


def unprintable(file: File) -> Problem:
    """What is wrong with a name that no message could show."""
    hint = "rename it: line ends, control characters and bytes that are no UTF-8 cannot be shown"
    return Problem(path=ascii(file.path), message="has a name that cannot be printed", hint=hint)


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
    hint = f"name it {expected}, or move it out of the migrations folder"
    if FLYWAY.fullmatch(file.name.rpartition("/")[2]):
        what = "is named as Flyway does, which gitmig does not read"
        hint = "rename V1__x.sql to 1_x.up.sql and U1__x.sql to 1_x.down.sql; versions with dots need whole numbers"
    return [Problem(path=file.path, message=what, hint=hint)]


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
        ending = file.name.rpartition(".")[2].lower()
        return Problem(
            path=file.path,
            message=f"is left alone: it is not executable, and no command runs .{ending} files",
            hint=f'`chmod +x` makes it a migration that is called with up or down, and so does {ending} = "…" in '
            "[languages] of gitmig.toml",
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


class Directive(Struct, frozen=True, kw_only=True):
    """One directive line: the word after the marker, the words behind it, its line (from 1) and span in the text."""

    word: str
    arguments: tuple[str, ...]
    line: int
    start: int
    end: int


def directives(text: str, marker: re.Pattern[str]) -> Iterator[Directive]:
    """Every line that `marker` matches; its group 1 is what stands behind the marker."""
    for match in marker.finditer(text):
        word, *arguments = match[1].split() or [""]
        yield Directive(
            word=word,
            arguments=tuple(arguments),
            line=text.count("\n", 0, match.start()) + 1,
            start=match.start(),
            end=match.end(),
        )


def language_of(file: File) -> Language:
    """The language of a file that `is_script` let through."""
    language = by_suffix(file.name.rpartition(".")[2].lower())
    assert language is not None  # group() takes scripts only
    return language


def cut(text: str, file: File, start: Directive, end: int | None, *, transactional: bool) -> Script:
    """The script between a directive and the next one (`end`, None is the end of the file)."""
    # the rest of the directive's own line is empty
    return _script(text[start.end : end], file, start.line, transactional=transactional)


def whole(text: str, file: File, *, transactional: bool) -> Script:
    """A file that is one script."""
    return _script(text, file, 1, transactional=transactional)


def _script(text: str, file: File, first_line: int, *, transactional: bool) -> Script:
    """A script that depends on its own commits is one for the outside, whether it is marked as such or not."""
    language = language_of(file)
    return Script(
        language=language,
        text=language.without_client(text),
        path=file.path,
        first_line=first_line,
        transactional=transactional and not language.needs_commits(text),
    )


def stray_text(text: str, file: File, before: Directive) -> list[Problem]:
    """Something other than comments before the first section."""
    head, language = text[: before.start], language_of(file)
    if not head.strip() or language.checksum(head) == language.checksum(""):
        return []
    for number, line in enumerate(head.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith(language.comment):
            hint = f"move it below the directive on line {before.line}, or make it a comment"
            return [Problem(path=file.path, line=number, message="text before the first section", hint=hint)]
    return []


def checked(up: Script, down: Script | None, problems: list[Problem]) -> Content:
    """The content, if neither the directives nor the up have anything wrong with them.

    A down that cannot run stands in the way of nothing but itself: it fails when it is needed.
    """
    found = problems + up.problems
    if found:
        raise InvalidMigrations(found)
    return Content(up=up, down=None if down is None else replace(down, section="down"))
