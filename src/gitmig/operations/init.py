"""`gitmig init`: set a repository up: folder, settings, hooks, ledger; and `gitmig hooks install`."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.config import CONFIG_FILE, DEFAULT_FOLDER
from gitmig.errors import BeforeGitmig, GitmigError, UsageError
from gitmig.git import hooks
from gitmig.git.snapshot import of_work_tree, paths_of_work_tree
from gitmig.ledger import schema
from gitmig.ledger.store import read_state
from gitmig.migrations.layouts import layouts
from gitmig.migrations.layouts.places import foreign_folder, readable_folders
from gitmig.migrations.model import InvalidMigrations
from gitmig.operations.adopt import look_before
from gitmig.project.binding import bind
from gitmig.project.ownership import foreign_ledger
from gitmig.project.project import Project
from gitmig.project.target import detect_layout, load_target
from gitmig.project.trust import approve_local_branches
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gitmig.git.hooks import Consent, Installation
    from gitmig.ledger.ownership import ForeignLedger
    from gitmig.migrations.layouts.places import ForeignFolder
    from gitmig.operations.adopt import Before

CANDIDATES = (DEFAULT_FOLDER, "db/migrations", "database/migrations", "sql/migrations")


class Initialised(Struct, frozen=True, kw_only=True):
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
    corrected = _corrected_settings(project, folder, layout, bootstrap)
    folder = _named_folder(project, folder) if folder else _find_folder(project, start)
    _ = project.address  # a URL that cannot be parsed is refused before anything is written down
    if database is not None:
        repository.set_config("gitmig.database", database)
    separated = repository.separate_worktree_settings()
    if corrected is not None:
        (top / CONFIG_FILE).write_text(corrected, encoding="utf-8")
        project = Project.load(start, database)
    layout, why = _layout(project, folder, layout)
    is_left_out = not (top / folder).exists() and of_work_tree(repository, (folder,)).sparse
    created = ([] if corrected is None else [CONFIG_FILE]) + ([] if is_left_out else _make_folder(top, folder))
    created += _configure(project, folder, layout, bootstrap)
    project = Project.load(start, database)
    installed = install_hooks(project, consent=consent)
    reached, before, foreign, unavailable = _make_ledger(project)
    if reached is not None:
        # as a hook will find it: the URL of an option is in git's configuration by now
        bind(Project.load(start), by_hand=True)
    return Initialised(
        folder=folder,
        layout=layout,
        why=why,
        count=_count(project),
        created=tuple(created),
        installation=installed,
        database=reached,
        before=before,
        unavailable=unavailable,
        separated=separated,
        foreign=foreign,
    )


def install_hooks(project: Project, *, check: bool = False, consent: Consent = hooks.refuse) -> Installation:
    """See `gitmig.git.hooks.install`. Set up for the first time, hooks may run what local branches have."""
    approve_local_branches(project)
    return hooks.install(project.repository, check=check, consent=consent)


def _check(top: Path, folder: str | None, layout: str | None, bootstrap: Path | None) -> None:
    if layout is not None and layout not in layouts():
        raise UsageError(f"unknown layout {layout!r}", hint=f"the layouts are {', '.join(layouts())}")
    if folder is not None and not (top / folder).resolve().is_relative_to(top.resolve()):
        raise UsageError(f"{folder} is outside the repository", hint="name a folder by its path from the top of it")
    if bootstrap is not None and not bootstrap.is_file():
        raise UsageError(f"{bootstrap} is no file", hint="--bootstrap takes the path of an SQL file")


def _corrected_settings(project: Project, folder: str | None, layout: str | None, bootstrap: Path | None) -> str | None:
    """The text of the `gitmig.toml` that is there, corrected; None if it needs not be.

    As long as its folder has no migration, it may be told otherwise about that. Raises UsageError for everything else:
    the settings would win.
    """
    if project.team_file is None:
        return None
    top = project.repository.work_tree
    wanted_folder = folder and (_inside(top, top / folder) or ".")
    if wanted_folder and project.team_file == CONFIG_FILE and _count(project) == 0:
        text = (top / CONFIG_FILE).read_text(encoding="utf-8")
        wanted_layout = layout or detect_layout(project, of_work_tree(project.repository, (wanted_folder,)))
        corrected = _with_value(text, "folder", wanted_folder)
        corrected = _with_value(corrected, "layout", wanted_layout) if wanted_layout else corrected
        if corrected != text:
            return corrected
    asked = {
        "folder": (wanted_folder, ", ".join(project.settings.folders)),
        "layout": (layout, project.settings.layout),
        "bootstrap": (bootstrap and _inside(top, bootstrap), project.settings.bootstrap),
    }
    for key, (wanted, there) in asked.items():
        if wanted and wanted != there:
            hint = f'write {key} = "{wanted}" into {project.team_file}, or leave the option out'
            raise UsageError(f"{project.team_file} is there already and says otherwise about {key}", hint=hint)
    return None


def _with_value(text: str, key: str, value: str) -> str:
    """The text of a `gitmig.toml` with another value for a key that stands there on a line of its own."""
    line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    return re.sub(rf"^{key}\s*=[^\n]*$", lambda match: line, text, flags=re.MULTILINE)


def _layout(project: Project, folder: str, asked: str | None) -> tuple[str, str]:
    """The layout, and where it comes from: from the option, settings that are there, or the folder's files."""
    personal = project.repository.config.get("gitmig.layout")
    # what is remembered of other settings was not chosen
    if chosen := asked or personal or (project.settings.layout if project.team_file else None):
        return chosen, "chosen"
    if detected := detect_layout(project, of_work_tree(project.repository, (folder,))):
        return detected, "detected"
    return "single", "the default"


def _named_folder(project: Project, folder: str) -> str:
    """A folder that was asked for, from the top. Raises UsageError for another tool's, which gitmig does not read."""
    top = project.repository.work_tree
    found = _inside(top, top / folder) or "."
    paths = paths_of_work_tree(project.repository)
    foreign = foreign_folder([path for path in paths if found == "." or path.startswith(f"{found}/")])
    if foreign is not None and foreign.folder == found and found not in readable_folders(paths):
        raise _not_read(foreign)
    return found


def _not_read(foreign: ForeignFolder) -> UsageError:
    message = f"the migrations in {foreign.folder} are those of {foreign.tool.name}, which gitmig does not read"
    return UsageError(message, hint=foreign.tool.advice)


def _find_folder(project: Project, start: Path) -> str:
    """The folder that has the migrations: the configured one, a usual one, or the only one there is, in this order.

    Without any, the default. Raises UsageError, before anything is written, if there are several, or those of a tool
    that gitmig does not read.
    """
    top = project.repository.work_tree
    if project.team_file or project.repository.config.get("gitmig.folder"):
        return _first_there(top, project.settings.folders) or project.settings.folders[0]
    paths = paths_of_work_tree(project.repository)
    here = _inside(top, start)
    found = readable_folders(paths, "" if here in {None, "."} else str(here))
    if usual := next((name for name in CANDIDATES if name in found), None):
        return usual
    if len(found) > 1:
        hint = f"name one: `gitmig init --dir {found[0]}`"
        raise UsageError(f"{len(found)} folders look like migrations: {first_few(found)}", hint=hint)
    return found[0] if found else _empty_folder(top, paths)


def _empty_folder(top: Path, paths: Sequence[str]) -> str:
    """A usual folder that is there, or the default. Raises UsageError if another tool has its migrations there."""
    there = _first_there(top, CANDIDATES)
    if (foreign := foreign_folder(paths)) is not None and foreign.folder == (there or foreign.folder):
        raise _not_read(foreign)
    return there or DEFAULT_FOLDER


def _first_there(top: Path, folders: Sequence[str]) -> str | None:
    return next((name for name in folders if (top / name).is_dir()), None)


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
                foreign = foreign_ledger(connection, target, state)
    except GitmigError as error:
        return None, None, None, error
    return str(project.address), before, foreign, None
