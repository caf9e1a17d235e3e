"""The three-way merge: what becomes of each kept row when the opposite step has run.

S is the side whose rows were kept, T the one where people worked since; the opposite step has made the rows of T into
those of the table. A kept row knows what it was in S, what it was in T then (its image), and what the opposite step
would have made of that (fresh). What T holds just before the opposite step, the witness, tells what people did there:

- An image that is there unchanged: the row is what it was in S.
- One that was changed: T's value counts where T changed it, and S's stays kept if S had a say of its own.
- One that is gone: people deleted the row, and S's stays kept.
- A row that was in S alone comes back, unless people of T have one with its key: then both are rows, and T's is there.
- A row that the step to T had made, unchanged, is taken away.
- What the opposite step writes anew gives way to the rows it wrote the last time.

See docs/internals/rows.md for where this comes from.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from psycopg import sql

from gitmig.rows.changes import successor
from gitmig.rows.items import Kind, Reason
from gitmig.rows.values import EQUAL, FALSE, all_of, any_of, data_table, likeness, listed, same

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.rows.changes import TableChange
    from gitmig.rows.places import Place
    from gitmig.rows.snapshot import Pairing
    from gitmig.rows.tables import Column
    from gitmig.rows.values import Pair


class Act(Enum):
    """What is done with a kept row."""

    UPDATE = "update"  # its row in the table takes over its values
    INSERT = "insert"  # it comes back whole
    DELETE = "delete"  # its row in the table goes
    DONE = "done"  # it is there, or nothing is to be done
    STAY = "stay"  # it stays kept; its reason says why


class Witness(Struct, frozen=True, kw_only=True):
    """What T was like before the opposite step ran.

    `pairing`: its rows, and which of the rows after the step they are; None: the rows of the table now are the ones.
    `is_new`: the step has made the table, so that T had no rows. `change` is what the step did to the table, None if
    nothing. `columns` are those T had (names); None: those of the table now. `changed`: somebody changed a row of a
    table that the step reads or writes; `derived`: of one that it only reads, so that what it makes of it is believed.
    """

    pairing: Pairing | None = None
    is_new: bool = False
    change: TableChange | None = None
    columns: frozenset[str] | None = None
    changed: bool = True
    derived: bool = False

    def shows(self, pair: Pair) -> bool:
        """Whether T has something to say about a column."""
        is_there = self.columns is None or pair.kept.heir in self.columns
        return pair.kept.shown is not None and is_there and not self.is_new


def plan_rows(place: Place, witness: Witness) -> sql.Composed:
    """A query for each row of the item: n, kind, act, where its row is by now (oid, tid); and whether T has the say.

    That is one column `theirs_…` for each column of which T has shown something; `conflict`: S had a say as well.
    """
    shown = _shown(place, witness)
    there = _there(place, witness)
    has_row = sql.SQL("t.ctid IS NOT NULL")
    identical = all_of(sql.SQL("NOT {}").format(pair.differs) for pair in place.values)
    as_it_was = all_of(sql.SQL("NOT {}").format(theirs) for _, theirs in shown)
    cases: list[tuple[list[sql.Composable], Act]] = [
        ([_kind(Kind.MADE), there, as_it_was, has_row], Act.DELETE),
        ([any_of([_kind(Kind.MADE), _kind(Kind.UNWANTED)])], Act.DONE),
        ([_kind(Kind.GONE), there, has_row, identical], Act.DONE),
        ([_kind(Kind.GONE), there], Act.STAY),
        ([_kind(Kind.PAIRED), sql.SQL("NOT {}").format(there)], Act.STAY),
    ]
    if place.force:
        cases = [([any_of([_kind(Kind.MADE), _kind(Kind.UNWANTED)])], Act.DONE)]
    cases.append(([has_row], Act.UPDATE))
    act = sql.SQL("CASE {} ELSE {} END").format(
        sql.SQL(" ").join(
            sql.SQL("WHEN {} THEN {}").format(all_of(conditions), sql.Literal(act.value)) for conditions, act in cases
        ),
        sql.Literal(Act.INSERT.value),
    )
    is_changed = any_of([sql.SQL("NOT {}").format(as_it_was), FALSE] if shown else [FALSE])
    says = [(pair, _has_say(pair, theirs, witness, is_changed)) for pair, theirs in shown if not place.force]
    flags = [sql.SQL("{} AS {}").format(say, sql.Identifier(f"theirs_{pair.kept.data}")) for pair, say in says]
    conflict = any_of(all_of([say, _own_say(pair), pair.differs]) for pair, say in says)
    return sql.SQL("SELECT k.n, k.kind, {} AS act, t.tableoid AS oid, t.ctid AS tid, {} AS w, {} FROM {}").format(
        act,
        sql.SQL("w.n" if witness.pairing is not None else "NULL::bigint"),
        listed([sql.SQL("({} AND {}) AS conflict").format(_kind(Kind.PAIRED), conflict), *flags]),
        _source(place, witness),
    )


def assignments(
    place: Place, witness: Witness, value_of: Callable[[Pair], sql.Composable], *, anew: bool = False
) -> list[tuple[Column, sql.Composable]]:
    """What the columns of a row get, over k (kept), x (plan), t and w: what was lost, and what T left.

    `value_of` gives what was lost.

    `anew`: the row is not there, and T's values are those of its row before the step, `w`. So they are in columns that
    the step has made anew; elsewhere the step may have made something of them. What tells rows apart is left out.
    """
    remade = _remade(witness)
    found = []
    for pair in place.values:
        value = value_of(pair)
        if _says_something(pair) and not place.force:
            theirs: sql.Composable | None = sql.Identifier("t", pair.column.name)
            if anew or pair.kept.heir in remade:
                theirs = _as_it_was(pair, witness)
            if theirs is not None:
                flag = sql.Identifier("x", f"theirs_{pair.kept.data}")
                value = sql.SQL("CASE WHEN {} THEN {} ELSE {} END").format(flag, theirs, value)
        found.append((pair.column, value))
    return found


def contested(place: Place, witness: Witness) -> list[str]:
    """The kept columns of which the plan tells whether T has the say."""
    return [] if place.force else [pair.kept.data for pair, _ in _shown(place, witness)]


def with_plan(place: Place, witness: Witness) -> sql.Composable:
    """`k` (kept rows), `x` (what is planned for them) and `w` (rows of T)."""
    source = sql.SQL("{} k JOIN {} x ON x.n {} k.n").format(place.data, data_table(place.plan), EQUAL)
    if witness.pairing is None or place.force:
        return source
    return sql.SQL("{} LEFT JOIN {} w ON w.n {} x.w").format(source, data_table(witness.pairing.snapshot.data), EQUAL)


def _as_it_was(pair: Pair, witness: Witness) -> sql.Composable | None:
    """What T held in a column, fit for it now; None if T had no such rows or column."""
    if witness.pairing is None:
        return None
    snapshot = witness.pairing.snapshot
    for saved, column in zip(snapshot.saved, snapshot.columns):
        if column.name == pair.kept.heir:
            theirs = replace(pair, kept=saved)
            return theirs.fit(saved.data, same_type=theirs.same_type, alias="w")
    return None


def _remade(witness: Witness) -> frozenset[str]:
    """The columns that the step has dropped and made anew, and written nothing into."""
    change = witness.change
    if change is None or change.after is None or change.after.oid != change.table.oid or change.activity.updated:
        return frozenset()
    heirs = ((column, successor(change.table, column, change.after)) for column in change.table.columns)
    return frozenset(column.name for column, heir in heirs if heir is not None and heir.number != column.number)


def is_plain(place: Place, witness: Witness) -> bool:
    """Whether T has no say about any of the values: they are only put back beside their keys."""
    says = (witness.shows(pair) or pair.kept.fresh is not None for pair in place.values)
    return bool(place.key) and witness.pairing is None and not any(says)


def _says_something(pair: Pair) -> bool:
    return pair.kept.shown is not None or pair.kept.fresh is not None


def _there(place: Place, witness: Witness) -> sql.Composable:
    """T has the row, or its image."""
    if witness.is_new:
        return FALSE
    return sql.SQL("t.ctid IS NOT NULL" if place.key and witness.pairing is None else "w.n IS NOT NULL")


def _shown(place: Place, witness: Witness) -> list[tuple[Pair, sql.Composable]]:
    """The columns of which T, or the opposite step, has something to say; and whether T changed it."""
    found: list[tuple[Pair, sql.Composable]] = []
    for pair in place.values:
        if _says_something(pair):
            now = _in_witness(place, witness, pair) if witness.shows(pair) else None
            theirs: sql.Composable = FALSE
            if now is not None:  # a row that only S had has no image, although its value may be held once for both
                known = [pair.kept.shown, *([pair.kept.stood] if pair.kept.stood else [])]
                changed = [sql.SQL("NOT {}").format(same(pair.kept_text(name), now)) for name in known]
                theirs = all_of([sql.SQL("NOT {}").format(_kind(Kind.GONE)), *changed])
            found.append((pair, theirs))
    return found


def unknown_rows(places: Sequence[Place], pairing: Pairing) -> sql.Composable:
    """The rows `w` of T that none of the items of their table knows, and that the step has deleted."""
    known = any_of(
        sql.SQL("EXISTS (SELECT FROM {} x WHERE x.w {} w.n)").format(data_table(place.plan), EQUAL) for place in places
    )
    return sql.SQL("{} w {} WHERE t.ctid IS NULL AND NOT {}").format(
        data_table(pairing.snapshot.data), _listed_rows(places[0], pairing), known
    )


def _has_say(pair: Pair, theirs: sql.Composable, witness: Witness, is_changed: sql.Composable) -> sql.Composable:
    """T changed it; or it changed what the opposite step makes it from.

    Where S had nothing else than that step gave, it `is_changed` if T changed anything about the row.
    """
    if pair.kept.fresh is None:
        return theirs
    fresh = sql.Identifier("k", pair.kept.fresh)
    otherwise = sql.SQL("k.has_fresh AND NOT {}").format(same(fresh, pair.shown()))
    if witness.derived:
        return any_of([theirs, sql.SQL("({})").format(otherwise)])
    return any_of([theirs, all_of([is_changed, otherwise, same(fresh, pair.kept_text())])])


def _own_say(pair: Pair) -> sql.Composable:
    """S had another value than T, and than the opposite step alone would give."""
    conditions = []
    if pair.kept.shown is not None:
        conditions.append(sql.SQL("NOT {}").format(same(pair.kept_text(), pair.kept_text(pair.kept.shown))))
    if pair.kept.fresh is not None:
        fresh = sql.Identifier("k", pair.kept.fresh)
        conditions.append(sql.SQL("NOT (k.has_fresh AND {})").format(same(fresh, pair.kept_text())))
    return all_of(conditions)


def _kind(kind: Kind) -> sql.Composable:
    return sql.SQL("k.kind {} {}").format(EQUAL, sql.Literal(kind.value))


def _in_witness(place: Place, witness: Witness, pair: Pair) -> sql.Composable | None:
    """What T holds in a column, as the text the image would have; None if that cannot be told any more."""
    if witness.is_new:
        return None
    if witness.pairing is None:
        return pair.shown()
    snapshot = witness.pairing.snapshot
    for saved, column in zip(snapshot.saved, snapshot.columns):
        if column.name == pair.kept.heir:
            return sql.SQL("w.{}::pg_catalog.text").format(sql.Identifier(saved.data))
    return None


def _source(place: Place, witness: Witness) -> sql.Composable:
    """`k` (kept rows), `w` (rows of T) and `t` (rows of the table now), each row beside the ones it is."""
    if place.key:
        rows: sql.Composable = sql.SQL("LEFT JOIN {} t ON {}").format(place.table.source, place.on_key)
        if witness.pairing is not None and witness.pairing.listed:
            rows = _listed_rows(place, witness.pairing)
        return sql.SQL("{} k {} {}").format(place.data, _keyed_witness(place, witness), rows)
    if witness.is_new:
        return sql.SQL("{} k LEFT JOIN {} t ON false").format(place.data, place.table.source)
    return _alike_source(place, witness)


def _keyed_witness(place: Place, witness: Witness) -> sql.Composable:
    if witness.pairing is None:
        return sql.SQL("")
    snapshot = witness.pairing.snapshot
    by_name = {column.name: (saved, column) for saved, column in zip(snapshot.saved, snapshot.columns)}
    if any(str(pair.kept.heir) not in by_name for pair in place.key):  # a down that fell short of what it was
        return sql.SQL("LEFT JOIN {} w ON false").format(data_table(snapshot.data))
    on = []
    for pair in place.key:
        saved, column = by_name[str(pair.kept.heir)]
        if saved.native and pair.kept.native and column.type == pair.kept.type:
            on.append(sql.SQL("w.{} {} k.{}").format(sql.Identifier(saved.data), EQUAL, sql.Identifier(pair.kept.data)))
        else:
            on.append(
                sql.SQL("w.{}::pg_catalog.text {} {}").format(sql.Identifier(saved.data), EQUAL, pair.kept_text())
            )
    return sql.SQL("LEFT JOIN {} w ON {}").format(data_table(snapshot.data), all_of(on))


def _alike_source(place: Place, witness: Witness) -> sql.Composable:
    """Without a key: images and the rows of T that are equal, each of these once; then where these are by now."""
    shown = [pair for pair in place.pairs if witness.shows(pair)]
    left = likeness(pair.kept_text(pair.kept.shown) for pair in shown)
    with_image = any_of(_kind(kind) for kind in (Kind.PAIRED, Kind.MADE))
    kept = sql.SQL(
        "(SELECT k.*, {left} AS likeness, "
        "pg_catalog.row_number() OVER (PARTITION BY {image}, {left} ORDER BY k.n) AS copy, {image} AS has_image "
        "FROM {data} k) k"
    ).format(left=left, image=with_image, data=place.data)
    match = sql.SQL("k.has_image AND k.likeness {} w.likeness AND k.copy {} w.copy").format(EQUAL, EQUAL)
    if witness.pairing is None:
        right = likeness(pair.shown() for pair in shown)
        return sql.SQL(
            "{kept} LEFT JOIN (SELECT 1 AS n, t.tableoid AS oid, t.ctid AS tid, {right} AS likeness, "
            "pg_catalog.row_number() OVER (PARTITION BY {right} ORDER BY t.tableoid, t.ctid) AS copy FROM {table} t) w "
            "ON {match} LEFT JOIN {table} t ON t.tableoid {equal} w.oid AND t.ctid {equal} w.tid"
        ).format(kept=kept, right=right, match=match, table=place.table.source, equal=EQUAL)
    snapshot = witness.pairing.snapshot
    saved = {column.name: one for one, column in zip(snapshot.saved, snapshot.columns)}
    texts = [
        sql.SQL("w.{}::pg_catalog.text").format(sql.Identifier(saved[str(pair.kept.heir)].data))
        for pair in shown
        if str(pair.kept.heir) in saved
    ]
    rows = sql.SQL(
        "(SELECT w.*, {right} AS likeness, pg_catalog.row_number() OVER (PARTITION BY {right} ORDER BY w.n) AS copy "
        "FROM {data} w) w"
    ).format(right=likeness(texts), data=data_table(snapshot.data))
    return sql.SQL("{kept} LEFT JOIN {rows} ON {match} {now}").format(
        kept=kept, rows=rows, match=match, now=_listed_rows(place, witness.pairing)
    )


def _listed_rows(place: Place, pairing: Pairing) -> sql.Composable:
    """The rows of the table that the rows `w` of T have become."""
    if pairing.key:
        on = all_of(pair.equals("w") for pair in pairing.key)
        return sql.SQL("LEFT JOIN {} t ON {}").format(place.table.source, on)
    return sql.SQL(
        "LEFT JOIN {pairs} p ON p.n {equal} w.n "
        "LEFT JOIN {table} t ON t.tableoid {equal} p.oid AND t.ctid {equal} p.tid"
    ).format(pairs=data_table(pairing.listed), table=place.table.source, equal=EQUAL)


def reason_to_stay() -> sql.Composable:
    """Why a row whose act is to stay does."""
    return sql.SQL("CASE WHEN {} THEN {} ELSE {} END").format(
        _kind(Kind.GONE), sql.Literal(Reason.TAKEN.value), sql.Literal(Reason.ROW_GONE.value)
    )


def telling(place: Place) -> Sequence[Pair]:
    """The columns by which a row that was written anew is known again: what it did not get by itself."""
    own = [pair for pair in place.pairs if not pair.column.defaulted]
    return own or list(place.pairs)
