"""Migrations and the migration set of one code version, as values; and what is wrong with their files."""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.migrations.languages import Flaw, Language

PROGRAM = "program:"  # what the blobs of a program begin with
# What of a migration runs; `forget` is a down that another tool notes, and does not run.
Section = Literal["up", "down", "forget"]
# git's modes of files.
PLAIN, EXECUTABLE = "100644", "100755"


NUMBER = re.compile(r"[0-9][0-9-]*")
# A time begins with a year, and is no shorter than a day. People write `2020-12-7-190800`, too, so that the rest cannot
# be relied on. Most tools write it to the second; there it lies among the numbers.
TIME = re.compile(r"(?:19[7-9]|20[0-4])\d{5}")
SECONDS = 14
NO_NUMBER = sys.maxsize  # names stand behind all numbers


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A number of any length, as it is written in a file name; or a name, where the files themselves tell the order.

    A number is ordered as one: leading zeros do not count, and neither do dashes (diesel writes both
    `2017-09-23-182408` and `20170923182408`). Times are compared from the left, as diesel and dbmate do it, however
    many digits they have: `20260730` < `20260730140000` < `202607301400000000` < `20260731`. No `int` is made of the
    digits to compare them: Python limits that to 4,300 of them. A name (alembic's `ae1027a6acf5`, Django's
    `polls.0001_initial`) is equal to itself alone; nobody asks which of two names comes first.
    """

    _length: int = field(init=False, repr=False)
    _digits: str = field(init=False, repr=False)
    text: str = field(compare=False)

    def __post_init__(self) -> None:
        if NUMBER.fullmatch(self.text):
            digits = self.text.replace("-", "").lstrip("0")
            length = SECONDS if TIME.match(digits) else len(digits)
        else:
            digits, length = self.text, NO_NUMBER
        object.__setattr__(self, "_length", length)
        object.__setattr__(self, "_digits", digits)

    def __str__(self) -> str:
        return self.text


class Problem(Struct, frozen=True, kw_only=True, order=True):
    """One thing that is wrong with one file; `line` counts from 1, None is the file as a whole."""

    path: str
    line: int | None = None
    message: str
    hint: str

    @property
    def place(self) -> str:
        """`path:line`, as editors and terminals make links of it."""
        return self.path if self.line is None else f"{self.path}:{self.line}"


class InvalidMigrations(GitmigError):
    """The migrations folder holds something gitmig cannot take; nothing was changed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        ordered = sorted(problems, key=lambda problem: (problem.path, problem.line or 0))
        if len(ordered) == 1:
            super().__init__(f"{ordered[0].place}: {ordered[0].message}", hint=ordered[0].hint)
        else:
            super().__init__(
                f"{len(ordered)} problems in the migration files",
                hint="nothing was changed; correct them and try again",
                details=tuple(f"{p.place}: {p.message} ({p.hint})" for p in ordered),
            )
        self.problems = tuple(ordered)


class File(Struct, frozen=True, kw_only=True):
    """A file below the migrations folder, before anybody looked into it.

    `path` is relative to the top of the repository, `name` to the migrations folder; both use `/`. `blob` is git's
    object id of the content, `mode` git's file mode (`100644`, `100755` if it is executable, `120000` for a symlink,
    `160000` for a submodule).
    """

    path: str
    name: str
    blob: str
    mode: str = PLAIN


class Script(Struct, frozen=True, kw_only=True):
    """One section of a migration: what to run, in which language, and where it was written.

    `first_line` is the line of `path` on which `text` begins, so that an error can name the line of the file. A program
    is told its `section`, and finds the other files of `commit` beside it; None is the work tree. `version` is that of
    the migration, by which another tool knows it.
    """

    language: Language
    text: str
    path: str
    first_line: int = 1
    transactional: bool = True
    section: Section = "up"
    commit: str | None = None
    version: str = ""

    @property
    def sql(self) -> str | None:
        """The text if it is SQL; None where only the run tells what is sent."""
        return None if self.language.is_program else self.text

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to run: comments and white space at most."""
        if self.text.lstrip()[:1].isalpha():  # comments begin with a sign, in every language: nothing to scan
            return False
        return self.language.checksum(self.text) == self.language.checksum("")

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with it, so that it must not be sent."""
        return [self._problem(flaw) for flaw in self.language.flaws(self.text, self.transactional)]

    @property
    def trouble(self) -> Problem | None:
        """The first thing that will keep it from running, as far as that can be told from its text."""
        flaw = self.language.unparsed(self.text)
        return self._problem(flaw) if flaw else next(iter(self.problems), None)

    @property
    def in_parts(self) -> bool:
        """Whether it may run outside a transaction, in parts: it asks for that, or commits before its end."""
        return not self.transactional or self.language.commits(self.text)

    @property
    def needs_outside(self) -> bool:
        """Whether it cannot run inside a transaction as it is written: it says so, or PostgreSQL would."""
        return not self.transactional or self.language.needs_outside(self.text)

    def inside(self) -> Script | None:
        """The script for the inside of a transaction, also if it was written for the outside; None if it cannot be."""
        if not self.needs_outside:
            return self
        text = self.language.inside(self.text)
        return None if text is None else replace(self, text=text, transactional=True)

    def _problem(self, flaw: Flaw) -> Problem:
        line = self.first_line + self.text.count("\n", 0, flaw.offset)
        return Problem(path=self.path, line=line, message=flaw.message, hint=flaw.hint)


class Content(Struct, frozen=True, kw_only=True):
    """Both sections of a migration; without a `down` it is irreversible."""

    up: Script
    down: Script | None

    @property
    def checksum(self) -> str:
        """Equal checksums mean the same change: comments, white space and line endings do not count."""
        return self.up.language.checksum(self.up.text)

    def beside(self, commit: str | None) -> Content:
        """The same, at a commit whose other files its programs find beside them; None is the work tree."""
        if not self.up.language.is_program:
            return self
        return Content(up=replace(self.up, commit=commit), down=self.down and replace(self.down, commit=commit))


class Ancestry(Struct, frozen=True, kw_only=True):
    """Which others a migration names, by their versions, where no number tells the order.

    It comes after those it `follows` in its own `line` (an app of Django; "" where there is one line only), and after
    those it `needs` besides. It makes the same schema as those it `replaces`, which are not in the set beside it.
    """

    line: str = ""
    follows: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One change, known by its files; its content is read only where it is needed.

    `files` are in the order of their roles (`up` before `down` before options), one per role. `ancestry` is None where
    the version tells the order; it follows from the whole set, so that the same migration may have another one on
    another branch.
    """

    version: Version
    name: str
    files: tuple[tuple[str, File], ...]
    ancestry: Ancestry | None = field(default=None, compare=False)

    @property
    def label(self) -> str:
        """How the migration is named to people."""
        return label(self.version.text, self.name)

    @property
    def blobs(self) -> str:
        """The object ids of the files by role: equal strings mean equal bytes."""
        return " ".join(f"{role}:{file.blob}" for role, file in self.files)

    @property
    def path(self) -> str:
        """The file people look at first."""
        return self.files[0][1].path


class MigrationSet(Struct, frozen=True, kw_only=True, dict=True):
    """The migrations of one code version in the order in which a fresh database gets them."""

    folder: str
    layout: str
    migrations: tuple[Migration, ...]

    @cached_property
    def id(self) -> str:
        """The set id (see `set_id`)."""
        return set_id((migration.label, migration.blobs) for migration in self.migrations)

    def __len__(self) -> int:
        return len(self.migrations)


def label(version: str, name: str) -> str:
    """`20260101120000_create_comments`, or the bare version of a migration without a name."""
    return f"{version}_{name}" if name else version


def stack_id(checksums: Iterable[str]) -> str:
    """The id of a stack of applied migrations: equal where the same scripts ran in the same order."""
    return hashlib.sha256("\0".join(checksums).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def set_id(members: Iterable[tuple[str, str]]) -> str:
    """The name of a migration set: 16 hex digits that follow from names and blob ids alone.

    `members` are pairs of label and blobs, in order. Two sets with one id hold the same files; a comment edit makes
    another id of the same change, which costs a cache entry and nothing else. Where the files themselves tell the
    order, a database may have them in another one that they allow: the set is the same.
    """
    digest = hashlib.sha256()
    found = list(members)
    for name, blobs in sorted(found) if any(blobs.startswith(PROGRAM) for _, blobs in found) else found:
        digest.update(f"{name}\0{blobs}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def decode(data: bytes, path: str) -> str:
    """UTF-8 text without byte-order mark, with LF line ends. Raises InvalidMigrations that names the line.

    A text with CR alone is one of an old Mac, or what an editor made of one.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1  # both are without the mark
        raise _refused(path, line, "is not UTF-8 text", "save the file as UTF-8") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _refused(path, line, "holds a NUL character, which PostgreSQL cannot store", "save the file as UTF-8")
    return text.replace("\r\n", "\n") if "\n" in text else text.replace("\r", "\n")


def _refused(path: str, line: int, message: str, hint: str) -> InvalidMigrations:
    return InvalidMigrations([Problem(path=path, line=line, message=message, hint=hint)])
