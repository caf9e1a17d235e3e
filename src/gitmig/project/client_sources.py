"""The SQL in the source code of a code version: its files, and the statements in them, remembered by blob."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from gitmig.check.clients.literals import is_source, suffix
from gitmig.check.clients.statements import Statement, statements
from gitmig.git.cache import ClientCache
from gitmig.git.snapshot import list_files, matching, work_tree_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gitmig.git.repository import Repository
    from gitmig.project.project import Project

# What ran once, on a schema of its time: migrations of another database, or of other services.
HISTORY = re.compile(r"(?:^|/)[^/]*(?:migrations?|migrate)/", re.IGNORECASE)
LONGEST = 1_000_000  # bytes; longer files are packed or generated
AT_ONCE = 500  # files in memory


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """The source files of a code version, path → blob id; the content of those `on_disk` is not in git yet."""

    blobs: Mapping[str, str]
    on_disk: frozenset[str] = field(default_factory=frozenset)


def source_files(project: Project, tree: str, without: Iterable[str] = ()) -> SourceFiles:
    """The source files of a commit or tree, but for the paths `without`, migrations and `clients_ignore`."""
    settings = project.settings
    listed = list_files(project.repository, tree, without=settings.folders, patterns=settings.clients_ignore)
    left_out = frozenset(without)
    return SourceFiles({path: blob for path, blob in listed.items() if path not in left_out and is_client(path)})


def with_work_tree(project: Project, files: SourceFiles) -> SourceFiles:
    """The files with those laid over them that the work tree has otherwise than HEAD, untracked ones included."""
    repository, settings = project.repository, project.settings
    folders = [f"{folder}/" for folder in settings.folders]
    changes = {
        path: blob
        for path, blob in work_tree_changes(repository).items()
        if is_client(path) and not path.startswith(tuple(folders))
    }
    ignored = matching(repository, changes, settings.clients_ignore)
    changes = {path: blob for path, blob in changes.items() if path not in ignored}
    laid_over = {**files.blobs, **changes}
    return SourceFiles(
        {path: blob for path, blob in laid_over.items() if blob is not None},
        frozenset(path for path, blob in changes.items() if blob is not None),
    )


def is_client(path: str) -> bool:
    """Whether a file of this name is looked into."""
    return is_source(path) and not HISTORY.search(path)


def read_statements(project: Project, *versions: SourceFiles) -> list[dict[str, list[Statement]]]:
    """For each code version, path → the statements of every file that has some."""
    cache = ClientCache(project.repository)
    wanted: dict[str, dict[str, tuple[str, bool]]] = defaultdict(dict)
    for version in versions:
        for path, blob in version.blobs.items():
            wanted[suffix(path)][blob] = (path, path in version.on_disk)
    known: dict[tuple[str, str], list[Statement]] = {}
    for ending, blobs in wanted.items():
        kept = cache.sources(ending, list(blobs))
        known |= {(ending, blob): _from_json(text) for blob, text in kept.items() if text}
        made: dict[str, str] = {}
        for blob, source in _contents(project.repository, {b: w for b, w in blobs.items() if b not in kept}):
            found = statements(blobs[blob][0], source)
            made[blob] = json.dumps([one.to_json() for one in found]) if found else ""
            known[ending, blob] = found
        cache.keep_sources(ending, made)
    return [
        {path: known[key] for path, blob in version.blobs.items() if known.get(key := (suffix(path), blob))}
        for version in versions
    ]


def _from_json(text: str) -> list[Statement]:
    return [Statement.from_json(kept) for kept in json.loads(text)]


def _contents(repository: Repository, wanted: Mapping[str, tuple[str, bool]]) -> Iterator[tuple[str, str]]:
    """Blob id and text of each file that is not too long; of that one, an empty text."""
    in_git = [blob for blob, (_, on_disk) in wanted.items() if not on_disk]
    sizes = repository.sizes(in_git)
    short = iter([blob for blob in in_git if sizes.get(blob, 0) <= LONGEST])
    while some := list(islice(short, AT_ONCE)):
        for blob, data in repository.read_objects(some).items():
            yield blob, data.decode("utf-8", "replace")
    yield from ((blob, "") for blob in in_git if sizes.get(blob, 0) > LONGEST)
    for blob, (path, on_disk) in wanted.items():
        if on_disk:
            file = repository.work_tree / path
            is_short = file.stat().st_size <= LONGEST
            yield blob, file.read_text(encoding="utf-8", errors="replace") if is_short else ""
