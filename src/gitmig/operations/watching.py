"""Who watches a sync: what it is told, and what it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gitmig.database.stepping import Observer
from gitmig.operations.ownership import OwnershipObserver
from gitmig.operations.protection import ProtectionObserver
from gitmig.operations.rebuild import RebuildObserver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.ownership import ForeignLedger
    from gitmig.core.plan import Plan, Step
    from gitmig.core.schema import SchemaDifference
    from gitmig.database.book import Done
    from gitmig.database.lock import Holder
    from gitmig.database.rebuild.sessions import Session
    from gitmig.errors import SyncFailed
    from gitmig.rows.items import Item, Report
    from gitmig.rows.tables import TableName


class SyncObserver(Observer, OwnershipObserver, ProtectionObserver, RebuildObserver, Protocol):
    """Is asked and told while a sync goes on."""

    def resuming(self, label: str) -> None:
        """A script that an earlier process left half done is finished first."""

    def discarded(self, drift: SchemaDifference) -> None:
        """What had been changed by hand was taken back."""

    def planned(self, plan: Plan) -> bool:
        """The plan is made and about to run; False calls it off."""

    def taking_back(self, plan: Plan) -> None:
        """The plan has failed when a part of it was committed already; this one takes that back."""

    def expired(self, items: Sequence[Item]) -> None:
        """Rows that were kept for longer than the settings say are dropped."""

    def abandoned(self, items: Sequence[Item]) -> None:
        """Too old, but no migration is there any more that brings them back: they stay, and it is told once."""

    def staying(self, items: Sequence[Item]) -> None:
        """The sync is over, and these are still kept although their step has come."""

    def keeping(self, table: TableName, size: int) -> None:
        """A table of `size` bytes is about to be copied, because a step may take rows of it away."""

    def unrepairable(self, failure: SyncFailed) -> bool:
        """No way back leads to the right schema; False leaves it at that, True lets the database be built anew."""


class Silent:
    """Listens, says nothing, and agrees to nothing."""

    def waiting(self, holder: Holder) -> None:
        """Wait in silence."""

    def resuming(self, label: str) -> None:
        """Say nothing."""

    def discarded(self, drift: SchemaDifference) -> None:
        """Say nothing."""

    def planned(self, plan: Plan) -> bool:
        """No."""
        return False

    def taking_back(self, plan: Plan) -> None:
        """Say nothing."""

    def protected(self, plan: Plan) -> bool:
        """No."""
        return False

    def foreign(self, known: ForeignLedger) -> bool:
        """No."""
        return False

    def expired(self, items: Sequence[Item]) -> None:
        """Say nothing."""

    def abandoned(self, items: Sequence[Item]) -> None:
        """Say nothing."""

    def staying(self, items: Sequence[Item]) -> None:
        """Say nothing."""

    def keeping(self, table: TableName, size: int) -> None:
        """Say nothing."""

    def settled(self, report: Report) -> None:
        """Say nothing."""

    def unrepairable(self, failure: SyncFailed) -> bool:
        """No."""
        return False

    def started(self, step: Step) -> None:
        """Say nothing."""

    def committed(self, done: Sequence[Done]) -> None:
        """Say nothing."""

    def building(self, count: int) -> None:
        """Say nothing."""

    def occupied(self, sessions: Sequence[Session]) -> None:
        """Say nothing."""

    def carrying(self, table: str, position: int, count: int) -> None:
        """Say nothing."""

    def swapped(self, kept_as: str) -> None:
        """Say nothing."""
