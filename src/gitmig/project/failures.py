"""Failures of a sync in words: what was done, what failed and where, what was not run, what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError, LockBusy, SyncFailed
from gitmig.migrations.plan import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.execute.repair import Unrepairable
    from gitmig.execute.tasks import LocksHeld, StepFailed
    from gitmig.migrations.model import Script
    from gitmig.migrations.plan import Plan, Step
    from gitmig.postgres.run_sql import ScriptError
    from gitmig.schema.model import SchemaDifference

# Where the script is not to blame: what to do instead of correcting it, by SQLSTATE (None: the connection broke).
WHEN_DONE = "run `gitmig sync` when they are done"
AGAIN = "run `gitmig sync` again"
BLAMELESS = {
    None: AGAIN,
    "57P01": AGAIN,
    "57P02": AGAIN,
    "57014": AGAIN,
    "40001": AGAIN,
    "40P01": AGAIN,
    "55P03": f"somebody else holds a lock on it: {WHEN_DONE}",
    "25006": "it is read-only: sync the primary server, with a role that may write",
}

DUPLICATE = "42710"
NOT_AVAILABLE = re.compile(r'(?:extension ".*" is not available|could not open extension control file)')
GET_EXTENSION = (
    "install it where the server is (as the package postgresql-contrib); the embedded one can run with the programs of "
    "an installed PostgreSQL, see `git config gitmig.postgresPrograms` in docs/configuration.md"
)
CREATES_ROLE = re.compile(r"create\s+(?:role|user|group)\b(?!\s+mapping)", re.IGNORECASE)

MOST_NAMES = 8


def step_failed(failure: StepFailed, plan: Plan | None, database: str, *, taken_back: bool = False) -> SyncFailed:
    """What was done, what failed (file, line, statement, PostgreSQL's message), what was not run, what to do.

    `taken_back`: what had been committed is not there any more.
    """
    error = failure.error
    begun = [failure.step, *failure.rolled_back, *(done.step for done in failure.committed)]
    waiting = [step for step in plan.steps if step not in begun] if plan else []
    details = [f"statement: {shortened(error.statement)}"] if error.statement or not error.said else []
    details += [
        f"{word}: {text}" for word, text in (("detail", error.detail), ("PostgreSQL's hint", error.hint)) if text
    ]
    if error.context:
        details.append(f"where: {shortened(error.context)}")
    details += _listed("taken back" if taken_back else "done", [done.step for done in failure.committed])
    details += _listed("rolled back", failure.rolled_back) + _listed("not run", waiting)
    verb = "reverting" if failure.step.direction is Direction.REVERT else "applying"
    return SyncFailed(
        f"{verb} {failure.step.label} failed at {failure.path}:{error.line}: {error.message}",
        details=tuple(details),
        hint=f"{database} {_what_stays(failure, taken_back=taken_back)}; {_advice(failure)}",
    )


def locks_held(held: LocksHeld, database: str, *, taken_back: bool) -> GitmigError:
    """Somebody else holds what a step needs; `taken_back`: what had been committed before it is not there any more."""
    if not held.committed or taken_back:
        return LockBusy(f"{held.account}; {database} is as it was before", hint=WHEN_DONE)
    done = _listed("done", [done.step for done in held.committed])
    message = f"{held.account}; {database} stays at the last step that is done"
    return SyncFailed(message, hint=WHEN_DONE, details=tuple(done))


def _what_stays(failure: StepFailed, *, taken_back: bool) -> str:
    if failure.outside:
        return "keeps the statements before it, which ran outside a transaction"
    if failure.escaped:
        return "keeps what the script committed"
    return "stays at the last step that is done" if failure.committed and not taken_back else "is as it was before"


def _advice(failure: StepFailed) -> str:
    error = failure.error
    if error.sqlstate in BLAMELESS:
        advice = BLAMELESS[error.sqlstate]
    elif NOT_AVAILABLE.match(error.message):
        advice = GET_EXTENSION
    elif error.sqlstate == DUPLICATE and CREATES_ROLE.match(error.statement):
        advice = "roles belong to the whole server: create it only if it is missing, in a DO block"
    elif failure.step.direction is Direction.REVERT:
        advice = "correct its down on a commit that has it, sync there, and come back"
    else:
        advice = "correct the script and run `gitmig sync`"
    if failure.escaped:
        advice += ", which says first what differs (`--discard-drift` takes it back)"
    if failure.outside:
        advice += "; or `gitmig sync --abandon` forgets it and takes back what it did"
    return advice


def _listed(word: str, steps: Sequence[Step]) -> list[str]:
    """One line however many steps: the end of a message is what people read."""
    names = [f"{step.direction.sign} {step.label}" for step in steps]
    if len(names) > 3:
        names = [names[0], f"… {len(names) - 2} more …", names[-1]]
    return [f"{word}: {', '.join(names)}"] if names else []


def shortened(text: str, longest: int = 300) -> str:
    """One line of it, and no more of that than people read."""
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[:longest]} …"


def unrepairable(failure: Unrepairable, database: str) -> SyncFailed:
    """A step that does not lead where it should, whichever way it is tried."""
    if failure.direction is Direction.APPLY:
        message = f"{failure.label} leads to another schema here than on a fresh database"
    else:
        message = f"{failure.label} cannot be undone: no way leads back to the schema that was there before it"
    kept = "stays at the last step that is done" if failure.committed else "is as it was before"
    if failure.outside:
        kept = f"keeps what {failure.label} did outside a transaction"
    return SyncFailed(
        message,
        details=(*failure.reasons, *_listed("done", [done.step for done in failure.committed])),
        hint=f"{database} {kept}; `gitmig sync --rebuild` makes it anew and carries the rows over",
    )


def drifted(difference: SchemaDifference, database: str, *, is_new: bool) -> GitmigError:
    """Somebody changed the schema without a migration; or, `is_new`, there was one before the first migration."""
    if is_new:
        return GitmigError(
            f"{database} has a schema that no migration made; nothing was changed",
            details=first_lines(difference),
            hint="`gitmig adopt` marks as applied what another tool has applied; without migrations, `gitmig capture` "
            "makes the first one; what is not gitmig's business belongs into `ignore`, what every database needs first "
            "into `bootstrap`",
        )
    return GitmigError(
        f"the schema of {database} was changed by hand, and nothing is built on that; nothing was changed",
        details=first_lines(difference),
        hint="`gitmig capture` makes a migration of it, `gitmig diff --sql` shows it, "
        "`gitmig sync --discard-drift` takes it back; `gitmig adopt`, if another tool has applied what is pending",
    )


def first_lines(difference: SchemaDifference) -> tuple[str, ...]:
    """The first objects that differ, a line each, with their signs."""
    names = [f"{sign} {name}" for sign, name in difference.signed]
    if len(names) > MOST_NAMES:
        names = [*names[:MOST_NAMES], f"… {len(names) - MOST_NAMES} more"]
    return tuple(names)


def not_fresh(script: Script, error: ScriptError) -> GitmigError:
    """What to tell people about an up script that does not run on a fresh database."""
    from gitmig.postgres.run_sql import SHARED_CHANGED  # psycopg takes its time to load

    hint = "what every database needs before the first migration belongs into the bootstrap file"
    if error.sqlstate == SHARED_CHANGED:
        hint = error.hint or hint
    elif NOT_AVAILABLE.match(error.message):
        hint = GET_EXTENSION
    return GitmigError(
        f"on a fresh database {script.path}:{error.line} fails: {error.message}",
        hint=hint,
        details=(f"statement: {shortened(error.statement)}",) if error.statement else error.said,
    )
