"""Whether a ledger is to be believed: judged by who owns it, may write it, or has attached something to it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

SETTING = "gitmig.ledgerRole"
WHY = "what stands in the ledger runs as you"
MOST = 3  # further findings that are told


class Power(Enum):
    """How a role can decide what stands in the ledger, or what runs when it is read and written."""

    OWNS = "owns"
    MAY = "may"
    # What gitmig never makes, and what changes the meaning of reading and writing. Whoever made it, it is refused.
    SHAPE = "shape"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a role has of the ledger, or in it. `role` None is PUBLIC.

    `what` names the object as PostgreSQL describes it; of MAY, `rights` are privileges as GRANT writes them and `on` is
    the object as GRANT names it, or "" where a membership gives them.
    """

    power: Power
    role: str | None
    what: str
    rights: str = ""
    on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One sentence about why the ledger is not believed, further lines, and what to do."""

    message: str
    hint: str
    details: tuple[str, ...] = ()


def judge(found: Sequence[Access], accepted: Collection[str]) -> Refusal | None:
    """Why the ledger is not believed; None if it is.

    `found` leaves out what the syncing user and superusers have, but for SHAPE. What belongs to an accepted role is
    that role's business.
    """
    strange = [one for one in found if one.power is Power.SHAPE or one.role is None or one.role not in accepted]
    if not strange:
        return None
    # whose schema it is says the most: the rest follows from it
    first, *others = sorted(strange, key=lambda one: (not one.what.startswith("schema "), list(Power).index(one.power)))
    more = (f"and {len(others) - MOST} more",) if len(others) > MOST else ()
    return Refusal(
        message=f"{_sentence(first)}, and {WHY}",
        hint=_hint(first),
        details=tuple(f"also: {_sentence(one)}" for one in others[:MOST]) + more,
    )


def _sentence(access: Access) -> str:
    who = "everybody" if access.role is None else f"role {access.role}"
    if access.power is Power.OWNS:
        return f"{who} owns {access.what}"
    if access.power is Power.MAY:
        return f"{who} may {access.what}"
    return f"the ledger has {access.what}, which gitmig did not make ({who} owns that table)"


def _hint(access: Access) -> str:
    accept = f"git config --add {SETTING} {shlex.quote(access.role or '')}"
    if access.power is Power.SHAPE:
        return "drop it; or, to begin anew, drop the schemas gitmig and gitmig_kept, then `gitmig adopt`"
    revoke = f"REVOKE {access.rights} ON {access.on} FROM {_quoted(access.role)}" if access.on else ""
    if access.role is None:
        return f"{revoke} takes that away; `gitmig db psql` leads there"
    if revoke:
        return f"{revoke} takes that away; if you trust the role with it: {accept}"
    return f"if you trust the role with it: {accept}"


def _quoted(role: str | None) -> str:
    """The role as a statement names it; quotes that are not needed do no harm, but look strange."""
    if role is None:
        return "PUBLIC"
    return role if re.fullmatch(r"[a-z_][a-z0-9_]*", role) else '"{}"'.format(role.replace('"', '""'))
