"""Installing gitmig's hooks beside whatever hooks are there, and taking them away again.

The script stands under git's own hooks where nobody else writes them. It stands in the git directory, too, where the
files of other tools call it (`hook_managers`). That folder also tells what was wanted: without it, nobody has installed
the hooks in this clone; if it is empty, somebody has taken them away.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from enum import Enum
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.errors import GitmigError, UsageError
from gitmig.files import replace_file
from gitmig.git import hook_managers
from gitmig.git.hook_managers import ByHand, Called, Direct, HookFolder
from gitmig.git.marker import LISTENER, MOVED, PARKED, park

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.git.hook_managers import HookRoutes, Manager
    from gitmig.git.repository import Repository

    Consent = Callable[[Sequence["FileChange"]], bool]

# Those that keep the database with the commit; they are always installed.
FOLLOWING = (
    *("post-checkout", "post-merge", "post-rewrite", "post-commit"),
    *("post-index-change", "reference-transaction"),  # from git 2.22 and 2.28 on
)
# Those that check, only for those who ask for them.
CHECKING = hook_managers.VETOING
EVERY = FOLLOWING + CHECKING
SCRIPT = "gitmig-hook"
MARK = "Written by `gitmig hooks install`"
# `.legacy` belongs to pre-commit, which would run and rename what it finds there.
CHAINED = ".pre-gitmig"
CALLERS = Path("/proc")  # where the script reads what git was called with, without a process
LEGACY = ".legacy"
REPLACED = ".old"  # what lefthook calls a hook that it has replaced; it runs it no more
PYTHON = re.compile(rb"(?m)^python=(.*)$")
INSTALL = "gitmig hooks install"


class HookState(Enum):
    """What stands where git looks for a hook."""

    INSTALLED = "installed"
    OUTDATED = "outdated"
    DEAD = "without its Python"
    FOREIGN = "not gitmig's"
    MISSING = "not installed"


CALLED = frozenset({HookState.INSTALLED, HookState.OUTDATED})
OURS = CALLED | {HookState.DEAD}


class Hook(Struct, frozen=True, kw_only=True):
    """One hook of the repository.

    `chained` is the foreign hook that ours runs first; `through` names the tool that calls gitmig from the file `path`.
    """

    name: str
    path: Path
    state: HookState
    chained: Path | None = None
    through: str | None = None


class FileChange(Struct, frozen=True, kw_only=True):
    """What a file of the work tree, or one that several clones share, gets or loses; `lines` are for people to read.

    `name` is its path from the top of the work tree, if it is inside; `text` is the whole file afterwards, None takes
    it away. `absorbs` is a hook that had been set aside, and is part of the text.
    """

    name: str
    path: Path
    lines: str
    text: str | None
    is_tracked: bool
    is_new: bool = False
    absorbs: Path | None = None


class Installation(Struct, frozen=True, kw_only=True):
    """The hooks afterwards, the files that were `changed`, and those that a person has to change.

    `refused` would have been changed, had somebody agreed; `by_hand` are places into which gitmig cannot write.
    """

    hooks: list[Hook]
    manager: Manager | None
    changed: tuple[FileChange, ...] = ()
    refused: tuple[FileChange, ...] = ()
    by_hand: tuple[ByHand, ...] = ()


class Trouble(Struct, frozen=True, kw_only=True):
    """Why the database does not follow by itself, and the command that mends it.

    `never` says that nobody has installed hooks in the clone.
    """

    message: str
    mend: str
    never: bool = False

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.message}; run `{self.mend}`"


def refuse(changes: Sequence[FileChange]) -> bool:
    """Change nobody else's files."""
    return False


def status(repository: Repository) -> list[Hook]:
    """The hooks that keep the database with the commit, as they are now, and those that check, if they are gitmig's."""
    return _Clone.read(repository).hooks()


def install(repository: Repository, *, check: bool = False, consent: Consent = refuse) -> Installation:
    """Put the hooks in place, keep a foreign one as `<hook>.pre-gitmig`; again and again if you like.

    `check` adds those that check merges and pushes; where they are installed already, they are renewed. Where another
    tool owns the hooks, `consent` is asked before its files are changed.
    """
    clone = _Clone.read(repository)
    events = EVERY if check else tuple(hook.name for hook in clone.hooks())
    routes = hook_managers.routes_for(clone.place, events)
    for event in events:
        clone.refuse_two_foreign(event, routes)
    changes = clone.additions(routes)
    agreed = bool(changes) and consent(changes)
    if agreed:
        _perform(changes)
        clone = _Clone.read(repository)
        routes = hook_managers.routes_for(clone.place, events)
    scripts = repository.make_private("hooks", shared=True)
    for event in events:
        _write(scripts / event)
        if isinstance(routes.by_event[event], Direct):
            clone.take(event)
        elif isinstance(routes.by_event[event], Called):
            clone.give_back(event)
    return Installation(
        hooks=status(repository),
        manager=routes.manager,
        changed=changes if agreed else (),
        refused=() if agreed else changes,
        by_hand=tuple(route for route in routes.by_event.values() if isinstance(route, ByHand)),
    )


def uninstall(repository: Repository, *, consent: Consent = refuse) -> Installation:
    """Take gitmig's hooks away and put back the ones that were there before.

    Under a tool that was installed over ours, the one before goes where that tool has put ours. Lines that stay in
    other tools' files, because `consent` was not given, do nothing any more.
    """
    clone = _Clone.read(repository)
    changes = clone.removals()
    agreed = bool(changes) and consent(changes)
    if agreed:
        _perform(changes)
    for event in EVERY:
        clone.leave(event)
    scripts = repository.make_private("hooks", shared=True)
    for script in scripts.iterdir():
        script.unlink()
    return Installation(
        hooks=status(repository),
        manager=hook_managers.routes_for(clone.place, EVERY).manager,
        changed=changes if agreed else (),
        refused=() if agreed else changes,
    )


def trouble(repository: Repository) -> Trouble | None:
    """Why git does not call gitmig, in one sentence; None also where somebody has taken the hooks away by hand."""
    scripts = repository.private(shared=True) / "hooks"
    if scripts.exists() and not any(scripts.iterdir()):
        return None
    try:
        clone = _Clone.read(repository)
    except GitmigError as error:
        return Trouble(message=error.message, mend="git config --unset core.hooksPath", never=not scripts.exists())
    hooks = clone.hooks()
    if not scripts.exists() and not any(hook.state in OURS for hook in hooks):
        message = "no hooks are installed in this clone, so the database does not follow a checkout by itself"
        return Trouble(message=message, mend=INSTALL, never=True)
    if lost := [hook for hook in hooks if hook.state not in CALLED or clone.is_disabled(hook)]:
        return clone.trouble_with(lost)
    if old := [hook for hook in hooks if hook.state is HookState.OUTDATED]:
        return Trouble(message=f"the hooks are of another version of gitmig: {_names(old)}", mend=INSTALL)
    return None


def call(repository: Repository, event: str, arguments: Sequence[str]) -> int:
    """Run the hook script as git would, with the standard input of this process; returns its exit status.

    Raises UsageError for a hook gitmig does not have.
    """
    if event not in EVERY:
        raise UsageError(f"gitmig has no hook {event!r}", hint=f"it has {', '.join(EVERY)}")
    name = repository.private(shared=True) / "hooks" / event  # what it takes for its own path; it need not be there
    command = ("sh", "-c", os.fsdecode(script()), str(name), *arguments)
    return subprocess.run(command, cwd=repository.root, check=False).returncode


def interpreters(repository: Repository) -> list[Path]:
    """The Pythons that the installed hooks start, each once."""
    scripts = [hook.path for hook in status(repository) if _is_ours(hook.path)]
    scripts += sorted((repository.private(shared=True) / "hooks").glob("*"))
    return list(dict.fromkeys(found for script in scripts if (found := _python_of(script.read_bytes()))))


def script() -> bytes:
    """The packaged hook with the interpreter that runs now; a checkout of gitmig has the hook at its top."""
    packaged = Path(str(files("gitmig"))) / "hooks" / SCRIPT
    source = packaged if packaged.exists() else Path(__file__).parents[3] / "hooks" / SCRIPT
    return source.read_bytes().replace(b"@PYTHON@", shlex.quote(sys.executable).encode())


class _Clone(Struct, frozen=True, kw_only=True):
    """The hooks of a clone as they are on the disk; `directory` is where git looks for them.

    `place` has them as they would be without the scripts that gitmig has put over them.
    """

    repository: Repository
    directory: Path
    place: HookFolder

    @classmethod
    def read(cls, repository: Repository) -> _Clone:
        """Raises GitmigError where hooks are switched off."""
        folder = directory(repository)
        place = HookFolder(folder=_shown(repository, folder), is_private=_is_private(repository, folder), files={})
        found = {}
        for path in hook_managers.paths_to_read(place.folder, EVERY):
            full = _full(repository, path)
            if _is_ours(full):  # what counts is what it has been put over
                full = full.with_name(full.name + CHAINED)
            if os.path.lexists(full):
                found[path] = _read(full)
        return cls(repository=repository, directory=folder, place=replace(place, files=found))

    def hooks(self) -> list[Hook]:
        """What `status` gives."""
        routes = hook_managers.routes_for(self.place, EVERY)
        every = [self._look(event, routes) for event in EVERY]
        return [hook for hook in every if hook.name in FOLLOWING or hook.state in OURS]

    def _look(self, event: str, routes: HookRoutes) -> Hook:
        path, route = self.directory / event, routes.by_event[event]
        chained = path.with_name(event + CHAINED)
        legacy = path.with_name(event + LEGACY)
        text = self.place.files.get(self.place.hook(event), "")
        if _is_ours(path):
            chain = chained if os.path.lexists(chained) else None
            return Hook(name=event, path=path, state=_state(path), chained=chain)
        if isinstance(route, Called) and routes.manager:
            return self._called(event, routes.manager.name, route)
        if hook_managers.PRE_COMMIT in text and _is_ours(legacy):
            return Hook(name=event, path=legacy, state=_state(legacy), through="pre-commit")
        if hook_managers.calls_gitmig(text, event):
            return self._called(event, "your own hook", Called(self.place.hook(event)))
        if event == LISTENER and isinstance(route, Direct) and not os.path.lexists(path) and _is_ours(self.parked):
            return Hook(name=event, path=self.parked, state=_state(self.parked))
        state = HookState.FOREIGN if os.path.lexists(path) else HookState.MISSING
        return Hook(name=event, path=path, state=state)

    def _called(self, event: str, through: str, route: Called) -> Hook:
        """A hook for which somebody else calls gitmig, if git calls them, and if our script is there."""
        path = _full(self.repository, route.path)
        if not os.access(self.directory / event, os.X_OK):
            state = HookState.MISSING
        elif "gitmig hooks run" in self.place.files[route.path]:
            state = HookState.INSTALLED
        else:
            state = _state(self.repository.private(shared=True) / "hooks" / event)
        return Hook(name=event, path=path, state=state, through=through)

    @staticmethod
    def is_disabled(hook: Hook) -> bool:
        """Whether git passes over our script, as it does with what may not be executed."""
        return hook.through is None and not os.access(hook.path, os.X_OK)

    def is_unmade(self, hook: Hook) -> bool:
        """Whether the tool that would call gitmig is not called by git itself."""
        return hook.through is not None and not os.access(self.directory / hook.name, os.X_OK)

    def why(self, lost: Hook) -> str:
        """What is wrong with a hook."""
        moved = self.directory != self.repository.common_dir / "hooks"
        where = f"in {self.place.folder}, where core.hooksPath leads," if moved else f"at {lost.path}"
        if lost.state is HookState.DEAD:
            return f"the Python that installed it, {_python_of(lost.path.read_bytes())}, is gone"
        if self.is_unmade(lost):
            return f"{lost.through} has not written its hook"
        if lost.through:
            return f"the script that {lost.through} calls is not in the git directory"
        if lost.state is HookState.FOREIGN:
            maker = hook_managers.maker_of(self.place.files.get(self.place.hook(lost.name), ""))
            return f"{where} is a hook of {maker or 'another tool'}"
        if lost.state is HookState.OUTDATED:
            return f"{lost.path} may not be executed"
        return f"there is none {where.rstrip(',')}"

    def trouble_with(self, lost: Sequence[Hook]) -> Trouble:
        """Why the first of these is not called, with those of the same cause; others are told when it is mended."""
        first, manager = lost[0], hook_managers.routes_for(self.place, EVERY).manager
        is_unmade = self.is_unmade(first)
        cause = (first.through, first.state, is_unmade)
        alike = [one for one in lost if (one.through, one.state, self.is_unmade(one)) == cause]
        mend = manager.command if is_unmade and manager and manager.command else INSTALL
        return Trouble(message=f"git does not call gitmig after {_names(alike)}: {self.why(first)}", mend=mend)

    def refuse_two_foreign(self, event: str, routes: HookRoutes) -> None:
        """Raise GitmigError if a foreign hook had to be set aside where one lies already."""
        hook = self._look(event, routes)
        chained = hook.path.with_name(event + CHAINED)
        if hook.state is HookState.FOREIGN and isinstance(routes.by_event[event], Direct) and os.path.lexists(chained):
            raise GitmigError(
                f"both {hook.path} and {chained} are there, and neither is gitmig's",
                hint=f"merge the two into {chained.name}, delete {hook.name}, and install again",
            )

    def take(self, event: str) -> None:
        """Put our script under git's own hook, unless something there calls it already."""
        hook = self._look(event, hook_managers.routes_for(self.place, (event,)))
        path = self.directory / event
        if hook.through and hook.path != path:
            _write(hook.path)  # below pre-commit's
        elif not hook.through:
            path.parent.mkdir(parents=True, exist_ok=True)
            if hook.state is HookState.FOREIGN:
                path.rename(path.with_name(event + CHAINED))
            _write(path)
            if event == LISTENER:
                self._park()

    @property
    def parked(self) -> Path:
        """Where the listener waits."""
        return self.directory / PARKED

    def _park(self) -> None:
        """Let the listener wait for what it is for, where nobody else wants to be called by its name."""
        listener = self.directory / LISTENER
        self.parked.unlink(missing_ok=True)
        common = self.repository.common_dir
        # The script finds a git directory that is not `.git` by a process only.
        is_elsewhere = common.name != ".git" or self.directory.resolve() != (common / "hooks").resolve()
        if is_elsewhere or os.path.lexists(listener.with_name(LISTENER + CHAINED)) or not CALLERS.is_dir():
            return
        with suppress(OSError):  # a file system without links
            self.parked.hardlink_to(listener)
        if not (self.repository.private(shared=False) / MOVED).exists():
            park(self.repository)

    def give_back(self, event: str) -> None:
        """Put a tool's own hook back where ours stood before it, or was replaced by it."""
        path = self.directory / event
        chained, replaced = path.with_name(event + CHAINED), path.with_name(event + REPLACED)
        if event == LISTENER:
            self.parked.unlink(missing_ok=True)
        if _is_ours(path) and os.path.lexists(chained):
            chained.replace(path)
        elif _is_ours(path):
            _write(path)  # until the tool writes its own there
        if _is_ours(replaced):
            replaced.unlink()

    def leave(self, event: str) -> None:
        """Take our script away, and put back what it ran first."""
        path = self.directory / event
        chained = path.with_name(event + CHAINED)
        if event == LISTENER:
            self.parked.unlink(missing_ok=True)
        for place in (path, path.with_name(event + LEGACY), path.with_name(event + REPLACED)):
            if _is_ours(place):
                place.unlink()
                if os.path.lexists(chained):
                    chained.rename(place)

    def additions(self, routes: HookRoutes) -> tuple[FileChange, ...]:
        """The files that have to be changed for these routes."""
        return tuple(self._change(path, text) for path, text in routes.texts.items())

    def removals(self) -> tuple[FileChange, ...]:
        """The files from which gitmig's lines have to go."""
        found = hook_managers.removal(self.place, EVERY)
        return tuple(
            self._change(path, text) for path, text in found.items() if not _is_ours(_full(self.repository, path))
        )

    def _change(self, path: str, text: str | None) -> FileChange:
        full, before = _full(self.repository, path), self.place.files.get(path, "")
        lines = _missing_in(before, text or "") or _missing_in(text or "", before)
        absorbs = full.with_name(full.name + CHAINED) if _is_ours(full) else None
        tracked = not Path(path).is_absolute() and bool(self.repository.lines("ls-files", "--", path))
        return FileChange(
            name=path,
            path=full,
            lines=lines,
            text=text,
            is_tracked=tracked,
            is_new=path not in self.place.files,
            absorbs=absorbs,
        )


def directory(repository: Repository) -> Path:
    """Where git looks for hooks: right for the main and linked work trees and for core.hooksPath.

    Raises GitmigError where hooks are switched off.
    """
    found = repository.lines("rev-parse", "--git-path", "hooks")
    folder = (repository.root or repository.git_dir) / Path(found[0]).expanduser()
    if folder.exists() and not folder.is_dir():
        hint = "hooks are switched off; `git config --unset core.hooksPath` switches them on"
        raise GitmigError(f"{folder}, where git looks for hooks, is no folder", hint=hint)
    return folder


def _is_private(repository: Repository, directory: Path) -> bool:
    """Whether no other clone has the folder: it is in the git directory, or git does not track what is in it."""
    real = directory.resolve()
    if real.is_relative_to(repository.common_dir):
        return True
    if repository.root is None or not real.is_relative_to(repository.root.resolve()):
        return False
    return not repository.lines("ls-files", "--", str(real))


def _shown(repository: Repository, path: Path) -> str:
    """A path from the top of the work tree, or as it is where it lies outside."""
    top = repository.root or repository.git_dir
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else str(path)


def _full(repository: Repository, path: str) -> Path:
    return (repository.root or repository.git_dir) / path


def _read(path: Path) -> str:
    """What a file has, "" for what cannot be read; written again, it is the same to the byte."""
    try:
        return path.read_bytes().decode(errors="surrogateescape")
    except OSError:
        return ""


def _is_ours(path: Path) -> bool:
    try:
        return MARK.encode() in path.read_bytes()
    except OSError:
        return False


def _state(path: Path) -> HookState:
    """What is to be said of a script of ours; every Python that is there is as good as this one."""
    if not path.exists():
        return HookState.MISSING
    text = path.read_bytes()
    if PYTHON.sub(b"", text) != PYTHON.sub(b"", script()) or not os.access(path, os.X_OK):
        return HookState.OUTDATED
    python = _python_of(text)
    is_dead = python is not None and not os.access(python, os.X_OK) and shutil.which("gitmig") is None
    return HookState.DEAD if is_dead else HookState.INSTALLED


def _python_of(text: bytes) -> Path | None:
    """The Python that a script of ours starts."""
    found = PYTHON.search(text)
    words = shlex.split(os.fsdecode(found[1])) if found else []
    return Path(words[0]) if words else None


def _names(hooks: Sequence[Hook]) -> str:
    return ", ".join(hook.name for hook in hooks)


def _missing_in(text: str, other: str) -> str:
    """The lines of the other text that this one does not have."""
    there = text.splitlines(keepends=True)
    return "".join(line for line in other.splitlines(keepends=True) if line not in there)


def _perform(changes: Sequence[FileChange]) -> None:
    """Write the files. Raises GitmigError."""
    for change in changes:
        try:
            if change.text is None:
                change.path.unlink()
                continue
            change.path.parent.mkdir(parents=True, exist_ok=True)
            change.path.write_bytes(change.text.encode(errors="surrogateescape"))
            if change.is_new:
                change.path.chmod(0o755)  # none but scripts are made anew
            if change.absorbs:
                change.absorbs.unlink(missing_ok=True)
        except OSError as error:
            raise _cannot_write(change.path, error) from error


def _write(path: Path) -> None:
    """Put the script there, in one step. Raises GitmigError."""
    if _is_ours(path) and path.read_bytes() == script() and os.access(path, os.X_OK):
        return
    try:
        replace_file(path, script(), mode=0o755)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> GitmigError:
    return GitmigError(f"cannot write {path}: {error.strerror}", hint="check the folder's permissions")
