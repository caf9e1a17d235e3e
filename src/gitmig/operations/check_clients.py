"""`gitmig check`, source code: its SQL is tried on the schemas of both sides, its words are looked through.

What was tried is remembered by the scripts that make the schemas, so that nothing is built for code that is known.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gitmig.check.clients.trial import Breakage, ClientTrial, Verdict, all_of, judge, lines_of
from gitmig.check.clients.words import Hit, removed_objects, uses, words
from gitmig.check.rules.clients import (
    client_left_behind,
    code_breaks,
    code_needs_schema,
    deployed_code_breaks,
    new_code_fails,
)
from gitmig.git import merge
from gitmig.git.cache import ClientCache
from gitmig.git.snapshot import grep
from gitmig.project.client_sources import read_statements, source_files, with_work_tree
from gitmig.trials.clients import CannotTry, Deployment, try_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitmig.check.clients.trial import Sources
    from gitmig.check.findings import Finding
    from gitmig.check.footprint import Footprint
    from gitmig.check.proof import OrderFailure, Orders
    from gitmig.operations.check import Checked
    from gitmig.project.project import Project
    from gitmig.trials.orders import FoundedScratch


RULES = {
    Breakage.MERGED: code_breaks,
    Breakage.DEPLOYED: deployed_code_breaks,
    Breakage.NEW: new_code_fails,
    Breakage.ROLLBACK: code_needs_schema,
}


@dataclass(kw_only=True)
class ClientCode:
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
        merged = merge.merged_tree(project.repository, checked.ours.commit, checked.base.commit)
        files = source_files(project, merged.tree, without=merged.conflicts)
        if checked.ours.snapshot.is_work_tree:
            files = with_work_tree(project, files)
        old, new = read_statements(project, source_files(project, checked.base.commit), files)
        parts = [server, project.bootstrap_sql(), checked.layout.name]
        for migrations in (checked.merged.migrations, checked.theirs_added, checked.ours_added):
            parts += ["", *(f"{migration.label} {migration.blobs}" for migration in migrations)]
        code = cls(old=old, new=new, key=_digest(*parts), cache=ClientCache(project.repository))
        code._remember()
        return code

    @property
    def missing(self) -> list[str]:
        """The statements that have not been tried."""
        return [sql for sql in all_of(self.old, self.new) if sql not in self.verdicts]

    def _remember(self) -> None:
        names = {_digest(sql): sql for sql in all_of(self.old, self.new)}
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
                self.cache.keep_verdicts(self.key, {_digest(sql): one.to_json() for sql, one in found.items()})

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


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def find_clients(project: Project, commit: str, branch: Iterable[tuple[str, Footprint]]) -> list[Finding]:
    """A note for every use in the tracked files of a commit, the migrations folders and `clients_ignore` left out.

    `branch` are the labels and footprints of the branch's migrations, in order. Nothing is searched if they take
    nothing away.
    """
    gone = removed_objects(branch)
    if not gone:
        return []
    settings = project.settings
    rows = grep(project.repository, commit, words(gone), without=settings.folders, patterns=settings.clients_ignore)
    return [client_left_behind(use) for use in uses(gone, (Hit(*row) for row in rows))]
