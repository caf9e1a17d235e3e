"""Set a repository up: folder, settings, hooks, ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.config import CONFIG_FILE, DEFAULT_FOLDER
from gitmig.core.layouts import layouts
from gitmig.database import ledger_schema
from gitmig.database.connection import Address
from gitmig.errors import GitmigError, UsageError
from gitmig.operations.project import Project
from gitmig.operations.target import detect_layout
from gitmig.repository import hooks
from gitmig.repository.snapshot import of_work_tree

if TYPE_CHECKING:
    from pathlib import Path

    from gitmig.repository.door import Repository
    from gitmig.repository.hooks import Hook

CANDIDATES = (DEFAULT_FOLDER, "db/migrations", "database/migrations", "sql/migrations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """What is there now. `created` names files that were written; `database` is None if it could not be reached."""

    folder: str
    layout: str
    detected: bool
    count: int
    created: tuple[str, ...]
    hooks: tuple[Hook, ...]
    database: str | None
    unavailable: GitmigError | None


def init(
    start: Path,
    *,
    folder: str | None = None,
    layout: str | None = None,
    database: str | None = None,
    bootstrap: Path | None = None,
) -> Initialised:
    """Do what is still to do; calling it again changes nothing that is there. Raises GitmigError, UsageError."""
    project = Project.load(start, database)
    repository = project.repository
    top = repository.work_tree
    _check(top, folder, layout, bootstrap)
    _check_settings(project, folder, layout)
    if database is not None:
        Address.of(project.url)  # a URL that cannot be parsed is refused before it is written down
        repository.set_config("gitmig.database", database)
    folder = folder.strip("/") if folder else _existing_folder(project)
    detected = layout or detect_layout(project, of_work_tree(repository, (folder,)))
    layout_name = detected or "single"
    configured = project.team_file is not None
    created = _make_folder(top, folder)
    created += _configure(repository, folder, layout_name, bootstrap, configured=configured)
    project = Project.load(start, database)
    installed = hooks.install(repository)
    reached, unavailable = _make_ledger(project)
    return Initialised(
        folder=folder,
        layout=layout_name,
        detected=layout is None and detected is not None,
        count=len(of_work_tree(repository, (folder,)).files),
        created=tuple(created),
        hooks=tuple(installed),
        database=reached,
        unavailable=unavailable,
    )


def _check(top: Path, folder: str | None, layout: str | None, bootstrap: Path | None) -> None:
    if layout is not None and layout not in layouts():
        raise UsageError(f"unknown layout {layout!r}", hint=f"the layouts are {', '.join(layouts())}")
    if folder is not None and not (top / folder).resolve().is_relative_to(top.resolve()):
        raise UsageError(f"{folder} is outside the repository", hint="name a folder by its path from the top of it")
    if bootstrap is not None and not bootstrap.is_file():
        raise UsageError(f"{bootstrap} is no file", hint="--bootstrap takes the path of an SQL file")


def _check_settings(project: Project, folder: str | None, layout: str | None) -> None:
    """Refuse to be told something else than the settings that are already there: they would win."""
    for key, asked, there in (
        ("folder", folder and (folder.strip("/"),), project.settings.folders),
        ("layout", layout, project.settings.layout),
    ):
        if project.team_file is not None and asked and there and asked != there:
            said = there if isinstance(there, str) else ", ".join(there)
            hint = f"edit {project.team_file}, or leave the option out"
            raise UsageError(f"{project.team_file} has {key} = {said!r} already", hint=hint)


def _existing_folder(project: Project) -> str:
    """The configured folder, else the first usual one that is there, else the default."""
    top = project.repository.work_tree
    candidates = (*project.settings.folders, *CANDIDATES)
    return next((name for name in candidates if (top / name).is_dir()), project.settings.folders[0])


def _make_folder(top: Path, folder: str) -> list[str]:
    """An empty folder gets a .gitkeep: a commit without the folder would count as older than gitmig."""
    path = top / folder
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        return []
    (path / ".gitkeep").touch()
    return [f"{folder}/.gitkeep"]


def _configure(
    repository: Repository, folder: str, layout: str, bootstrap: Path | None, *, configured: bool
) -> list[str]:
    """Team settings go into gitmig.toml unless there are some; a path outside the repository is personal."""
    top = repository.work_tree
    settings = {"folder": folder, "layout": layout}
    if bootstrap is not None:
        inside = bootstrap.resolve().is_relative_to(top.resolve())
        if inside:
            settings["bootstrap"] = bootstrap.resolve().relative_to(top.resolve()).as_posix()
        else:
            repository.set_config("gitmig.bootstrap", str(bootstrap.resolve()))
    path = top / CONFIG_FILE
    if configured:
        return []
    # a JSON string is a TOML string, quotes and control characters included
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in settings.items()]
    path.write_text(
        "# Settings of gitmig for everybody who works on this repository.\n" + "".join(lines), encoding="utf-8"
    )
    return [CONFIG_FILE]


def _make_ledger(project: Project) -> tuple[str | None, GitmigError | None]:
    """The database's name once it has a ledger, or why it has none yet; the first sync makes it then."""
    try:
        with project.connect("init") as connection:
            ledger_schema.upgrade(connection)
    except GitmigError as error:
        return None, error
    return str(Address.of(project.url)), None
