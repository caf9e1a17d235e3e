"""One run of a step, with everything that is done to rows before and after its script."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gitmig.core.kept.losses import find_losses, heir_of
from gitmig.core.kept.report import Kept, Report
from gitmig.core.kept.shape import Shape
from gitmig.core.kept.suspicion import suspect
from gitmig.core.plan import Direction
from gitmig.database.attached_code import leave_to_sync
from gitmig.database.kept.aside import empty
from gitmig.database.kept.guard import quiet
from gitmig.database.kept.lending import knows_all, lend
from gitmig.database.kept.places import find_place
from gitmig.database.kept.returning import fill, place_in, put_back, retry
from gitmig.database.kept.room import Written, sample
from gitmig.database.kept.saving import is_empty, settle, take, with_heirs
from gitmig.database.kept.shape import read_shape
from gitmig.database.kept.updating import mark_all
from gitmig.database.kept.way_back import WayBack

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from gitmig.core.kept.item import Item, Subject
    from gitmig.core.kept.losses import Losses
    from gitmig.core.kept.report import Restored, Staying
    from gitmig.database.connection import Connection
    from gitmig.database.kept.places import Place
    from gitmig.database.kept.saving import Image
    from gitmig.database.kept.store import Store

    Script = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to run, for whom, and what the opposite step took and is to be put back after it.

    `back` runs the migration's other section; None where there is none, or no need to look at it. `partial`: there are
    rows that have to wait longer, and what needs them waits, too.
    """

    subject: Subject
    direction: Direction
    script: Script
    back: Script | None
    due: tuple[Item, ...]
    partial: bool = False


class UnknownRows(Exception):
    """A script that writes was run without rows which the opposite step has never seen: it may be about them."""


class Passage:
    """From the shape `before` a step through its script to what comes after it; inside a savepoint of the caller.

    The rows of the tables `aside` (oids) are taken out of the step's way. For an apply, they have to be rows whose
    state after it is known from the revert. `wary`: see `Keeper`.
    """

    def __init__(
        self,
        connection: Connection,
        store: Store,
        step: Step,
        before: Shape,
        aside: Collection[int],
        *,
        wary: bool = False,
    ) -> None:
        self._connection = connection
        self._store = store
        self._step = step
        self._before = before
        self._after = Shape()
        self._aside = frozenset(aside)
        self._wary = wary
        self._overwritten = self._to_be_overwritten()
        self._way_back = WayBack(connection, step.subject, before, step.back)
        self._fragile: frozenset[int] = frozenset()
        self._images: list[Image] = []
        self._marks: dict[int, str] = {}
        self._since = ""
        self._written = Written("0", "0")

    def begin(self) -> None:
        """Note what has to be known from before the script."""
        if not self._step.due and not self._aside:
            return
        with quiet(self._connection):
            self._marks = mark_all(self._connection, self._step.due, self._before)
        self._since = sample(self._connection)

    def cross(self) -> None:
        """Run the script. Raises ScriptError."""
        empty(self._connection, self._before, self._aside)
        with self._connection.transaction():  # so that its rows have numbers behind the sample's
            self._step.script()
        if self._since:
            self._written = Written(self._since, sample(self._connection))
        self._after = read_shape(self._connection)

    def look_back(self) -> None:
        """Find the tables in which the way back would change rows that the step itself leaves alone."""
        self._fragile = self._way_back.touched(self._after)

    def losses(self) -> Losses:
        """What the step takes away, and what would not come back as it was."""
        return find_losses(self._before, self._after, self._aside | self._overwritten | self._fragile)

    def arrive(self) -> Report:
        """Put back what is due."""
        if not self._step.due:
            return Report()
        with quiet(self._connection):
            restored, staying = self._put_back()
        return Report(restored=tuple(restored), staying=tuple(staying))

    def save(self, losses: Losses) -> None:
        """Copy what will be lost."""
        if self._wary:
            leave_to_sync(self._connection, {loss.table.oid for loss in losses.tables})
        with quiet(self._connection, {loss.table.oid for loss in losses.tables}):
            self._images = [take(self._connection, loss, self._store.next_id()) for loss in losses.tables]

    def settle(self) -> Report:
        """Put back what is due and what was put aside, and keep what is lost then."""
        with quiet(self._connection):
            images = [with_heirs(im, heir_of(im.loss.table, self._before, self._after)) for im in self._images]
            homes = self._homes(images)
            fill(self._connection, homes, self._written)
            old = {
                image.loss.after.oid: image
                for image in images
                if image.loss.after
                and image.loss.rewritten
                and image.loss.table.oid not in self._aside
                # a file that has grown in a transaction taken back holds nothing
                and not is_empty(self._connection, image)
            }
            self._written = replace(self._written, images=old)
            restored, staying = self._put_back()
            if restored:
                retry(self._connection, homes, self._written)
        fragile = self._way_back.changed(images)
        with quiet(self._connection):
            kept = [kept for image in images if (kept := self._keep(image, fragile.get(image.number, ())))]
        return Report(kept=tuple(kept), restored=tuple(restored), staying=tuple(staying))

    def _homes(self, images: Sequence[Image]) -> list[Place]:
        """Where the rows belong that were put aside, in what their tables have become."""
        places = []
        lenders = [place for item in self._step.due if item.lost and (place := place_in(item, self._after))]
        for image in images:
            after = image.loss.after
            if image.loss.table.oid in self._aside and after is not None:
                place = find_place(image.data, image.columns, after, lambda column: column.heir)
                self._refuse_unknown(image, place, lenders)
                places += [lend(self._connection, place, lenders)] if place else []
        return places

    def _refuse_unknown(self, image: Image, place: Place | None, lenders: Sequence[Place]) -> None:
        """Raise UnknownRows if an apply's script may be about rows of which nothing is known."""
        words = suspect(self._step.subject.text)
        if self._step.direction is Direction.REVERT or not words.writes:
            return
        name = image.loss.table.name.name.lower()
        if name in words.words and not (place and knows_all(self._connection, place, lenders)):
            raise UnknownRows

    def _put_back(self) -> tuple[list[Restored], list[Staying]]:
        if not self._step.due:
            return [], []
        if self._wary:
            places = (place_in(item, self._after) for item in self._step.due)
            leave_to_sync(self._connection, {place.table.oid for place in places if place})
        return put_back(
            self._connection,
            self._store,
            self._step.due,
            marks=self._marks,
            shape=self._after,
            written=self._written,
            partial=self._step.partial,
        )

    def _keep(self, image: Image, fragile: Sequence[int]) -> Kept | None:
        copy = settle(self._connection, image, fragile)
        if copy is None:
            return None
        size = self._store.add(image.number, self._step.subject, self._step.direction, copy)
        lost = [column.name for column in copy.columns if column.heir is None]
        return Kept(
            item=image.number,
            table=copy.table,
            columns=tuple(lost) if copy.heir else (),
            rows=copy.rows,
            bytes=size,
            why=copy.why,
        )

    def _to_be_overwritten(self) -> frozenset[int]:
        """Tables in which putting back may change values: what the step made of them has to come back, too."""
        found = set()
        for item in self._step.due:
            table = self._before.named(item.heir) if item.heir else None
            if table is not None and any(column.image for column in item.columns):
                found.add(table.oid)
        return frozenset(found)
