"""A proof in words, the same in every format."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from gitmig.cli.output import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.check.proof import OrderFailure, Proof

SHOWN = 5  # objects named in one sentence


def sentences(proof: Proof) -> list[str]:
    """What came out of the orders, then of the downs."""
    said = [f"{orders} fails: {_failure(failure)}" for failure, orders in proof.failing_orders.items()]
    said += [
        f"both run, schemas differ after {order.value}: {_listed(map(str, names))}"
        for order, names in proof.differences.items()
    ]
    if proof.holds:
        one = len(proof.orders) == 1
        said.append("it runs; there is one order only" if one else "both orders run and give the same schema")
    return [*said, *_unseen(proof), *_round_trip(proof)]


def _unseen(proof: Proof) -> list[str]:
    """The bodies that were not looked into as a whole, grouped by why; what cannot be known is said once."""
    grouped = groupby(proof.unseen, key=attrgetter("reason"))
    reasons = [f"{_listed((body.routine for body in bodies), 'function')} ({reason})" for reason, bodies in grouped]
    return [f"not everything was looked into: {'; '.join(reasons)}"] if reasons else []


def _round_trip(proof: Proof) -> list[str]:
    if proof.without_down:
        return [f"no round trip: {_listed(proof.without_down)} without a down"]
    if proof.revert_failure:
        return [f"no round trip: the down of {_failure(proof.revert_failure)}"]
    if proof.lost:
        return [f"no round trip: the downs do not bring back {_listed(map(str, proof.lost))}"]
    return ["the downs bring back the schema before"] if proof.reverted else []


def _failure(failure: OrderFailure) -> str:
    return f"{failure.label} at {failure.place}: {failure.message}"


def _listed(names: Iterable[str], what: str = "object") -> str:
    every = list(names)
    more = f" and {plural(len(every) - SHOWN, what)} more" if every[SHOWN:] else ""
    return ", ".join(every[:SHOWN]) + more
