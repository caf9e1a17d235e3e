"""Trying the migration's other section: what would not come back by it as it was has to be kept as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.kept.losses import changed_columns, find_losses, heir_of
from gitmig.core.kept.suspicion import suspect
from gitmig.database.kept.attempts import attempt
from gitmig.database.kept.guard import quiet
from gitmig.database.kept.saving import changed, everything, with_heirs
from gitmig.database.kept.shape import reaches_rows, read_shape
from gitmig.database.sending import ScriptError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.core.kept.item import Subject
    from gitmig.core.kept.shape import Shape
    from gitmig.database.connection import Connection
    from gitmig.database.kept.saving import Image


class WayBack:
    """From where a step of the subject's leads back to the shape `before` it, by `script`; None: it is not tried."""

    def __init__(
        self, connection: Connection, subject: Subject, before: Shape, script: Callable[[], None] | None
    ) -> None:
        self._connection = connection
        self._subject = subject
        self._before = before
        self._script = script

    def touched(self, after: Shape) -> frozenset[int]:
        """The tables (oids before the step) in which it would change rows that the step itself leaves alone."""
        found: set[int] = set()
        names = {table.name.name.lower() for table in self._before.tables.values() if table.filled}
        if self._script is None or not reaches_rows(self._connection, suspect(self._subject.opposite), names):
            return frozenset()

        def look(there: Shape) -> None:
            losses = find_losses(after, there)
            oids = {loss.table.oid for loss in losses.tables if loss.rewritten}
            for oid, table in self._before.tables.items():
                heir = heir_of(table, self._before, after) if table.filled else None
                if heir is not None and heir.oid in oids:
                    found.add(oid)

        self._go(look)
        return frozenset(found)

    def changed(self, images: Sequence[Image]) -> dict[int, list[int]]:
        """By image, the rows (n) that would not be as they were. Where it is not tried: whatever it may be."""
        found: dict[int, list[int]] = {}
        if self._script is None:
            if suspect(self._subject.opposite).writes:
                for image in images:
                    if image.loss.after and changed_columns(image.loss.table, image.loss.after):
                        found[image.number] = everything(self._connection, image)
            return found

        def look(there: Shape) -> None:
            with quiet(self._connection):
                for image in images:
                    image_there = with_heirs(image, heir_of(image.loss.table, self._before, there))
                    found[image.number] = changed(self._connection, image_there)

        self._go(look)
        return found

    def _go(self, look: Callable[[Shape], None]) -> None:
        """Run the script, look at what is there then, and take it back."""
        script = self._script
        assert script is not None  # both have asked

        def work() -> bool:
            script()
            look(read_shape(self._connection))
            return False

        try:
            attempt(self._connection, work)
        except ScriptError:
            return  # a way back that fails takes nothing
