"""Paired runs: every round runs every candidate once, in turning order, so that noise hits all of them alike."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Seconds by candidate, one per round; equal places belong to one round."""

    seconds: Mapping[str, tuple[float, ...]]

    def median(self, name: str) -> float:
        """The median of a candidate."""
        return median(self.seconds[name])

    def fastest(self, name: str) -> float:
        """The fastest run of a candidate."""
        return min(self.seconds[name])

    def ratio(self, name: str, other: str, allow: Callable[[float], float] = float) -> float | None:
        """The median over the rounds of how many times `other`, or what that allows, `name` takes.

        None if one of them was not measured.
        """
        if name not in self.seconds or other not in self.seconds:
            return None
        return median(one / allow(two) for one, two in zip(self.seconds[name], self.seconds[other]))


def paired(timers: Mapping[str, Callable[[], float]], rounds: int, progress: Callable[[str], None]) -> Samples:
    """Run every timer once to warm up, then once per round.

    A timer does one run, with whatever has to be prepared for it, and returns the seconds of what is measured.
    """
    names = list(timers)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            progress(f"round {number} of {rounds}: {name}")
            taken = timers[name]()
            if number:
                seconds[name].append(taken)
    return Samples(seconds={name: tuple(taken) for name, taken in seconds.items()})
