"""Reading the sides of a check: their sets by names alone, and the contents and footprints of what matters."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from gitmig.config import CONFIG_FILE, parse_team_settings
from gitmig.errors import UsageError
from gitmig.git import snapshot
from gitmig.migrations.layouts import group
from gitmig.migrations.model import InvalidMigrations
from gitmig.project.programs import ProjectPrograms
from gitmig.project.target import detect_layout, layout_named, parsed, reader_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gitmig.check.footprint import Footprint
    from gitmig.check.sides import Migrations
    from gitmig.git.cache import FootprintCache
    from gitmig.git.snapshot import Snapshot
    from gitmig.migrations.layouts import Layout
    from gitmig.migrations.model import Content, Migration, Problem, Script
    from gitmig.project.project import Project


class Side(Struct, frozen=True, kw_only=True):
    """One side: how it was called, its commit (HEAD for the work tree), and the migrations its names tell of."""

    name: str
    commit: str
    snapshot: Snapshot
    migrations: Migrations = ()
    problems: tuple[Problem, ...] = ()

    @property
    def in_git(self) -> Snapshot:
        """A snapshot whose files are read by their blob ids, wherever they lie."""
        return snapshot.Snapshot(commit=self.commit, folder=None)


def read_side(project: Project, revision: str | None) -> Side:
    """The side of a revision, or of the work tree as it is. Raises UsageError, InvalidMigrations."""
    repository = project.repository
    commit = repository.resolve(revision or "HEAD")
    if revision is None and repository.root is not None:
        found = snapshot.of_work_tree(repository, folders_of(project, None))
        return Side(name="the work tree", commit=commit, snapshot=found)
    return side_at(project, commit, revision or "HEAD")


def side_at(project: Project, commit: str, name: str) -> Side:
    """The side of a commit by its full id."""
    found = snapshot.at_commit(project.repository, commit, folders_of(project, commit))
    return Side(name=name, commit=commit, snapshot=found)


def folders_of(project: Project, commit: str | None) -> tuple[str, ...]:
    """Where the migrations may lie at a commit: where its own settings say, then where today's say."""
    if commit is None:
        return project.settings.folders
    name = f"{commit}:{CONFIG_FILE}"
    found = project.repository.read_objects([name]).get(name)
    if found is None:
        return project.settings.folders
    try:
        own = parse_team_settings(found.decode("utf-8-sig"), CONFIG_FILE).get("folder", ())
    except (UsageError, UnicodeDecodeError):
        own = ()
    names = [own] if isinstance(own, str) else list(own)
    return tuple(dict.fromkeys([*(name.rstrip("/") for name in names), *project.settings.folders]))


def common_layout(project: Project, sides: Iterable[Side]) -> Layout:
    """The layout both are written in. Raises UsageError if they are written in two."""
    configured = project.settings.layout
    detected = {name: side for side in sides if (name := detect_layout(project, side.snapshot))}
    if not configured and len(detected) > 1:
        said = " and ".join(f"{side.name} is in layout {name}" for name, side in detected.items())
        raise UsageError(f"{said}: their migrations cannot be compared", hint="merge the change of the layout first")
    name = configured or next(iter(detected), "single")
    return layout_named(project, name)


def grouped(project: Project, side: Side, layout: Layout) -> Side:
    """The side with its migrations; names the layout does not take are problems, and no reason to stop."""
    migrations, problems = group(layout, side.snapshot.files, reader_of(project, side.snapshot))
    return Side(
        name=side.name,
        commit=side.commit,
        snapshot=side.snapshot,
        migrations=tuple(migrations),
        problems=tuple(problems),
    )


class Reader(Struct, kw_only=True, dict=True):
    """Reads migrations and remembers them by their blobs; what cannot be read becomes a problem."""

    project: Project
    layout: Layout
    contents: dict[str, Content] = field(default_factory=dict)
    footprints: dict[str, Footprint] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def read(self, migrations: Iterable[Migration], found: Snapshot, *, footprints: bool = True) -> None:
        """Read what is not known yet, from a snapshot that holds it; perhaps without footprints."""
        migrations = list(migrations)
        texts = self._texts([m for m in migrations if m.blobs not in self.contents], found)
        with ProjectPrograms(self.project) as programs:
            for migration in migrations:
                if migration.blobs not in self.contents:
                    self._read(migration, found, texts)
                content = self.contents.get(migration.blobs)
                if footprints and content and migration.blobs not in self.footprints:
                    self.footprints[migration.blobs] = self._footprint(migration, content, programs)

    def read_footprints(self, migrations: Iterable[Migration], found: Snapshot) -> None:
        """Read the footprints that are not known yet; a script whose footprint is kept need not be read for it."""
        wanted = [m for m in migrations if m.blobs not in self.footprints]
        kept = ((m.blobs, self._kept.get(_script(m))) for m in wanted)
        self.footprints |= {blobs: footprint for blobs, footprint in kept if footprint}
        self.read((m for m in wanted if m.blobs not in self.footprints), found)

    def trouble_of(self, script: Script) -> Problem | None:
        """What keeps a script from running, as far as its text tells; one that had none need not be parsed again."""
        from gitmig.git.cache import cache_key

        key = cache_key(script.language.suffix, str(script.transactional), script.section, script.text)
        if self._kept.is_sound(key):
            return None
        trouble = script.trouble
        if trouble is None:
            self._kept.note_sound(key)
        return trouble

    @cached_property
    def _kept(self) -> FootprintCache:
        from gitmig.git.cache import FootprintCache

        return FootprintCache(self.project.repository, self.layout.name)

    def _texts(self, migrations: Iterable[Migration], found: Snapshot) -> dict[str, str]:
        """Path → text, all from one process; nothing if one of them is no text."""
        files = [file for migration in migrations for _, file in migration.files]
        try:
            return snapshot.read_texts(self.project.repository, found, files)
        except InvalidMigrations:
            return {}

    def _read(self, migration: Migration, found: Snapshot, texts: Mapping[str, str]) -> None:
        files = [file for _, file in migration.files]
        try:
            if any(file.path not in texts for file in files):
                texts = snapshot.read_texts(self.project.repository, found, files)
            self.contents[migration.blobs] = parsed(self.layout, migration, texts, found)
        except InvalidMigrations as error:
            self.problems += [problem for problem in error.problems if problem not in self.problems]

    def _footprint(self, migration: Migration, content: Content, programs: ProjectPrograms) -> Footprint:
        known = self._kept.get(_script(migration))
        if known is None:
            sql = programs.sql(content.up)
            known = footprint_of(content) if sql is None else footprint_of_printed(sql)
            if content.up.sql is not None or sql is not None:  # of the others more may be known another time
                self._kept.put(_script(migration), known)
        return known


def _script(migration: Migration) -> str:
    """The blob id of the file in which the up is."""
    return migration.files[0][1].blob


# What tools note of their own beside the SQL of a migration, and where they say that there is more than SQL.
OF_TOOLS = re.compile(r"^[^;]*\balembic_version\b[^;]*;", re.MULTILINE)
NO_SQL = "CANNOT BE WRITTEN AS SQL"


def footprint_of_printed(sql: str) -> Footprint:
    """The footprint of a tool's migration by the SQL that the tool has printed; its lines are those of no file."""
    from gitmig.check.footprint import BlindSpot, footprint

    found = footprint(OF_TOOLS.sub("", sql))
    spots = [replace(spot, line=1) for spot in found.blind_spots]
    if NO_SQL in sql.upper():
        spots.append(BlindSpot(line=1, reason="an operation that the tool cannot write as SQL"))
    error = found.error and replace(found.error, line=1)
    return replace(
        found, touches=tuple(replace(t, line=1) for t in found.touches), blind_spots=tuple(spots), error=error
    )


def footprint_of(content: Content) -> Footprint:
    """The footprint of an up script."""
    from gitmig.check.footprint import BlindSpot, Footprint, footprint

    if content.up.sql is None:
        return Footprint(blind_spots=(BlindSpot(line=1, reason="a program, of which only a run tells what it does"),))
    return footprint(content.up.sql)
