"""One careful run of a step: its phases, from the script to what is kept."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace
from psycopg import sql

from gitmig.migrations.plan import Direction
from gitmig.rows import quarantine
from gitmig.rows.attached_code import leave_to_sync
from gitmig.rows.changes import (
    Changes,
    Extent,
    TableChange,
    change_of,
    changed_columns,
    find_changes,
    heir_of,
    successor,
)
from gitmig.rows.constraints import quiet
from gitmig.rows.digests import digests
from gitmig.rows.foresight import NOTHING_FORESEEN, foresee, is_target
from gitmig.rows.items import NO_INPUTS, Inputs, Item, Kept, Kind, Reason, Report
from gitmig.rows.keep import Keeping, Taken
from gitmig.rows.merge import Witness, is_plain
from gitmig.rows.opposite import Compared, Given, try_opposite
from gitmig.rows.places import Place, find_place, holds_exactly
from gitmig.rows.reach import Reach, picks_rows, suspect, words_of
from gitmig.rows.rekey import follow_key
from gitmig.rows.remade import give_values_back, remade_columns
from gitmig.rows.restore import give_back, put_back
from gitmig.rows.sequences import attempt
from gitmig.rows.snapshot import Pairing, TableSnapshot, lock, pair, take
from gitmig.rows.store import WRITE_NOTHING
from gitmig.rows.tables import Tables
from gitmig.rows.values import as_held, data_table, listed
from gitmig.schema.names import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.items import Restored, Staying, Subject
    from gitmig.rows.store import Store
    from gitmig.rows.tables import Column, Table, TableReader


class Runnable(Protocol):
    """A script, or what stands in for one."""

    def run(self) -> None:
        """Run it in the open transaction. Raises ScriptError."""


class PreservedStep(Struct, frozen=True, kw_only=True):
    """What is to run, for whom, and what the opposite step took and is to be put back after it.

    `back` runs the migration's other section; None where there is none, or no need to look at it. `partial`: there are
    rows that have to wait longer, and what needs them waits, too.
    """

    subject: Subject
    direction: Direction
    script: Runnable
    back: Runnable | None
    due: tuple[Item, ...]
    partial: bool = False

    @property
    def is_local(self) -> bool:
        """Whether a look at the tables that the script names tells whether there is anything to do but run it."""
        is_alone = self.back is None and not (self.due or self.subject.renamed)
        return is_alone and suspect(self.subject.text).takes_named


class UnknownRows(Exception):
    """A script that writes was run without rows which the opposite step has never seen: it may be about them."""


class CutSnapshots(Exception):
    """The opposite step changes more of some tables (oids) than their snapshots have."""

    def __init__(self, tables: Collection[int]) -> None:
        super().__init__()
        self.tables = tables


class Seen(Struct, kw_only=True):
    """A table of which there is a snapshot, what the script did to it, and which of its rows are which then.

    `aside`: the script ran without its rows. `remade`: a revert has made it or columns of it anew, and they were filled
    again. `why` is what PostgreSQL said of a row that did not fit afterwards.
    """

    snapshot: TableSnapshot
    change: TableChange
    pairing: Pairing | None
    aside: bool = False
    remade: bool = False
    why: str | None = None


class StepRun:
    """A step, run first to see what it changes, and once more if rows are at stake; inside a savepoint of the caller.

    It runs without the rows of the tables `aside` (oids). `changes` is what was seen. `wary`: see `Preserver`.
    """

    def __init__(
        self,
        connection: Connection,
        store: Store,
        reader: TableReader,
        step: PreservedStep,
        aside: Collection[int],
        *,
        wary: bool,
    ) -> None:
        self._connection = connection
        self._store = store
        self._reader = reader
        self._step = step
        self._wary = wary
        self._aside = aside
        self._names = None if aside else _concerned(step)
        self._oids = {item.home.oid for item in step.due if item.home}
        self._before = self._read()
        self._start = self._before  # as things were when the script began that counts
        self._needed: dict[int, tuple[Column, ...]] = {}
        self._helping: list[str] = []
        self._strangers: set[int] = set()  # items that have to wait for the migration which they are of
        self._foreseen = NOTHING_FORESEEN
        self._extents: dict[int, Extent] = {}
        self._seen_after = Tables()
        self._is_counted = True  # what is known of the tables after the script tells how often it read their rows
        self._differing = self._compare_inputs()
        self.changes = Changes()

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do but run the script: no table that it names has rows."""
        return self._step.is_local and self._names is not None and not any(table.filled for table in self._before)

    def try_it(self) -> Report | None:
        """Run the script. If no row is at stake, that was it, and the report is there; else it is as if it had not.

        Raises ScriptError.
        """
        aside = self._aside
        report: Report | None = None

        def work() -> bool:
            nonlocal report
            quarantine.empty(self._connection, [self._before.by_oid[oid] for oid in aside])
            self._step.script.run()
            self._seen_after = after = self._aliased(self._read())
            self._needed = self._at_stake(after) | {oid: self._before.by_oid[oid].stored for oid in aside}
            if not self._needed and not self.changes.large_objects:
                report = self._nothing_lost(after)
            return report is not None

        attempt(self._connection, work, moves=suspect(self._step.subject.text).writes)
        return report

    def foresee(self) -> list[Table]:
        """The tables that the script takes rows or values from, if its words tell; none if they do not."""
        if not self._aside:
            self._foreseen = foresee(self._step, self._before, is_all_named=self._names is not None)
        return [self._before.by_oid[oid] for oid in sorted(self._foreseen.columns)]

    def run_foreseen(self) -> Report | None:
        """Run the script with snapshots of what it takes; None, as if nothing had been, if that is not all it does.

        Raises ScriptError.
        """
        report: Report | None = None
        foreseen = self._foreseen.columns

        def work() -> bool:
            nonlocal report
            lock(self._connection, [self._before.by_oid[oid] for oid in foreseen])
            dropped = {} if self._step.back else self._foreseen.dropped
            spared = {oid for oid, lost in dropped.items() if self._drops_nothing(self._before.by_oid[oid], lost)}
            self._needed = {oid: columns for oid, columns in foreseen.items() if oid not in spared}
            snapshots = self._take()
            self._step.script.run()
            self._seen_after = after = self._aliased(self._read())
            at_stake = self._at_stake(after)
            if self._is_as_foreseen(at_stake, foreseen, spared):
                useless = [one for one in snapshots if one.table.oid not in at_stake]
                self._store.drop_data(*(one.data for one in useless))
                rest = [one for one in snapshots if one not in useless]
                with suppress(CutSnapshots):
                    report = self._complete(rest, self._before, after) if at_stake else self._nothing_lost(after)
            return report is not None

        if not attempt(self._connection, work, moves=suspect(self._step.subject.text).writes):
            self._needed = {}
            self._start = self._before = self._counted_again()
        return report

    def _is_as_foreseen(
        self,
        at_stake: Mapping[int, Sequence[Column]],
        foreseen: Mapping[int, Sequence[Column]],
        spared: Collection[int],
    ) -> bool:
        """Whether there are snapshots of all that the script changed, but for columns without a value (`spared`)."""
        if self.changes.large_objects or not at_stake.keys() <= foreseen.keys():
            return False
        return all(set(columns) <= set(foreseen[oid]) for oid, columns in at_stake.items()) and all(
            change.extent is Extent.COLUMNS
            and change.after is not None
            and set(changed_columns(change.table, change.after)) == set(self._foreseen.dropped[change.table.oid])
            for change in self.changes.tables
            if change.table.oid in spared
        )

    def _nothing_lost(self, after: Tables) -> Report:
        """Put back what is due; and what the script left as it was, the opposite step may still write."""
        if not self._step.due and self._step.back is None:
            return Report()
        return self._complete([], self._before, after)

    def _read(self) -> Tables:
        """The tables that the step may concern, or all."""
        if self._names is not None:
            tables = self._reader.read_named(self._names, self._oids)
            if tables is not None:
                self._oids |= tables.by_oid.keys()
                return tables
            self._names = None
        return self._reader.read()

    def _counted_again(self) -> Tables:
        """The tables before the script, as they are once it was taken back: what it did to rows stays counted."""
        return self._reader.count_again(self._before, self._before.by_oid)

    @property
    def _is_predictable(self) -> bool:
        """Whether the script leads to the very same tables each time: it drops, and makes and writes nothing."""
        return all(
            (before := self._before.by_oid.get(table.oid)) is not None
            and before.files == table.files
            and before.activity.written == table.activity.written
            for table in self._seen_after
        )

    def _aliased(self, tables: Tables) -> Tables:
        """The tables after the script, with what it should have renamed, if it is known."""
        is_revert = self._step.direction is Direction.REVERT
        pairs = [pair[::-1] if is_revert else pair for pair in self._step.subject.renamed]
        if not pairs:
            return tables
        by_text = {f"{quoted(t.name.schema)}.{quoted(t.name.name)}": t.name for t in (*self._before, *tables)}
        aliases = {by_text[old]: by_text[new] for old, new in pairs if old in by_text and new in by_text}
        return replace(tables, aliases=aliases)

    def need(self) -> list[Table]:
        """The tables of which there will be snapshots."""
        self._needed = {oid: columns for oid, columns in self._needed.items() if not self._worthless(oid)}
        tables = [self._before.by_oid[oid] for oid in sorted(self._needed)]
        if self._wary:
            leave_to_sync(self._connection, set(self._needed))
        return tables

    def run(self) -> Report:
        """Run the script with snapshots taken, put back what is due, and keep what is lost. Raises ScriptError."""
        while True:
            try:
                with self._connection.transaction():
                    return self._run()
            except CutSnapshots as found:
                self._start = self._before = self._counted_again()
                self._needed |= {oid: self._before.by_oid[oid].stored for oid in found.tables}
                self._helping.clear()

    def _run(self) -> Report:
        lock(self._connection, [self._before.by_oid[oid] for oid in self._needed])
        snapshots = self._take()
        self._start = before = self._before if self._is_predictable else self._counted_again()
        quarantine.empty(self._connection, [self._before.by_oid[oid] for oid in self._aside])
        self._step.script.run()
        after = self._seen_after
        self._is_counted = not self._is_predictable
        if self._is_counted:
            after = self._aliased(self._read())
        elif self._step.due or self._step.back:
            self._connection.run_prepared((WRITE_NOTHING, ()))
        return self._complete(snapshots, before, after)

    def _complete(self, snapshots: Sequence[TableSnapshot], before: Tables, after: Tables) -> Report:
        """Once the script has run: put back what is due, and keep what is lost."""
        aside = self._aside
        with quiet(self._connection):
            seen = {one.table.oid: self._see(one, before, after, aside) for one in snapshots}
            returned = self._return(seen, after)
            self._return_values(seen)
            places = self._due_places(after)
            people = self._copy_others(places)
            restored, staying = self._put_back(places, after, seen)
            self._return_again(seen, returned)
            if restored or aside:
                self._see_again(seen)
            self._note_returned(seen, places, after)
        given, after = self._try_opposite(seen, before, after)
        with quiet(self._connection):
            kept = self._keep(seen, given, after, people)
            self._clear(seen, given)
        settled = self._strangers | {place.item.id for place in places} - {one.item for one in staying}
        return Report(kept=kept, restored=tuple(restored), staying=tuple(staying), settled=frozenset(settled))

    def _compare_inputs(self) -> Mapping[int, frozenset[str]]:
        """By item, which of the tables that the step reads or writes were changed since it was undone."""
        inputs = ((item.id, {**item.inputs.read, **item.inputs.written}) for item in self._step.due)
        known = {item: noted for item, noted in inputs if noted}
        if not known:
            return {}
        names = {name for noted in known.values() for name in noted}
        with quiet(self._connection):
            now = self._digests([table.oid for table in self._before if table.name.full in names], self._before)
        return {
            item: frozenset(name for name, digest in noted.items() if now.get(name) != digest)
            for item, noted in known.items()
        }

    def _at_stake(self, after: Tables) -> dict[int, tuple[Column, ...]]:
        """The tables (oids) of which snapshots are needed, with the columns, now that it is seen what changes."""
        computes = suspect(self._step.subject.text).writes
        self.changes = find_changes(self._before, after, self._aside, computes=computes)
        self._extents = {change.table.oid: change.extent for change in self.changes.tables}
        needed: dict[int, tuple[Column, ...]] = {}
        for change in self.changes.tables:
            needed[change.table.oid] = change.columns
        for place in self._due_places(after):
            table = self._table_before(place.table, after)
            if table is not None and (table.oid in needed or not is_plain(place, Witness())):
                needed[table.oid] = table.stored
        if self._step.back is not None:
            targets = suspect(self._step.subject.opposite).targets
            for table in self._before:
                if is_target(table.name, targets):
                    needed[table.oid] = table.stored
        return needed

    def _worthless(self, oid: int) -> bool:
        """Whether all that a table loses are columns that are null everywhere, and that nothing gives other values."""
        change = next((one for one in self.changes.tables if one.table.oid == oid), None)
        if change is None or change.after is None or change.extent is not Extent.COLUMNS or self._step.back is not None:
            return False
        changed = changed_columns(change.table, change.after)
        lost = [column for column in changed if successor(change.table, column, change.after) is None]
        return len(lost) == len(changed) and self._drops_nothing(change.table, lost)

    def _drops_nothing(self, table: Table, lost: Collection[Column]) -> bool:
        """Whether these columns are null everywhere, and nothing would give them other values."""
        gives_values = self._step.subject.edited or suspect(self._step.subject.opposite).gives_values
        gives_values = gives_values or self._store.holds_originals_of(table.name, {column.name for column in lost})
        if gives_values or len(lost) == len(table.stored) or not all(column.builtin for column in lost):
            return False
        filled = sql.SQL(" OR ").join(
            sql.SQL("{} IS NOT NULL").format(sql.Identifier("t", column.name)) for column in lost
        )
        query = sql.SQL("SELECT EXISTS (SELECT FROM {} t WHERE {})").format(table.source, filled)
        with quiet(self._connection, {table.oid}):
            return self._connection.execute(query).fetchone() == (False,)

    def _take(self) -> list[TableSnapshot]:
        if not self._needed:
            return []
        with quiet(self._connection, set(self._needed)):
            return [
                take(self._store, self._store.number(), self._before.by_oid[oid], columns)
                for oid, columns in sorted(self._needed.items())
            ]

    def _see(self, snapshot: TableSnapshot, before: Tables, after: Tables, aside: Collection[int]) -> Seen:
        """What became of a table, and of its rows."""
        table = before.by_oid[snapshot.table.oid]
        heir = heir_of(table, before, after)
        change = replace(change_of(table, heir, snapshot.columns), table=snapshot.table)
        # a down that makes a table anew is no reason for it to be empty
        is_remade = heir is not None and heir.oid != table.oid and not change.activity.inserted
        is_remade = is_remade and self._step.direction is Direction.REVERT
        is_aside = table.oid in aside or is_remade
        pairing = pair(self._connection, self._store, snapshot, change) if heir and not is_aside else None
        return Seen(snapshot=snapshot, change=change, pairing=pairing, aside=is_aside, remade=is_remade)

    def _see_again(self, seen: Mapping[int, Seen]) -> None:
        """Follow the rows once more: those that were put back, or got other values, lie elsewhere now."""
        for one in seen.values():
            if one.change.after is not None and (one.aside or (one.pairing and one.pairing.listed)):
                if one.pairing and one.pairing.listed:
                    self._store.drop_data(one.pairing.listed)
                change = replace(one.change, activity=replace(one.change.activity, deleted=1, inserted=1))
                one.pairing = pair(self._connection, self._store, one.snapshot, change)

    def _return(self, seen: Mapping[int, Seen], after: Tables) -> list[Place]:
        """Put back the rows that were put aside, as far as they fit what has become of their tables."""
        places, witnesses = [], {}
        for one in (one for one in seen.values() if one.aside):
            heir = one.change.after
            if heir is None:
                continue
            self._refuse_unknown(one.snapshot)
            item = self._waiting_item(one.snapshot)
            places.append(quarantine.waiting_rows(self._store, item, one.snapshot, heir))
            witnesses[item.id] = Witness(is_new=True, change=one.change)
        if places:
            give_back(self._connection, self._store, places, witnesses)
            self._see_again(seen)
        return places

    def _return_values(self, seen: Mapping[int, Seen]) -> None:
        """Put back what was in columns that a revert has made anew."""
        if self._step.direction is Direction.REVERT:
            for one in seen.values():
                if one.change.after is not None and remade_columns(one.snapshot, one.change.after):
                    one.remade = True
                    if one.pairing is not None and not one.aside:
                        give_values_back(self._connection, self._store, one.pairing, one.change)

    def _return_again(self, seen: Mapping[int, Seen], places: list[Place]) -> None:
        """Once more for the rows that were refused: what they need may be there now. Note why the others were."""
        refused = []
        for place in places:
            rows = self._connection.execute(
                sql.SQL("DELETE FROM {data} WHERE why IS NULL; UPDATE {data} SET why = NULL, detail = NULL").format(
                    data=place.data
                )
            )
            if rows.nextset() and rows.rowcount:
                refused.append(place)
        if refused:
            give_back(self._connection, self._store, refused, {})
        by_number = {one.snapshot.number: one for one in seen.values()}
        for place in places:
            row = self._connection.execute(
                sql.SQL("SELECT detail FROM {} WHERE why IS NOT NULL ORDER BY n LIMIT 1").format(place.data)
            ).fetchone()
            by_number[place.item.id].why = (row[0] or "it does not fit") if row else None
        self._store.drop_data(*(place.item.data for place in places))

    def _note_returned(self, seen: Mapping[int, Seen], places: Sequence[Place], after: Tables) -> None:
        """What other migrations' items gave to columns that the script left alone is nothing that its revert undoes."""
        for place in places if self._step.direction is Direction.APPLY else ():
            table = self._table_before(place.table, after)
            one = seen.get(table.oid) if table and place.item.checksum != self._step.subject.checksum else None
            if one is None or one.pairing is None or one.change.activity.written:
                continue
            filled = {pair.column.number for pair in place.values}
            pairs = [pair for pair in one.pairing.snapshot.pairs(one.pairing.after) if pair.column.number in filled]
            if pairs := [pair for pair in pairs if pair.kept.type == pair.column.type]:
                names = [sql.Identifier(pair.kept.data) for pair in pairs]
                values = [as_held(sql.Identifier("t", pair.column.name), pair.kept) for pair in pairs]
                self._connection.execute(
                    sql.SQL("UPDATE {} b SET {} FROM (SELECT k.n, {} FROM {}) s WHERE s.n = b.n").format(
                        data_table(one.snapshot.data),
                        listed(sql.SQL("{0} = s.{0}").format(name) for name in names),
                        listed(sql.SQL("{} AS {}").format(value, name) for value, name in zip(values, names)),
                        one.pairing.join(),
                    )
                )

    def _waiting_item(self, snapshot: TableSnapshot) -> Item:
        """An item in name only, for rows that go back at once."""
        subject = self._step.subject
        return Item(
            id=snapshot.number,
            version=subject.version,
            migration=subject.name,
            checksum=subject.checksum,
            direction=self._step.direction,
            table=snapshot.table.name,
            heir=None,
            columns=(),
            rows=0,
            bytes=0,
            kept_at=datetime.now(timezone.utc),
            kept_by="",
            commit=None,
            data=f"aside_{snapshot.number}",
            due=True,
        )

    def _refuse_unknown(self, snapshot: TableSnapshot) -> None:
        """Raise UnknownRows if an apply's script may be about rows of which nothing is known."""
        words = suspect(self._step.subject.text)
        if self._step.direction is Direction.REVERT or not words.writes:
            return
        is_named = snapshot.table.name.name.lower() in words.words
        if is_named and not quarantine.knows_all(self._connection, snapshot, self._step.due):
            raise UnknownRows

    def _due_places(self, tables: Tables) -> list[Place]:
        """Where the items belong that are due, newest first."""
        places = [place for item in reversed(self._step.due) if (place := find_place(item, tables))]
        self._strangers.update(place.item.id for place in places if self._is_about_others(place))
        places = [place for place in places if place.item.id not in self._strangers]
        if self._step.direction is Direction.REVERT:  # a down that leaves something undone is completed later
            places = [place for place in places if holds_exactly(self._connection, place.data, place.pairs)]
        return places

    def _is_about_others(self, place: Place) -> bool:
        """Whether values of another migration would go into columns that were there, and only got their names now."""
        before = self._before.by_oid.get(place.table.oid)
        if before is None or place.item.checksum == self._step.subject.checksum:
            return False
        names = {column.number: column.name for column in before.columns}
        lost = [pair.column for pair in place.pairs if pair.kept.heir is None]
        return any(names.get(column.number, column.name) != column.name for column in lost)

    def _table_before(self, table: Table, after: Tables) -> Table | None:
        """The table that has become this one; None if the script made it."""
        if table.oid in self._before.by_oid:
            return self._before.by_oid[table.oid]
        heirs = ((one, heir_of(one, self._before, after)) for one in self._before if one.oid not in after.by_oid)
        return next((one for one, heir in heirs if heir is not None and heir.oid == table.oid), None)

    def _put_back(
        self, places: Sequence[Place], after: Tables, seen: Mapping[int, Seen]
    ) -> tuple[list[Restored], list[Staying]]:
        if self._wary:
            leave_to_sync(self._connection, {place.table.oid for place in places})
        witnesses = {place.item.id: self._witness(place, after, seen) for place in places}
        return put_back(self._connection, self._store, places, witnesses, partial=self._step.partial)

    def _witness(self, place: Place, after: Tables, seen: Mapping[int, Seen]) -> Witness:
        """What is known of the rows that people of the other side worked on."""
        table = self._table_before(place.table, after)
        one = seen.get(table.oid) if table else None
        item = place.item
        is_known = item.id in self._differing or (table is None and self._made_of_nothing(after))
        differing_ = self._differing.get(item.id, frozenset())
        return Witness(
            pairing=one.pairing if one else None,
            is_new=table is None,
            change=one.change if one else None,
            columns=frozenset(column.name for column in table.columns) if table else frozenset(),
            changed=bool(differing_) or not is_known,
            derived=not differing_.isdisjoint(item.inputs.read),
        )

    def _made_of_nothing(self, after: Tables) -> bool:
        """Whether the script has read no row that was there before it: what it writes is what it always writes."""
        start = self._start
        if self._names is not None or not (start.counted and after.counted):
            return False
        found = ((table, after.by_oid.get(table.oid)) for table in start)
        return not any(table.filled if now is None else (now.activity - table.activity).touched for table, now in found)

    def _try_opposite(self, seen: dict[int, Seen], before: Tables, after: Tables) -> tuple[Given | None, Tables]:
        """See what the opposite step would make of it; None if it writes no rows. Also all tables after the step."""
        script = self._step.back
        if script is None:
            return None, after
        while True:
            compared = self._compared(seen, after)
            now = self._now(seen, after)  # once nothing of ours reads rows any more
            others = {oid: table for oid, table in now.by_oid.items() if oid not in after.by_oid}
            if self._names is not None:  # those that the step does not concern are as they were
                before = replace(before, by_oid=others | dict(before.by_oid))
                after = replace(after, by_oid=others | dict(after.by_oid))
            given = try_opposite(
                *(self._connection, self._store, self._reader, script, compared, before, now),
                picks=picks_rows(self._step.subject.opposite),
            )
            if given.cut:
                raise CutSnapshots(given.cut)
            if not given.unseen:
                return given, after
            # the step took nothing from these, so that all they held before it is in them now
            for oid in sorted(given.unseen):
                with quiet(self._connection, {oid}):
                    table = before.by_oid[oid]
                    one = take(self._store, self._store.number(), table, table.stored, now=after.by_oid[oid])
                    seen[oid] = self._see(one, before, after, ())

    def _now(self, seen: Mapping[int, Seen], after: Tables) -> Tables:
        """All tables now. If they were counted since the script ran, at most those with snapshots were read again."""
        if self._names is not None or self._step.due or self._aside or not self._is_counted:
            return self._reader.read()
        heirs = {one.change.after.oid for one in seen.values() if one.change.after}
        return self._reader.count_again(after, heirs)

    def _compared(self, seen: Mapping[int, Seen], after: Tables) -> list[Compared]:
        found = []
        for one in seen.values():
            now = None
            if one.pairing is not None and one.pairing.listed:
                table = after.by_oid[one.pairing.after.oid]
                with quiet(self._connection):
                    now = take(self._store, self._store.number(), table, table.stored)
                self._helping.append(now.data)
            found.append(Compared(snapshot=one.snapshot, pairing=one.pairing, now=now))
        return found

    def _copy_others(self, places: Sequence[Place]) -> list[Place]:
        """Rows that go back behind an apply and are nothing that it makes, to be known when it is seen what it made.

        A revert had found no room for them, or they had to wait for this step with the table of another one.
        """
        subject, found = self._step.subject, []
        for place in places if self._step.direction is Direction.APPLY else ():
            is_own = place.item.checksum in {subject.checksum, *subject.replaces}
            if place.item.reason is Reason.MISFIT or not is_own:
                copy = f"people_{place.item.id}"
                gone = sql.SQL("SELECT * FROM {} WHERE kind = {}").format(place.data, Kind.GONE.value)
                if self._store.create(copy, gone):
                    found.append(replace(place, item=replace(place.item, data=copy)))
                self._helping.append(copy)
        return found

    def _keep(
        self, seen: Mapping[int, Seen], given: Given | None, after: Tables, people: Sequence[Place]
    ) -> tuple[Kept, ...]:
        keeping = Keeping(self._connection, self._store, self._step.subject, self._step.direction)
        inputs = self._inputs(given, after)
        found = []
        for one in seen.values():
            fresh = given.fresh.get(one.snapshot.number) if given and given.fresh is not None else None
            # an up that fails on its own rows runs without them, if all of them are known; a down always can
            fails = given is not None and given.fails and self._step.direction is Direction.REVERT
            # and an up may make anew, too, what the down did, and leaves it empty
            is_lost_again = one.remade and suspect(self._step.subject.opposite).reach is not Reach.NONE
            heir = one.change.after
            taken = Taken(
                snapshot=one.snapshot,
                pairing=one.pairing,
                after=one.change.after,
                fresh=fresh,
                same=given is not None and one.snapshot.number in given.same,
                whole=fails or is_lost_again,
                all_made=self._step.direction is Direction.APPLY,
                only_columns=not (one.aside or self._step.due)
                and self._extents.get(one.snapshot.table.oid) is Extent.COLUMNS,
                why=one.why,
                people=tuple(place for place in people if heir is not None and place.table.oid == heir.oid),
                inputs=inputs,
            )
            if (kept := keeping.keep(taken)) is not None:
                found.append(kept)
                lost_key = not {column.name for column in one.snapshot.table.key_columns}.isdisjoint(kept.columns)
                if lost_key and one.change.after is not None:
                    follow_key(self._connection, self._store, self._store.item(kept.item), one.change.after)
        return tuple(found)

    def _inputs(self, given: Given | None, after: Tables) -> Inputs:
        """What the opposite step reads and writes, as it is now; nothing where all comes back by it anyway."""
        if given is None or not self._loses_something(given):
            return NO_INPUTS
        return Inputs(read=self._digests(given.read, after), written=self._digests(given.written, after))

    def _digests(self, oids: Collection[int], tables: Tables) -> dict[str, str]:
        there = [tables.by_oid[oid] for oid in sorted(oids) if oid in tables.by_oid]
        return {name.full: digest for name, digest in digests(self._connection, there).items()}

    def _loses_something(self, given: Given) -> bool:
        if not given.fresh:
            return given.fresh is None
        query = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT FROM {}").format(data_table(name)) for name in given.fresh.values()
        )
        return self._connection.execute(sql.SQL("SELECT EXISTS ({})").format(query)).fetchone() == (True,)

    def _clear(self, seen: Mapping[int, Seen], given: Given | None) -> None:
        names = [*self._helping, *(one.snapshot.data for one in seen.values())]
        names += [one.pairing.listed for one in seen.values() if one.pairing and one.pairing.listed]
        names += list((given.fresh or {}).values()) if given else []
        self._store.drop_data(*names)


def _concerned(step: PreservedStep) -> frozenset[str] | None:
    """The names of all tables that a step can have to do with; None if nobody knows."""
    names = words_of(step.subject.text) if suspect(step.subject.text).is_local else None
    if names is None or step.subject.renamed or any(item.inputs.read or item.inputs.written for item in step.due):
        return None
    written = (words_of(step.subject.opposite) or frozenset()) if step.back else frozenset()
    return names | written | {item.table.name for item in step.due}
