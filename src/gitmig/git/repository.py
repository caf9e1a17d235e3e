"""The only door to git: opens a repository, runs git in it, translates its errors."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import GitmigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import git

# git exports these to hooks, and some people export the first two. What is asked after a repository was found shall
# be answered for that one, from its own index.
INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
NAMING = ("GIT_DIR", "GIT_WORK_TREE")

OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
CONFIG, WORKTREE_CONFIG = "config", "config.worktree"
ARGUMENTS = 1000  # object ids on one command line
# Messages are read in English, and reading never takes the index lock from the user's own git.
# An object is what its id says: `refs/replace`, which a fetch can bring along, could put another one in its place.
ENVIRONMENT = {"LC_ALL": "C", "LANGUAGE": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1"}


class Repository(Struct, frozen=True, dict=True):
    """One repository, seen from one of its work trees.

    `root` is the top of the work tree, None in a bare repository; `git_dir` belongs to this work tree, `common_dir`
    to the whole clone. It is `named` if git would not find it from the root: GIT_DIR and GIT_WORK_TREE name it.
    """

    root: Path | None
    git_dir: Path
    common_dir: Path
    named: bool = False

    @classmethod
    def open(cls, start: Path) -> Repository:
        """The repository that contains `start`, or that GIT_DIR and GIT_WORK_TREE name, as git itself finds it.

        Raises UsageError if there is none, or if the two are different ones.
        """
        naming = {name: os.environ[name] for name in NAMING if os.environ.get(name)}
        found, words = _find(start, {})
        if naming:
            named, _ = _find(start, naming)
            if found and named and found.git_dir != named.git_dir:
                told = " and ".join(f"{name}={value}" for name, value in naming.items())
                hint = f"unset {' '.join(naming)}, or go to a folder that is in no other repository"
                raise UsageError(
                    f"{start} is in the repository {found.git_dir}, and {told} names another one", hint=hint
                )
            # without GIT_WORK_TREE git takes every folder for the top of the work tree
            if named and (found is None or "GIT_WORK_TREE" in naming):
                found = named
        if found:
            return found
        if "dubious ownership" in words:
            owner = re.search(r"^\s*(git config --global --add safe\.directory .*)$", words, re.M)
            raise GitmigError(words.splitlines()[0].removeprefix("fatal: "), hint=owner[1] if owner else None)
        if "not a git repository" in words:
            raise UsageError(f"{start} is not inside a git repository", hint="run `git init` first")
        raise GitmigError(f"git does not open the repository of {start}", details=tuple(words.splitlines()))

    @property
    def is_linked(self) -> bool:
        """Whether this is another work tree than the one the clone was made with."""
        return self.git_dir != self.common_dir

    @property
    def has_linked(self) -> bool:
        """Whether the clone has more than one work tree."""
        return (self.common_dir / "worktrees").is_dir()

    @property
    def _environment(self) -> dict[str, str]:
        if not self.named:
            return {}
        return {"GIT_DIR": str(self.git_dir)} | ({"GIT_WORK_TREE": str(self.root)} if self.root else {})

    @property
    def work_tree(self) -> Path:
        """The top of the work tree. Raises UsageError in a bare repository."""
        if self.root is None:
            raise UsageError("a bare repository has no work tree", hint="name a commit, as in: gitmig sync REVISION")
        return self.root

    def run(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """The standard output of a git command. Raises GitmigError with git's own words."""
        status, out, err = self.attempt(*arguments, stdin=stdin)
        if status:
            words = err.strip().splitlines() or [f"exit status {status}"]
            raise GitmigError(f"git {arguments[0]} failed: {words[-1]}", details=tuple(words[:-1]))
        return out

    def attempt(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        literal: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes, str]:
        """Exit status, standard output and standard error of a git command that may well fail.

        Paths are taken as they are written, but by the few commands that do not know how (`literal` is False then).
        Hooks that git runs have the `environment`, too.
        """
        options = ("--literal-pathspecs",) if literal else ()
        given = {**self._environment, **(environment or {})}
        return _run(self.root or self.git_dir, (*options, *arguments), stdin, given)

    def lines(self, *arguments: str, stdin: bytes | None = None) -> list[str]:
        """The standard output of a git command as lines; [] if it fails."""
        status, out, _ = self.attempt(*arguments, stdin=stdin)
        return [] if status else out.decode("utf-8", "surrogateescape").splitlines()

    def fields(self, *arguments: str, stdin: bytes | None = None) -> list[str]:
        """The standard output of a git command with `-z`, field by field. Raises GitmigError with git's own words."""
        return split_fields(self.run(*arguments, stdin=stdin))

    def read_object(self, name: str) -> tuple[str, bytes] | None:
        """Object id and content of a blob or tree by any name git knows (`REVISION:path`), from one long-lived process.

        None if there is no such object.
        """
        try:
            oid, _, _, data = self._objects.get_object_data(name)
        except ValueError:
            return None
        return _text(oid), data

    def read_objects(self, names: Collection[str]) -> dict[str, bytes]:
        """Object id, or any name that git knows, → content of those that are there.

        It is one short process, which starts sooner than that of `read_object`.
        """
        if not names:
            return {}
        asked = list(dict.fromkeys(names))
        out = self.run("cat-file", "--batch", stdin="".join(f"{one}\n" for one in asked).encode())
        found: dict[str, bytes] = {}
        position = 0
        for name in asked:
            end = out.index(b"\n", position)
            size = out[position:end].decode().rpartition(" ")[2]
            position = end + 1
            if size.isdecimal():  # or it is missing
                found[name] = out[position : position + int(size)]
                position += int(size) + 1
        return found

    def sizes(self, ids: Collection[str]) -> dict[str, int]:
        """Object id → size in bytes of those that are there."""
        if not ids:
            return {}
        asked = "".join(f"{one}\n" for one in ids).encode()
        rows = self.run("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=asked).decode().splitlines()
        return {oid: int(size) for oid, size in (row.split(" ") for row in rows) if size.isdecimal()}

    def object_id(self, name: str) -> str | None:
        """The object id behind a name, None if there is none."""
        try:
            return _text(self._objects.get_object_header(name)[0])
        except ValueError:
            return None

    def resolve(self, revision: str) -> str:
        """The full id of the commit a user named. Raises UsageError."""
        found = self.lines("rev-parse", "-q", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        if not found and revision == "HEAD" and self.head is None:
            raise UsageError("there is no commit yet", hint="`git commit` makes the first one")
        if not found:
            hint = "`git log` shows the commits; a shallow clone may need `git fetch --unshallow`"
            raise UsageError(f"{revision!r} is no commit of this repository", hint=hint)
        return found[0]

    @cached_property
    def _objects(self) -> git.Git:
        """GitPython's long-lived `git cat-file`; imported only where objects are read, for it is slow to start."""
        import git

        class Objects(git.Git):
            """Takes object ids of SHA-256 as well; GitPython itself knows none that is not of 40 digits."""

            def _parse_object_header(self, header_line: str) -> tuple[str, str, int]:
                oid, kind, size = header_line.split()  # ValueError is git's word on an object that is not there
                return oid, kind, int(size)

        found = Objects(str(self.root or self.git_dir))
        # GitPython's processes have all variables of this one, so those that git exports must be overridden
        named = {"GIT_DIR": str(self.git_dir), "GIT_COMMON_DIR": str(self.common_dir)}
        found.update_environment(**ENVIRONMENT, **named)
        return found

    @cached_property
    def head(self) -> str | None:
        """The checked-out commit; None on a branch without commits."""
        found = self.lines("rev-parse", "-q", "--verify", "HEAD^{commit}")
        return found[0] if found else None

    @cached_property
    def shallow(self) -> frozenset[str]:
        """The commits at which a shallow clone ends: their parents exist, but not here."""
        try:
            return frozenset((self.common_dir / "shallow").read_text().split())
        except OSError:
            return frozenset()

    @property
    def is_incomplete(self) -> bool:
        """Whether the clone lacks objects of its own history: a shallow or a partial one."""
        asked = ("config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$")
        return bool(self.shallow) or bool(self.lines(*asked))

    def present(self, ids: Collection[str]) -> frozenset[str]:
        """Those of the object ids, in full, that the clone has.

        Nothing is fetched for it, as `git cat-file` would in a partial clone (GIT_NO_LAZY_FETCH makes that fail).
        """
        asked = sorted(one for one in ids if OBJECT_ID.fullmatch(one))
        found: set[str] = set()
        for start in range(0, len(asked), ARGUMENTS):
            prefixes = (f"--disambiguate={one}" for one in asked[start : start + ARGUMENTS])
            found.update(self.lines("rev-parse", *prefixes))
        return frozenset(found & set(asked))

    @cached_property
    def config(self) -> dict[str, str]:
        """`git config gitmig.*` and `user.*` by lower-case key, the nearest place winning."""
        return {key: value for _, key, value in self._config}

    @cached_property
    def worktree_config(self) -> dict[str, str]:
        """The part of `config` that was set with `git config --worktree`; empty with a git before 2.26."""
        return {key: value for scope, key, value in self._config if scope == "worktree"}

    @cached_property
    def config_values(self) -> dict[str, tuple[str, ...]]:
        """As `config`, with all the values that the nearest place has for the key (`git config --add`)."""
        found: dict[str, tuple[str, tuple[str, ...]]] = {}
        for scope, key, value in self._config:
            before, values = found.get(key, (scope, ()))
            found[key] = (scope, (*values, value) if before == scope else (value,))
        return {key: values for key, (_, values) in found.items()}

    @cached_property
    def _config(self) -> list[tuple[str, str, str]]:
        """Scope, lower-case key and value, the nearest place last."""
        asked = ("-z", "--get-regexp", r"^(gitmig|user)\.")
        status, out, _ = self.attempt("config", "--show-scope", *asked)
        if status > 1:  # 1: there are none
            _, out, _ = self.attempt("config", *asked)
            words = [word for row in out.decode("utf-8", "replace").split("\0") if row for word in ("", row)]
        else:
            words = out.decode("utf-8", "replace").split("\0")[:-1]
        pairs = ((scope, row.partition("\n")) for scope, row in zip(words[::2], words[1::2]))
        return [(scope, key.lower(), value) for scope, (key, _, value) in pairs]

    def configured(self, key: str) -> tuple[str, ...]:
        """Every value of a personal setting (`gitmig.*`) that may be given several times."""
        return tuple(value for _, name, value in self._config if name == key.lower() and value)

    def fetched(self) -> list[str]:
        """The commits that the last `git fetch` in each work tree brought, whether or not a ref leads to them."""
        found: dict[str, None] = {}
        for folder in dict.fromkeys((self.git_dir, self.common_dir, *self.common_dir.glob("worktrees/*"))):
            with suppress(OSError):  # nothing was fetched there
                lines = (folder / "FETCH_HEAD").read_text(encoding="utf-8", errors="replace").splitlines()
                found.update((line.partition("\t")[0], None) for line in lines if line)
        return [*found]

    def ignored(self, paths: Sequence[str]) -> list[str]:
        """Those of the paths that git ignores; they need not exist."""
        listed = "\0".join(f"./{path}" for path in paths)
        _, out, _ = self.attempt("check-ignore", "-z", "--stdin", stdin=listed.encode(), literal=False)
        return [path.removeprefix("./") for path in out.decode().split("\0") if path]

    def set_config(self, key: str, value: str) -> None:
        """Write a personal setting of this clone."""
        self.run("config", key, value)

    def separate_worktree_settings(self) -> bool:
        """Let every work tree of the clone have settings of its own (`git config --worktree`), if it takes more.

        Beside a bare clone `extensions.worktreeConfig` alone would make git take its work trees for bare repositories,
        and those of a submodule for the submodule's own: what holds for that one place only has to move there. (So
        `git sparse-checkout` does it.) True if something was moved; nothing is done in the clone's first work tree.
        """
        shared, own = ("--file", str(self.common_dir / CONFIG)), ("--file", str(self.common_dir / WORKTREE_CONFIG))
        moved = [
            (key, value)
            for key in ("core.bare", "core.worktree")
            for value in (self.lines("config", *shared, key) if self.is_linked else ())
            if (key, value) != ("core.bare", "false")
        ]
        if not moved:
            return False
        for key, value in moved:
            self.run("config", *own, key, value)
        self.run("config", *shared, "extensions.worktreeConfig", "true")
        for key, _ in moved:
            self.run("config", *shared, "--unset-all", key)
        return True

    def private(self, *, shared: bool) -> Path:
        """Gitmig's own folder below the git directory of the clone (`shared`) or of this work tree; may not exist."""
        return (self.common_dir if shared else self.git_dir) / "gitmig"

    def make_private(self, *parts: str, shared: bool) -> Path:
        """That folder, or one below it, made if it is missing: for nobody else.

        In a clone that git itself shares with a group (`core.sharedRepository`) the group may enter.
        """
        return make_private_folder(self.private(shared=shared), *parts)


def split_fields(out: bytes) -> list[str]:
    """What git wrote with `-z`: every field has a NUL behind it."""
    return [field for field in out.decode("utf-8", "surrogateescape").split("\0") if field]


def make_private_folder(folder: Path, *parts: str) -> Path:
    """What `Repository.make_private` makes, for who knows gitmig's folder only by its path."""
    git_mode = folder.parent.stat().st_mode
    mode = stat.S_IRWXU | (git_mode & stat.S_IRWXG if git_mode & stat.S_IWGRP else 0)
    for place in (folder, *(folder.joinpath(*parts[: n + 1]) for n in range(len(parts)))):
        if not place.exists():
            with suppress(FileExistsError):  # another process was quicker
                place.mkdir(mode=stat.S_IRWXU)
                place.chmod(mode)  # without the umask, as git does it in a shared clone
    return folder.joinpath(*parts)


def _find(start: Path, naming: Mapping[str, str]) -> tuple[Repository | None, str]:
    """The repository that git finds, and git's words if it finds none. Raises GitmigError."""
    # in a bare repository the last question fails, after the others were answered
    questions = ("rev-parse", "--absolute-git-dir", "--git-common-dir", "--show-toplevel")
    try:
        _, out, err = _run(start, questions, environment=naming)
    except FileNotFoundError as error:
        raise GitmigError("git is not on the PATH", hint="install git 2.24 or newer") from error
    git_dir, common_dir, *root = os.fsdecode(out).splitlines() or [""] * 2
    if not git_dir:
        return None, err
    top = Path(root[0]) if root else None
    found = Repository(
        root=top,
        git_dir=Path(git_dir),
        common_dir=Path(start, common_dir).resolve(),
        named=bool(naming) or (top is not None and not os.path.lexists(top / ".git")),
    )
    if top is None and found.is_linked and not start.resolve().is_relative_to(found.common_dir):
        raise _shared_bareness(found.common_dir)
    return found, ""


def _shared_bareness(common_dir: Path) -> GitmigError:
    """A work tree of a bare clone after `git config extensions.worktreeConfig true` alone: git refuses it as well."""
    own, shared = (shlex.quote(str(common_dir / name)) for name in (WORKTREE_CONFIG, CONFIG))
    return GitmigError(
        "git takes this work tree for a bare repository: core.bare is set for all work trees of the clone",
        hint=f"git config --file {own} core.bare true && git config --file {shared} --unset core.bare",
    )


def _run(
    folder: Path, arguments: Sequence[str], stdin: bytes | None = None, environment: Mapping[str, str] | None = None
) -> tuple[int, bytes, str]:
    """Exit status, standard output and standard error of git in a folder. Raises FileNotFoundError without git."""
    done = subprocess.run(
        ("git", *arguments),
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in INHERITED}
        | ENVIRONMENT
        | dict(environment or {}),
        input=stdin or b"",
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def _text(oid: str | bytes) -> str:
    """GitPython hands object ids out as it read them, in bytes, although it declares text."""
    return oid if isinstance(oid, str) else oid.decode()
