"""What was computed before, in gitmig's own folder of the git directory: footprints and schemas.

A footprint is found by the blob id of its script, below a digest of the code that makes footprints; a schema that was
measured on a scratch database by a key of the caller, so that nobody has to build it twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import gitmig

if TYPE_CHECKING:
    from gitmig.check.footprint import Footprint
    from gitmig.git.repository import Repository


FOOTPRINTS = "footprints"
# The code that cuts scripts out of files and makes footprints of them.
MAKERS = ("check/footprint", "migrations")


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
            return Footprint.from_json(json.loads(self._path(blob).read_bytes()))
        except (OSError, ValueError, TypeError, KeyError, IndexError):
            return None

    def put(self, blob: str, footprint: Footprint) -> None:
        """Keep a footprint; a full or read-only disk only costs the time to make it again."""
        path = self._path(blob)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            self._repository.make_private(*self._parts, path.parent.name, shared=True)
            temporary.write_text(json.dumps(footprint.to_json(), separators=(",", ":")), encoding="utf-8")
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)

    def _path(self, blob: str) -> Path:
        return self._folder / blob[:2] / blob[2:]


@lru_cache
def code_digest(package: Path = Path(gitmig.__file__).parent) -> str:
    """Another one for every change of the code that makes footprints, and of the parser it stands on."""
    digest = hashlib.sha256(f"{gitmig.__version__} {version('postgast')}".encode())
    for path in sorted(path for part in MAKERS for path in (package / part).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


SCHEMAS = "schemas"
# Files of 20–80 kB: what a few months of branches need.
LIMIT = 500


def read_schema(repository: Repository, key: str) -> str | None:
    """The text kept under the key; None if there is none, or it cannot be read."""
    path = _folder(repository) / key
    try:
        text = zlib.decompress(path.read_bytes()).decode()
        os.utime(path)  # what is used stays
    except (OSError, zlib.error, UnicodeDecodeError):
        return None
    return text


def write_schema(repository: Repository, key: str, text: str) -> None:
    """Keep a text; those that were not used for the longest time make room."""
    folder = repository.make_private(SCHEMAS, shared=True)
    temporary = folder / f".{key}.{os.getpid()}"
    temporary.write_bytes(zlib.compress(text.encode(), 1))
    temporary.replace(folder / key)
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
