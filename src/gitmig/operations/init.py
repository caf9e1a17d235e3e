"""`gitmig init`: set a repository up: folder, settings, hooks, ledger."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.config import CONFIG_FILE, DEFAULT_FOLDER
from gitmig.errors import BeforeGitmig, GitmigError, UsageError
from gitmig.git import hooks
from gitmig.git.snapshot import of_work_tree
from gitmig.ledger import read_state, schema
from gitmig.migrations.layouts import layouts
from gitmig.migrations.model import InvalidMigrations
from gitmig.operations.adopt import look_before
from gitmig.postgres.address import Address
from gitmig.project.binding import bind
from gitmig.project.ownership import foreign_ledger
from gitmig.project.project import Project
from gitmig.project.target import detect_layout, load_target, plan_for
from gitmig.project.trust import approve_local_branches

if TYPE_CHECKING:
    from pathlib import Path

    from gitmig.git.hooks import Consent, Installation
    from gitmig.ledger.ownership import ForeignLedger
    from gitmig.operations.adopt import Before

CANDIDATES = (DEFAULT_FOLDER, "db/migrations", "database/migrations", "sql/migrations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """What is there now. `created` names files that were written; `database` is None if it could not be reached.

    `why` says where the layout comes from; `count` migrations are in the folder. `before` is what the database had
    before gitmig, if anything. `separated` says that core.bare was moved so that work trees can have settings of their
    own. `foreign` says that the ledger that was there is another project's.
    """

    folder: str
    layout: str
    why: str
    count: int
    created: tuple[str, ...]
    installation: Installation
    database: str | None
    before: Before | None
    unavailable: GitmigError | None
    separated: bool = False
    foreign: ForeignLedger | None = None


def init(
    start: Path,
    *,
    folder: str | None = None,
    layout: str | None = None,
    database: str | None = None,
    bootstrap: Path | None = None,
    consent: Consent = hooks.refuse,
) -> Initialised:
    """Do what is still to do; calling it again changes nothing that is there. Raises GitmigError, UsageError.

    `consent` is asked before files of another tool that owns the hooks are changed.
    """
    project = Project.load(start, database)
    repository = project.repository
    top = repository.work_tree
    _check(top, folder, layout, bootstrap)
    _check_settings(project, folder, layout, bootstrap)
    Address.of(project.url)  # a URL that cannot be parsed is refused before anything is written down
    if database is not None:
        repository.set_config("gitmig.database", database)
    separated = repository.separate_worktree_settings()
    folder = _inside(top, top / folder) or "." if folder else _existing_folder(project)
    chosen = layout or project.settings.layout
    detected = None if chosen else detect_layout(project, of_work_tree(repository, (folder,)))
    is_left_out = not (top / folder).exists() and of_work_tree(repository, (folder,)).sparse
    created = [] if is_left_out else _make_folder(top, folder)
    created += _configure(project, folder, chosen or detected or "single", bootstrap)
    project = Project.load(start, database)
    approve_local_branches(project)
    installed = hooks.install(repository, consent=consent)
    reached, before, foreign, unavailable = _make_ledger(project)
    if reached is not None:
        # as a hook will find it: the URL of an option is in git's configuration by now
        bind(Project.load(start), by_hand=True)
    return Initialised(
        folder=folder,
        layout=chosen or detected or "single",
        why="chosen" if chosen else "detected" if detected else "the default",
        count=_count(project),
        created=tuple(created),
        installation=installed,
        database=reached,
        before=before,
        unavailable=unavailable,
        separated=separated,
        foreign=foreign,
    )


def _check(top: Path, folder: str | None, layout: str | None, bootstrap: Path | None) -> None:
    if layout is not None and layout not in layouts():
        raise UsageError(f"unknown layout {layout!r}", hint=f"the layouts are {', '.join(layouts())}")
    if folder is not None and not (top / folder).resolve().is_relative_to(top.resolve()):
        raise UsageError(f"{folder} is outside the repository", hint="name a folder by its path from the top of it")
    if bootstrap is not None and not bootstrap.is_file():
        raise UsageError(f"{bootstrap} is no file", hint="--bootstrap takes the path of an SQL file")


def _check_settings(project: Project, folder: str | None, layout: str | None, bootstrap: Path | None) -> None:
    """Refuse to be told something else than the settings that are already there: they would win."""
    if project.team_file is None:
        return
    asked = {
        "folder": (
            folder and _inside(project.repository.work_tree, project.repository.work_tree / folder),
            ", ".join(project.settings.folders),
        ),
        "layout": (layout, project.settings.layout),
        "bootstrap": (bootstrap and _inside(project.repository.work_tree, bootstrap), project.settings.bootstrap),
    }
    for key, (wanted, there) in asked.items():
        if wanted and wanted != there:
            hint = f'write {key} = "{wanted}" into {project.team_file}, or leave the option out'
            raise UsageError(f"{project.team_file} is there already and says otherwise about {key}", hint=hint)


def _existing_folder(project: Project) -> str:
    """The configured folder, else the first usual one that is there, else the default."""
    top = project.repository.work_tree
    candidates = (*project.settings.folders, *CANDIDATES)
    return next((name for name in candidates if (top / name).is_dir()), project.settings.folders[0])


def _make_folder(top: Path, folder: str) -> list[str]:
    """An empty folder gets a .gitkeep: a commit without the folder would count as older than gitmig."""
    path = top / folder
    if path.exists() and not path.is_dir():
        raise UsageError(
            f"{folder}: is a file, not a folder", hint="move it away, or name another folder: gitmig init --dir FOLDER"
        )
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        return []
    (path / ".gitkeep").touch()
    return [f"{folder}/.gitkeep"]


def _configure(project: Project, folder: str, layout: str, bootstrap: Path | None) -> list[str]:
    """Team settings go into gitmig.toml unless there are some; a path outside the repository is personal."""
    top = project.repository.work_tree
    settings = {"folder": folder, "layout": layout}
    if bootstrap is not None:
        if inside := _inside(top, bootstrap):
            settings["bootstrap"] = inside
        else:
            project.repository.set_config("gitmig.bootstrap", str(bootstrap.resolve()))
    if project.team_file is not None:
        return []
    # a JSON string is a TOML string, quotes and control characters included
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in settings.items()]
    head = "# Settings of gitmig for everybody who works on this repository.\n"
    (top / CONFIG_FILE).write_text(head + "".join(lines), encoding="utf-8")
    return [CONFIG_FILE]


def _inside(top: Path, path: Path) -> str | None:
    """The path from the top of the repository, None if it is outside."""
    return (
        path.resolve().relative_to(top.resolve()).as_posix() if path.resolve().is_relative_to(top.resolve()) else None
    )


def _count(project: Project) -> int:
    """The migrations in the folder; 0 if they are invalid, which the first sync says better."""
    try:
        return len(load_target(project).set)
    except GitmigError:
        return 0


def _make_ledger(
    project: Project,
) -> tuple[str | None, Before | None, ForeignLedger | None, GitmigError | None]:
    """The database's name once it has a ledger, or why it has none yet; the first sync makes it then."""
    foreign = None
    try:
        with project.connect("init") as connection:
            schema.upgrade(connection)
            before = look_before(connection, project)
            with suppress(InvalidMigrations, BeforeGitmig, UsageError):
                target, state = load_target(project), read_state(connection)
                foreign = foreign_ledger(connection, target, state, plan_for(state.stack, target))
    except GitmigError as error:
        return None, None, None, error
    return str(Address.of(project.url)), before, foreign, None
