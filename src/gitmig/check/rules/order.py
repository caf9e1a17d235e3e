"""GM107: one of ours sorts before what the base has already, so databases at the base's tip get it later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity
from gitmig.check.footprint.touches import Verb
from gitmig.check.net_effects import effects
from gitmig.check.rules.clash import hits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.check.effects import Member
    from gitmig.migrations.model import Migration

CODE = "GM107"


def find(ours: Sequence[Migration], theirs: Sequence[Migration], clashing: set[tuple[str, str]]) -> Iterator[Finding]:
    """An error where ours and what it slips in before do not commute, else a note.

    `clashing` are the pairs of labels, ours first, about which there is an error.
    """
    for mine in ours:
        later = [other for other in theirs if other.version > mine.version]
        if not later:
            continue
        bad = [other for other in later if (mine.label, other.label) in clashing]
        named = bad or later
        more = f" and {len(named) - 1} more" if len(named) > 1 else ""
        where = f"{mine.label} sorts before {named[0].label}{more}, which the base has already"
        if bad:
            message, hint = f"{where}, and the two do not commute", "`gitmig renumber` moves ours behind the base's"
        else:
            message, hint = where, "they commute, so nothing breaks; `gitmig renumber` moves ours behind the base's"
        yield Finding(
            code=CODE,
            severity=Severity.ERROR if bad else Severity.NOTE,
            message=message,
            hint=hint,
            migrations=(mine.label, *(other.label for other in named)),
            path=mine.path,
        )


def find_theirs(
    theirs: Sequence[Migration], common: Sequence[Migration], clashing: set[tuple[str, str]]
) -> Iterator[Finding]:
    """An error where theirs slips in before what our side has already, and the two do not commute.

    `clashing` are such pairs of labels, theirs first.
    """
    for other in theirs:
        bad = [one for one in common if (other.label, one.label) in clashing]
        if bad:
            yield Finding(
                code=CODE,
                severity=Severity.ERROR,
                message=f"{other.label} of the base sorts before {bad[0].label}, which our side has already, and the "
                "two do not commute",
                hint="`gitmig renumber` on the branch it came from moves it behind",
                migrations=(*(one.label for one in bad), other.label),
                path=other.path,
            )


def needs(mine: Member, earlier: Member) -> bool:
    """Whether `mine` uses what `earlier` makes, and so cannot run before it."""
    made = [effect for effect in effects([earlier]) if effect.verb in {Verb.CREATE, Verb.RENAME}]
    used = [effect for effect in effects([mine]) if effect.verb is not Verb.CREATE]
    return any(hits(one, other) for one in made for other in used)
