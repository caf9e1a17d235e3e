"""What gitmig says of plans, kept rows, trials, files and hooks: values in, sentences and lines out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.cli.output import plural, say, say_text, short, signed, styled, warn
from gitmig.errors import GitmigError
from gitmig.migrations.plan import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.git.hooks import FileChange, Hook, Installation
    from gitmig.migrations.model import Problem
    from gitmig.migrations.plan import Plan, Step
    from gitmig.operations.kept import KeptEntry
    from gitmig.operations.rebuild import Rebuilt
    from gitmig.operations.sync import Outcome
    from gitmig.project.kept_migrations import Whereabouts
    from gitmig.project.target import Target
    from gitmig.rows.items import Item, Kept, Reason, Report
    from gitmig.schema.model import SchemaDifference
    from gitmig.trials.round_trip import Observation, RoundTripFailure


# --- plans and where they lead


def step_line(step: Step, milliseconds: float | None = None) -> str:
    """`+ 20260101120000_create_comments`, with the time if it ran."""
    took = "" if milliseconds is None else styled(f"  ({_duration(milliseconds)})", dim=True)
    return signed(step.direction.sign, f"{step.label}{took}")


def ledger_lines(plan: Plan) -> list[str]:
    """One line for what is replaced without a script, and one per migration that is called something else."""
    moved = [signed("~", f"{m.applied.label} is now {m.desired.migration.label}") for m in plan.moves if m.renamed]
    if plan.replacement is None:
        return moved
    going = [one.label for one in plan.replacement.going]
    coming = [step.label for step in plan.replacement.coming]
    while min(len(going), len(coming)) > 1 and going[-1] == coming[-1]:
        going, coming = going[:-1], coming[:-1]
    verb = "is" if len(going) == 1 else "are"
    now = "another text" if going == coming else _together(coming)
    return [signed("=", f"{_together(going)} {verb} now {now}: same schema, no script run"), *moved]


def difference_lines(difference: SchemaDifference) -> list[str]:
    """One line per object: `-` only in the first schema, `+` only in the second, `~` in both and not the same."""
    return [signed(sign, str(name)) for sign, name in difference.signed]


def say_synced(synced: Outcome) -> None:
    """What a sync that ran has done without a script, and where the database is now."""
    for line in ledger_lines(synced.plan):
        say(line)
    say(now_matches(synced))


def now_matches(synced: Outcome) -> str:
    """Where the database is now."""
    verb = "now matches" if synced.plan else "matches"
    return f"{synced.database} {verb} {_place(synced.target)} ({plural(len(synced.target.set), 'migration')})"


MOST_QUARANTINED = 10  # lines


def say_rebuilt(rebuilt: Rebuilt) -> None:
    """What came along, what did not, where the old database is."""
    tables = [carried for carried in rebuilt.carried if carried.rows]
    say(f"  carried {plural(rebuilt.rows, 'row')} of {plural(len(tables), 'table')}")
    for aside in rebuilt.aside[:MOST_QUARANTINED]:
        say(f"  set aside {plural(aside.rows, 'row')} of {aside.table} as item {aside.item}: {aside.reason}")
    if len(rebuilt.aside) > MOST_QUARANTINED:
        say(f"  … and of {plural(len(rebuilt.aside) - MOST_QUARANTINED, 'more table')}")
    for note in rebuilt.notes:
        warn(note)
    say(f"  the old database is kept as {rebuilt.kept_as}; `gitmig db prune` drops it")
    count = plural(len(rebuilt.target.set), "migration")
    say(f"{rebuilt.database} was built anew and matches {_place(rebuilt.target)} ({count})")


def _place(target: Target) -> str:
    """`commit 0123456789`, `the work tree on 0123456789`."""
    if not target.snapshot.is_work_tree:
        return f"commit {short(target.commit)}"
    return f"the work tree on {short(target.commit)}" if target.commit else "the work tree"


def _together(labels: Sequence[str]) -> str:
    """A name, or the first and the last of many."""
    if len(labels) == 1:
        return labels[0]
    return f"{len(labels)} migrations ({labels[0]} to {labels[-1]})"


def _duration(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


# --- rows that are kept


def why(reason: Reason, detail: str | None) -> str:
    """Why a row is still kept, in words; what PostgreSQL said of it says more."""
    from gitmig.rows.items import Reason  # not loaded where no row is kept

    sentences = {
        Reason.TAKEN: "a row with this key is there already",
        Reason.ORPHAN: "the row it refers to is not there",
        Reason.ROW_GONE: "its row is gone",
        Reason.CHANGED: "somebody changed the value on the other side as well, and that one is there",
        Reason.UNSURE: "nobody can tell any more whether somebody changed the row since",
        Reason.REFUSED: "PostgreSQL does not take it",
        Reason.NO_PLACE: "there is no such table or column now",
        Reason.LATER: "it has to wait for a commit, or for a row that has to wait",
        Reason.MISFIT: "it does not fit the older schema",
        Reason.LENT: "it is in its table as well",
    }
    if reason is Reason.REFUSED and detail:
        return detail
    return f"{sentences[reason]}: {detail}" if detail else sentences[reason]


def row_lines(report: Report) -> list[str]:
    """One line for each table, indented below the step's own line. What stays is told at the end of a sync."""
    found = [f"      kept {plural(kept.rows, 'row')} of {_what(kept)}{_because(kept.why)}" for kept in report.kept]
    return found + [f"      put back {plural(one.rows, 'row')} of {one.table}" for one in report.restored]


def staying_line(item: Item) -> str:
    """What is still kept although its step has come, and what a person can do."""
    because = why(item.reason, item.detail) if item.reason else "there is no place for them now"
    return f"  {_stays(item)}: {because} (`gitmig kept restore {item.id}`)"


def abandoned_line(item: Item) -> str:
    """What nobody will bring back, and what a person can do."""
    return (
        f"{_stays(item)} since {item.kept_at:%Y-%m-%d}, and no branch has {item.label} any more, which would bring "
        f"them back: `gitmig kept restore {item.id}`, or `gitmig kept drop {item.id}`"
    )


def waits_for(entry: KeptEntry) -> str:
    """What brings an entry back, and where that is; or why it is still here although that has come."""
    item, found = entry.item, entry.found
    if item.due:
        return why(item.reason, item.detail) if item.reason else "its place"
    if found is None:
        return f"`gitmig kept restore {item.id}`"
    from gitmig.rows.items import Reason  # not loaded where no row is kept

    section = "its up" if item.direction is Direction.REVERT else "its down"
    where = f"; {why(item.reason, None)}" if item.reason is Reason.LENT else ""
    return f"{section} ({_whereabouts(found)}){where}"


def advice(entries: Sequence[KeptEntry]) -> str | None:
    """What to do about entries that nothing brings back but a person; None if there are none."""
    left = [str(entry.item.id) for entry in entries if entry.is_left]
    if not left:
        return None
    number, them = (left[0], "it") if len(left) == 1 else ("N", "them")
    return (
        f"nothing brings {', '.join(left)} back by itself: `gitmig kept show {number}` shows the rows, "
        f"`gitmig kept restore {number}` puts {them} back, `gitmig kept drop {number}` drops {them} for good"
    )


def _whereabouts(found: Whereabouts) -> str:
    """In a few words, nearest first."""
    if found.applied:
        return "applied"
    if found.in_work_tree:
        return "in the work tree"
    if not found.branches:
        return "in no branch any more"
    more = f" and {len(found.branches) - 1} more" if len(found.branches) > 1 else ""
    return f"on {found.branches[0]}{more}"


def _stays(item: Item) -> str:
    return f"{plural(item.rows, 'row')} of {item.what} {'stays' if item.rows == 1 else 'stay'} kept"


def _what(kept: Kept) -> str:
    return f"{kept.table} ({', '.join(kept.columns)})" if kept.columns else str(kept.table)


def _because(detail: str | None) -> str:
    return f", which do not fit the older schema: {detail}" if detail else ""


# --- trials of migrations, and files

SHOWN_OBJECTS = 3


def why_flawed(finding: Observation) -> str:
    """The reason in one line: the statement that was refused, or the objects that differ."""
    if finding.failure is not None:
        return _refusal(finding.failure)
    shown = [str(name) for name in finding.objects[:SHOWN_OBJECTS]]
    if more := len(finding.objects) - len(shown):
        shown.append(f"{more} more")
    return ", ".join(shown)


def warn_of(findings: Sequence[Observation]) -> None:
    """One warning per finding."""
    for finding in findings:
        reason = why_flawed(finding)
        warn(f"{finding.outcome.value}: {reason}" if reason else finding.outcome.value)


def _refusal(failure: RoundTripFailure) -> str:
    parts = [f"{failure.path}:{failure.line}: {failure.message}", failure.detail, failure.row and f"row {failure.row}"]
    return "; ".join(" ".join(part.split()) for part in parts if part)


def warn_of_flawed_downs(found: Iterable[Problem]) -> None:
    """Warn of each; they fail when they are needed."""
    for problem in found:
        warn(f"{problem.place}: the down cannot run: {problem.message}")


def migration_set(count: int, set_id: str, *, verbose: bool) -> str:
    """How many migrations there are; its id says more to programs than to people."""
    return plural(count, "migration") + (f", set {set_id}" if verbose else "")


def warn_of_left_alone(target: Target, most: int | None = None) -> None:
    """Warn of the files that somebody could take for migrations; of more than `most` in one line.

    Likewise of migrations with one version.
    """
    for problem in target.twins[:most]:
        warn(f"{problem.path} {problem.message}: {problem.hint}")
    found = target.left_alone
    if most is not None and len(found) > most:
        warn(f"{len(found)} files in {target.set.folder}/ are left alone; `gitmig show` names them")
    else:
        for problem in found:
            warn(f"{problem.path} {problem.message}; {problem.hint}")


# --- hooks


def hook_words(hook: Hook) -> str:
    """`installed, through husky`."""
    chained = f", after {hook.chained.name}" if hook.chained else ""
    through = f", through {hook.through}" if hook.through else ""
    return f"{hook.state.value}{chained}{through}"


def change_words(change: FileChange) -> str:
    """What would be done to a file."""
    name = f"{change.name} (which git tracks)" if change.is_tracked else change.name
    if change.text is None:
        return f"{name} would be deleted; it has nothing but"
    return f"{name} would be made, with" if change.is_new else f"{name} would be changed, by"


def say_hook_files(found: Installation) -> None:
    """Which files of other tools were changed, and what has to be written into them."""
    for change in found.changed:
        done = "deleted" if change.text is None else "wrote" if change.is_new else "changed"
        say(f"{done} {change.name}{', which git tracks: commit it' if change.is_tracked else ''}")
    needed = [(change.name, change.lines) for change in found.refused if change.text]
    needed += [(f"{place.path}, {place.where}," if place.where else place.path, place.lines) for place in found.by_hand]
    for where, lines in needed:
        say(f"{where} needs")
        say_text(indented(lines))


def not_installed(found: Installation) -> GitmigError | None:
    """That another tool's files were left as they are, so that git does not call gitmig everywhere."""
    owner = found.manager.name if found.manager else "another tool"
    if found.refused:
        return GitmigError(
            f"{owner} owns these hooks, and none of its files was changed",
            hint="`gitmig hooks install --yes` writes the lines above, or write them yourself",
        )
    if found.by_hand:
        return GitmigError(
            f"{owner} owns these hooks, and gitmig cannot write into what is there already",
            hint="write the lines above into them, then look with `gitmig hooks status`",
        )
    return None


def indented(lines: str) -> str:
    """Lines of a file below the line that names it."""
    return "\n".join(f"    {line}" for line in lines.splitlines())
