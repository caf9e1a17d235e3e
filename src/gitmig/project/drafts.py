"""A new migration: drafted, tried on a scratch database if a section of it is computed, and written as files."""

from __future__ import annotations

import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import BeforeGitmig, GitmigError
from gitmig.git.snapshot import read_texts
from gitmig.migrations.languages.program import PYTHON
from gitmig.migrations.layouts import migration_set
from gitmig.migrations.layouts.parsing import is_script
from gitmig.migrations.layouts.single import SingleLayout
from gitmig.migrations.model import File
from gitmig.migrations.naming import next_version
from gitmig.project.sharing import other_work_trees, target_in
from gitmig.project.target import load_target
from gitmig.trials.round_trip import Observation, RoundTripOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from gitmig.migrations.model import Content, Version
    from gitmig.project.project import Project
    from gitmig.project.target import Target
    from gitmig.schema.compare import ComputedDifference
    from gitmig.schema.model import ObjectName


class Draft(Struct, frozen=True, kw_only=True):
    """A migration that sorts behind all others of the target and is not written yet: file below the folder → text."""

    target: Target
    label: str
    files: Mapping[str, str]
    executable: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """The files' paths from the top of the repository."""
        folder = self.target.set.folder
        return tuple(name if folder == "." else f"{folder}/{name}" for name in self.files)

    @property
    def content(self) -> Content:
        """Both sections as they will be read. Raises InvalidMigrations."""
        texts = dict(zip(self.paths, self.files.values()))
        files = [File(path=path, name=name, blob="") for path, name in zip(self.paths, self.files)]
        (migration,) = migration_set(self.target.layout, self.target.set.folder, files, lambda _: texts).migrations
        return self.target.layout.parse(migration, {role: texts[file.path] for role, file in migration.files})


def draft(target: Target, name: str, up: str, down: str | None, now: datetime) -> Draft:
    """A migration with these sections; without a down it is irreversible. Raises UsageError for another tool's."""
    version = "" if target.layout.is_graph else _free_version(target, now)
    return Draft(target=target, label=f"{version}_{name}", files=render(target, version, name, up, down))


def render(target: Target, version: str, name: str, up: str, down: str | None) -> dict[str, str]:
    """The files of a new migration, as the newest one is written: several tools have the layout `single`.

    Raises UsageError for another tool's.
    """
    scripts = [file for migration in target.set.migrations for _, file in migration.files if is_script(file)]
    if target.layout.name != SingleLayout.name or not scripts:
        return target.layout.render(version, name, up, down)
    newest = scripts[-1]
    text = read_texts(target.project.repository, target.snapshot, [newest])[newest.path]
    return SingleLayout().render_like(version, name, up, down, other=newest, text=text)


def draft_program(target: Target, name: str, ending: str, text: str, now: datetime) -> Draft:
    """A migration that is a program, in the same place in every layout. One of Python is called, and not executed."""
    label = f"{_free_version(target, now)}_{name}"
    return Draft(target=target, label=label, files={f"{label}.{ending}": text}, executable=ending != PYTHON)


def _free_version(target: Target, now: datetime) -> str:
    """The next version that no migration has, here or in another work tree of the clone, committed or not."""
    project = target.project
    taken: set[Version] = set()
    for tree in other_work_trees(project):
        with suppress(GitmigError):  # somebody else's conflict is no reason to stop
            if found := target_in(project, tree):
                taken |= {migration.version for migration in found.set.migrations}
    return next_version(target.set.migrations, now, taken)


def work_tree(project: Project) -> Target:
    """The set to which a new migration is added. Raises GitmigError."""
    try:
        return load_target(project)
    except BeforeGitmig as error:
        raise GitmigError(error.message, hint="`gitmig init` makes the folder") from error


NOTHING = "-- nothing to do: the schema is the same before and after\n"
# With these a computed section is not what it was to be. The others a person should know of, and may want.
DISQUALIFYING = {RoundTripOutcome.NOT_UNDONE, RoundTripOutcome.DOWN_FAILS, RoundTripOutcome.UP_FAILS}
SHOWN = 10  # objects in a message


@dataclass(kw_only=True, eq=False)
class NotComputable(Exception):
    """No exact section can be computed: these objects are in the way, or this is what PostgreSQL says."""

    objects: tuple[ObjectName, ...] = ()
    said: str | None = None

    def refused(self, what: str, hint: str) -> GitmigError:
        """The error, where `what` is what was to be computed."""
        shown = tuple(f"in the way: {name}" for name in self.objects[:SHOWN])
        more = (f"… {len(self.objects) - SHOWN} more",) if len(self.objects) > SHOWN else ()
        said = (f"it was tried: {self.said}",) if self.said else ()
        return GitmigError(f"no exact {what} can be computed", hint=hint, details=shown + more + said)


def section_of(change: ComputedDifference) -> str:
    """The statements of a computed difference as the text of a section. Raises NotComputable."""
    if change.unhandled:
        raise NotComputable(objects=change.unhandled)
    return "".join(f"{statement};\n" for statement in change.statements) or NOTHING


def accept_findings(findings: Sequence[Observation]) -> tuple[Observation, ...]:
    """What a person should know of a migration that was tried; nothing if all is well. Raises NotComputable."""
    for finding in findings:
        if finding.outcome in DISQUALIFYING:
            said = f"{finding.outcome.value}: {finding.failure.message}" if finding.failure else None
            raise NotComputable(objects=finding.objects, said=said)
    return tuple(finding for finding in findings if finding.outcome is not RoundTripOutcome.UNDONE)


def refuse_differing(objects: Iterable[ObjectName]) -> None:
    """Raise NotComputable if there are objects that are not the same although they were to be."""
    if found := tuple(objects):
        raise NotComputable(objects=found)


def write(drafted: Draft) -> None:
    """Write the files, all or none. Raises GitmigError."""
    project = drafted.target.project
    if ignored := project.repository.ignored(drafted.paths):
        raise GitmigError(f"git ignores {ignored[0]}", hint="correct .gitignore: gitmig sees what git sees")
    written: list[Path] = []
    for path, text in zip(drafted.paths, drafted.files.values()):
        place = project.repository.work_tree / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("x", encoding="utf-8", newline="\n") as file:
                written.append(place)
                file.write(text)
            if drafted.executable:
                place.chmod(place.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        except OSError as error:
            for other in written:
                other.unlink(missing_ok=True)
            if isinstance(error, FileExistsError):
                hint = "delete it or take another title"
                raise GitmigError(f"{place.name} is there already", hint=hint) from error
            hint = "check the folder's permissions and the disk"
            raise GitmigError(f"cannot write {path}: {error.strerror}", hint=hint) from error


def remove(project: Project, paths: Iterable[str]) -> None:
    """Remove files of migrations from the work tree, and the directories that they leave empty. Raises GitmigError."""
    top = project.repository.work_tree
    for path in paths:
        try:
            (top / path).unlink()
        except OSError as error:
            hint = "check the folder's permissions; what is gone, `git restore` brings back"
            raise GitmigError(f"cannot remove {path}: {error.strerror}", hint=hint) from error
        with suppress(OSError):  # others may be in there
            (top / path).parent.rmdir()


def unwrite(drafted: Draft) -> None:
    """Take away what `write` wrote."""
    for path in drafted.paths:
        (drafted.target.project.repository.work_tree / path).unlink(missing_ok=True)
