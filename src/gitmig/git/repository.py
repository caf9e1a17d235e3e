"""The only door to git: opens a repository, runs git in it, translates its errors."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gitmig.git.objects import Objects

# git exports these to hooks; they would answer for another repository than the one that is opened by its path.
INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")


OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
ARGUMENTS = 1000  # object ids on one command line
# Messages are read in English, and reading never takes the index lock from the user's own git.
# An object is what its id says: `refs/replace`, which a fetch can bring along, could put another one in its place.
ENVIRONMENT = {"LC_ALL": "C", "LANGUAGE": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1"}


@dataclass(frozen=True)
class Repository:
    """One repository, seen from one of its work trees.

    `root` is the top of the work tree, None in a bare repository; `git_dir` belongs to this work tree, `common_dir`
    to the whole clone.
    """

    root: Path | None
    git_dir: Path
    common_dir: Path

    @classmethod
    def open(cls, start: Path) -> Repository:
        """The repository that contains `start`, as git itself finds it. Raises UsageError if there is none."""
        for name in INHERITED:
            os.environ.pop(name, None)
        # in a bare repository the last question fails, after the others were answered
        questions = ("rev-parse", "--absolute-git-dir", "--git-common-dir", "--show-toplevel")
        try:
            _, found, err = _run(start, questions)
        except FileNotFoundError as error:
            raise GitmigError("git is not on the PATH", hint="install git 2.24 or newer") from error
        git_dir, common_dir, *root = os.fsdecode(found).splitlines() or [""] * 2
        if not git_dir:
            if "dubious ownership" in err:
                raise GitmigError(err.splitlines()[0], hint=f"git config --global --add safe.directory {start}")
            raise UsageError(f"{start} is not inside a git repository", hint="run `git init` first")
        top = Path(root[0]) if root else None
        return cls(root=top, git_dir=Path(git_dir), common_dir=Path(start, common_dir).resolve())

    @property
    def work_tree(self) -> Path:
        """The top of the work tree. Raises UsageError in a bare repository."""
        if self.root is None:
            raise UsageError("a bare repository has no work tree", hint="name a commit, as in: gitmig sync REV")
        return self.root

    def run(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """The standard output of a git command. Raises GitmigError with git's own words."""
        status, out, err = self.attempt(*arguments, stdin=stdin)
        if status:
            words = err.strip().splitlines() or [f"exit status {status}"]
            raise GitmigError(f"git {arguments[0]} failed: {words[-1]}", details=tuple(words[:-1]))
        return out

    def attempt(self, *arguments: str, stdin: bytes | None = None, literal: bool = True) -> tuple[int, bytes, str]:
        """Exit status, standard output and standard error of a git command that may well fail.

        Paths are taken as they are written, but by the few commands that do not know how (`literal` is False then).
        """
        options = ("--literal-pathspecs",) if literal else ()
        return _run(self.root or self.git_dir, (*options, *arguments), stdin)

    def lines(self, *arguments: str, stdin: bytes | None = None) -> list[str]:
        """The standard output of a git command as lines; [] if it fails."""
        status, out, _ = self.attempt(*arguments, stdin=stdin)
        return [] if status else out.decode("utf-8", "surrogateescape").splitlines()

    def read_object(self, name: str) -> tuple[str, bytes] | None:
        """Object id and content of a blob or tree by any name git knows (`REV:path`), from one long-lived process.

        None if there is no such object.
        """
        try:
            oid, _, _, data = self._objects.get_object_data(name)
        except ValueError:
            return None
        return _text(oid), data

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
    def _objects(self) -> Objects:
        """The long-lived `git cat-file`; imported only where objects are read, for GitPython is slow to start."""
        from gitmig.git.objects import Objects

        found = Objects(str(self.root or self.git_dir))
        found.update_environment(**ENVIRONMENT)
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
        """The commits that the last `git fetch` brought, whether or not a ref leads to them."""
        try:
            lines = (self.git_dir / "FETCH_HEAD").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        return [line.partition("\t")[0] for line in lines if line]

    def ignored(self, paths: Sequence[str]) -> list[str]:
        """Those of the paths that git ignores; they need not exist."""
        listed = "\0".join(f"./{path}" for path in paths)
        _, out, _ = self.attempt("check-ignore", "-z", "--stdin", stdin=listed.encode(), literal=False)
        return [path.removeprefix("./") for path in out.decode().split("\0") if path]

    def set_config(self, key: str, value: str) -> None:
        """Write a personal setting of this clone."""
        self.run("config", key, value)

    def private(self, *, shared: bool) -> Path:
        """Gitmig's own folder below the git directory of the clone (`shared`) or of this work tree; may not exist."""
        return (self.common_dir if shared else self.git_dir) / "gitmig"

    def make_private(self, *parts: str, shared: bool) -> Path:
        """That folder, or one below it, made if it is missing: for nobody else.

        In a clone that git itself shares with a group (`core.sharedRepository`) the group may enter.
        """
        return make_private_folder(self.private(shared=shared), *parts)


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


def _run(folder: Path, arguments: Sequence[str], stdin: bytes | None = None) -> tuple[int, bytes, str]:
    """Exit status, standard output and standard error of git in a folder. Raises FileNotFoundError without git."""
    done = subprocess.run(
        ("git", *arguments),
        cwd=folder,
        env=os.environ | ENVIRONMENT,
        input=stdin or b"",
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def _text(oid: str | bytes) -> str:
    """GitPython hands object ids out as it read them, in bytes, although it declares text."""
    return oid if isinstance(oid, str) else oid.decode()
