"""The scripts that hooks may run, known by their content: from a file in the git directory, and from git's history."""

from __future__ import annotations

import hashlib
import os
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, field

from gitmig.git import HEADS, REMOTES
from gitmig.git.agreements import (
    PROPOSED,
    Agreement,
    Movement,
    agreed_to_all,
    agreements,
    branches_of,
    movements,
    trusted_remotes,
    valid_agreements,
)
from gitmig.git.repository import OBJECT_ID, make_private_folder, split_fields

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from gitmig.git.repository import Repository
    from gitmig.migrations.model import File

NAME = "trust"
FILE, LEDGER, COMMIT, STRANGE = "file", "ledger", "commit", "strange"
EMPTY = frozenset(hashlib.new(name, b"blob 0\0", usedforsecurity=False).hexdigest() for name in ("sha1", "sha256"))
BEGUN = "local branches"  # the line that says that they were approved, once
# What of the user's configuration would change which files `git log` tells of. (`-m` is as `log.diffMerges` says.)
HISTORY = ("-c", "log.showRoot=true", "-c", "log.follow=false", "-c", "log.diffMerges=separate")
PLAIN = ("-c", "log.showSignature=false")


def digest(text: str) -> str:
    """What a script is known by: SHA-256 of its text in UTF-8, as PostgreSQL computes it of the ledger's."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


class TrustStore(Struct):
    """What somebody approved in this clone: texts of scripts, and files by path and git's blob id.

    A script is approved as a kind of script: a down is no up. Of the kind LEDGER are those that may run from the
    ledger, as somebody here, or git, knows them. What was refused once is noted as well: git forgets whose it was when
    no ref leads to it any more. Only ever added to, one line each, so that processes which write at the same time do
    not harm each other.
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

    def knows(self, kind: str, text: str) -> bool:
        """Whether the script was approved as what it is."""
        return self.knows_digest(digest(text), kind)

    def knows_digest(self, found: str, *kinds: str) -> bool:
        """Whether the script with this digest was approved as one of these kinds."""
        return any(f"{kind} {found}" in self._lines for kind in kinds)

    def knows_file(self, path: str, blob: str) -> bool:
        """Whether the file with this content was approved at its place."""
        return _file_line(path, blob) in self._lines

    def knows_commit(self, commit: str) -> bool:
        """Whether somebody agreed to run programs among the files of the commit."""
        return f"{COMMIT} {commit}" in self._lines

    def knows_strange(self, blob: str) -> bool:
        """Whether a file with this content was refused once."""
        return f"{STRANGE} {blob}" in self._lines

    @property
    def commits(self) -> list[str]:
        """The commits among whose files somebody agreed to run programs."""
        return [line.partition(" ")[2] for line in self._lines if line.startswith(f"{COMMIT} ")]

    @property
    def has_begun(self) -> bool:
        """Whether what was there when gitmig was set up has been approved."""
        return BEGUN in self._lines

    def begin(self, files: Iterable[tuple[str, str]]) -> None:
        """Approve the files, by path and blob id, that are there when gitmig is set up."""
        self._write([*(_file_line(*file) for file in files), BEGUN])

    def add(
        self,
        *,
        scripts: Iterable[tuple[str, str]] = (),
        files: Iterable[tuple[str, str]] = (),
        commits: Iterable[str] = (),
    ) -> None:
        """Approve scripts, by kind and text, files, by path and blob id, and what is beside programs at commits."""
        lines = [f"{kind} {digest(text)}" for kind, text in scripts]
        lines += [_file_line(*file) for file in files]
        self._write([*lines, *(f"{COMMIT} {commit}" for commit in commits)])

    def add_digests(self, digests: Iterable[str]) -> None:
        """Let these scripts run from the ledger."""
        self._write(f"{LEDGER} {found}" for found in digests)

    def note_strange(self, blobs: Iterable[str]) -> None:
        """Note the contents, by blob id, of files that were refused; an empty one is nobody's."""
        self._write(f"{STRANGE} {blob}" for blob in blobs if blob not in EMPTY)

    def _write(self, lines: Iterable[str]) -> None:
        new = [line for line in dict.fromkeys(lines) if line not in self._lines]
        if not new:
            return
        make_private_folder(self.path.parent)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as file:
            file.write("".join(f"{line}\n" for line in new))
        self._lines.update(new)


def _file_line(path: str, blob: str) -> str:
    return f"{FILE} {digest(f'{path}:{blob}')}"  # any path fits on a line then


def files_of_local_branches(repository: Repository, folders: Sequence[str]) -> set[tuple[str, str]]:
    """Path and blob id of every file that the migrations folder has had on a local branch."""
    return _history(repository, ("--branches",), folders)


def _blobs(pairs: Iterable[tuple[str, str]]) -> set[str]:
    return {blob for _, blob in pairs}


class Provenance:
    """Tells of files at a commit, or in the work tree, whether they came in by an act of the user's.

    `commits` are the code versions the files belong to, `store` has what was approved before. Every question is asked
    of git only when it is needed.
    """

    def __init__(self, repository: Repository, store: TrustStore, commits: Iterable[str | None]) -> None:
        self._repository = repository
        self._store = store
        self._commits = [commit for commit in dict.fromkeys(commits) if commit]
        self._folders: set[str] = set()
        self._reached: dict[str, bool] = {}
        self._earlier: dict[tuple[str, ...], set[tuple[str, str]]] = {}
        self._open: set[tuple[str, str]] = set()  # what one search has come by: one way to where it was new is enough

    def trusted(self, files: Collection[File]) -> set[tuple[str, str]]:
        """Path and blob id of those that may run: in a trusted branch, agreed to here, or nobody else's at all."""
        self._folders = {file.path[: -len(file.name)].rstrip("/") or file.path for file in files}
        wanted = {(file.path, file.blob) for file in files}
        found = self._from_git(wanted)
        return found | self._own_work(wanted - found)

    def trusts_commit(self, commit: str) -> bool:
        """Whether all that led to the commit came in by acts of the user's, or from branches of trusted remotes.

        Or somebody agreed to what was there at it, or at one of its descendants. What is no commit of the clone is not
        trusted. Raises GitmigError if git cannot tell.
        """
        if not OBJECT_ID.fullmatch(commit) or self._repository.lines("cat-file", "-t", commit) != ["commit"]:
            return False
        if self._store.knows_commit(commit) or self._is_trusted(commit):
            return True
        acts = self._agreements
        asked = dict.fromkeys([commit, *(one for act in acts for one in (act.new, *act.before))])
        return agreed_to_all(commit, self._parents(asked, [*self._branches, *self._store.commits]), acts)

    def _parents(self, commits: Iterable[str], others: Sequence[str]) -> dict[str, list[str]]:
        """The parents of each commit that led to `commits` and not to the others; what is gone does not count."""
        stdin = "".join(f"{line}\n" for line in (*commits, *(f"^{one}" for one in others)))
        out = self._repository.run(
            *("rev-list", "--parents", "--ignore-missing", "--stdin"), stdin=stdin.encode("utf-8", "surrogateescape")
        )
        rows = (row.split(" ") for row in out.decode().splitlines())
        return {commit: parents for commit, *parents in rows}

    def _from_git(self, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
        found = {pair for pair in wanted if self._store.knows_file(*pair)}
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

        def introduces(act: Agreement, path: str, blob: str) -> bool:
            return (
                there.get((act.new, path)) == blob
                and all(there.get((commit, path)) != blob for commit in act.before)
                and self._was_new_or_trusted(act, blob)
            )

        found = set()
        outermost = not self._open
        for pair in wanted:
            if pair in self._open:
                continue
            self._open.add(pair)
            if any(introduces(act, *pair) for act in acts):
                found.add(pair)
            if outermost:
                self._open.clear()
        return found

    def _was_new_or_trusted(self, act: Agreement, blob: str) -> bool:
        """Whether the content was nowhere before the act, or trusted there.

        Neither another name approves of it, nor what brings back a version that a commit on the way had, as a revert,
        or a rebase that stops there.
        """
        earlier = {pair for pair in self._led_to(act.before) if pair[1] == blob}
        return not earlier or bool(self._from_git(earlier))

    def _in_trusted_history(self, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
        if not self._branches:
            return set()
        return wanted & _history(self._repository, ("--stdin",), [path for path, _ in wanted], self._branches)

    def _own_work(self, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """What is in no commit at all, and was never refused, was written here."""
        changed = self._changed_here(wanted)
        if not changed:
            return set()
        # a stash is a commit, too, but one of what was in the work tree
        every = _history(
            self._repository,
            ("--exclude=refs/stash", "--all", "--stdin"),
            sorted(self._folders),
            [*self._repository.fetched(), *self._commits, *(move.new for move in self._movements)],
        )
        new = changed - every
        # a commit may have it, or may have had it, under another name: then what that is decides
        contents = _blobs(new)
        renamed = {(path, blob) for path, blob in every if blob in contents}
        refused = {blob for blob in contents if self._store.knows_strange(blob)}
        strange = (_blobs(renamed) | refused) - _blobs(self._from_git(renamed))
        return {(path, blob) for path, blob in new if blob not in strange}

    def _changed_here(self, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """What is not as the commit has it, where that is trusted or has no such file.

        An untrusted file can show as changed right after a checkout: an attribute of the commit decides its line ends.
        """
        head = self._repository.head
        there = self._objects((head, path) for path, _ in wanted) if head else {}
        based = {path: blob for (_, path), blob in there.items() if blob}
        changed = {(path, blob) for path, blob in wanted if based.get(path) != blob}
        below = {(path, based[path]) for path, _ in changed if path in based}
        unsafe = {path for path, _ in below - self._from_git(below)}
        return {(path, blob) for path, blob in changed if path not in unsafe}

    def _is_trusted(self, commit: str) -> bool:
        """Whether a branch of a trusted remote has the commit."""
        if commit not in self._reached:
            stdin = "".join(f"{line}\n" for line in (commit, *(f"^{ref}" for ref in self._branches)))
            status, out, _ = self._repository.attempt("rev-list", "-n", "1", "--stdin", stdin=stdin.encode())
            self._reached[commit] = bool(self._branches) and status == 0 and not out.strip()
        return self._reached[commit]

    @cached_property
    def _branches(self) -> list[str]:
        """The remote-tracking refs of the trusted remotes' branches."""
        repository = self._repository
        _, out, _ = repository.attempt("config", "-z", "--get-regexp", r"^remote\..*\.fetch$")
        refspecs: dict[str, list[str]] = {}
        for row in split_fields(out):
            key, _, value = row.partition("\n")
            refspecs.setdefault(key[len("remote.") : -len(".fetch")], []).append(value)
        tracks = self._default_tracks if len(refspecs) > 1 else None
        trusted = trusted_remotes(list(refspecs), repository.configured("gitmig.trustedRemote"), tracks)
        refs = repository.lines("for-each-ref", "--format=%(refname)", REMOTES)
        strange = [refspec for remote in refspecs if remote not in trusted for refspec in refspecs[remote]]
        branches = [ref for remote in trusted for ref in branches_of(refs, refspecs[remote], strange)]
        # what somebody fetched by hand from where no branch is, as in `git fetch origin pull/7/head:refs/remotes/…`
        patterns = (f"--grep-reflog={pattern}" for pattern in PROPOSED)
        rows = self._walk("%gD", branches, *patterns)
        proposals = {row.partition("@{")[0] for row in rows}
        return [ref for ref in branches if ref not in proposals]

    @cached_property
    def _default_tracks(self) -> str | None:
        """The remote that the default branch follows."""
        names = [*self._repository.lines("config", "init.defaultBranch"), "main", "master"]
        found = (self._repository.lines("config", f"branch.{name}.remote") for name in names)
        return next((remotes[0] for remotes in found if remotes), None)

    @cached_property
    def _agreements(self) -> list[Agreement]:
        return valid_agreements([act for moves in self._reflogs for act in agreements(moves)], self._is_trusted)

    @property
    def _movements(self) -> list[Movement]:
        return [move for moves in self._reflogs for move in moves]

    @cached_property
    def _reflogs(self) -> list[list[Movement]]:
        """What the reflogs of every work tree's HEAD tell, and of every branch: a work tree may be gone by now."""
        trees = [path.parent.name for path in self._repository.common_dir.glob("worktrees/*/HEAD")]
        heads = ["HEAD", *(("main-worktree/HEAD", *(f"worktrees/{name}/HEAD" for name in trees)) if trees else ())]
        branches = self._repository.lines("for-each-ref", "--format=%(refname)", HEADS)
        logs: dict[str, list[tuple[str, str]]] = {}
        for rows in (
            *(self._walk("%gD%x09%H%x09%gs", [head]) for head in heads),
            self._walk("%gD%x09%H%x09%gs", branches),
        ):
            for row in reversed(rows):
                name, new, message = row.split("\t", 2)
                logs.setdefault(name.partition("@{")[0], []).append((new, message))
        return [movements(moves) for moves in logs.values()]

    def _walk(self, shown: str, refs: Sequence[str], *options: str) -> list[str]:
        """The lines of the refs' reflogs, newest first; [] for what has none."""
        if not refs:
            return []
        stdin = "".join(f"{ref}\n" for ref in refs).encode("utf-8", "surrogateescape")
        return self._repository.lines(*PLAIN, "log", "-g", f"--format={shown}", *options, "--stdin", stdin=stdin)

    def _led_to(self, commits: tuple[str, ...]) -> set[tuple[str, str]]:
        """Path and blob id of every version that the folders have had up to these commits, and in no trusted branch."""
        if commits not in self._earlier:
            revisions = (*commits, *(f"^{ref}" for ref in self._branches))
            self._earlier[commits] = _history(self._repository, ("--stdin",), sorted(self._folders), revisions)
        return self._earlier[commits]

    def _objects(self, asked: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str | None]:
        """Commit and path → the object id there, None if there is nothing; one process for all."""
        pairs = [pair for pair in dict.fromkeys(asked) if "\n" not in pair[1]]
        if not pairs:
            return {}
        lines = "".join(f"{commit}:{path}\n" for commit, path in pairs).encode("utf-8", "surrogateescape")
        out = self._repository.run("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=lines)
        rows = out.decode("utf-8", "surrogateescape").split("\n")
        return {pair: row.split(" ")[0] if row.endswith(" blob") else None for pair, row in zip(pairs, rows)}


def _history(
    repository: Repository, which: Sequence[str], paths: Sequence[str], revisions: Sequence[str] = ()
) -> set[tuple[str, str]]:
    """Path and blob id of every version that the paths, or what is below them, have had in these histories."""
    listing = (
        *PLAIN,
        *HISTORY,
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
    words = iter(repository.fields(*listing, *which, "--", *paths, stdin=stdin))
    found = set()
    for meta in words:
        if meta.lstrip("\n").startswith(":"):
            found.add((next(words), meta.split(" ")[3]))
    return found
