"""What was computed before, in gitmig's own folder of the git directory: footprints, schemas, SQL in source code.

A footprint is found by the blob id of its script, below a digest of the code that makes footprints; a schema that was
measured on a scratch database by a key of the caller, so that nobody has to build it twice; the statements of a source
file by its blob id, and what PostgreSQL said of one by the schema.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from contextlib import closing, suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import gitmig
from gitmig.files import replace_file

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Mapping

    from gitmig.check.footprint import Footprint
    from gitmig.git.repository import Repository


T = TypeVar("T")


def cache_key(*parts: str) -> str:
    """A short name for what is kept of these texts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


FOOTPRINTS, SOUND = "footprints", "sound"
# The code that cuts scripts out of files and makes footprints of them.
MAKERS = ("check/footprint", "migrations", "schema/names.py")


class FootprintCache:
    """One small file per script; whatever is wrong with one makes it worthless, and no error.

    A script is known by its blob and the layout that cut it out of it; what other code than this one kept is not read.
    """

    def __init__(self, repository: Repository, layout: str) -> None:
        self._repository = repository
        self._parts = (FOOTPRINTS, f"{code_digest()}-{layout}")
        self._folder = repository.private(shared=True).joinpath(*self._parts)

    def get(self, blob: str) -> Footprint | None:
        """The footprint that was kept, if any."""
        from gitmig.check.footprint import Footprint

        try:
            return Footprint.from_json(self._path(blob).read_bytes())
        except (OSError, ValueError):
            return None

    def put(self, blob: str, footprint: Footprint) -> None:
        """Keep a footprint; a full or read-only disk only costs the time to make it again."""
        path = self._path(blob)
        with suppress(OSError):
            self._repository.make_private(*self._parts, path.parent.name, shared=True)
            replace_file(path, footprint.to_json())

    def is_sound(self, script: str) -> bool:
        """Whether the parser has taken a script, by a key of its text."""
        return self._sound(script).exists()

    def note_sound(self, script: str) -> None:
        """Keep that the parser has taken a script."""
        with suppress(OSError):
            self._repository.make_private(*self._parts, SOUND, shared=True)
            self._sound(script).touch()

    def _path(self, blob: str) -> Path:
        return self._folder / blob[:2] / blob[2:]

    def _sound(self, script: str) -> Path:
        return self._folder / SOUND / script


def _installed(library: str) -> str:
    """Which version of a library is there, by the folder that pip keeps of it: importlib.metadata loads a lot."""
    spec = find_spec(library)
    place = Path(spec.origin or "").parent if spec else Path()
    return " ".join(sorted(path.name for path in place.parent.glob(f"{library}-*.dist-info"))) or str(place)


@lru_cache
def code_digest(
    package: Path = Path(gitmig.__file__).parent,
    makers: tuple[str, ...] = MAKERS,
    libraries: tuple[str, ...] = ("postgast",),
) -> str:
    """Another one for every change of the code that makes what is kept, footprints else, and of what it stands on."""
    digest = hashlib.sha256(" ".join([gitmig.__version__, *map(_installed, libraries)]).encode())
    places = [package / part for part in makers]
    for path in sorted(path for place in places for path in (place, *place.rglob("*.py")) if path.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


CLIENTS = "clients"
TABLES = """
    CREATE TABLE IF NOT EXISTS sources (blob TEXT, ending TEXT, statements TEXT, PRIMARY KEY (blob, ending));
    CREATE TABLE IF NOT EXISTS verdicts (schema TEXT, statement TEXT, verdict TEXT, PRIMARY KEY (schema, statement));
"""
# Rows; beyond that everything is forgotten and made again. A row of a file without a statement has 60 bytes.
MOST = 200_000


class ClientCache:
    """The statements of source files, and what PostgreSQL said of statements, in one SQLite file.

    What is kept is text, whose form is the caller's. Without SQLite, or where its file is not to be used, nothing is
    kept and nothing is found.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        made_by = code_digest(makers=("check/clients", "migrations"), libraries=("postgast", "pygments"))
        self._path = repository.private(shared=True) / CLIENTS / f"{made_by}.sqlite3"

    def sources(self, ending: str, blobs: Collection[str]) -> dict[str, str]:
        """Blob id → what was kept, for files whose names end alike."""
        query = "SELECT blob, statements FROM sources WHERE ending = ? AND blob IN (SELECT value FROM json_each(?))"
        return self._found(query, ending, blobs)

    def keep_sources(self, ending: str, found: Mapping[str, str]) -> None:
        """Keep what `sources` shall find."""
        self._keep("sources (ending, blob, statements)", ending, found)

    def verdicts(self, schema: str, statements: Collection[str]) -> dict[str, str]:
        """Statement → what was kept, for the schema of that key."""
        query = (
            "SELECT statement, verdict FROM verdicts WHERE schema = ? AND statement IN (SELECT value FROM json_each(?))"
        )
        return self._found(query, schema, statements)

    def keep_verdicts(self, schema: str, found: Mapping[str, str]) -> None:
        """Keep what `verdicts` shall find."""
        self._keep("verdicts (schema, statement, verdict)", schema, found)

    def _found(self, query: str, key: str, wanted: Collection[str]) -> dict[str, str]:
        def look(rows: sqlite3.Connection) -> dict[str, str]:
            return dict(rows.execute(query, (key, json.dumps(list(wanted)))).fetchall())

        return (self._perform(look) or {}) if wanted and self._path.exists() else {}

    def _keep(self, table: str, key: str, found: Mapping[str, str]) -> None:
        def write(rows: sqlite3.Connection) -> None:
            name = table.partition(" ")[0]
            rows.executescript(TABLES)
            with rows:
                if rows.execute(f"SELECT count(*) FROM {name}").fetchone()[0] > MOST:  # noqa: S608
                    rows.execute(f"DELETE FROM {name}")  # noqa: S608
                values = ((key, one, text) for one, text in found.items())
                rows.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)", values)  # noqa: S608

        if not found:
            return
        with suppress(OSError):
            folder = self._repository.make_private(CLIENTS, shared=True)
            for other in folder.glob("*.sqlite3"):
                if other != self._path:  # of another version of the code
                    other.unlink(missing_ok=True)
        self._perform(write)

    def _perform(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        try:
            import sqlite3
        except ImportError:  # an interpreter may have been built without it
            return None
        try:
            with closing(sqlite3.connect(self._path, timeout=10)) as opened:
                opened.execute("PRAGMA synchronous = OFF")
                return work(opened)
        except (sqlite3.Error, OSError):
            return None


SCHEMAS = "schemas"
# Files of 20–80 kB: what a few months of branches need.
LIMIT = 500


def load_schema(repository: Repository, key: str) -> str | None:
    """The text kept under the key; None if there is none, or it cannot be read."""
    path = _folder(repository) / key
    try:
        text = zlib.decompress(path.read_bytes()).decode()
        os.utime(path)  # what is used stays
    except (OSError, zlib.error, UnicodeDecodeError):
        return None
    return text


def keep_schema(repository: Repository, key: str, text: str) -> None:
    """Keep a text; those that were not used for the longest time make room."""
    folder = repository.make_private(SCHEMAS, shared=True)
    replace_file(folder / key, zlib.compress(text.encode(), 1))
    files = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if len(files) > LIMIT:
        for path in sorted(files, key=_used)[: len(files) - LIMIT]:
            path.unlink(missing_ok=True)


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _folder(repository: Repository) -> Path:
    return repository.private(shared=True) / SCHEMAS
