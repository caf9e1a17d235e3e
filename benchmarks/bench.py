"""What a scenario works with, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import workload
from measure import Samples, paired

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from peers import Peer
    from sites import Site, Sites


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """`measured` may be at most `limit`; it is None where the tool to compare with is not installed."""

    text: str
    limit: float
    measured: float | None

    @property
    def verdict(self) -> str:
        """In one word or two."""
        if self.measured is None:
            return "not installed"
        return "pass" if self.measured <= self.limit else "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a scenario found. `subject` is the candidate that the others are compared with."""

    title: str
    subject: str
    samples: Samples
    promises: tuple[Promise, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the scenarios work with. `length` is that of the long history, in migrations.

    `history` is a clone with two commits, and empty where the far checkout is to go through a generated history.
    """

    sites: Sites
    peers: Mapping[str, Peer]
    migrations: int
    length: int
    rounds: int
    rows: int
    history: str
    progress: Callable[[str], None]

    def measure(self, timers: Mapping[str, Callable[[], float]], *, times: int = 1) -> Samples:
        """Paired runs; `times` as many rounds where a run is short."""
        return paired(timers, self.rounds * times, self.progress)

    def site(self, name: str, *, hooks: bool = False, migrations: int | None = None) -> Site:
        """A site of a tool with the migrations on branch main, none of them applied; `migrations` is another number."""
        site = self.sites.make(self.peers[name])
        site.lay_out(workload.changes(migrations or self.migrations))
        site.commit("Migrations")
        if hooks:
            site.tool("hooks", "install").run()
        return site
