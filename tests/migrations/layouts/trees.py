"""Files of a made-up commit, for the layouts that look into them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.migrations.layouts import group, layouts
from gitmig.migrations.model import File

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gitmig.migrations.model import Content, Migration

    Told = list[tuple[str, str]]


@dataclass(frozen=True)
class Tree:
    """Texts by their paths from the top, looked at from a folder of it."""

    texts: Mapping[str, str]
    folder: str = "."

    @property
    def files(self) -> list[File]:
        prefix = "" if self.folder == "." else f"{self.folder}/"
        return [
            File(path=path, name=path[len(prefix) :], blob=hashlib.sha1(text.encode()).hexdigest())
            for path, text in sorted(self.texts.items())
            if path.startswith(prefix)
        ]

    def read(self, files: Sequence[File]) -> dict[str, str]:
        return {file.path: self.texts[file.path] for file in files}

    def migrations(self, layout: str) -> list[Migration]:
        """Those in which nothing is wrong."""
        found, problems = group(layouts()[layout], self.files, self.read)
        assert problems == []
        return found

    def problems(self, layout: str) -> Told:
        """Place and message of what is wrong."""
        return [(problem.place, problem.message) for problem in group(layouts()[layout], self.files, self.read)[1]]

    def versions(self, layout: str) -> list[str]:
        return [str(one.version) for one in self.migrations(layout)]

    def content(self, layout: str, version: str) -> Content:
        (one,) = [one for one in self.migrations(layout) if str(one.version) == version]
        return layouts()[layout].parse(one, {role: self.texts[file.path] for role, file in one.files})

    def write(self, top: Path) -> Path:
        for path, text in self.texts.items():
            place = top / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        return top
