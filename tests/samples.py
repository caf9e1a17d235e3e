"""Files, migrations and ledger rows to write tests with, and the view of an error that the tests compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.migrations.languages.sql import SQL
from gitmig.migrations.layouts import layouts, migration_set, unreadable
from gitmig.migrations.model import Content, File, InvalidMigrations, Migration, MigrationSet, Script, Version
from gitmig.migrations.plan import Applied

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # place, message and hint of each problem, in the order in which people read them
    Said = list[tuple[str, str, str]]

# The layouts in which the names of the files tell all.
BY_NAME = sorted(name for name, layout in layouts().items() if not layout.is_graph)
FOLDER = "db/migrations"
# What people are told about transaction control.
KEEPS_TO_ITSELF = (
    "remove it, or let the script run outside: gitmig opens and commits the transaction, together with its ledger, and "
    "only a bare BEGIN or COMMIT asks for no more than that"
)


def file(name: str, blob: str | None = None, mode: str = "100644") -> File:
    """A file below the migrations folder; its blob follows from its name if none is given."""
    return File(path=f"{FOLDER}/{name}", name=name, blob=blob or f"<{name}>", mode=mode)


def files(*names: str) -> list[File]:
    return [file(name) for name in names]


def migration(label: str, blob: str | None = None) -> Migration:
    """`0001_a` as one file."""
    version, _, name = label.partition("_")
    return Migration(version=Version(version), name=name, files=(("both", file(f"{label}.sql", blob)),))


def content(up: str, down: str | None = "") -> Content:
    """Both sections, in a file nobody looks at."""
    return Content(up=_script(up), down=None if down is None else _script(down))


def applied(position: int, source: Migration, checksum: str, *, irreversible: bool = False) -> Applied:
    """The ledger row of a migration."""
    return Applied(
        position=position,
        version=source.version,
        name=source.name,
        path=source.path,
        blobs=source.blobs,
        checksum=checksum,
        irreversible=irreversible,
    )


def grouped(layout: str, *names: str) -> MigrationSet:
    """The migration set of files with these names."""
    return migration_set(layouts()[layout], FOLDER, files(*names), unreadable)


def parsed(layout: str, name: str, text: str) -> Content:
    """The content of a migration that is one file."""
    found = layouts()[layout]
    (only,) = migration_set(found, FOLDER, [file(name)], unreadable).migrations
    return found.parse(only, {role: text for role, _ in only.files})


def refused(function: Callable[..., object], *arguments: object) -> Said:
    """What the call is refused with."""
    with pytest.raises(InvalidMigrations) as caught:
        function(*arguments)
    return said(caught.value)


def said(error: InvalidMigrations) -> Said:
    return [(problem.place, problem.message, problem.hint) for problem in error.problems]


def labels(found: MigrationSet | Sequence[Migration]) -> list[str]:
    migrations = found.migrations if isinstance(found, MigrationSet) else found
    return [one.label for one in migrations]


def _script(text: str) -> Script:
    return Script(language=SQL, text=text, path=f"{FOLDER}/0001_a.sql")
