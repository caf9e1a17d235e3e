"""`gitmig demo`: the story of two branches, with real git and an embedded PostgreSQL in a temporary folder."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.config import URL_VARIABLES
from gitmig.errors import GitmigError
from gitmig.postgres.embedded import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATE = """-- migrate:up
CREATE TABLE comments (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, contents text NOT NULL);
-- migrate:down
DROP TABLE comments;
"""
RENAME = """-- migrate:up
ALTER TABLE comments RENAME COLUMN contents TO body;
-- migrate:down
ALTER TABLE comments RENAME COLUMN body TO contents;
"""
COUNT = """-- migrate:up
CREATE VIEW comment_count AS SELECT count(contents) AS comments FROM comments;
-- migrate:down
DROP VIEW comment_count;
"""
A_FINDING = 1
# git's own settings and identity must not depend on whose machine this is; nor may an outer hook's repository leak in.
ISOLATED = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "Demo"), ("EMAIL", "demo@localhost"))
    },
}


class Piece(Struct, frozen=True):
    """One piece of the story; `kind` is `comment`, `command` or `output`."""

    kind: str
    text: str


def play(*, keep: bool = False) -> Iterator[Piece]:
    """The story, piece by piece as it happens. Raises GitmigError if a command of it fails."""
    home = Path(tempfile.mkdtemp(prefix="gitmig-demo-"))
    stage = _Stage(home)
    try:
        yield from _story(stage)
        if keep:
            yield Piece("comment", f"kept in {home}; `gitmig db stop` there stops its server")
    finally:
        if not keep:
            EmbeddedServer(home / ".git" / "gitmig").remove()
            shutil.rmtree(home, ignore_errors=True)


def _story(stage: _Stage) -> Iterator[Piece]:
    yield Piece("comment", "A repository with gitmig, on a PostgreSQL of its own.")
    yield from stage.run("git init --quiet --initial-branch=main")
    yield from stage.run("gitmig init")
    yield Piece("comment", "The first migration, on main.")
    yield from stage.migration("create comments", CREATE)
    yield from stage.run("gitmig sync")
    yield from stage.run("git add .")
    yield from stage.run("git commit --quiet -m 'Create comments'")
    yield from stage.look("INSERT INTO comments (contents) VALUES ('First!'); TABLE comments")
    yield Piece("comment", "A colleague's idea, on a branch: rename contents to body.")
    yield from stage.run("git switch --create rename-body")
    yield from stage.migration("rename contents to body", RENAME)
    yield from stage.run("gitmig sync")
    yield from stage.run("git add .")
    yield from stage.run("git commit --quiet -m 'Rename contents to body'")
    yield from stage.look("TABLE comments")
    yield Piece("comment", "Back to main, and the database comes along. Nobody typed a migration command.")
    yield from stage.run("git switch main")
    yield from stage.look("TABLE comments")
    yield Piece("comment", "And over to the branch again.")
    yield from stage.run("git switch rename-body")
    yield from stage.look("TABLE comments")
    yield Piece("comment", "Meanwhile somebody on main counts the contents.")
    yield from stage.run("git switch main")
    yield from stage.migration("count contents", COUNT)
    yield from stage.run("gitmig sync")
    yield from stage.run("git add .")
    yield from stage.run("git commit --quiet -m 'Count contents'")
    yield Piece("comment", "Can the branch be merged? git sees no conflict, but gitmig has tried it.")
    yield from stage.run("git switch rename-body")
    yield from stage.run("gitmig check --prove main", status=A_FINDING)
    yield Piece("comment", "Which commit has which migrations is written into the history.")
    yield from stage.run("gitmig log")


class _Stage:
    """Runs the commands as a person would type them."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "GITMIG_", "PG"))}
        for name in URL_VARIABLES:
            self._environment.pop(name, None)
        self._environment |= ISOLATED

    def run(self, line: str, *, status: int = 0) -> Iterator[Piece]:
        """Print and run one command, which has to end with this status."""
        yield Piece("command", line)
        yield from self._output(shlex.split(line), status)

    def migration(self, title: str, text: str) -> Iterator[Piece]:
        """`gitmig new`, and what a person would write into the file."""
        line = f"gitmig new {shlex.quote(title)}"
        yield Piece("command", line)
        path = "".join(piece.text for piece in self._output(shlex.split(line))).strip()
        (self._home / path).write_text(text, encoding="utf-8")
        yield Piece("output", path)
        yield Piece("command", f"cat {path}")
        yield Piece("output", text)

    def look(self, query: str) -> Iterator[Piece]:
        """Show rows of the database."""
        yield Piece("command", f'gitmig db psql -c "{query}"')
        yield from self._output(["gitmig", "db", "psql", "-q", "-P", "footer=off", "-c", query])

    def _output(self, words: list[str], status: int = 0) -> Iterator[Piece]:
        command = [sys.executable, "-m", "gitmig", *words[1:]] if words[0] == "gitmig" else words
        result = subprocess.run(
            command,
            cwd=self._home,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if result.returncode != status:
            raise GitmigError(
                f"the demo's command `{shlex.join(words)}` failed", details=tuple(result.stdout.strip().splitlines())
            )
        if result.stdout.strip():
            yield Piece("output", result.stdout.rstrip())
