"""Putting back what the opposite step took: all items that are due, as far as there is a place for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.migrations.plan import Direction
from gitmig.postgres.run_sql import HOPELESS
from gitmig.rows import merge, sequences
from gitmig.rows.bisect import Bisection, is_about_data
from gitmig.rows.completion import find_lenders
from gitmig.rows.constraints import (
    actions_off,
    foreign_keys,
    foreign_keys_late,
    identities_writable,
    references_dropped,
    run_settling,
    settle_constraints,
    triggers_off,
)
from gitmig.rows.fresh import Rewritten
from gitmig.rows.items import Kind, Reason, Restored, Staying
from gitmig.rows.merge import Act, Witness
from gitmig.rows.originals import (
    INEXACT,
    Originals,
    keep_originals,
    mark_inexact,
    note_what_stands_instead,
    other_forms,
    rows_of,
)
from gitmig.rows.places import holds_exactly
from gitmig.rows.remainder import NONE_REFUSED, count_refused, let_followers_wait, settle
from gitmig.rows.snapshot import following
from gitmig.rows.store import THEIRS
from gitmig.rows.values import EQUAL, TRUE, all_of, any_of, data_table, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.completion import Lender
    from gitmig.rows.constraints import ForeignKey
    from gitmig.rows.places import Place
    from gitmig.rows.store import Store
    from gitmig.rows.tables import Column


def put_back(
    connection: Connection,
    store: Store,
    places: Sequence[Place],
    witnesses: Mapping[int, Witness],
    *,
    partial: bool = False,
) -> tuple[list[Restored], list[Staying]]:
    """Put the rows of items into their places, newest first: of two versions of a row the newer one counts.

    `witnesses` has, by item, what T was like. `partial`: rows of other items come back later, and what needs rows that
    are not there waits.
    """
    if not places:
        return [], []
    for place in (place for place in places if place.item.due or place.item.reason):  # tried before
        connection.execute(sql.SQL("UPDATE {} SET why = NULL, detail = NULL WHERE why IS NOT NULL").format(place.data))
    done = give_back(connection, store, places, witnesses, keeps=True)
    others = [place for place in places if place.item.id not in done]
    refused = {place.item.id: count_refused(connection, place) for place in others}
    if any(one.rows for one in refused.values()):
        let_followers_wait(connection, places, partial=partial)
        refused = {place.item.id: count_refused(connection, place) for place in others}
    restored, staying = [], []
    for place in places:
        item = place.item
        left, reason, detail = settle(connection, store, place, refused.get(item.id, NONE_REFUSED))
        if item.rows > left:
            restored.append(Restored(table=place.table.name, rows=item.rows - left))
        if left and reason:
            staying.append(Staying(item=item.id, table=item.table, rows=left, reason=reason, detail=detail))
    return restored, staying


def give_back(
    connection: Connection,
    store: Store,
    places: Sequence[Place],
    witnesses: Mapping[int, Witness],
    *,
    keeps: bool = False,
) -> set[int]:
    """Put rows into their places; returns the items all of which went. Rows that were refused have the reason in `why`.

    Where it fails as a whole all of them are: what is kept is never in the way of a sync. `keeps`: values that a column
    cannot hold as they are stay kept as well.
    """
    orphaned: dict[int, frozenset[str]] = {}
    bears_broken = False
    while True:
        try:
            with connection.transaction():
                work = _PutBack(connection, store, places, witnesses, orphaned, bears_broken=bears_broken, keeps=keeps)
                return work.run()
        except _Dangling as found:
            found.note(connection)
            orphaned[found.place.item.id] = orphaned.get(found.place.item.id, frozenset()) | {*found.key.columns}
        except psycopg.Error as error:
            if error.sqlstate in HOPELESS:
                raise
            if isinstance(error, psycopg.errors.ForeignKeyViolation) and not bears_broken:
                bears_broken = True  # rare, and costs a look at all rows that refer to these tables
                continue
            for place in places:
                connection.execute(
                    sql.SQL("UPDATE {} SET why = {}, detail = {} WHERE kind IN ({}) AND why IS NULL").format(
                        place.data, Reason.REFUSED.value, error.diag.message_primary or str(error), THEIRS
                    )
                )
            return set()


class _Dangling(Exception):
    """Rows (numbers) of an item would refer to rows that are not there, by the values that they got back."""

    def __init__(self, place: Place, key: ForeignKey, rows: Sequence[int]) -> None:
        super().__init__()
        self.place = place
        self.key = key
        self._rows = rows

    def note(self, connection: Connection) -> None:
        """Note it as the reason why these rows stay kept."""
        connection.execute(
            sql.SQL("UPDATE {} SET why = {}, detail = {} WHERE n IN ({})").format(
                self.place.data,
                Reason.ORPHAN.value,
                f"foreign key {self.key.name}",
                listed(map(sql.Literal, self._rows)),
            )
        )


class _PutBack:
    """Several items at once, whatever refers to what. The plan of a place says what becomes of each of its rows.

    `orphaned`: by item, the columns that rows with the reason ORPHAN do not get back. `bears_broken`: it is looked
    whether rows that are there break foreign keys already. `keeps`: what a column cannot hold as it is stays kept.
    """

    def __init__(
        self,
        connection: Connection,
        store: Store,
        places: Sequence[Place],
        witnesses: Mapping[int, Witness],
        orphaned: Mapping[int, frozenset[str]],
        *,
        bears_broken: bool,
        keeps: bool,
    ) -> None:
        self._orphans = orphaned
        self._bears_broken = bears_broken
        self._keeps = keeps
        self._connection = connection
        self._store = store
        self._places = places
        self._witnesses = {place.item.id: witnesses.get(place.item.id) or Witness() for place in places}
        self._tables = {place.table.oid: place.table for place in places}
        self._rows: dict[int, range] = {}  # of items that are plain
        self._acts: dict[int, dict[Act, range]] = {}  # of the others
        self._planned: set[str] = set()  # the tables with their plans
        self._lent: list[tuple[Place, Lender]] = []
        self._originals = Originals(connection, store, places if keeps else ())
        self._orphaned = False
        self._done: set[int] = set()

    def run(self) -> set[int]:
        """Put back what goes; returns the items all of which went. Rows that were refused have the reason in `why`."""
        self._remake_partitions()
        self._originals.find()
        with (
            triggers_off(self._connection, self._tables) as settling,
            identities_writable(self._connection, self._tables.values()),
        ):
            plain = [place for place in self._places if self._is_plain(place)]
            others = [place for place in self._places if place not in plain]
            if others:
                self._merge(others)
            for place in self._originals.in_order(plain):
                self._fill(place)
            if others:
                settle_constraints(self._connection)
            else:
                run_settling(self._connection, settling)
        self._originals.note()
        numbered = {place.table.oid for place in plain if any(pair.column.defaulted for pair in place.values)}
        numbered |= {place.table.oid for place in others}
        sequences.move_past(self._connection, [self._tables[oid] for oid in numbered])
        return self._done

    def _merge(self, places: Sequence[Place]) -> None:
        rewritten = Rewritten(self._connection, self._store, places, self._witnesses)
        tables = {place.table.oid for place in places}
        keys = foreign_keys(self._connection, tables)
        # while rows give up their keys, what refers to them refers to nothing, and must not go along
        changing = {place.table.oid for place in places if place.unique} | rewritten.tables
        incoming = foreign_keys(self._connection, changing, incoming=True)
        acting = {key.oid: key for key in incoming if key.acts}
        others = {key.oid: key for key in [*keys, *incoming] if key.oid not in acting}
        with (
            actions_off(self._connection, list(acting.values()) if self._bears_broken else ()) as broken,
            references_dropped(self._connection, [key for key in acting.values() if key not in broken]),
            foreign_keys_late(self._connection, [*others.values(), *broken]),
        ):
            rewritten.renumber_and_delete()
            for place in places:
                self._store.create(place.plan, merge.plan_rows(place, self._witnesses[place.item.id]))
                rewritten.redirect(place)
                self._planned.add(place.plan)
                self._acts[place.item.id] = self._read_acts(place)
                self._note_staying(place)
            for place in places:
                self._delete(place)
            moving = {place.table.oid for place in places if place.unique or self._moves_keys(place)}
            for place in self._originals.in_order(places):
                self._update(place, _referring(place, keys), swaps=place.table.oid in moving)
            for place in places:
                self._insert(place)
            self._spare(places)
            while sum(self._take_out_orphans(place, keys) for place in places):
                self._orphaned = True
            for place in places:
                self._find_dangling(place, keys)
            for place in places:
                self._miss(place)
                self._note_conflicts(place)
                self._note_gone(place)
                self._renew_images(place)
                self._keep_inexact(place)
            self._note_lent()
            self._store.drop_data(*(place.plan for place in places))
            rewritten.clear()

    def _is_plain(self, place: Place) -> bool:
        """Whether all that is to be done is to put lost values beside their keys."""
        if not merge.is_plain(place, self._witnesses[place.item.id]) or (place.force and place.is_whole):
            return False
        query = sql.SQL("SELECT bool_and(kind = {}), min(n), max(n) FROM {}").format(Kind.PAIRED.value, place.data)
        row = self._connection.execute(query).fetchone()
        assert row is not None  # an aggregate
        if row[0]:
            self._rows[place.item.id] = range(row[1], row[2] + 1)
        return bool(row[0])

    def _fill(self, place: Place) -> None:
        """Give rows their values back, in one statement."""
        filled = 0
        sets = listed(
            sql.SQL("{} = {}").format(sql.Identifier(pair.column.name), self._originals.value(place, pair))
            for pair in place.values
        )
        source = sql.SQL("").join([sql.SQL("{} k").format(place.data), *self._originals.joins(place)])
        newer = self._originals.newer(place)

        def work(rows: sql.Composable) -> None:
            nonlocal filled
            filled += self._write(
                sql.SQL("UPDATE {} t SET {} FROM {} WHERE {} AND {}{}").format(
                    place.table.source, sets, source, rows, place.on_key, newer
                )
            )

        if place.values:
            Bisection(self._connection, place.item.data, TRUE, work).run(self._rows[place.item.id])
        if filled == place.item.rows:
            self._done.add(place.item.id)
        else:
            self._connection.execute(
                sql.SQL("UPDATE {} k SET why = {} WHERE why IS NULL AND NOT EXISTS (SELECT FROM {} t WHERE {})").format(
                    place.data, Reason.ROW_GONE.value, place.table.source, place.on_key
                )
            )
        self._keep_inexact(place)

    def _read_acts(self, place: Place) -> dict[Act, range]:
        """What there is to do, and between which numbers the rows lie."""
        query = sql.SQL("SELECT act, min(n), max(n) FROM {} GROUP BY act").format(data_table(place.plan))
        return {Act(act): range(first, last + 1) for act, first, last in self._connection.execute(query)}

    def _is_to(self, place: Place, act: Act) -> bool:
        return act in self._acts[place.item.id]

    def _note_staying(self, place: Place) -> None:
        if not self._is_to(place, Act.STAY):
            return
        self._connection.execute(
            sql.SQL("UPDATE {} k SET why = {} FROM {} x WHERE x.n = k.n AND x.act = {}").format(
                place.data, merge.reason_to_stay(), data_table(place.plan), Act.STAY.value
            )
        )

    def _remake_partitions(self) -> None:
        """Make parts of a table anew that the step had dropped: rows have no place without them."""
        for part in (part for place in self._places for part in place.item.partitions):
            name, parent = (sql.Identifier(one.schema, one.name) for one in (part.name, part.parent))
            row = self._connection.execute(
                "SELECT pg_catalog.to_regclass(%s) IS NULL AND pg_catalog.to_regclass(%s) IS NOT NULL",
                (name.as_string(self._connection), parent.as_string(self._connection)),
            ).fetchone()
            if row and row[0]:
                self._connection.execute(
                    sql.SQL("CREATE TABLE {} PARTITION OF {} {}").format(name, parent, sql.SQL(part.bound))
                )

    def _delete(self, place: Place) -> None:
        if not self._is_to(place, Act.DELETE):
            return
        self._write(
            sql.SQL(
                "DELETE FROM {table} t USING {plan} x WHERE x.act {equal} {delete} "
                "AND t.tableoid {equal} x.oid AND t.ctid {equal} x.tid"
            ).format(
                table=place.table.source, plan=data_table(place.plan), equal=EQUAL, delete=sql.Literal(Act.DELETE.value)
            )
        )

    def _update(self, place: Place, keys: Sequence[ForeignKey], *, swaps: bool) -> None:
        """Give rows that are there their values back; `swaps`: such as there may be only one of.

        `keys` are the foreign keys that these values may break: then it is followed where the rows go.
        """
        if not self._is_to(place, Act.UPDATE):
            return
        witness = self._witnesses[place.item.id]
        own = merge.assignments(place, witness, lambda pair: self._originals.value(place, pair))
        sets = [*own, *((pair.column, pair.value) for pair in place.key)]
        planned = sql.SQL("").join([merge.with_plan(place, witness), *self._originals.joins(place)])
        newer = self._originals.newer(place)

        def give(sets: Sequence[tuple[Column, sql.Composable]], rows: sql.Composable) -> None:
            values = [sql.SQL("{} AS {}").format(value, sql.Identifier(f"v{k}")) for k, (_, value) in enumerate(sets)]
            source = sql.SQL(
                "SELECT k.n, t.tableoid AS oid, t.ctid AS tid, {values} FROM {planned} "
                "JOIN {table} t ON t.tableoid {equal} x.oid AND t.ctid {equal} x.tid "
                "WHERE x.act {equal} {act} AND {rows}{newer}"
            ).format(
                values=listed(values),
                planned=planned,
                newer=newer,
                table=place.table.source,
                act=sql.Literal(Act.UPDATE.value),
                equal=EQUAL,
                rows=rows,
            )
            names = [column.name for column, _ in sets]
            if swaps:
                self._replace(place, source, names, follow=bool(keys))
            else:
                self._move(place, _updating(place, source, names), follow=bool(keys))

        if sets:
            rows = self._acts[place.item.id][Act.UPDATE]
            Bisection(
                self._connection, place.item.data, self._with_act(place, Act.UPDATE), lambda part: give(sets, part)
            ).run(rows)
        if orphaned := self._orphans.get(place.item.id):
            rest = [(column, value) for column, value in sets if column.name not in orphaned]
            if rest:
                give(rest, sql.SQL("k.why {} {}").format(EQUAL, sql.Literal(Reason.ORPHAN.value)))

    def _moves_keys(self, place: Place) -> bool:
        """Whether rows get other keys than they have."""
        if not place.key or not self._is_to(place, Act.UPDATE):
            return False
        row = self._connection.execute(
            sql.SQL(
                "SELECT EXISTS (SELECT FROM {} k JOIN {} x ON x.n = k.n AND x.act = {} JOIN {} t "
                "ON t.tableoid = x.oid AND t.ctid = x.tid WHERE NOT {})"
            ).format(place.data, data_table(place.plan), Act.UPDATE.value, place.table.source, place.on_key)
        ).fetchone()
        return bool(row and row[0])

    def _replace(self, place: Place, source: sql.Composable, names: Sequence[str], *, follow: bool) -> None:
        """Update rows that may swap values of which there is only one: take them all out, and put them in again."""
        by_name = {name: f"v{k}" for k, name in enumerate(names)}
        columns = [column.name for column in place.table.stored]
        hold = f"hold_{place.item.id}"
        values = listed(
            sql.SQL("{} AS {}").format(
                sql.Identifier("s", by_name[name]) if name in by_name else sql.Identifier("t", name),
                sql.Identifier(f"h{k}"),
            )
            for k, name in enumerate(columns)
        )
        self._store.create(
            hold,
            sql.SQL(
                "SELECT s.n, s.oid, s.tid, {} FROM ({}) s JOIN {} t ON t.tableoid {} s.oid AND t.ctid {} s.tid"
            ).format(values, source, place.table.source, EQUAL, EQUAL),
        )
        self._write(
            sql.SQL("DELETE FROM {} t USING {} s WHERE t.tableoid {} s.oid AND t.ctid {} s.tid").format(
                place.table.source, data_table(hold), EQUAL, EQUAL
            )
        )
        put = sql.SQL(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} ORDER BY n "
            "RETURNING tableoid AS to_oid, ctid AS to_tid"
        ).format(
            place.table.plain,
            listed(map(sql.Identifier, columns)),
            listed(sql.Identifier(f"h{k}") for k in range(len(columns))),
            data_table(hold),
        )
        moved = sql.SQL(  # they are put in, and told, in the order they are held in
            "SELECT h.oid, h.tid, p.to_oid, p.to_tid FROM "
            "(SELECT pg_catalog.row_number() OVER () AS place, to_oid, to_tid FROM put) p JOIN "
            "(SELECT pg_catalog.row_number() OVER (ORDER BY n) AS place, oid, tid FROM {}) h ON h.place {} p.place"
        ).format(data_table(hold), EQUAL)
        self._move(place, moved, put, follow=follow)
        self._store.drop_data(hold)

    def _move(self, place: Place, moved: sql.Composed, put: sql.Composed | None = None, *, follow: bool) -> None:
        """Move rows; what is planned for them by other items of the same table is about the places they have then.

        `follow`: by this one, too.
        """
        others = [
            other.plan
            for other in self._places
            if (other is not place or follow) and other.table.oid == place.table.oid
        ]
        self._write(following(moved, [plan for plan in others if plan in self._planned], put=put))

    def _insert(self, place: Place) -> None:
        """Put rows back that are not there, and with them what other items hold of the same rows."""
        if not self._is_to(place, Act.INSERT):
            return
        lenders = find_lenders(self._connection, self._store, place)
        self._lent += [(place, lender) for lender in lenders]
        self._insert_with(place, lenders, {})
        inexact = [pair for pair in other_forms(place) if not holds_exactly(self._connection, place.data, [pair])]
        others = {pair.column.number: self._originals.known(place, pair) for pair in inexact}
        required = {pair.column.number for pair in inexact if pair.column.required}
        if self._keeps and others and all(others[number] for number in required):
            refused = self._connection.execute(
                sql.SQL("UPDATE {} k SET why = NULL WHERE why = {} AND {}").format(
                    place.data, Reason.REFUSED.value, self._with_act(place, Act.INSERT)
                )
            ).rowcount
            if refused:  # better with what it was, or without some values, than not at all
                self._insert_with(place, lenders, others)
                self._connection.execute(
                    sql.SQL("UPDATE {} SET why = {} WHERE why IS NULL AND detail IS NOT NULL").format(
                        place.data, INEXACT
                    )
                )

    def _insert_with(
        self,
        place: Place,
        lenders: Sequence[Lender],
        others: Mapping[int, sql.Composable | None],
    ) -> None:
        """Put rows back; by number of the column, `others` have what to take for the kept value, None for nothing."""
        witness = self._witnesses[place.item.id]
        own = merge.assignments(place, witness, lambda pair: self._originals.value(place, pair), anew=True)
        values = [*((pair.column, pair.value) for pair in place.key), *own]
        values = [
            (column, instead) for column, value in values if (instead := others.get(column.number, value)) is not None
        ]
        originals = self._originals.joins(place)
        again = [sql.SQL("k.detail IS NOT NULL")] if others else []
        for having in self._patterns(place, lenders):
            lent = [lender for lender, has in zip(lenders, having) if has]
            more = [(pair.column, value) for lender in lent for pair, value in lender.values]
            source = sql.SQL("").join(
                [merge.with_plan(place, witness), *(lender.join for lender in lent), *originals],
            )
            which = [
                lender.has_row if has else sql.SQL("NOT {}").format(lender.has_row)
                for lender, has in zip(lenders, having)
            ]
            self._insert_from(
                place,
                source,
                [*values, *more],
                all_of([self._with_act(place, Act.INSERT), *which, *again]),
                self._acts[place.item.id][Act.INSERT],
            )

    def _patterns(self, place: Place, lenders: Sequence[Lender]) -> list[tuple[bool, ...]]:
        """Which of the lenders hold something of a row, for all the rows to be put back."""
        if not lenders:
            return [()]
        query = sql.SQL("SELECT DISTINCT {} FROM {} k WHERE {}").format(
            listed(lender.has_row for lender in lenders), place.data, self._with_act(place, Act.INSERT)
        )
        return self._connection.execute(query).fetchall()

    def _insert_from(
        self,
        place: Place,
        source: sql.Composable,
        values: Sequence[tuple[Column, sql.Composable]],
        which: sql.Composable,
        numbers: range,
    ) -> None:
        def work(rows: sql.Composable) -> None:
            self._write(
                sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} WHERE {}{} ORDER BY k.n").format(
                    place.table.plain,
                    listed(sql.Identifier(column.name) for column, _ in values),
                    listed(value for _, value in values),
                    source,
                    rows,
                    self._not_there(place),
                )
            )

        Bisection(self._connection, place.item.data, which, work).run(numbers)

    def _spare(self, places: Sequence[Place]) -> None:
        """Put rows back that a down has deleted although no up had made them: people had.

        Where they do not fit they are kept, as what the down took away.
        """
        for oid in {place.table.oid for place in places}:
            own = [place for place in places if place.table.oid == oid]
            witness = self._witnesses[own[0].item.id]
            change, pairing = witness.change, witness.pairing
            is_revert = all(place.item.direction is Direction.APPLY for place in own)
            if not is_revert or pairing is None or change is None or not change.activity.deleted:
                continue
            pairs = pairing.snapshot.pairs(own[0].table)
            statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} ORDER BY w.n").format(
                own[0].table.plain,
                listed(sql.Identifier(pair.column.name) for pair in pairs),
                listed(pair.fit(pair.kept.data, same_type=pair.same_type, alias="w") for pair in pairs),
                merge.unknown_rows(own, pairing),
            )
            try:
                with self._connection.transaction():
                    self._write(statement)
            except psycopg.Error as error:
                if not is_about_data(error.sqlstate):
                    raise

    def _not_there(self, place: Place) -> sql.Composable:
        """Of two items about one row, the newer one has put it back already."""
        if not place.key or not any(other is not place and other.table == place.table for other in self._places):
            return sql.SQL("")
        return sql.SQL(" AND NOT EXISTS (SELECT FROM {} t WHERE {})").format(place.table.source, place.on_key)

    def _with_act(self, place: Place, act: Act) -> sql.Composable:
        return sql.SQL("EXISTS (SELECT FROM {} x WHERE x.n {} k.n AND x.act {} {})").format(
            data_table(place.plan), EQUAL, EQUAL, sql.Literal(act.value)
        )

    def _take_out_orphans(self, place: Place, keys: Sequence[ForeignKey]) -> int:
        """Take rows out again that refer to rows which are not there; returns how many there were."""
        found = 0
        inserted = self._with_act(place, Act.INSERT)
        for key in keys if self._is_to(place, Act.INSERT) else ():
            if key.table == place.table.oid:
                rows = rows_of(place, place.pairs, sql.SQL("k.why IS NULL AND {}").format(inserted))
                found += self._write(
                    sql.SQL(
                        "WITH orphan AS (SELECT k.n, t.tableoid AS oid, t.ctid AS tid FROM {rows} WHERE {dangling}), "
                        "taken AS (DELETE FROM {table} t USING orphan o "
                        "WHERE t.tableoid {equal} o.oid AND t.ctid {equal} o.tid) "
                        "UPDATE {data} k SET why = {why}, detail = {detail} FROM orphan o WHERE k.n {equal} o.n"
                    ).format(
                        rows=rows,
                        dangling=key.dangling,
                        table=place.table.source,
                        data=place.data,
                        equal=EQUAL,
                        why=sql.Literal(Reason.ORPHAN.value),
                        detail=sql.Literal(f"foreign key {key.name}"),
                    )
                )
        return found

    def _find_dangling(self, place: Place, keys: Sequence[ForeignKey]) -> None:
        """Raise _Dangling if rows refer to rows that are not there, by values which they got back."""
        for key in _referring(place, keys) if self._is_to(place, Act.UPDATE) else ():
            rows = self._connection.execute(
                sql.SQL(
                    "SELECT k.n FROM {data} k JOIN {plan} x ON x.n {equal} k.n AND x.act {equal} {act} "
                    "JOIN {table} t ON t.tableoid {equal} x.oid AND t.ctid {equal} x.tid "
                    "WHERE k.why IS NULL AND {dangling}"
                ).format(
                    data=place.data,
                    plan=data_table(place.plan),
                    table=place.table.source,
                    act=sql.Literal(Act.UPDATE.value),
                    equal=EQUAL,
                    dangling=key.dangling,
                )
            ).fetchall()
            if rows:
                raise _Dangling(place, key, [number for (number,) in rows])

    def _miss(self, place: Place) -> None:
        """A row that was taken out again may have taken others along (ON DELETE CASCADE): they are not there either."""
        if place.key and self._orphaned and self._is_to(place, Act.INSERT):
            inserted = self._with_act(place, Act.INSERT)
            self._connection.execute(
                sql.SQL(
                    "UPDATE {} k SET why = {} WHERE why IS NULL AND {} AND NOT EXISTS (SELECT FROM {} t WHERE {})"
                ).format(place.data, Reason.ORPHAN.value, inserted, place.table.source, place.on_key)
            )

    def _note_conflicts(self, place: Place) -> None:
        if not self._is_to(place, Act.UPDATE):
            return
        self._connection.execute(
            sql.SQL(
                "UPDATE {} k SET why = {} FROM {} x WHERE x.n = k.n AND x.act = {} AND x.conflict AND k.why IS NULL"
            ).format(place.data, Reason.CHANGED.value, data_table(place.plan), Act.UPDATE.value)
        )

    def _note_lent(self) -> None:
        """What is there with its row by now waits for it no longer."""
        due = {place.item.id for place in self._places}
        for place, lender in self._lent:
            if lender.item.id in due:
                self._connection.execute(
                    sql.SQL(
                        "UPDATE {} v SET why = NULL FROM {} l JOIN {} k ON k.n = l.n "
                        "WHERE v.n = l.lender AND v.why = {} AND k.why IS NULL"
                    ).format(data_table(lender.item.data), data_table(lender.data), place.data, Reason.ROW_GONE.value)
                )
        self._store.drop_data(*(lender.data for _, lender in self._lent))
        self._lent.clear()

    def _note_gone(self, place: Place) -> None:
        """A row that had to come back and could not is in neither side any more."""
        if not self._is_to(place, Act.INSERT):
            return
        self._connection.execute(
            sql.SQL(
                "UPDATE {} k SET kind = {} FROM {} x WHERE x.n = k.n AND x.act = {} AND k.kind = {} "
                "AND k.why IS NOT NULL"
            ).format(place.data, Kind.GONE.value, data_table(place.plan), Act.INSERT.value, Kind.PAIRED.value)
        )

    def _renew_images(self, place: Place) -> None:
        """Note of rows that will be tried again what they hold by now: so they are known, and who changed them is."""
        images = [pair for pair in place.pairs if pair.kept.image is not None]
        if images and self._is_to(place, Act.UPDATE):
            sets = listed(
                sql.SQL("{} = {}").format(sql.Identifier(str(pair.kept.image)), pair.shown()) for pair in images
            )
            self._connection.execute(
                sql.SQL(
                    "UPDATE {} k SET {} FROM {} x, {} t WHERE x.n = k.n AND x.act = {} AND k.why IN ({}, {}) "
                    "AND t.tableoid = x.oid AND t.ctid = x.tid"
                ).format(
                    *(place.data, sets, data_table(place.plan), place.table.source),
                    *(Act.UPDATE.value, Reason.LATER.value, Reason.ORPHAN.value),
                )
            )

    def _keep_inexact(self, place: Place) -> None:
        """Keep what columns cannot hold as it is."""
        if not self._keeps or place.force:
            return
        if place.plan in self._planned and self._is_to(place, Act.INSERT):
            neighbours = [one for one in self._places if one.table.oid == place.table.oid]
            note_what_stands_instead(self._connection, self._store, place, neighbours)
        if not other_forms(place):
            return
        witness = self._witnesses[place.item.id]
        theirs = merge.contested(place, witness) if place.plan in self._planned else ()
        mark_inexact(self._connection, place, self._originals.of(place), theirs)
        keep_originals(self._connection, self._store, place)

    def _write(self, statement: sql.Composed) -> int:
        """Change rows of users: what hangs on their tables finds what it finds in the user's own sessions."""
        with self._connection.users_path():
            return self._connection.execute(statement).rowcount


def _referring(place: Place, keys: Sequence[ForeignKey]) -> list[ForeignKey]:
    """The foreign keys that values which are put back are part of."""
    names = {pair.column.name for pair in place.pairs}
    return [key for key in keys if key.table == place.table.oid and not names.isdisjoint(key.columns)]


def _updating(place: Place, source: sql.Composable, names: Sequence[str]) -> sql.Composed:
    """Update the rows of which there are other values in `source`, which has oid, tid, v0, v1 and so on."""
    fresh = [sql.Identifier("s", f"v{k}") for k in range(len(names))]
    return sql.SQL(
        "UPDATE {table} t SET {sets} FROM ({source}) s "
        "WHERE t.tableoid {equal} s.oid AND t.ctid {equal} s.tid AND {differs} "
        "RETURNING s.oid, s.tid, t.tableoid AS to_oid, t.ctid AS to_tid"
    ).format(
        table=place.table.source,
        sets=listed(sql.SQL("{} = {}").format(sql.Identifier(name), value) for name, value in zip(names, fresh)),
        source=source,
        equal=EQUAL,
        differs=any_of(
            sql.SQL("NOT pg_catalog.record_image_eq(ROW({}), ROW({}))").format(sql.Identifier("t", name), value)
            for name, value in zip(names, fresh)
        ),
    )
