"""Migrations and the migration set of one code version, as values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from gitmig.core.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.core.languages import Flaw, Language
    from gitmig.core.version import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file below the migrations folder, before anybody looked into it.

    `path` is relative to the top of the repository, `name` to the migrations folder; both use `/`. `blob` is git's
    object id of the content, `mode` git's file mode (`100644`, `120000` for a symlink, `160000` for a submodule).
    """

    path: str
    name: str
    blob: str
    mode: str = "100644"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One section of a migration: what to run, in which language, and where it was written.

    `first_line` is the line of `path` on which `text` begins, so that an error can name the line of the file.
    """

    language: Language
    text: str
    path: str
    first_line: int = 1
    transactional: bool = True

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Both sections of a migration; without a `down` it is irreversible."""

    up: Script
    down: Script | None

    @property
    def checksum(self) -> str:
        """Equal checksums mean the same change: comments, white space and line endings do not count."""
        return self.up.language.checksum(self.up.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One change, known by its files; its content is read only where it is needed.

    `files` are in the order of their roles (`up` before `down` before options), one per role.
    """

    version: Version
    name: str
    files: tuple[tuple[str, File], ...]

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


@dataclass(frozen=True, kw_only=True)
class MigrationSet:
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
    another id of the same change, which costs a cache entry and nothing else.
    """
    digest = hashlib.sha256()
    for name, blobs in members:
        digest.update(f"{name}\0{blobs}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]
