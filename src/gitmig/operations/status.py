"""`gitmig status`: where the database is, compared with the work tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import MayNotBuild
from gitmig.events import silent
from gitmig.git import hooks
from gitmig.ledger.protection import is_protected
from gitmig.ledger.store import read_state
from gitmig.project.expected_schemas import ExpectedSchemas, find_drift
from gitmig.project.ownership import foreign_ledger
from gitmig.project.same_schema import half_a_squash, without_needless_scripts
from gitmig.project.target import distance_to, flawed_downs, load_target
from gitmig.project.trust import untrusted_of

if TYPE_CHECKING:
    from gitmig.errors import GitmigError
    from gitmig.events import Notify
    from gitmig.git.hooks import Trouble
    from gitmig.ledger.ownership import ForeignLedger
    from gitmig.ledger.rows import State
    from gitmig.migrations.model import Problem
    from gitmig.migrations.plan import Plan, SetDifference
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project
    from gitmig.project.target import Target
    from gitmig.schema.model import SchemaDifference


class Status(Struct, frozen=True, kw_only=True):
    """`plan` is what a sync would do now; the database is in sync if that runs nothing and there is no drift.

    `drift` is how the schema differs from that of a fresh build of what is applied; None also if it was not looked for:
    without verification, while a script is unfinished, and in another project's database. `flawed` says which downs of
    what is pending cannot run, `untrusted` what of it no hook would run; `foreign` says that the ledger is another
    project's. `blocked` says why a sync would refuse to go from a part of a squash to the whole, or that it could not
    tell what was changed. `hooks` says why the database does not follow a checkout by itself; neither does it if it
    is `protected`.
    """

    database: str
    source: str
    target: Target
    state: State
    plan: Plan
    difference: SetDifference
    drift: SchemaDifference | None
    flawed: tuple[Problem, ...]
    foreign: ForeignLedger | None = None
    untrusted: tuple[str, ...] = ()
    blocked: GitmigError | None = None
    hooks: Trouble | None = None
    protected: bool = False

    @property
    def verified(self) -> bool:
        """Whether a sync would see to it that the schema is right, and so finds a way back where no down is."""
        return self.target.project.settings.verify

    @property
    def in_sync(self) -> bool:
        """Whether the database has exactly the work tree's migrations, in order."""
        is_there = not (self.plan.steps or self.plan.replacement)
        is_whole = self.state.unfinished is None and self.drift is None and self.blocked is None
        return is_there and self.foreign is None and is_whole


def status(project: Project, *, notify: Notify = silent) -> Status:
    """Compare the database with the work tree; writes nothing. Raises GitmigError."""
    target = load_target(project)
    with project.connect("status", notify=notify) as connection:
        state, protected = read_state(connection), is_protected(connection)
        distance = distance_to(state.stack, target)
        plan = distance.plan
        foreign = foreign_ledger(connection, target, state, plan)
        blocked = None if foreign else half_a_squash(connection, target, plan)
        untrusted, drift = untrusted_of(project, plan, target), None
        if foreign is None:  # another project's scripts are none that a look should run on a scratch database
            try:
                plan, drift = preview(connection, target, plan, state, is_trusted=not untrusted)
            except MayNotBuild as error:
                blocked = blocked or error
    return Status(
        database=str(project.address),
        source=project.settings.database_source or "embedded PostgreSQL",
        target=target,
        state=state,
        plan=plan,
        difference=distance.difference,
        drift=drift,
        flawed=flawed_downs(distance.contents),
        foreign=foreign,
        blocked=blocked,
        untrusted=tuple(one.label for one in untrusted),
        hooks=hooks.trouble(project.repository),
        protected=protected,
    )


def preview(
    connection: Connection, target: Target, plan: Plan, state: State, *, is_trusted: bool
) -> tuple[Plan, SchemaDifference | None]:
    """The plan without the scripts that need not run, and the drift if there is any, which a sync would refuse.

    Only what `is_trusted` is run, on a scratch database, to find such scripts. Raises GitmigError.
    """
    if not target.project.settings.verify or state.unfinished is not None:
        return plan, None
    expected = ExpectedSchemas(target.project, connection, state.stack)
    drift = find_drift(connection, expected, state)
    if drift is None and is_trusted:
        plan = without_needless_scripts(connection, target, plan, state.stack, expected)
    return plan, drift
