"""Branches, with as few git processes as there are questions: what each has in the migrations folder, and whose it is.

First local and chosen branches, their trees and the history of the folder; then remote-tracking branches: whose they
are, and which of them have a file.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.git import HEADS, REMOTES
from gitmig.migrations.model import File

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from gitmig.git.repository import Repository
    from gitmig.git.snapshot import Snapshot


Entry = tuple[bytes, bytes, bytes]  # mode, name, object id

TREE = "40000"
# `<mode> <name>\0<object id in 20 or 32 bytes>`, as git stores a tree.
ENTRY = {width: re.compile(rb"(\d+) ([^\0]+)\0(.{%d})" % width, re.DOTALL) for width in (20, 32)}


class Branch(Struct, frozen=True, kw_only=True):
    """A local or remote branch, called as people call it."""

    name: str
    commit: str


def branches(repository: Repository, pattern: str | None = None) -> list[Branch]:
    """Every branch whose name fits the shell pattern; a remote one that a local one stands for is left out."""
    rows = repository.lines("for-each-ref", "--format=%(objectname) %(refname) %(symref)", HEADS, REMOTES)
    found: dict[str, str] = {}
    remote: list[tuple[str, str]] = []
    for commit, ref, *symbolic in (row.split(" ") for row in rows):
        if symbolic and symbolic[0]:
            continue
        if ref.startswith(HEADS):
            found[ref[len(HEADS) :]] = commit
        else:
            remote.append((ref[len(REMOTES) :], commit))
    for name, commit in remote:
        if found.get(name.partition("/")[2]) != commit:
            found[name] = commit
    wanted = sorted(name for name in found if pattern is None or fnmatchcase(name, pattern))
    return [Branch(name=name, commit=found[name]) for name in wanted]


class BranchDifference(Struct, frozen=True, kw_only=True):
    """How a migrations folder differs from the base's: files that are new or have another content, names not there.

    Of a directory that differs all files are `new`; `missing` names entries of the folder itself.
    """

    new: tuple[File, ...]
    missing: frozenset[str]


def differences(
    repository: Repository, base: str, commits: Sequence[str], folders: Sequence[str]
) -> dict[str, BranchDifference]:
    """Commit → the difference; commits without the folder are left out. Where the folder lies does not matter."""
    roots = _roots(repository, [base, *commits], folders)
    if base not in roots:
        return {}
    known = _entries(repository, [roots[base][1]])[roots[base][1]]
    wanted = {tree for commit, (_, tree) in roots.items() if commit != base}
    trees = {tree: _against(known, found) for tree, found in _entries(repository, sorted(wanted)).items()}
    below = _expanded(repository, {entry for new, _ in trees.values() for entry in new})
    return {
        commit: BranchDifference(
            new=tuple(sorted(_files(folder, trees[tree][0], below), key=_by_name)),
            missing=trees[tree][1],
        )
        for commit, (folder, tree) in roots.items()
        if commit != base
    }


def difference_between(base: Snapshot, found: Snapshot) -> BranchDifference:
    """The same for files that are listed already, as those of a work tree."""
    theirs, ours = _by_entry(base.files), _by_entry(found.files)
    return BranchDifference(
        new=tuple(file for file in found.files if ours[_entry_of(file)] != theirs.get(_entry_of(file))),
        missing=frozenset(theirs.keys() - ours.keys()),
    )


def _by_entry(files: Iterable[File]) -> dict[str, set[tuple[str, str]]]:
    """Entry of the folder itself → names and blob ids of what is in it."""
    found: dict[str, set[tuple[str, str]]] = {}
    for file in files:
        found.setdefault(_entry_of(file), set()).add((file.name, file.blob))
    return found


def _entry_of(file: File) -> str:
    return file.name.partition("/")[0]


def folders_at(repository: Repository, commits: Sequence[str], folders: Sequence[str]) -> dict[str, tuple[File, ...]]:
    """Commit → all files of its migrations folder; commits without one are left out."""
    roots = _roots(repository, commits, folders)
    trees = _entries(repository, sorted({tree for _, tree in roots.values()}))
    below = _expanded(repository, {entry for entries in trees.values() for entry in entries})
    files = {root: tuple(sorted(_files(root[0], trees[root[1]], below), key=_by_name)) for root in set(roots.values())}
    return {commit: files[root] for commit, root in roots.items()}


def _against(known: frozenset[Entry], found: frozenset[Entry]) -> tuple[frozenset[Entry], frozenset[str]]:
    names = {name for _, name, _ in found}
    missing = frozenset(name.decode("utf-8", "surrogateescape") for _, name, _ in known - found if name not in names)
    return found - known, missing


def ever_in(repository: Repository, base: str, folders: Sequence[str]) -> set[tuple[str, str]]:
    """Every name and blob id the migrations folder has had in the history of the base."""
    listing = ("log", "--format=", "--raw", "-z", "--no-abbrev", "--no-renames", "-m", "--first-parent")
    words = iter(repository.fields(*listing, base, "--", *folders))
    found = set()
    for meta in words:
        if not meta.startswith(":"):
            continue
        path, blob = next(words), meta.split(" ")[3]
        folder = next((f for f in folders if path.startswith(f"{f}/")), None)
        found.add((path[len(folder) + 1 :] if folder else path, blob))
    return found


def _roots(repository: Repository, commits: Sequence[str], folders: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Commit → the folder that exists there, and its tree."""
    asked = [(commit, folder) for commit in commits for folder in folders]
    lines = "".join(f"{commit}:{'' if folder == '.' else folder}\n" for commit, folder in asked)
    out = repository.run("cat-file", "--batch-check", stdin=lines.encode("utf-8", "surrogateescape"))
    found: dict[str, tuple[str, str]] = {}
    for (commit, folder), row in zip(asked, out.decode("utf-8", "surrogateescape").splitlines()):
        words = row.split(" ")
        if len(words) == 3 and words[1] == "tree":
            found.setdefault(commit, (folder, words[0]))
    return found


def _entries(repository: Repository, trees: Sequence[str]) -> dict[str, frozenset[Entry]]:
    """Tree id → its entries: mode, name, object id."""
    if not trees:
        return {}
    out = repository.run("cat-file", "--batch", stdin="".join(f"{tree}\n" for tree in trees).encode())
    pattern = ENTRY[len(trees[0]) // 2]
    found: dict[str, frozenset[Entry]] = {}
    position = 0
    for tree in trees:
        end = out.index(b"\n", position)
        size = int(out[position:end].split()[2])
        found[tree] = frozenset(_row(match) for match in pattern.finditer(out, end + 1, end + 1 + size))
        position = end + 1 + size + 1
    return found


def _row(match: re.Match[bytes]) -> Entry:
    mode, name, oid = match.groups()
    return mode, name, oid


def _expanded(repository: Repository, new: Iterable[Entry]) -> dict[bytes, frozenset[Entry]]:
    """The trees among the new entries with all that is in them: a migration is read as a whole."""
    wanted = sorted({oid.hex() for mode, _, oid in new if mode.decode() == TREE})
    return {bytes.fromhex(tree): found for tree, found in _entries(repository, wanted).items()}


def _files(folder: str, entries: Iterable[Entry], below: dict[bytes, frozenset[Entry]]) -> Iterator[File]:
    for mode, name, oid in entries:
        if mode.decode() == TREE:
            yield from (
                _file(folder, name + b"/" + inner, inner_mode, inner_oid)
                for inner_mode, inner, inner_oid in below.get(oid, ())
                if inner_mode.decode() != TREE
            )
        else:
            yield _file(folder, name, mode, oid)


def _by_name(file: File) -> str:
    return file.name


def _file(folder: str, name: bytes, mode: bytes, oid: bytes) -> File:
    text = name.decode("utf-8", "surrogateescape")
    return File(path=text if folder == "." else f"{folder}/{text}", name=text, blob=oid.hex(), mode=mode.decode())


def remote_branches(repository: Repository) -> list[Branch]:
    """Every remote-tracking branch, without the remotes' HEAD, which is one of them."""
    rows = repository.lines("for-each-ref", "--format=%(objectname) %(refname) %(symref)", REMOTES)
    found = [row.split(" ") for row in rows]
    return [Branch(name=ref.removeprefix(REMOTES), commit=oid) for oid, ref, symref in found if not symref]


def own_branches(repository: Repository) -> frozenset[str]:
    """The remote-tracking branches that the checked-out branch is pushed to, as people write them.

    Those it is set up to follow, and those of its name on any remote. Empty on a detached HEAD.
    """
    branch = repository.lines("symbolic-ref", "-q", "--short", "HEAD")
    if not branch:
        return frozenset()
    configured = repository.lines("for-each-ref", "--format=%(upstream)%0a%(push)", f"{HEADS}{branch[0]}")
    same_name = (b.name for b in remote_branches(repository) if b.name.partition("/")[2] == branch[0])
    return frozenset([*(ref.removeprefix(REMOTES) for ref in configured if ref), *same_name])


def other_authors(repository: Repository, commit: str, since: str) -> list[str]:
    """The e-mail addresses, other than the user's own, of the authors of commits up to `commit` and not in `since`."""
    own = repository.lines("var", "GIT_AUTHOR_IDENT")
    address = own[0].rpartition(">")[0].rpartition("<")[2] if own else ""
    return sorted(set(repository.lines("log", "--format=%ae", f"{since}..{commit}")) - {address})


def having(repository: Repository, branches: Collection[Branch], path: str, but: str) -> list[str]:
    """The names of the branches whose tip has a file `path` that is not the one the commit `but` has there."""
    usual = repository.object_id(f"{but}:{path}")
    return [b.name for b in branches if repository.object_id(f"{b.commit}:{path}") not in {None, usual}]
