"""Layouts: how a tool writes migrations into files. A new one is one new module and one entry in `layouts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from gitmig.migrations.layouts.parsing import is_script, passed_over, unprintable
from gitmig.migrations.layouts.sections import marks_of
from gitmig.migrations.model import InvalidMigrations, MigrationSet, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from gitmig.migrations.model import Content, File, Migration

# Reads files: path → text. Raises InvalidMigrations for what is no text.
Read: TypeAlias = "Callable[[Sequence[File]], Mapping[str, str]]"
SYMLINK, SUBMODULE = "120000", "160000"


class Layout(Protocol):
    """Turns files into migrations. Pure: names and blob ids first, texts only of what is asked for.

    In a `graph`, the files themselves say which one comes after which, and lie anywhere among others in the folder.
    """

    @property
    def name(self) -> str:
        """What it is called in the settings."""

    @property
    def is_graph(self) -> bool:
        """Whether the files themselves tell the order."""

    def group(self, files: Sequence[File], read: Read) -> tuple[list[Migration], list[Problem]]:
        """The migrations, and what is wrong with the names.

        Of a graph, the files that tell it are read; each migration has an ancestry then, and they are in the order in
        which a fresh database gets them. Else nothing is read, and they are in any order.
        """

    def parse(self, migration: Migration, texts: Mapping[str, str]) -> Content:
        """The sections of one migration; `texts` maps role to text. Raises InvalidMigrations."""

    def render(self, version: str, name: str, up: str, down: str | None) -> dict[str, str]:
        """The files of a new migration: name below the folder → text. Without a down it is irreversible.

        Raises UsageError where another tool writes them.
        """


def layouts() -> dict[str, Layout]:
    """Every layout by name, in the order in which `detect` prefers them."""
    from gitmig.migrations.layouts.alembic import AlembicLayout
    from gitmig.migrations.layouts.directory import DirectoryLayout
    from gitmig.migrations.layouts.django import DjangoLayout
    from gitmig.migrations.layouts.goose import GooseLayout
    from gitmig.migrations.layouts.paired import PairedLayout
    from gitmig.migrations.layouts.single import SingleLayout

    by_names = (SingleLayout(), PairedLayout(), DirectoryLayout(), GooseLayout())
    return {layout.name: layout for layout in (*by_names, AlembicLayout(), DjangoLayout())}


def unreadable(files: Sequence[File]) -> Mapping[str, str]:
    """The `Read` of who knows that no file has to be read: the layout goes by names, and these are its files."""
    assert not files, f"nothing can be read here: {files[0].path}"
    return {}


def migration_set(
    layout: Layout, folder: str, files: Iterable[File], read: Read, *, drafts: Collection[str] | None = None
) -> MigrationSet:
    """The set that the files make up. Raises InvalidMigrations with everything that is wrong with their names.

    Two of one version are wrong as long as one of them can be renamed: it is among the paths of `drafts`, which are not
    committed (None: all are). History is as it is, and they are in the order of their names.
    """
    migrations, problems = group(layout, files, read)
    problems += [
        problem for problem, paths in twins(migrations) if drafts is None or any(path in drafts for path in paths)
    ]
    if problems:
        raise InvalidMigrations(problems)
    return MigrationSet(folder=folder, layout=layout.name, migrations=tuple(migrations))


def group(layout: Layout, files: Iterable[File], read: Read) -> tuple[list[Migration], list[Problem]]:
    """The migrations that the files make up, in order, and what is wrong with the names of others.

    There may be several of one version, where that is a number.
    """
    files = list(files)
    problems = [p for file in files if not layout.is_graph and (p := _no_plain_file(file))]
    migrations, misnamed = layout.group([file for file in files if file.mode not in {SYMLINK, SUBMODULE}], read)
    if not layout.is_graph:
        migrations.sort(key=lambda migration: (migration.version, migration.path))
    return migrations, problems + misnamed


def left_alone(files: Iterable[File], migrations: Iterable[Migration]) -> list[Problem]:
    """The files that no tool's migrations are, though somebody could take them for some, each with why."""
    used = {file.path for migration in migrations for _, file in migration.files}
    return [problem for file in files if file.path not in used and (problem := passed_over(file))]


def detect(files: Sequence[File], text_of: Mapping[str, str], read: Read) -> str | None:
    """The layout that explains the files best, None if there are no migrations to judge by.

    `text_of` maps paths to text, for one file at least: of one file for each migration, directives tell whose it is.
    """
    texts = [text.lower() for text in text_of.values() if text.strip()]
    goose = any("+goose" in text for text in texts)
    plain = bool(texts) and not goose and not any("migrate:" in text or marks_of(text) for text in texts)
    telling = {"goose": goose, "paired": plain}
    ranked = []
    for order, layout in enumerate(layouts().values()):
        migrations, problems = layout.group(files, read)
        if migrations:
            ranked.append((len(migrations) - len(problems), telling.get(layout.name, False), -order, layout.name))
    return max(ranked)[3] if ranked else None


def _no_plain_file(file: File) -> Problem | None:
    if is_script(file) and not file.name.isprintable():
        return unprintable(file)
    what = {SYMLINK: "a symbolic link", SUBMODULE: "a submodule"}.get(file.mode)
    if what is None:
        return None
    return Problem(
        path=file.path, message=f"is {what}", hint="put the migration itself here: its content must be in the commit"
    )


def twins(migrations: Sequence[Migration]) -> list[tuple[Problem, frozenset[str]]]:
    """Neighbours in the order with one version, and the paths of both: the later one is named, with the earlier one."""
    return [
        (
            Problem(
                path=second.path,
                message=f"has the same version as {first.path}",
                hint="give one of them another version, by renaming the file",
            ),
            frozenset(file.path for migration in (first, second) for _, file in migration.files),
        )
        for first, second in zip(migrations, migrations[1:])
        if first.version == second.version
    ]
