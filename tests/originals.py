"""What many tests begin with is made once for a worker, and copied: a repository together with its database."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers import TEMPLATE, create_database

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from tests.conftest import Database, Sandbox

    Make = Callable[[Sandbox], None]

# Where gitmig notes which database it has synced.
NOTES = (".git/gitmig/marker", ".git/gitmig/binding.json")
# In the marker: the copied database is another one, which has none yet.
GENERATION = re.compile(r"^[0-9a-f]{16} /.*$", re.MULTILINE)


@dataclass(frozen=True)
class Original:
    """A copy that no test works on."""

    root: Path
    database: str


class Originals:
    """The originals of one worker, by the function that makes them of an empty repository and an empty database."""

    def __init__(self, folder: Path, maintenance: psycopg.Connection) -> None:
        self._folder = folder
        self._maintenance = maintenance
        self._kept: dict[Make, Original] = {}

    def provide(self, make: Make, sandbox: Sandbox, database: Database) -> None:
        """Create the database, and do to it and to the sandbox, which is empty, what `make` does."""
        if make in self._kept:
            self._copy(self._kept[make], sandbox, database)
        else:
            self._create(database.name, TEMPLATE)
            make(sandbox)
            self._kept[make] = self._keep(sandbox, database)

    def _keep(self, sandbox: Sandbox, database: Database) -> Original:
        root = self._folder / database.name
        shutil.copytree(sandbox.root, root, symlinks=True)
        self._create(f"{database.name}_original", database.name)
        return Original(root, database.name)

    def _copy(self, original: Original, sandbox: Sandbox, database: Database) -> None:
        self._create(database.name, f"{original.database}_original")
        shutil.copytree(original.root, sandbox.root, symlinks=True, dirs_exist_ok=True)
        sandbox.git("update-index", "-q", "--refresh")  # it tells files by their inodes
        for note in filter(Path.exists, (sandbox.root / name for name in NOTES)):
            times = note.stat()
            text = note.read_text().replace(original.database, database.name)
            note.write_text(GENERATION.sub("", text))
            os.utime(note, ns=(times.st_atime_ns, times.st_mtime_ns))

    def drop(self) -> None:
        """Drop the databases."""
        for original in self._kept.values():
            self._maintenance.execute(f'DROP DATABASE "{original.database}_original"'.encode())

    def _create(self, name: str, template: str) -> None:
        create_database(self._maintenance, name, f'TEMPLATE "{template}"')
