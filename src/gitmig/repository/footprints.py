"""Footprints that were made before, by blob id, in gitmig's own folder of the git directory."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from gitmig.core.footprint.touches import VERSION, Footprint

if TYPE_CHECKING:
    from pathlib import Path

    from gitmig.repository.door import Repository

FOLDER = "footprints"


class FootprintCache:
    """One small file per script; whatever is wrong with one makes it worthless, and no error.

    A script is known by its blob and the layout that cut it out of it.
    """

    def __init__(self, repository: Repository, layout: str) -> None:
        self._repository = repository
        self._parts = (FOLDER, f"{VERSION}-{layout}")
        self._folder = repository.private(shared=True).joinpath(*self._parts)

    def get(self, blob: str) -> Footprint | None:
        """The footprint that was kept, if any."""
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
