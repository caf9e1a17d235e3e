"""`gitmig show`: the migration set of a commit, and whether its record agrees with its tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.git.notes import read_record
from gitmig.project.target import flawed_downs, load_target

if TYPE_CHECKING:
    from gitmig.migrations.model import Problem
    from gitmig.migrations.record import Record
    from gitmig.project.project import Project
    from gitmig.project.target import Target


class Shown(Struct, frozen=True, kw_only=True):
    """A set with the record of its commit, if it has one.

    `irreversible` are the labels of migrations without a down, `flawed` says of other downs why they cannot run.
    """

    target: Target
    irreversible: frozenset[str]
    flawed: tuple[Problem, ...]
    record: Record | None

    @property
    def disagrees(self) -> bool:
        """Whether the record tells of another set than the tree; the tree is right."""
        members = self.target.set
        return self.record is not None and (self.record.set_id, self.record.count) != (members.id, len(members))


def show(project: Project, revision: str | None) -> Shown:
    """The set of a commit, or of the work tree. Raises GitmigError; every file is read and validated."""
    target = load_target(project, revision)
    contents = target.contents(target.set.migrations)
    return Shown(
        target=target,
        irreversible=frozenset(m.label for m in target.set.migrations if contents[m.path].down is None),
        flawed=flawed_downs(contents),
        record=read_record(project.repository, target.commit) if revision and target.commit else None,
    )
