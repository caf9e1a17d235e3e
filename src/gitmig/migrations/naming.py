"""The names of migrations: what a new one is called, and new numbers for those that have to follow others.

A new one gets a slug, and a version that sorts after all the others. Where migrations are renumbered, the texts that
mention them follow.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import UsageError
from gitmig.migrations.model import Version, label

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from gitmig.migrations.model import File, Migration


# To the second; diesel counts on behind it since 2.3, from 0000.
TIMESTAMP = re.compile(r"[12]\d{13}(?P<count>\d{4})?")
# Seconds or milliseconds since 1970, as node-pg-migrate has it.
EPOCH = re.compile(r"1\d{9}(?P<milliseconds>\d{3})?")
COUNTED = re.compile(r"[\d-]*\d")
DASHED = re.compile(r"\d{4}-\d\d-\d\d-\d{6}.*")
# ext4 and APFS allow 255 bytes; version, endings and four-byte characters have to fit as well.
LONGEST = 50


def slug(title: str) -> str:
    """`rename contents to body` → `rename_contents_to_body`. Raises UsageError if nothing is left to name it by."""
    words = re.findall(r"[^\W_]+", title)
    if not words:
        raise UsageError(
            f"{title!r} has no letter or digit to name a migration by",
            hint='give it a short title, as in: gitmig new "create comments"',
        )
    return "_".join(words).lower()[:LONGEST].rstrip("_")


def next_version(existing: Sequence[Migration], now: datetime, elsewhere: Collection[Version] = ()) -> str:
    """A version behind all existing ones (in version order), written as the newest one is.

    It is not one of those that are taken `elsewhere`, in other work trees; where versions are counted, it is behind
    those as well.
    """
    newest = existing[-1].version.text if existing else ""
    if newest and not _is_timestamp(newest):
        counted = [one for one in elsewhere if COUNTED.fullmatch(one.text) and not _is_timestamp(one.text)]
        newest = max([Version(newest), *counted]).text
    found = version_after(newest, now)
    while Version(found) in elsewhere:
        found = _one_more(found)
    return found


def version_after(newest: str, now: datetime) -> str:
    """A version behind `newest` (empty: there is none), written as it is.

    Counted numbers stay counted, with their leading zeros; timestamps, also those since 1970, are `now`, in UTC, or one
    more than the newest if that is later than now.
    """
    written = _is_timestamp(newest)
    if newest and not written:
        return _one_more(newest)
    dashed, epoch = DASHED.fullmatch(newest), EPOCH.fullmatch(newest)
    stamp = now.strftime("%Y-%m-%d-%H%M%S" if dashed else "%Y%m%d%H%M%S")
    if epoch:
        stamp = f"{int(now.timestamp() * (1000 if epoch['milliseconds'] else 1))}"
    elif written and written["count"]:
        stamp += "-0000" if dashed else "0000"
    return stamp if not newest or Version(newest) < Version(stamp) else _one_more(newest)


def _is_timestamp(version: str) -> re.Match[str] | None:
    return TIMESTAMP.fullmatch(version.replace("-", "")) or EPOCH.fullmatch(version)


def _one_more(version: str) -> str:
    """The next number, with the same dashes and at least as many digits."""
    digits = version.replace("-", "")
    following = str(int(digits) + 1).zfill(len(digits))
    if len(following) > len(digits):
        return following
    for k, character in enumerate(version):
        if character == "-":
            following = following[:k] + "-" + following[k:]
    return following


class Renumbering(Struct, frozen=True, kw_only=True):
    """A migration and the version it gets."""

    migration: Migration
    version: str

    @property
    def label(self) -> str:
        """How the migration is named to people from now on."""
        return label(self.version, self.migration.name)

    @property
    def paths(self) -> tuple[tuple[str, str], ...]:
        """Old and new path of every file; each layout begins a migration's name below the folder with its version."""
        return tuple((file.path, self._renamed(file.path, file.name)) for _, file in self.migration.files)

    @property
    def entries(self) -> tuple[tuple[str, str], ...]:
        """Old and new path of what lies in the migrations folder: the files, or the one directory they are in."""
        pairs = [(file.path[: _end_of_entry(file)], file.name.partition("/")[0]) for _, file in self.migration.files]
        return tuple((path, self._renamed(path, name)) for path, name in dict.fromkeys(pairs))

    def _renamed(self, path: str, name: str) -> str:
        folder = path[: len(path) - len(name)]
        return f"{folder}{self.version}{name[len(self.migration.version.text) :]}"


def own(ours: Sequence[Migration], theirs: Sequence[Migration], common: Sequence[Migration]) -> list[Migration]:
    """Those of ours that came after the common ancestor and that the other side does not have as well, in order."""
    old = {migration.label for migration in common}
    shared = {(migration.label, migration.blobs) for migration in theirs}
    return [m for m in ours if m.label not in old and (m.label, m.blobs) not in shared]


def renumbering(mine: Sequence[Migration], others: Iterable[Migration], now: datetime) -> list[Renumbering]:
    """As few renamings as put `mine` (in version order) behind all `others`, in the order they have.

    New versions are written as the newest of the others is; timestamps are `now` and the seconds after it.
    """
    newest = max(others, key=lambda migration: migration.version, default=None)
    if newest is None:
        return []
    last = newest.version
    found: list[Renumbering] = []
    for migration in mine:
        if last < migration.version:
            last = migration.version
            continue
        version = version_after(last.text, now + timedelta(seconds=len(found)))
        found.append(Renumbering(migration=migration, version=version))
        last = Version(version)
    return found


def moves(renamings: Sequence[Renumbering]) -> list[tuple[str, str]]:
    """Old and new paths of files and directories, in an order in which none is put where another one still is.

    Versions only grow, so the last migration goes first.
    """
    return [pair for renaming in reversed(renamings) for pair in renaming.entries]


class Mentions:
    """The old names of renamed migrations in texts, and the new ones for them.

    A name is the label or the part of the file name before its ending; a bare number is no name, unless the migration
    has no other: then it counts with its ending only.
    """

    def __init__(self, renamings: Sequence[Renumbering]) -> None:
        self._new: dict[str, str] = {}
        for renaming in renamings:
            self._new |= _names(renaming)
        words = "|".join(re.escape(name) for name in sorted(self._new, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<![\w-])(?:{words})(?![\w-])") if words else None

    def renewed(self, text: str) -> str:
        """The text with every old name replaced, all at once: a new name may be the old one of another migration."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._new[match[0]], text)


def _end_of_entry(file: File) -> int:
    return len(file.path) - len(file.name) + len(file.name.partition("/")[0])


def _names(renaming: Renumbering) -> Mapping[str, str]:
    migration, size = renaming.migration, len(renaming.migration.version.text)
    names = {file.name for _, file in migration.files}
    if migration.name:
        end = size + 1 + len(migration.name)  # version, separator, name
        names = {name[:end] for name in names} | {migration.label}
    return {name: renaming.version + name[size:] for name in names}
