"""The mark: a database's comment that says for which work tree or branch gitmig made it.

It stands on the server, where everybody who may connect can read it, and a database that is dropped takes it along.
Whose a database is, and whether that is still there, is judged on plain values.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Collection

    from gitmig.postgres.connection import Connection

BEGINNING = "made by gitmig: "
EVERY = """
    SELECT datname, pg_catalog.shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database
    WHERE starts_with(pg_catalog.shobj_description(oid, 'pg_database'), %s) ORDER BY datname
"""
OWN = """
    SELECT pg_catalog.shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database
    WHERE datname = pg_catalog.current_database()
"""


class Mark(Struct, frozen=True, kw_only=True):
    """Whose a database is: the clone's word and git directory, and the work tree's word or the branch.

    `name` is what the database was called when it was marked: a rebuild hands the mark on to the one that it keeps.
    `path` is where the work tree was then, for people, `host` the machine.
    """

    name: str
    clone: str
    git_dir: str
    host: str
    worktree: str | None
    branch: str | None
    path: str

    @property
    def owner(self) -> str:
        """Whose it is, for people."""
        return f"branch {self.branch}" if self.branch is not None else f"work tree {self.path}"

    def to_comment(self) -> str:
        """As the database's comment."""
        return BEGINNING + json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_comment(cls, comment: str | None) -> Mark | None:
        """From a comment; None if it is another one."""
        if not comment or not comment.startswith(BEGINNING):
            return None
        try:
            values = json.loads(comment.removeprefix(BEGINNING))
            found = cls(**values)
        except (ValueError, TypeError):
            return None
        texts = (found.name, found.clone, found.git_dir, found.host, found.path)
        return found if all(isinstance(text, str) for text in texts) else None


class Owner(Enum):
    """Whose a database is, seen from a work tree."""

    HERE = "here"
    NOBODY = "nobody"  # there is no mark: somebody made it by hand
    GONE = "gone"  # a work tree or a branch of this clone that is no more
    OTHER = "other"  # another work tree or branch of this clone
    STRANGER = "stranger"  # another clone


class Living(Struct, frozen=True, kw_only=True):
    """What there is of a clone: the words of its work trees and its branches. `is_there` tells of git directories."""

    clone: str
    git_dir: str
    host: str
    worktrees: Collection[str]
    branches: Collection[str]

    def is_ours(self, mark: Mark, *, is_there: bool) -> bool:
        """Whether the mark is of this clone, which may have been moved; `is_there`: its directory of then still is.

        A clone that was copied has the word as well, and the directory tells them apart.
        """
        if mark.clone != self.clone:
            return False
        return mark.git_dir == self.git_dir or mark.host != self.host or not is_there

    def has_lost(self, mark: Mark, *, is_there: bool) -> bool:
        """Whether the mark is of a work tree or branch of this very clone that is no more.

        Where both machine and directory are others, nobody can tell it from a copy of the clone, which may live.
        """
        is_certain = mark.git_dir == self.git_dir or mark.host == self.host
        return is_certain and self.is_ours(mark, is_there=is_there) and not self.has(mark)

    def has(self, mark: Mark) -> bool:
        """Whether the work tree or branch of a mark of this clone is still there."""
        if mark.branch is not None:
            return mark.branch in self.branches
        return mark.worktree in self.worktrees


def owner(mark: Mark | None, name: str, here: Mark, living: Living, *, is_there: bool) -> Owner:
    """Whose the database `name` with this mark is; `here` is the mark that this work tree would give it."""
    if mark is None or mark.name != name:
        return Owner.NOBODY
    if not living.is_ours(mark, is_there=is_there):
        return Owner.STRANGER
    if (mark.worktree, mark.branch) == (here.worktree, here.branch):
        return Owner.HERE
    if living.has(mark):
        return Owner.OTHER
    return Owner.GONE if living.has_lost(mark, is_there=is_there) else Owner.STRANGER


def read_all_marks(connection: Connection) -> dict[str, Mark]:
    """Name → mark of all databases of the server that have one, under whatever name they had when they got it."""
    rows = connection.execute(EVERY, (BEGINNING,)).fetchall()
    return {name: mark for name, comment in rows if (mark := Mark.from_comment(comment))}


def read_mark(connection: Connection) -> Mark | None:
    """The mark of the database connected to."""
    return Mark.from_comment(connection.value(OWN))


def set_mark(connection: Connection, name: str, mark: Mark) -> None:
    """Mark the database `name`, which the role must own."""
    statement = sql.SQL("COMMENT ON DATABASE {} IS {}")
    connection.execute(statement.format(sql.Identifier(name), sql.Literal(mark.to_comment())))
