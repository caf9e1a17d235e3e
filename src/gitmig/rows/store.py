"""The book of kept rows: table gitmig_kept.item, and the tables that hold the rows."""

from __future__ import annotations

import itertools
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace
from psycopg import sql
from psycopg.types.json import Jsonb

from gitmig.errors import GitmigError
from gitmig.ledger.access import KEPT_ITEMS, is_there, share_as_the_list
from gitmig.migrations.model import label
from gitmig.migrations.plan import Direction
from gitmig.rows.items import NO_INPUTS, OTHERS, Inputs, Item, KeptColumn, Kind, Reason
from gitmig.rows.tables import Partition, TableName
from gitmig.rows.values import SCHEMA, data_table, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gitmig.migrations.plan import Applied
    from gitmig.postgres.connection import Connection
    from gitmig.rows.items import Subject

COLUMNS = (
    "id, version, migration, checksum, direction, table_schema, table_name, heir_schema, heir_name, columns, rows, "
    "bytes, pg_catalog.to_char(kept_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00:00'), kept_by, commit, data, "
    'due, reason, detail, "all", inputs, partitions, warned'
)
SELECT = f"SELECT {COLUMNS} FROM gitmig_kept.item"
# The opposite of an earlier step makes due what that one took. Rows that were refused are not tried again and again.
# What ups took is nothing for the side where these have run, and what downs took for the other one. A version of the
# migration that is not there any more, and that no other one has, is the same one before somebody edited it.
DUE = f"""
    {SELECT} WHERE direction = $2 AND (checksum = ANY ($1) OR due AND (reason IS NULL OR reason = 'no place')
        OR version = $3 AND migration = $4 AND NOT checksum = ANY ($5))
    ORDER BY id
"""
AGAIN = sql.SQL(
    "UPDATE gitmig_kept.item SET due = false, reason = NULL, detail = NULL WHERE due AND checksum IN ({}) "
    "AND direction = {}"
)
# Why rows had to go says nothing about why they are still kept.
NOTE_DUE = sql.SQL(
    "UPDATE gitmig_kept.item SET due = true, reason = CASE WHEN reason NOT IN ({gone}) THEN reason END, "
    "detail = CASE WHEN reason NOT IN ({gone}) THEN detail END WHERE id IN ({items})"
)
# Of which steps there are items: their checksums, directions and labels; empty ones stand for all that is due already.
WAITING = """
    SELECT DISTINCT CASE WHEN due THEN '' ELSE checksum END, CASE WHEN due THEN '' ELSE direction END,
        version, migration
    FROM gitmig_kept.item
"""
# Some statements (ALTER DOMAIN … DROP CONSTRAINT) leave PostgreSQL with messages to itself, which it reads at the end
# of a command that could write. Until then nothing can be altered behind a savepoint ("unprocessed inval messages").
WRITE_NOTHING = "DELETE FROM gitmig_kept.item WHERE false"
# What reverts took with the whole table; not of these migrations.
GONE = "NOT checksum = ANY(%s) AND direction = %s AND heir_name IS NULL AND NOT due"
NEXT_ID = "pg_catalog.nextval(pg_catalog.pg_get_serial_sequence('gitmig_kept.item', 'id'))"
INSERT = f"""
    WITH item AS (SELECT {NEXT_ID} AS id)
    INSERT INTO gitmig_kept.item (id, data, version, migration, checksum, direction, table_schema, table_name,
        heir_schema, heir_name, columns, rows, bytes, kept_by, commit, "all", inputs, partitions)
    OVERRIDING SYSTEM VALUE
    SELECT id, 'item_' || id, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, pg_catalog.pg_table_size($11::regclass),
        $12, $13, $14, $15, $16 FROM item
    RETURNING id, bytes, (SELECT relacl IS NOT NULL FROM pg_catalog.pg_class WHERE oid = $11::regclass)
"""
SPLIT = """
    INSERT INTO gitmig_kept.item (id, version, migration, checksum, direction, table_schema, table_name, heir_schema,
        heir_name, columns, rows, bytes, kept_at, kept_by, commit, xid, data, due, reason,
        detail)
    OVERRIDING SYSTEM VALUE
    SELECT %s, version, migration, checksum, direction, table_schema, table_name, table_schema,
        table_name, %s, %s, pg_catalog.pg_table_size(%s::regclass), kept_at, kept_by, commit, xid, %s, true, %s, %s
    FROM gitmig_kept.item WHERE id = %s
"""
# Columns that have the names and types of such as items hold the values of, where a step had left the table.
COLUMNS_FOR = """
    SELECT i.id, a.attrelid::int8, a.attnum
    FROM gitmig_kept.item i CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(i.columns) lost
    JOIN pg_catalog.pg_attribute a ON a.attname = lost ->> 'name' AND NOT a.attisdropped
        AND a.attrelid = pg_catalog.to_regclass(pg_catalog.format('%%I.%%I', i.heir_schema, i.heir_name))
        AND pg_catalog.format_type(a.atttypid, a.atttypmod) = lost ->> 'type'
    WHERE i.id = ANY(%s) AND lost ->> 'heir' IS NULL
"""
COLUMNS_OF = """
    SELECT DISTINCT a.attrelid::int8, a.attnum
    FROM gitmig_kept.item i
    JOIN pg_catalog.pg_attribute a ON a.attrelid = pg_catalog.to_regclass(
        pg_catalog.format('%%I.%%I', i.heir_schema, i.heir_name))
    WHERE i.id = ANY(%s) AND a.attnum > 0
"""
THEIRS = listed(sql.Literal(kind.value) for kind in Kind if kind.is_theirs)


class Copy(Struct, frozen=True, kw_only=True):
    """Rows that were saved: from which table, what became of it, where they are, and why they could not stay.

    For `all`, `inputs` and `partitions` see `Item`.
    """

    table: TableName
    heir: TableName | None
    columns: tuple[KeptColumn, ...]
    rows: int
    data: str
    why: str | None = None
    all: bool = False
    inputs: Inputs = NO_INPUTS
    partitions: tuple[Partition, ...] = ()


class Store:
    """The kept rows of one database. `by` and `commit` are noted with everything that is kept."""

    def __init__(self, connection: Connection, by: str, commit: str | None) -> None:
        self._connection = connection
        self._by = by
        self._commit = commit
        self._waiting: set[tuple[str, str]] | None = None  # of which steps there may be items, by either; see WAITING
        self._turned: set[str] = set()  # snapshots that are items by now
        self._may_hold_originals = True  # asked once, until there are some
        self._numbers = itertools.count(1)

    def exists(self) -> bool:
        """Whether anything is kept at all."""
        row = self._connection.execute("SELECT EXISTS (SELECT FROM gitmig_kept.item)").fetchone()
        return bool(row and row[0])

    def items(self) -> list[Item]:
        """Everything that people can get back, oldest first; nothing where no ledger is."""
        if not self._has_book():
            return []
        return self._select("WHERE rows > 0")

    def everything(self) -> list[Item]:
        """The same with what only helps opposite steps."""
        return self._select("") if self._has_book() else []

    def came(self) -> list[Item]:
        """What people can get back, and could not at the step that was to bring it back; oldest first."""
        return self._select("WHERE rows > 0 AND due") if self._has_book() else []

    def warn(self, items: Sequence[Item]) -> None:
        """Note that people were told of these that no migration is there any more that brings them back."""
        numbers = [item.id for item in items]
        self._connection.execute("UPDATE gitmig_kept.item SET warned = true WHERE id = ANY(%s)", (numbers,))

    def due(self, subject: Subject, direction: Direction) -> list[Item]:
        """What the opposite of a step took, and what is still waiting for a place; oldest first."""
        opposite = Direction.REVERT if direction is Direction.APPLY else Direction.APPLY
        if self._waiting is None:
            (rows,) = self._connection.run_prepared((WAITING, ()))
            self._waiting = set()
            for checksum, taken_by, version, name in rows:
                self._note_waiting(checksum, taken_by)
                self._note_waiting(label(version, name), taken_by)
        checksums = [subject.checksum, *subject.replaces]
        named = (subject.version, subject.name) if direction is Direction.APPLY else (None, None)
        keys = [*checksums, subject.label] if direction is Direction.APPLY else checksums
        if ("", "") not in self._waiting and self._waiting.isdisjoint((one, opposite.value) for one in keys):
            return []
        values = (checksums, opposite.value, *named, [subject.checksum, *subject.coming])
        (rows,) = self._connection.run_prepared((DUE, values))
        return [_item(*row) for row in rows]

    def note_due(self, items: Sequence[Item]) -> None:
        """Note of what was due, as far as it is still there, that it waits from now on."""
        if new := [item.id for item in items if not item.due]:
            self._note_waiting("", "")
            gone = listed(sql.Literal(reason.value) for reason in (Reason.MISFIT, Reason.LENT))
            self._connection.ahead(NOTE_DUE.format(gone=gone, items=listed(map(sql.Literal, new))))

    def await_again(self, checksums: Collection[str], direction: Direction) -> None:
        """What these steps took the last time, and what was not put back since, waits for their opposites again.

        To be called behind `due`.
        """
        if self._waiting and ("", "") in self._waiting:
            self._connection.ahead(AGAIN.format(listed(map(sql.Literal, checksums)), direction.value))
            for checksum in checksums:
                self._note_waiting(checksum, direction.value)

    def waiting(self, refused: Collection[int] = (), *, again: bool = False) -> list[Item]:
        """What was due and had no place, or not yet, and these `refused` ones (by number); oldest first.

        `again`: also what earlier plans had to refuse, where that may be otherwise by now. Not where something stands
        in the place of what a step took away: somebody may have written that meanwhile.
        """
        return self._select(
            "WHERE due AND (reason IS NULL OR reason = 'no place' OR id = ANY(%s) "
            "OR reason = ANY(%s) AND NOT columns @? '$[*] ? (@.heir == null).stood')",
            *(list(refused), [one.value for one in Reason if one.may_pass] if again else []),
        )

    def gone_tables(self) -> frozenset[TableName]:
        """The names of tables that reverts took, rows and all, and that were kept."""
        return frozenset(item.table for item in self._select(f"WHERE {GONE}", list(OTHERS), Direction.REVERT.value))

    def with_namesakes(self, present: Collection[str], others: Sequence[int], homes: Sequence[str]) -> list[Item]:
        """What reverts took from tables that went, where there are tables of the same names now, or were (`homes`).

        Not what comes back with one of the migrations that are `present` (checksums), or with none. Tables with the
        oids of `others` are other tables.
        """
        return self._select(
            f"WHERE {GONE} AND (table_schema || '.' || table_name = ANY(%s) OR EXISTS ("
            "SELECT FROM pg_catalog.pg_class c WHERE c.oid <> ALL (%s::oid[]) "
            "AND c.oid = pg_catalog.to_regclass(pg_catalog.format('%%I.%%I', table_schema, table_name))))",
            *([*present, *OTHERS], Direction.REVERT.value, list(homes), list(others)),
        )

    def misfits(self, present: Collection[str]) -> list[Item]:
        """Rows which the schema that a revert led to could not hold; not those of migrations (checksums) present."""
        return self._select(
            "WHERE reason = %s AND NOT due AND heir_name IS NOT NULL AND NOT checksum = ANY(%s)",
            *(Reason.MISFIT.value, [*present, *OTHERS]),
        )

    def lent(self, checksums: Sequence[str], labels: Sequence[tuple[str, str]]) -> list[Item]:
        """Of such rows those which are in their tables meanwhile, and come back with these migrations."""
        versions, names = [version for version, _ in labels], [name for _, name in labels]
        return self._select(
            "WHERE reason = %s AND (checksum = ANY(%s) "
            "OR (version, migration) IN (SELECT * FROM ROWS FROM "
            "(pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) AS labels (version, name)))",
            *(Reason.LENT.value, list(checksums), versions, names),
        )

    def note_reason(self, number: int, reason: Reason, detail: str | None) -> None:
        """Note of an item why its rows are kept although they have a place, or had to go."""
        self._connection.execute(
            "UPDATE gitmig_kept.item SET reason = %s, detail = %s WHERE id = %s", (reason.value, detail, number)
        )

    def columns_for(self, items: Sequence[int]) -> set[tuple[int, int, int]]:
        """The columns that could take values of these items: the item, the table (oid), and the column's number."""
        return set(self._connection.execute(COLUMNS_FOR.encode(), (list(items),)).fetchall())

    def columns_of(self, items: Sequence[int]) -> set[tuple[int, int]]:
        """All columns of the tables where steps had left the rows of these items: the table (oid), and the number."""
        return set(self._connection.execute(COLUMNS_OF.encode(), (list(items),)).fetchall())

    def tables(self) -> list[int]:
        """The tables of the database (oids)."""
        rows = self._connection.execute("SELECT oid::int8 FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p')")
        return [oid for (oid,) in rows.fetchall()]

    def item(self, number: int) -> Item:
        """The item of this number, which must be there."""
        (found,) = self._select("WHERE id = %s", number)
        return found

    def taken_from(self, table: TableName) -> list[Item]:
        """What steps took of the rows of a table that stayed, by its name after the step; oldest first."""
        return self._select("WHERE rows > 0 AND heir_schema = %s AND heir_name = %s", table.schema, table.name)

    def number(self) -> int:
        """A number for the names of tables with rows that are no item, or not yet."""
        return next(self._numbers)

    def add(self, subject: Subject, direction: Direction, copy: Copy) -> tuple[int, int]:
        """Note what was kept, and give its table the name of an item; returns its number, and its size in bytes."""
        heir = copy.heir
        inputs = {"read": dict(copy.inputs.read), "written": dict(copy.inputs.written)}
        partitions = [[*_names(part.name), *_names(part.parent), part.bound] for part in copy.partitions]
        values = (
            *(subject.version, subject.name, subject.checksum, direction.value),
            *(*_names(copy.table), heir.schema if heir else None, heir.name if heir else None),
            *(json.dumps([column.to_json() for column in copy.columns]), copy.rows, f"{SCHEMA}.{copy.data}"),
            *(self._by, self._commit, copy.all, json.dumps(inputs), json.dumps(partitions)),
        )
        self._note_waiting(subject.checksum, direction.value)
        self._note_waiting(subject.label, direction.value)
        (((number, size, is_shared),),) = self._connection.run_prepared((INSERT, values))
        name = f"item_{number}"
        self._connection.ahead(
            sql.SQL("ALTER TABLE {} RENAME TO {}").format(data_table(copy.data), sql.Identifier(name))
        )
        if is_shared:
            share_as_the_list(self._connection, SCHEMA, name)
        return int(number), int(size)

    def _note_waiting(self, checksum: str, direction: str) -> None:
        if self._waiting is not None:
            self._waiting.add((checksum, direction))

    def rows(self, item: Item, limit: int) -> list[tuple[dict[str, str | None], tuple[Reason, str | None] | None]]:
        """At most `limit` rows: values as text by column, and why the row was not put back, if it was tried."""
        # such a server does not say what its bytes mean, and sends none to a client as text that are no UTF-8
        is_raw = self._connection.info.parameter_status("server_encoding") == "SQL_ASCII"
        text = sql.SQL("pg_catalog.convert_to({}::text, 'SQL_ASCII')" if is_raw else "{}::text")
        values = [text.format(sql.Identifier(column.data)) for column in item.columns]
        shown = listed([sql.SQL("why"), sql.SQL("detail"), *values])
        query = sql.SQL("SELECT {} FROM {} WHERE kind IN ({}) ORDER BY n LIMIT {}").format(
            shown, data_table(item.data), THEIRS, limit
        )
        names = [column.name for column in item.columns]
        return [
            (dict(zip(names, map(_readable, row))), (Reason(why), detail) if why else None)
            for why, detail, *row in self._connection.execute(query)
        ]

    def move_home(self, item: Item) -> None:
        """Note that the table of an item is called as before the step again: what its rows hold now is noted there."""
        columns = [replace(column, heir=column.name if column.heir else None).to_json() for column in item.columns]
        self._connection.execute(
            "UPDATE gitmig_kept.item SET columns = %s, heir_schema = table_schema, heir_name = table_name "
            "WHERE id = %s AND heir_name IS NOT NULL",
            (Jsonb(columns), item.id),
        )

    def note_columns(self, item: Item, columns: Sequence[KeptColumn]) -> None:
        """Note that this is what is known of an item's columns by now."""
        self._may_hold_originals = self._may_hold_originals or any(column.stood for column in columns)
        texts = Jsonb([column.to_json() for column in columns])
        self._connection.execute("UPDATE gitmig_kept.item SET columns = %s WHERE id = %s", (texts, item.id))

    def shrink(self, item: Item, rows: int, reason: Reason | None, detail: str | None) -> None:
        """Note what is left of an item; with no rows left it goes, and its table with it."""
        if rows:
            self._connection.execute(
                "UPDATE gitmig_kept.item SET rows = %s, reason = %s, detail = %s WHERE id = %s",
                (rows, reason.value if reason else None, detail, item.id),
            )
        else:
            self.drop([item])

    def await_place(self, number: int) -> None:
        """Note of an item that it goes back as soon as its table or column is there, whichever migration makes it."""
        self._connection.execute("UPDATE gitmig_kept.item SET due = true, reason = 'no place' WHERE id = %s", (number,))
        self._note_waiting("", "")

    def note_homeless(self) -> list[Item]:
        """Note of what is due that its table or column is not there; returns what was not known to be so."""
        rows = self._connection.execute(
            "WITH noted AS (UPDATE gitmig_kept.item SET reason = 'no place' WHERE due AND reason IS NULL RETURNING id) "
            "SELECT id FROM noted"
        ).fetchall()
        return self._select("WHERE id = ANY(%s) AND rows > 0", [number for (number,) in rows]) if rows else []

    def split(self, item: Item, columns: Sequence[KeptColumn]) -> None:
        """Make an item of the rows that went back: these columns of theirs have to wait for their place."""
        query = sql.SQL("SELECT n, {}::text AS kind, NULL::text AS why, NULL::text AS detail, {} FROM {} {}").format(
            sql.Literal(Kind.PAIRED.value),
            listed(sql.Identifier(column.data) for column in columns),
            data_table(item.data),
            sql.SQL("WHERE why IS NULL"),
        )
        self.branch_off(item, columns, query)

    def branch_off(
        self, item: Item, columns: Sequence[KeptColumn], query: sql.Composable, refused: str | None = None
    ) -> Item:
        """Make an item of rows of another one: these columns of theirs stay kept; they were `refused`, or not tried."""
        row = self._connection.execute(f"SELECT {NEXT_ID}".encode()).fetchone()
        assert row is not None  # a query without FROM
        number = int(row[0])
        data = f"item_{number}"
        rows = self.create(data, query)
        self._may_hold_originals = self._may_hold_originals or any(column.stood for column in columns)
        texts = Jsonb([column.to_json() for column in columns])
        reason = Reason.REFUSED.value if refused else None
        values = (number, texts, rows, f"{SCHEMA}.{data}", data, reason, refused, item.id)
        self._connection.execute(SPLIT.encode(), values)
        share_as_the_list(self._connection, SCHEMA, data)
        self._note_waiting("", "")
        return self.item(number)

    def with_originals(self) -> list[Item]:
        """What holds values that a column could not hold as they are, oldest first."""
        found = self._select("WHERE columns @? '$[*].stood'") if self._may_hold_originals else []
        self._may_hold_originals = bool(found)
        return found

    def holds_originals_of(self, table: TableName, columns: Collection[str]) -> bool:
        """Whether anything holds values of these columns that could not be put back: what stands there counts then."""
        found = [item for item in self.with_originals() if item.heir == table] if self._may_hold_originals else []
        return any(column.stood and column.name in columns for item in found for column in item.columns)

    def turn(self, snapshot: str, kind: Kind, *, is_item: bool) -> None:
        """Give the table of a snapshot the form of an item, all of whose rows are of one kind.

        If it `is_item`, it has that form, and all of its rows are PAIRED.
        """
        self._turned.add(snapshot)
        if is_item:
            if kind is not Kind.PAIRED:
                statement = sql.SQL("UPDATE {} SET kind = {}").format(data_table(snapshot), sql.Literal(kind.value))
                self._connection.ahead(statement)
            return
        self._connection.ahead(
            sql.SQL(
                "ALTER TABLE {} DROP COLUMN oid, DROP COLUMN tid, ADD COLUMN kind text NOT NULL DEFAULT {}, "
                "ADD COLUMN why text, ADD COLUMN detail text, ADD COLUMN has_fresh bool NOT NULL DEFAULT false"
            ).format(data_table(snapshot), sql.Literal(kind.value))
        )

    def create(self, name: str, query: sql.Composable) -> int:
        """Make a table of a query; returns how many rows it has.

        A publication of all tables must not be in the way of changing its rows later.
        """
        table = data_table(name)
        return self._connection.execute(
            sql.SQL("CREATE TABLE {} AS {}; ALTER TABLE {} REPLICA IDENTITY FULL").format(table, query, table)
        ).rowcount

    def create_empty(self, name: str, columns: Sequence[KeptColumn]) -> None:
        """Make a table for rows of these columns."""
        types = [("n", "bigint"), ("kind", "text"), ("why", "text"), ("detail", "text"), ("has_fresh", "bool")]
        create_table(self._connection, name, [*types, *((c.data, c.held_type) for c in columns)])

    def drop(self, items: Sequence[Item]) -> None:
        """Forget items, rows included."""
        self._connection.ahead(
            sql.SQL("DROP TABLE IF EXISTS {}").format(listed(data_table(item.data) for item in items)),
            sql.SQL("DELETE FROM gitmig_kept.item WHERE id IN ({})").format(
                listed(sql.Literal(item.id) for item in items)
            ),
        )

    def drop_data(self, *names: str) -> None:
        """Drop tables with kept rows, or such that help with them."""
        if tables := [data_table(name) for name in names if name not in self._turned]:
            self._connection.ahead(sql.SQL("DROP TABLE IF EXISTS {}").format(listed(tables)))

    def older_than(self, days: int) -> list[Item]:
        """What was kept more than `days` days ago; nothing where no ledger is."""
        if not self._has_book():
            return []
        return self._select("WHERE kept_at < pg_catalog.clock_timestamp() - pg_catalog.make_interval(days => %s)", days)

    def _select(self, condition: str, *values: object) -> list[Item]:
        rows = self._connection.execute(f"{SELECT} {condition} ORDER BY id".encode(), values or None)
        return [_item(*row) for row in rows]

    def _has_book(self) -> bool:
        """Whether there is one: a database without a ledger has none."""
        return is_there(self._connection, KEPT_ITEMS)


def hand_over(connection: Connection, going: Sequence[Applied], coming: Sequence[Applied]) -> None:
    """What ups took that gave way to others without a script is brought back by the way back of those, from its start.

    That is the revert of the last one. If it has no place yet, it waits for it there.
    """
    if checksums := sorted({one.checksum for one in going} - {one.checksum for one in coming}):
        top = coming[-1]
        connection.execute(
            "UPDATE gitmig_kept.item SET version = %s, migration = %s, checksum = %s "
            "WHERE direction = %s AND checksum = ANY(%s)",
            (top.version.text, top.name, top.checksum, Direction.APPLY.value, checksums),
        )


def create_table(connection: Connection, name: str, columns: Sequence[tuple[str, str]]) -> None:
    """Make a table of kept rows of columns, each with its name and type."""
    table = data_table(name)
    definitions = listed(sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(type_)) for column, type_ in columns)
    connection.execute(
        sql.SQL("CREATE TABLE {} ({}); ALTER TABLE {} REPLICA IDENTITY FULL").format(table, definitions, table)
    )


def _column(found: dict[str, Any]) -> KeptColumn:
    """A column as the ledger has it. Raises GitmigError if its values are in a form that only a newer gitmig knows."""
    if unknown := found.keys() - set(KeptColumn.__struct_fields__):
        raise GitmigError(
            f"kept values of column {found['name']} were written by a newer gitmig ({', '.join(sorted(unknown))})",
            hint="upgrade gitmig on this machine, and try again",
        )
    parts = tuple((type_, number, name) for type_, number, name in found.get("parts", ()))
    return KeptColumn(**found | {"parts": parts})


def _names(name: TableName) -> tuple[str, str]:
    return name.schema, name.name


def _item(  # noqa: PLR0917 - the columns of the query, in its order
    id_: int,
    version: str,
    migration: str,
    checksum: str,
    direction: str,
    table_schema: str,
    table_name: str,
    heir_schema: str | None,
    heir_name: str | None,
    columns: list[dict[str, Any]],
    rows: int,
    bytes_: int,
    kept_at: str,
    kept_by: str,
    commit: str | None,
    data: str,
    due: bool,
    reason: str | None,
    detail: str | None,
    all_: bool,
    inputs: dict[str, dict[str, str]],
    partitions: list[list[str]],
    warned: bool,
) -> Item:
    return Item(
        id=id_,
        version=version,
        migration=migration,
        checksum=checksum,
        direction=Direction(direction),
        table=TableName(table_schema, table_name),
        heir=TableName(heir_schema, heir_name) if heir_schema is not None and heir_name is not None else None,
        columns=tuple(_column(column) for column in columns),
        rows=rows,
        bytes=bytes_,
        kept_at=datetime.fromisoformat(kept_at),
        kept_by=kept_by,
        commit=commit,
        data=data,
        due=due,
        reason=Reason(reason) if reason else None,
        detail=detail,
        all=all_,
        inputs=Inputs(**inputs),
        partitions=tuple(
            Partition(name=TableName(*part[:2]), parent=TableName(*part[2:4]), bound=part[4]) for part in partitions
        ),
        warned=warned,
    )


def _readable(value: str | bytes | None) -> str | None:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
