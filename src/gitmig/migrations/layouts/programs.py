"""`V_name.py`, or with the executable bit `V_name.sh` and `V_name`, in any layout: one program for both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.migrations.languages.program import PYTHON, ROLE, asks_for_outside, functions, program
from gitmig.migrations.layouts.parsing import STEM, is_script, unprintable
from gitmig.migrations.model import EXECUTABLE, Content, InvalidMigrations, Migration, Problem, Script, Version

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gitmig.migrations.layouts import Layout, Read
    from gitmig.migrations.model import File

# What the halves of a pair are called: a program is one file for both.
HALVES = (".up", ".down")


class WithPrograms(Struct, frozen=True):
    """A layout in whose folder there may be programs, too.

    Those are files that are executable, or whose ending is among the `endings` for which a command is known.
    """

    layout: Layout
    endings: Collection[str]

    @property
    def name(self) -> str:
        """That of the layout."""
        return self.layout.name

    @property
    def is_graph(self) -> bool:
        """That of the layout."""
        return self.layout.is_graph

    def group(self, files: Sequence[File], read: Read) -> tuple[list[Migration], list[Problem]]:
        """See `Layout`."""
        found = {file.path: file for file in files if _is_program(file, self.endings)}
        migrations, problems = self.layout.group([file for file in files if file.path not in found], read)
        for file in found.values():
            if not file.name.isprintable():
                problems.append(unprintable(file))
                continue
            stem, _ = _parts(file.name)
            match = STEM.fullmatch(stem)
            if match is None:
                continue
            if stem.endswith(HALVES):
                hint = "make it one file, V_name.<ending>: it is called with `up` or `down`"
                problems.append(Problem(path=file.path, message="is half of a program", hint=hint))
                continue
            name = match["name"] or ""
            migrations.append(Migration(version=Version(match["version"]), name=name, files=((ROLE, file),)))
        return migrations, problems

    def parse(self, migration: Migration, texts: Mapping[str, str]) -> Content:
        """See `Layout`."""
        if ROLE not in texts:
            return self.layout.parse(migration, texts)
        ((_, file),) = migration.files
        return _content(file, texts[ROLE])

    def render(self, version: str, name: str, up: str, down: str | None) -> dict[str, str]:
        """See `Layout`."""
        return self.layout.render(version, name, up, down)


def _is_program(file: File, endings: Collection[str]) -> bool:
    """Whether a file is named as a migration, and can be run."""
    stem, ending = _parts(file.name)
    if is_script(file) or not STEM.fullmatch(stem):
        return False
    return file.mode == EXECUTABLE or ending in endings


def _parts(name: str) -> tuple[str, str]:
    """What is before the last dot, and the ending behind it; a name without a dot has none."""
    stem, dot, ending = name.rpartition(".")
    return (stem, ending.lower()) if dot else (name, "")


def _content(file: File, text: str) -> Content:
    """A program is called with `up` or `down`; of a file of Python with `upgrade`, one function is called.

    Raises InvalidMigrations for one of Python that has none, and is not executable either.
    """
    _, ending = _parts(file.name)
    language = program(ending)
    up = Script(language=language, text=text, path=file.path, transactional=not asks_for_outside(language, text))
    down: Script | None = replace(up, section="down")
    if ending == PYTHON and (file.mode != EXECUTABLE or "upgrade" in functions(text)):
        if "upgrade" not in functions(text):
            raise InvalidMigrations([_no_function(file)])
        down = down if "downgrade" in functions(text) else None
    return Content(up=up, down=down)


def _no_function(file: File) -> Problem:
    return Problem(
        path=file.path,
        message="defines no function upgrade(connection)",
        hint="write one, and downgrade(connection); or move the file out of the migrations folder, or give it a name "
        "that does not begin with a version",
    )
