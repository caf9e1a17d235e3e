"""The files of a commit or of the work tree, with as few git processes as possible: those of the migrations folder.

They are listed with their blob ids, and read when they are asked for. `grep` looks for words in all files of a commit.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct, field

from gitmig.errors import GitmigError
from gitmig.git.repository import split_fields
from gitmig.migrations.languages.program import BINARY, as_text
from gitmig.migrations.model import EXECUTABLE, PLAIN, File, InvalidMigrations, Problem, decode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from gitmig.git.repository import Repository


# `git ls-files -t -s` tags: H in the index, S in the index and left out by a sparse checkout, M unmerged, R removed,
# C changed, ? untracked. A tracked row carries mode, blob and stage, an untracked one only its path.
ROW = re.compile(r"(?P<tag>[A-Z?]) (?:(?P<mode>\d{6}) (?P<blob>[0-9a-f]+) (?P<stage>\d)\t)?(?P<path>.*)", re.S)
LEFT_OUT = "S "


class Snapshot(Struct, frozen=True, kw_only=True):
    """What a code version has in its migrations folder.

    `commit` is the commit it was read from, or HEAD for the work tree (None on an unborn branch). `folder` is the
    candidate that exists, None if none does; `other_folders` are further ones with something in them. `on_disk` names
    the paths whose content is not in git yet. It is `sparse` if files of the work tree's set are not in the work tree.
    """

    commit: str | None
    folder: str | None
    files: tuple[File, ...] = ()
    on_disk: frozenset[str] = field(default_factory=frozenset)
    is_work_tree: bool = False
    sparse: bool = False
    other_folders: tuple[str, ...] = ()


def at_commit(repository: Repository, commit: str, folders: Sequence[str]) -> Snapshot:
    """The snapshot of a commit, by one `git ls-tree`."""
    out = repository.fields("ls-tree", "-r", "-z", "--full-tree", commit, "--", *folders)
    rows = (row.split("\t", 1) for row in out)
    entries = {path: (meta.split()[0], meta.split()[2]) for meta, path in rows}
    folder = _existing(entries, folders)
    if folder is None:
        _refuse_elsewhere(repository, commit, folders)
    others = _others(entries, folder, folders)
    return Snapshot(commit=commit, folder=folder, files=_files(entries, folder), other_folders=others)


def of_work_tree(repository: Repository, folders: Sequence[str]) -> Snapshot:
    """The work tree as it is, tracked, modified and untracked files alike, by one `git ls-files`.

    Files that a sparse checkout leaves out count as they are in the index; ignored files do not count.
    """
    top = repository.work_tree
    listing = ("ls-files", "-z", "-t", "-s", "-c", "-m", "-d", "-o", "--exclude-standard", "--full-name")
    rows = repository.fields(*listing, "--", *folders)
    entries, changed, removed = _index_and_changes(rows)
    # a folder whose last file was deleted is an empty set; one that git knows nothing of is no folder at all
    folder = _existing(entries, folders, also=changed)
    if folder is None and repository.head:
        _refuse_elsewhere(repository, repository.head, folders)
    for path in removed:
        entries.pop(path, None)
    on_disk = sorted(path for path in changed if (top / path).is_file() and not (top / path).is_symlink())
    if on_disk:
        blobs = repository.run("hash-object", "--", *on_disk).decode().split()
        entries.update((path, (_mode(top / path), blob)) for path, blob in zip(on_disk, blobs))
    for path in changed:
        if (top / path).is_symlink():
            entries[path] = ("120000", "0")
    return Snapshot(
        commit=repository.head,
        folder=folder,
        files=_files(entries, folder),
        on_disk=frozenset(on_disk),
        is_work_tree=True,
        sparse=any(row.startswith(LEFT_OUT) for row in rows),
        other_folders=_others(entries, folder, folders),
    )


def paths_of_work_tree(repository: Repository) -> list[str]:
    """The paths of all files, in whatever folder, but for ignored ones. None of them is read."""
    top = str(repository.work_tree)
    return sorted({*repository.fields("ls-files", "-z", "-c", "-o", "--exclude-standard", "--full-name", "--", top)})


def read_texts(repository: Repository, snapshot: Snapshot, files: Iterable[File]) -> dict[str, str]:
    """Path → text of the files. Raises InvalidMigrations for what is no text."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    contents = {file: _from_disk(repository, snapshot, file) for file in files}
    stored = repository.read_objects({file.blob for file, data in contents.items() if data is None})
    for file, on_disk in contents.items():
        data = stored.get(file.blob) if on_disk is None else on_disk
        if data is None:
            hint = "fetch it: a partial or damaged clone lacks the object"
            raise GitmigError(f"git has no content for {file.path} ({file.blob[:10]})", hint=hint)
        try:
            texts[file.path] = _text(data, file)
        except InvalidMigrations as error:
            problems += error.problems
    if problems:
        raise InvalidMigrations(problems)
    return texts


def _text(data: bytes, file: File) -> str:
    """A compiled program is kept as text, too. Raises InvalidMigrations for anything else that is none.

    Nobody could tell a text that looks like one from it.
    """
    try:
        text = decode(data, file.path)
    except InvalidMigrations:
        if file.mode == EXECUTABLE:
            return as_text(data)
        raise
    if text.startswith(BINARY):
        hint = "commit the program itself"
        raise InvalidMigrations([Problem(path=file.path, line=1, message=f"begins with {BINARY}", hint=hint)])
    return text


def _mode(path: Path) -> str:
    return EXECUTABLE if os.access(path, os.X_OK) else PLAIN


def rewritten(repository: Repository, snapshot: Snapshot, files: Iterable[File]) -> frozenset[str]:
    """The paths of the files whose text in the work tree is another than git's: an attribute or a filter made it so.

    Line ends do not count. What git has no content of was written here, and is as it was written.
    """
    return frozenset(
        file.path for file in files if _is_rewritten(repository, _from_disk(repository, snapshot, file), file)
    )


def _is_rewritten(repository: Repository, data: bytes | None, file: File) -> bool:
    if data is None:
        return False
    algorithm = hashlib.sha1 if len(file.blob) == 40 else hashlib.sha256
    if algorithm(b"blob %d\0" % len(data) + data).hexdigest() == file.blob:
        return False
    found = repository.read_object(file.blob)
    return found is not None and found[1].replace(b"\r\n", b"\n") != data.replace(b"\r\n", b"\n")


def _from_disk(repository: Repository, snapshot: Snapshot, file: File) -> bytes | None:
    """The content in the work tree, which is quicker than asking git; None if a sparse checkout left it out."""
    if not snapshot.is_work_tree:
        return None
    try:
        return (repository.work_tree / file.path).read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


def _index_and_changes(rows: Iterable[str]) -> tuple[dict[str, tuple[str, str]], set[str], set[str]]:
    """Path → (mode, blob) of what is in the index, the paths to be read from the disk, and those deleted there."""
    entries: dict[str, tuple[str, str]] = {}
    changed, removed = set(), set()
    for row in rows:
        match = ROW.fullmatch(row)
        assert match is not None, row  # the format of `git ls-files -t -s`
        path = match["path"]
        if match["stage"] not in {None, "0"}:
            problem = Problem(path=path, message="has a merge conflict", hint="resolve it and `git add` it, then sync")
            raise InvalidMigrations([problem])
        if match["tag"] == "R":
            removed.add(path)
        elif match["tag"] in "C?":
            changed.add(path)
        else:
            entries[path] = (match["mode"], match["blob"])
    return entries, changed - removed, removed


def _existing(entries: Mapping[str, tuple[str, str]], folders: Sequence[str], also: Collection[str] = ()) -> str | None:
    """The first candidate with something in it. Raises InvalidMigrations if that is no folder."""
    for folder in folders:
        if folder in entries:
            raise _no_folder(folder, entries[folder][0])
        if folder == "." or any(path.startswith(f"{folder}/") for path in (*entries, *also)):
            return folder
    return None


def _others(entries: Iterable[str], folder: str | None, folders: Sequence[str]) -> tuple[str, ...]:
    """The candidates behind the one that counts, if they have files that are not below it."""
    behind = folders[folders.index(folder) + 1 :] if folder in folders and folder != "." else ()
    rest = [path for path in entries if not path.startswith(f"{folder}/")] if behind else []
    return tuple(other for other in behind if any(path.startswith(f"{other}/") for path in rest))


def _refuse_elsewhere(repository: Repository, commit: str, folders: Sequence[str]) -> None:
    """Raise InvalidMigrations if a candidate is below what is no folder of the commit, as a submodule."""
    above = [parent.as_posix() for folder in folders for parent in PurePosixPath(folder).parents[:-1]]
    if not above:
        return
    for row in repository.fields("ls-tree", "-z", "--full-tree", commit, "--", *above):
        meta, _, path = row.partition("\t")
        if meta.split(" ")[1] != "tree":
            raise _no_folder(path, meta.split(" ")[0])


def _no_folder(path: str, mode: str) -> InvalidMigrations:
    what = {"120000": "a symbolic link", "160000": "a submodule"}.get(mode, "a file")
    hint = "gitmig reads the migrations from the commit itself: make it a folder"
    return InvalidMigrations([Problem(path=path, message=f"is {what}, not a folder", hint=hint)])


def _files(entries: Mapping[str, tuple[str, str]], folder: str | None) -> tuple[File, ...]:
    if folder is None:
        return ()
    prefix = "" if folder == "." else f"{folder}/"
    return tuple(
        File(path=path, name=path[len(prefix) :], blob=blob, mode=mode)
        for path, (mode, blob) in sorted(entries.items())
        if path.startswith(prefix)
    )


def changed_files(repository: Repository) -> list[File]:
    """Every file of the work tree, in whatever folder, that is not as HEAD has it; ignored ones do not count."""
    return [File(path=path, name=path, blob=blob) for path, blob in work_tree_changes(repository).items() if blob]


def work_tree_changes(repository: Repository) -> dict[str, str | None]:
    """Path → blob id of what is in the work tree and not as HEAD has it; None for what is not there any more."""
    asked = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules")
    paths = [row[3:] for row in repository.fields(*asked)]
    there = [path for path in paths if (repository.work_tree / path).is_file()]
    blobs = repository.run("hash-object", "--", *there).decode().split() if there else []
    return {**dict.fromkeys(paths), **dict(zip(there, blobs))}


NOTHING_FOUND = 1


def grep(
    repository: Repository, commit: str, words: Collection[str], *, without: Collection[str], patterns: Collection[str]
) -> Iterator[tuple[str, int, str]]:
    """Path, line (from 1) and text of every line with one of the words, by one `git grep`; binary files are left out.

    Left out are also the folders `without`, and the files that match a shell pattern, as `docs/**`.
    """
    expressions = [part for word in sorted(words) for part in ("-e", word)]
    call = ("grep", "-z", "-n", "-I", "-w", "-F", "--full-name", "--no-color", *expressions, commit, "--")
    status, out, err = repository.attempt(*call, *_all_but(without, patterns), literal=False)
    if status > NOTHING_FOUND:
        raise GitmigError(f"git grep failed: {err.strip()}", hint="`--no-clients` does without")
    for row in out.split(b"\n"):
        name, found, rest = row.partition(b"\0")
        number, _, text = rest.partition(b"\0")
        if found:
            path = name.decode("utf-8", "surrogateescape").removeprefix(f"{commit}:")
            yield path, int(number), text.decode("utf-8", "replace")


def list_files(
    repository: Repository, tree: str, *, without: Collection[str], patterns: Collection[str]
) -> dict[str, str]:
    """Path → blob id of every file of a commit or tree; what is left out is left out as by `grep`."""
    empty = repository.run("hash-object", "-t", "tree", "--stdin", stdin=b"").decode().strip()
    call = ("diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", empty, tree, "--")
    status, out, err = repository.attempt(*call, *_all_but(without, patterns), literal=False)
    if status:
        raise GitmigError(f"git diff-tree failed: {err.strip()}", hint="`--no-clients` does without")
    fields = split_fields(out)
    rows = ((meta.split(" "), path) for meta, path in zip(fields[::2], fields[1::2]))
    return {path: meta[3] for meta, path in rows if meta[1] in {PLAIN, EXECUTABLE}}


def matching(repository: Repository, paths: Collection[str], patterns: Collection[str]) -> frozenset[str]:
    """Those of the paths, of files in the work tree, that match a shell pattern, as `docs/**`."""
    if not paths or not patterns:
        return frozenset()
    globs = (f":(top,glob){pattern}" for pattern in patterns)
    call = ("ls-files", "-z", "-c", "-o", "--full-name", "--", *globs)
    _, out, _ = repository.attempt(*call, literal=False)
    return frozenset(split_fields(out)) & frozenset(paths)


def _all_but(folders: Collection[str], patterns: Collection[str]) -> list[str]:
    """Pathspecs for everything but these folders, and the files that match a shell pattern."""
    left_out = [f":(exclude,top,literal){folder}" for folder in folders if folder != "."]
    return [":(top)", *left_out, *(f":(exclude,top,glob){pattern}" for pattern in patterns)]
