"""The scripts that hooks may run, known by their content: from a file in the git directory, and from git's history."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from gitmig.core.trust import Agreement, Movement, agreements, branches_of, trusted_remotes
from gitmig.repository.door import make_private_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from gitmig.core.migration import File
    from gitmig.repository.door import Repository

NAME = "trust"
BLOB, SCRIPT = "blob", "script"
BEGUN = "local branches"  # the line that says that they were approved, once
REMOTES = "refs/remotes/"


def digest(text: str) -> str:
    """What a script is known by: SHA-256 of its text in UTF-8, as PostgreSQL computes it of the ledger's."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(slots=True)
class TrustStore:
    """What somebody approved in this clone: texts of scripts, and files by git's blob ids.

    Only ever added to, one line each, so that processes which write at the same time do not harm each other.
    """

    path: Path
    _lines: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, repository: Repository) -> TrustStore:
        """The store of the clone; empty if nothing was approved yet."""
        path = repository.private(shared=True) / NAME
        try:
            return cls(path, set(path.read_text(encoding="ascii", errors="replace").splitlines()))
        except FileNotFoundError:
            return cls(path)

    def knows(self, text: str) -> bool:
        """Whether the script was approved."""
        return self.knows_digest(digest(text))

    def knows_digest(self, found: str) -> bool:
        """Whether the script with this digest was approved."""
        return f"{SCRIPT} {found}" in self._lines

    def knows_file(self, blob: str) -> bool:
        """Whether the file with this content was approved."""
        return f"{BLOB} {blob}" in self._lines

    @property
    def has_begun(self) -> bool:
        """Whether what was there when gitmig was set up has been approved."""
        return BEGUN in self._lines

    def begin(self, blobs: Iterable[str]) -> None:
        """Approve the files that are there when gitmig is set up."""
        self._write([*(f"{BLOB} {blob}" for blob in blobs), BEGUN])

    def add(self, *, texts: Iterable[str] = (), blobs: Iterable[str] = ()) -> None:
        """Approve scripts and files."""
        self.add_digests(map(digest, texts), blobs)

    def add_digests(self, digests: Iterable[str], blobs: Iterable[str] = ()) -> None:
        """Approve scripts by their digests, and files."""
        self._write([*(f"{SCRIPT} {found}" for found in digests), *(f"{BLOB} {blob}" for blob in blobs)])

    def _write(self, lines: Iterable[str]) -> None:
        new = [line for line in dict.fromkeys(lines) if line not in self._lines]
        if not new:
            return
        make_private_folder(self.path.parent)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as file:
            file.write("".join(f"{line}\n" for line in new))
        self._lines.update(new)


def blobs_of_local_branches(repository: Repository, folders: Sequence[str]) -> set[str]:
    """The blob ids of every file that the migrations folder has had on a local branch."""
    return {blob for _, blob in _history(repository, ("--branches",), folders)}


class Provenance:
    """Tells of files at a commit, or in the work tree, whether they came in by an act of the user's.

    `commits` are the code versions the files belong to. Every question is asked of git only when it is needed.
    """

    def __init__(self, repository: Repository, commits: Iterable[str | None]) -> None:
        self._repository = repository
        self._commits = [commit for commit in dict.fromkeys(commits) if commit]

    def trusted(self, files: Collection[File]) -> set[str]:
        """The blob ids of those files that may run: in a trusted branch, agreed to here, or nobody else's at all."""
        wanted = {(file.path, file.blob) for file in files}
        found = self._from_git(wanted)
        return {blob for _, blob in found | self._own_work(wanted - found)}

    def _from_git(self, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        for way in (self._at_trusted_commits, self._agreed_to, self._in_trusted_history):
            if wanted - found:
                found |= way(wanted - found)
        return found

    def _at_trusted_commits(self, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
        commits = [commit for commit in self._commits if self._is_trusted(commit)]
        there = self._objects((commit, path) for commit in commits for path, _ in wanted)
        return {(path, blob) for path, blob in wanted if any(there.get((commit, path)) == blob for commit in commits)}

    def _agreed_to(self, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
        acts = self._agreements
        asked = {commit for act in acts for commit in (act.new, *act.before)}
        there = self._objects((commit, path) for commit in asked for path, _ in wanted)
        own = {act.new for act in acts if act.provided is None}

        def introduces(act: Agreement, path: str, blob: str) -> bool:
            return (
                there.get((act.new, path)) == blob
                and all(there.get((commit, path)) != blob for commit in act.before)
                and (act.provided is None or act.provided in own or self._is_trusted(act.provided))
            )

        return {(path, blob) for path, blob in wanted if any(introduces(act, path, blob) for act in acts)}

    def _in_trusted_history(self, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
        if not self._branches:
            return set()
        return wanted & _history(self._repository, ("--stdin",), [path for path, _ in wanted], self._branches)

    def _own_work(self, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """What is in no commit at all was written here; unless it stands on an untrusted file of the commit.

        That file can show as changed right after a checkout, where an attribute of the commit decides its line ends.
        """
        head = self._repository.head
        there = self._objects((head, path) for path, _ in wanted) if head else {}
        based = {path: blob for (_, path), blob in there.items() if blob}
        own = {(path, blob) for path, blob in wanted if based.get(path) != blob}
        if not own:
            return set()
        below = {(path, based[path]) for path, _ in own if path in based}
        unsafe = {path for path, _ in below - self._from_git(below)}
        # a stash is a commit, too, but one of what was in the work tree
        every = _history(
            self._repository,
            ("--exclude=refs/stash", "--all", "--stdin"),
            [path for path, _ in own],
            [*self._repository.fetched(), *self._commits, *(move.new for move in self._movements)],
        )
        return {(path, blob) for path, blob in own - every if path not in unsafe}

    def _is_trusted(self, commit: str) -> bool:
        """Whether a branch of a trusted remote has the commit."""
        if commit not in self._reached:
            stdin = "".join(f"{line}\n" for line in (commit, *(f"^{ref}" for ref in self._branches)))
            status, out, _ = self._repository.attempt("rev-list", "-n", "1", "--stdin", stdin=stdin.encode())
            self._reached[commit] = bool(self._branches) and status == 0 and not out.strip()
        return self._reached[commit]

    @cached_property
    def _reached(self) -> dict[str, bool]:
        return {}

    @cached_property
    def _branches(self) -> list[str]:
        """The remote-tracking refs of the trusted remotes' branches."""
        repository = self._repository
        _, out, _ = repository.attempt("config", "-z", "--get-regexp", r"^remote\..*\.fetch$")
        refspecs: dict[str, list[str]] = {}
        for row in filter(None, out.decode("utf-8", "surrogateescape").split("\0")):
            key, _, value = row.partition("\n")
            refspecs.setdefault(key[len("remote.") : -len(".fetch")], []).append(value)
        tracks = self._default_tracks if len(refspecs) > 1 else None
        trusted = trusted_remotes(list(refspecs), repository.configured("gitmig.trustedRemote"), tracks)
        refs = repository.lines("for-each-ref", "--format=%(refname)", REMOTES)
        return [ref for remote in trusted for ref in branches_of(refs, refspecs[remote])]

    @cached_property
    def _default_tracks(self) -> str | None:
        """The remote that the default branch follows."""
        names = [*self._repository.lines("config", "init.defaultBranch"), "main", "master"]
        found = (self._repository.lines("config", f"branch.{name}.remote") for name in names)
        return next((remotes[0] for remotes in found if remotes), None)

    @cached_property
    def _agreements(self) -> list[Agreement]:
        return [act for moves in self._reflogs for act in agreements(moves)]

    @property
    def _movements(self) -> list[Movement]:
        return [move for moves in self._reflogs for move in moves]

    @cached_property
    def _reflogs(self) -> list[list[Movement]]:
        """What the reflogs of every work tree's HEAD tell."""
        trees = [path.parent.name for path in self._repository.common_dir.glob("worktrees/*/HEAD")]
        heads = ["HEAD", *(("main-worktree/HEAD", *(f"worktrees/{name}/HEAD" for name in trees)) if trees else ())]
        return [self._reflog(head) for head in heads]

    def _reflog(self, head: str) -> list[Movement]:
        """Oldest first; [] for what has no reflog."""
        rows = self._repository.lines("log", "-g", "--format=%H%x09%gs", head, "--")
        moves = [row.partition("\t") for row in reversed(rows)]
        # the lines before the first one may have expired: what its commit had from its parent was not brought in by it
        olds = [f"{moves[0][0]}^", *(new for new, _, _ in moves)] if moves else []
        return [Movement(old=old, new=new, message=message) for old, (new, _, message) in zip(olds, moves)]

    def _objects(self, asked: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str | None]:
        """Commit and path → the object id there, None if there is nothing; one process for all."""
        pairs = [pair for pair in dict.fromkeys(asked) if "\n" not in pair[1]]
        if not pairs:
            return {}
        lines = "".join(f"{commit}:{path}\n" for commit, path in pairs).encode("utf-8", "surrogateescape")
        out = self._repository.run("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=lines)
        rows = out.decode("utf-8", "surrogateescape").splitlines()
        return {pair: row.split(" ")[0] if row.endswith(" blob") else None for pair, row in zip(pairs, rows)}


def _history(
    repository: Repository, which: Sequence[str], paths: Sequence[str], revisions: Sequence[str] = ()
) -> set[tuple[str, str]]:
    """Path and blob id of every version that the paths, or what is below them, have had in these histories."""
    listing = (
        "log",
        "--format=",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-renames",
        "-m",
        "--full-history",
        "--ignore-missing",
    )
    stdin = "".join(f"{revision}\n" for revision in revisions).encode("utf-8", "surrogateescape")
    out = repository.run(*listing, *which, "--", *paths, stdin=stdin)
    words = iter(out.decode("utf-8", "surrogateescape").split("\0"))
    found = set()
    for meta in words:
        if meta.lstrip("\n").startswith(":"):
            found.add((next(words), meta.split(" ")[3]))
    return found
