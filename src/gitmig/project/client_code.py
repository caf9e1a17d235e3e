"""`gitmig check`, source code: its SQL is tried on the schemas of both sides.

What was tried is remembered by the scripts that make the schemas, so that nothing is built for code that is known, and
the statements of a file by its blob. From top to bottom: code that is tried; the files of a code version, and the
statements in them. Without a database the words of the code are looked through, see `clients.py`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct, field

from gitmig.check.clients.literals import is_source, suffix
from gitmig.check.clients.statements import Statement, may_have_statements
from gitmig.check.clients.trial import Breakage, ClientTrial, Verdict, all_of, judge, lines_of
from gitmig.check.rules.clients import (
    code_breaks,
    code_needs_schema,
    deployed_code_breaks,
    new_code_fails,
)
from gitmig.git import history
from gitmig.git.cache import ClientCache, cache_key
from gitmig.git.snapshot import list_files, matching, work_tree_changes
from gitmig.project.statement_reader import read_statements
from gitmig.trials.clients import CannotTry, Deployment, try_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gitmig.check.clients.trial import Sources
    from gitmig.check.findings import Finding
    from gitmig.check.proof import OrderFailure, Orders
    from gitmig.git.repository import Repository
    from gitmig.project.comparison import Checked
    from gitmig.project.project import Project
    from gitmig.project.statement_reader import Source
    from gitmig.trials.orders import FoundedScratch


RULES = {
    Breakage.MERGED: code_breaks,
    Breakage.DEPLOYED: deployed_code_breaks,
    Breakage.NEW: new_code_fails,
    Breakage.ROLLBACK: code_needs_schema,
}


class ClientCode(Struct, kw_only=True):
    """The statements of the base's code (`old`) and of the merged code (`new`), and what is known of them.

    `key` names the schemas on which they are tried.
    """

    old: Sources
    new: Sources
    key: str
    cache: ClientCache
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    failure: OrderFailure | None = None

    @classmethod
    def read(cls, project: Project, checked: Checked, server: str) -> ClientCode:
        """Read the code of both sides, or remember what was read; `server` names the server that is asked about it.

        The merged code is that of git's merge, without the files in which it has conflicts, with what is not committed
        yet laid over it.
        """
        merged = history.merged_tree(project.repository, checked.ours.commit, checked.base.commit)
        files = _source_files(project, merged.tree, without=merged.conflicts)
        if checked.ours.snapshot.is_work_tree:
            files = _with_work_tree(project, files)
        old, new = _read_statements(project, _source_files(project, checked.base.commit), files)
        parts = [server, project.bootstrap_sql(), checked.layout.name]
        for migrations in (checked.merged.migrations, checked.theirs_added, checked.ours_added):
            parts += ["", *(f"{migration.label} {migration.blobs}" for migration in migrations)]
        code = cls(old=old, new=new, key=cache_key(*parts), cache=ClientCache(project.repository))
        code._remember()
        return code

    @property
    def missing(self) -> list[str]:
        """The statements that have not been tried."""
        return [sql for sql in all_of(self.old, self.new) if sql not in self.verdicts]

    def _remember(self) -> None:
        names = {cache_key(sql): sql for sql in all_of(self.old, self.new)}
        kept = self.cache.verdicts(self.key, list(names))
        self.verdicts = {names[name]: Verdict.from_json(text) for name, text in kept.items()}

    def try_missing(self, founded: FoundedScratch, orders: Orders) -> None:
        """Have PostgreSQL judge what is missing."""
        if missing := self.missing:
            base, branch = orders.deployment
            deployment = Deployment(base=base, branch=branch, own=orders.ours_alone)
            try:
                found = try_statements(founded, deployment, missing)
            except CannotTry as error:
                self.failure = error.failure
            else:
                self.verdicts |= found
                self.cache.keep_verdicts(self.key, {cache_key(sql): one.to_json() for sql, one in found.items()})

    def trial(self, *, rollback: bool) -> ClientTrial:
        """What came out. `rollback`: also what of the new code the base's schema refuses."""
        files = len(self.old.keys() | self.new.keys())
        if self.failure:
            return ClientTrial(files=files, tried=0, failure=self.failure)
        foreign = [one for one in self.verdicts.values() if one.branch and not one.worked]
        return ClientTrial(
            files=files,
            tried=len(self.verdicts),
            foreign=len(foreign),
            broken=tuple(judge(self.old, self.new, self.verdicts, rollback=rollback)),
            lines=lines_of(self.new, self.verdicts),
        )


def broken_statements(trial: ClientTrial) -> Iterator[Finding]:
    """A finding for every statement that was refused and should not be."""
    return (RULES[broken.breakage](broken) for broken in trial.broken)


# What ran once, on a schema of its time: migrations of another database, or of other services.
HISTORY = re.compile(r"(?:^|/)[^/]*(?:migrations?|migrate)/", re.IGNORECASE)
LONGEST = 1_000_000  # bytes; longer files are packed or generated
AT_ONCE = 500  # files in memory


class _SourceFiles(Struct, frozen=True):
    """The source files of a code version, path → blob id; the content of those `on_disk` is not in git yet."""

    blobs: Mapping[str, str]
    on_disk: frozenset[str] = field(default_factory=frozenset)


def _source_files(project: Project, tree: str, without: Iterable[str] = ()) -> _SourceFiles:
    """The source files of a commit or tree, but for the paths `without`, migrations and `clients_ignore`."""
    settings = project.settings
    listed = list_files(project.repository, tree, without=settings.folders, patterns=settings.clients_ignore)
    left_out = frozenset(without)
    return _SourceFiles({path: blob for path, blob in listed.items() if path not in left_out and _is_client(path)})


def _with_work_tree(project: Project, files: _SourceFiles) -> _SourceFiles:
    """The files with those laid over them that the work tree has otherwise than HEAD, untracked ones included."""
    repository, settings = project.repository, project.settings
    folders = [f"{folder}/" for folder in settings.folders]
    changes = {
        path: blob
        for path, blob in work_tree_changes(repository).items()
        if _is_client(path) and not path.startswith(tuple(folders))
    }
    ignored = matching(repository, changes, settings.clients_ignore)
    changes = {path: blob for path, blob in changes.items() if path not in ignored}
    laid_over = {**files.blobs, **changes}
    return _SourceFiles(
        {path: blob for path, blob in laid_over.items() if blob is not None},
        frozenset(path for path, blob in changes.items() if blob is not None),
    )


def _is_client(path: str) -> bool:
    """Whether a file of this name is looked into."""
    return is_source(path) and not HISTORY.search(path)


def _read_statements(project: Project, *versions: _SourceFiles) -> list[dict[str, list[Statement]]]:
    """For each code version, path → the statements of every file that has some."""
    cache = ClientCache(project.repository)
    wanted: dict[str, dict[str, tuple[str, bool]]] = defaultdict(dict)
    for version in versions:
        for path, blob in version.blobs.items():
            wanted[suffix(path)][blob] = (path, path in version.on_disk)
    known: dict[tuple[str, str], list[Statement]] = {}
    new: dict[tuple[str, str], Source] = {}
    made: dict[str, dict[str, str]] = defaultdict(dict)
    for ending, blobs in wanted.items():
        kept = cache.sources(ending, list(blobs))
        known |= {(ending, blob): _from_json(text) for blob, text in kept.items() if text}
        for blob, source in _contents(project.repository, {b: w for b, w in blobs.items() if b not in kept}):
            if may_have_statements(source):
                new[ending, blob] = (blobs[blob][0], source)
            else:
                made[ending][blob] = ""
    for (ending, blob), found in zip(new, read_statements(list(new.values()))):
        made[ending][blob] = json.dumps([one.to_json() for one in found]) if found else ""
        known[ending, blob] = found
    for ending, texts in made.items():
        cache.keep_sources(ending, texts)
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
