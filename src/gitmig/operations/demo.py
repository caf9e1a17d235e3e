"""The two-branch story, really: a temporary repository, the user's git, this gitmig, an embedded PostgreSQL."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
# git's own settings and identity must not depend on whose machine this is; nor may an outer hook's repository leak in.
ISOLATED = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "Demo"), ("EMAIL", "demo@example.org"))
    },
}


@dataclass(frozen=True, slots=True)
class Event:
    """One piece of the story; `kind` is `comment`, `command` or `output`."""

    kind: str
    text: str


def play(*, keep: bool = False) -> Iterator[Event]:
    """The story, piece by piece as it happens. Raises GitmigError if a command of it fails."""
    home = Path(tempfile.mkdtemp(prefix="gitmig-demo-"))
    stage = _Stage(home)
    try:
        yield from _story(stage)
        if keep:
            yield Event("comment", f"kept in {home}; `gitmig db stop` there stops its server")
    finally:
        if not keep:
            EmbeddedServer(home / ".git" / "gitmig").remove()
            shutil.rmtree(home, ignore_errors=True)


def _story(stage: _Stage) -> Iterator[Event]:
    yield Event("comment", "A repository with gitmig, on a PostgreSQL of its own.")
    yield from stage.run("git init --quiet --initial-branch=main")
    yield from stage.run("gitmig init")
    yield Event("comment", "The first migration, on main.")
    yield from stage.migration("create comments", CREATE)
    yield from stage.run("gitmig sync")
    yield from stage.run("git add .")
    yield from stage.run("git commit --quiet -m 'Create comments'")
    yield from stage.look("INSERT INTO comments (contents) VALUES ('First!'); TABLE comments")
    yield Event("comment", "A colleague's idea, on a branch: rename contents to body.")
    yield from stage.run("git switch --create rename-body")
    yield from stage.migration("rename contents to body", RENAME)
    yield from stage.run("gitmig sync")
    yield from stage.run("git add .")
    yield from stage.run("git commit --quiet -m 'Rename contents to body'")
    yield from stage.look("TABLE comments")
    yield Event("comment", "Back to main, and the database comes along. Nobody typed a migration command.")
    yield from stage.run("git switch main")
    yield from stage.look("TABLE comments")
    yield Event("comment", "And over to the branch again.")
    yield from stage.run("git switch rename-body")
    yield from stage.look("TABLE comments")
    yield from stage.run("gitmig status")
    yield Event("comment", "Which commit has which migrations is written into the history.")
    yield from stage.run("gitmig log")


class _Stage:
    """Runs the commands as a person would type them."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "GITMIG_", "PG"))}
        for name in URL_VARIABLES:
            self._environment.pop(name, None)
        self._environment |= ISOLATED

    def run(self, line: str) -> Iterator[Event]:
        """Print and run one command."""
        yield Event("command", line)
        yield from self._output(shlex.split(line))

    def migration(self, title: str, text: str) -> Iterator[Event]:
        """`gitmig new`, and what a person would write into the file."""
        line = f"gitmig new {shlex.quote(title)}"
        yield Event("command", line)
        path = "".join(event.text for event in self._output(shlex.split(line))).strip()
        (self._home / path).write_text(text, encoding="utf-8")
        yield Event("output", path)
        yield Event("command", f"cat {path}")
        yield Event("output", text)

    def look(self, query: str) -> Iterator[Event]:
        """Show rows of the database."""
        yield Event("command", f'gitmig db psql -c "{query}"')
        yield from self._output(["gitmig", "db", "psql", "-q", "-P", "footer=off", "-c", query])

    def _output(self, words: list[str]) -> Iterator[Event]:
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
        if result.returncode:
            raise GitmigError(
                f"the demo's command `{shlex.join(words)}` failed", details=tuple(result.stdout.strip().splitlines())
            )
        if result.stdout.strip():
            yield Event("output", result.stdout.rstrip())
