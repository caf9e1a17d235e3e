"""A tool's folder and database: files laid out, commits made, commands run."""

from __future__ import annotations

import itertools
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from process import Command, CommandFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from databases import Database, Databases
    from peers import Peer
    from workload import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One tool at work on a database of its own."""

    peer: Peer
    folder: Path
    database: Database
    environment: Mapping[str, str]

    def command(self, *arguments: str) -> Command:
        """Any program, run here."""
        return Command(arguments=arguments, folder=self.folder, environment=self.environment)

    def tool(self, *arguments: str) -> Command:
        """The tool itself."""
        return self.command(self.peer.program, *arguments)

    def upgrade(self) -> Command:
        """What brings the database up to date."""
        return self.tool(*self.peer.upgrade(self.database.url))

    def git(self, *arguments: str) -> Command:
        """Git."""
        return self.command("git", *arguments)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files by their paths."""
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    def lay_out(self, changes: Sequence[Change]) -> None:
        """Write the migrations as the tool wants them."""
        self.write(self.peer.files(changes))

    def expect(self, *, tables: int) -> None:
        """Only what was really done is worth a figure. Raises CommandFailed."""
        found = self.database.tables()
        if found != tables:
            raise CommandFailed(f"{self.peer.name} left {found} tables where {tables} are due")

    def commit(self, message: str) -> None:
        """Commit everything on the current branch; the first time, make the repository."""
        if not (self.folder / ".git").exists():
            self.git("init", "--quiet", "--initial-branch=main").run()
        self.git("add", "--all").run()
        self.git("commit", "--quiet", "-m", message).run()

    def import_history(self, stream: Iterable[bytes]) -> None:
        """Make the repository from a stream for `git fast-import`, and check its branch main out."""
        self.git("init", "--quiet", "--initial-branch=main").run()
        with subprocess.Popen(
            ["git", "fast-import", "--quiet"], cwd=self.folder, env=self.environment, stdin=subprocess.PIPE
        ) as process:
            assert process.stdin is not None  # it is a pipe
            process.stdin.writelines(stream)
        assert process.returncode == 0, "git fast-import failed"
        self.git("checkout", "--quiet", "main").run()


class Sites:
    """Makes sites, each in a folder of its own."""

    def __init__(self, root: Path, databases: Databases, environment: Mapping[str, str]) -> None:
        self._root = root
        self._databases = databases
        self._environment = environment
        self._numbers = itertools.count(1)

    def make(self, peer: Peer) -> Site:
        """An empty folder and an empty database."""
        number = next(self._numbers)
        folder = self._root / f"site_{number}"
        folder.mkdir()
        database = self._databases.fresh(str(number))
        return Site(
            peer=peer,
            folder=folder,
            database=database,
            environment={**self._environment, "DATABASE_URL": database.url},
        )

    def copy(self, database: Database, purpose: str) -> Database:
        """A copy of a database as it is now."""
        return self._databases.copy(database, purpose)

    def empty(self, site: Site) -> None:
        """Give a site its database anew."""
        again = self._databases.fresh(site.database.name.rpartition("_")[2])
        assert again == site.database  # the same name on the same server
