"""All that people are asked before something runs: a plan, a protected database, scripts that are not trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.cli.output import can_ask, confirm, plural, tell, tell_text, warn
from gitmig.cli.wording import change_words, indented, step_line
from gitmig.errors import GitmigError
from gitmig.project.decisions import Decisions, refuse_unattended
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.errors import SyncFailed
    from gitmig.git.hooks import Consent, FileChange
    from gitmig.ledger.ownership import ForeignLedger
    from gitmig.migrations.plan import Plan
    from gitmig.project.project import Project
    from gitmig.project.trust import Candidate

MEANS = "a script can do on that server what your role can do: as a superuser, run programs there (COPY … TO PROGRAM)"


class Person(Decisions):
    """Asks whoever sits at the terminal, if somebody does and `may_ask`.

    `agreed` says that they have said yes in advance, `trusts` that programs may run which nobody has approved;
    `command` is what they called.
    """

    def __init__(self, *, agreed: bool, may_ask: bool = True, trusts: bool = False, command: str = "sync") -> None:
        self._agreed = agreed
        self._trusts = trusts
        self._may_ask = may_ask and not agreed and can_ask()
        self._command = command

    @property
    def is_attended(self) -> bool:
        """Also where nothing is asked."""
        return can_ask()

    def run_plan(self, plan: Plan) -> bool:
        """Ask about what reverts something."""
        if not (plan.reverts and self._may_ask):
            return True
        _show(plan)
        made = "what it made" if len(plan.reverts) == 1 else "what they made"
        tell(f"Reverting {plural(len(plan.reverts), 'migration')} takes away {made}; rows are kept aside.")
        return confirm("Go on?", default=True)

    def change_protected(self, plan: Plan) -> bool:
        """Ask in any case. Raises GitmigError if nobody can be asked."""
        if self._agreed:
            return True
        if not self._may_ask:
            hint = f"`gitmig {self._command} --yes` confirms it"
            raise GitmigError("the database is protected: confirm the change", hint=hint)
        _show(plan)
        return confirm("The database is protected. Go on?", default=False)

    def run_programs(self, found: Sequence[Candidate]) -> bool:
        """Ask, whatever was agreed to in advance but `--trust`. Raises GitmigError if nobody can be asked."""
        if self._trusts:
            return True
        if not (self._may_ask or (self._agreed and can_ask())):
            return super().run_programs(found)
        labels = list(dict.fromkeys(map(str, found)))
        tell(f"This runs {plural(len(labels), 'program')} as you, on this machine: {first_few(labels)}.")
        tell("Nobody approved that in this clone so far; `gitmig trust` shows them whole.")
        return confirm("Run them?", default=False)

    def take_over(self, known: ForeignLedger) -> bool:
        """Ask: a clone that lacks objects cannot tell; a person can."""
        if not self._may_ask:
            return False
        warn(known.message)
        return confirm("This clone is shallow or partial and may not know its own. Is it this project's database?")

    def rebuild(self, failure: SyncFailed) -> bool:
        """Ask, after the failure was told."""
        if not self._may_ask:
            return True
        tell("It can be made anew beside the old one, which is kept, and its rows are carried over.")
        return confirm("Go on?", default=True)


class PersonWhoUndoes(Person):
    """Is asked about every undo."""

    def run_plan(self, plan: Plan) -> bool:
        """Show what will run, and ask."""
        if self._agreed:
            return True
        _show(plan)
        tell("This takes the database back to what it was before; what has no place there is kept.")
        return confirm("Go on?")


def require_person(project: Project, what: str) -> None:
    """Raise GitmigError if the settings leave it to a person, and nobody sits at a terminal."""
    refuse_unattended(project, what, is_attended=can_ask())


def scratch_consent(*, given: bool, may_ask: bool = True) -> Callable[[Sequence[Candidate]], None]:
    """What asks before untrusted scripts run on a scratch database; with `given`, `--trust` has said yes."""

    def ask(found: Sequence[Candidate]) -> None:
        if given:
            return
        what = f"{plural(len(found), 'script')} that this clone does not trust: {first_few(found)}"
        if may_ask and can_ask():
            tell(f"This runs, on a scratch database of the same server, {what}.")
            tell(f"Nothing of your own database is meant to be touched, but {MEANS}.")
            if any(one.program is not None for one in found):
                tell("Programs among them run as you, on this machine.")
            if confirm("Run them?"):
                return
            raise GitmigError("nothing was run", hint="`gitmig trust` shows and approves scripts")
        raise GitmigError(
            f"this would run, on a scratch database of the same server, {what}",
            hint=f"--trust runs them this once, `gitmig trust [REVISION]` shows and approves them; {MEANS}",
        )

    return ask


def hook_files_consent(*, agreed: bool) -> Consent:
    """What asks before files are changed that other tools read or other clones have; nobody to ask means no."""

    def ask(changes: Sequence[FileChange]) -> bool:
        if agreed or not can_ask():
            return agreed
        for change in changes:
            tell(change_words(change))
            tell_text(indented(change.lines))
        return confirm("Write that?" if any(change.text for change in changes) else "Go on?", default=True)

    return ask


def _show(plan: Plan) -> None:
    for step in plan.steps:
        tell(step_line(step))
