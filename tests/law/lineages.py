"""Random lineages: histories of one schema that share some migrations, or only the names of tables and columns.

A *change* is data; played on a shape it gives a script and the one that takes it back, or says that it does not fit. A
lineage is a list of migrations, each of a few changes. Another one is made of it by what people do to histories: cut
off, branch, edit, leave out, squash, split, renumber, write anew.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.law.tour import Scripts

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

NAMES = ("t", "u", "v")
COLUMNS = ("a", "b", "c", "d")
TYPES = ("int", "text", "timestamptz", "boolean", "numeric", "jsonb")
VALUES = {
    "int": ("1", "7", "-3"),
    "text": ("'x'", "'007'", "''"),
    "timestamptz": ("'2020-02-29 12:00:00.000001+00'", "'0044-03-15 BC'"),
    "boolean": ("true", "false"),
    "numeric": ("1.50", "'NaN'", "0"),
    "jsonb": ("'{\"a\": [1.50, null]}'", "'[]'"),
}
DEFAULTS = {
    "int": "0",
    "text": "'none'",
    "timestamptz": "now()",
    "boolean": "false",
    "numeric": "0.5",
    "jsonb": "'{}'",
}
CASTS = {("int", "text"), ("text", "int"), ("numeric", "text"), ("int", "numeric"), ("boolean", "text")}


class Misfit(Exception):
    """A change that is not possible with the shape that is there."""


@dataclass(frozen=True)
class Column:
    """A column besides `id`; one that is required has a default, one that `refers` to a table's keys has none."""

    type: str
    default: bool = False
    required: bool = False
    refers: str | None = None

    def __str__(self) -> str:
        words = [self.type, *([f"REFERENCES {self.refers} ON DELETE CASCADE"] if self.refers else [])]
        words += [f"DEFAULT {DEFAULTS[self.type]}"] if self.default or self.required else []
        return " ".join([*words, *(["NOT NULL"] if self.required else [])])


@dataclass
class Table:
    """Its columns besides `id`, and whether that is the key."""

    columns: dict[str, Column] = field(default_factory=dict)
    keyed: bool = True

    def create(self, name: str) -> str:
        key = " PRIMARY KEY" if self.keyed else " NOT NULL"
        columns = ", ".join([f"id int{key}", *(f"{name} {column}" for name, column in self.columns.items())])
        return f"CREATE TABLE {name} ({columns});"


Shape = dict[str, Table]


@dataclass(frozen=True)
class Change:
    """What `play` does to a shape; the words are the way there and the way back."""

    table: str

    def play(self, shape: Shape) -> tuple[str, str]:
        raise NotImplementedError

    def _table(self, shape: Shape) -> Table:
        if self.table not in shape:
            raise Misfit
        return shape[self.table]

    def _unless_needed(self, shape: Shape) -> Table:
        """The table, whose key nothing refers to."""
        if any(column.refers == self.table for table in shape.values() for column in table.columns.values()):
            raise Misfit
        return self._table(shape)


@dataclass(frozen=True)
class Create(Change):
    columns: tuple[tuple[str, Column], ...]
    keyed: bool

    def play(self, shape: Shape) -> tuple[str, str]:
        if self.table in shape:
            raise Misfit
        shape[self.table] = table = Table(dict(self.columns), self.keyed)
        _see_that_keys_are_there(self.table, shape)
        return table.create(self.table), f"DROP TABLE {self.table};"


@dataclass(frozen=True)
class Drop(Change):
    def play(self, shape: Shape) -> tuple[str, str]:
        self._unless_needed(shape)
        return f"DROP TABLE {self.table};", shape.pop(self.table).create(self.table)


@dataclass(frozen=True)
class Rename(Change):
    new: str

    def play(self, shape: Shape) -> tuple[str, str]:
        table = self._table(shape)
        if self.new in shape:
            raise Misfit
        shape[self.new] = table
        del shape[self.table]
        for other in shape.values():
            for name, column in other.columns.items():
                if column.refers == self.table:
                    other.columns[name] = replace(column, refers=self.new)
        return f"ALTER TABLE {self.table} RENAME TO {self.new};", f"ALTER TABLE {self.new} RENAME TO {self.table};"


@dataclass(frozen=True)
class Add(Change):
    name: str
    column: Column

    def play(self, shape: Shape) -> tuple[str, str]:
        table = self._table(shape)
        if self.name in table.columns:
            raise Misfit
        table.columns[self.name] = self.column
        _see_that_keys_are_there(self.table, shape)
        return f"ALTER TABLE {self.table} ADD {self.name} {self.column};", f"ALTER TABLE {self.table} DROP {self.name};"


@dataclass(frozen=True)
class Remove(Change):
    name: str

    def play(self, shape: Shape) -> tuple[str, str]:
        table = self._table(shape)
        if self.name not in table.columns:
            raise Misfit
        column = table.columns.pop(self.name)
        return f"ALTER TABLE {self.table} DROP {self.name};", f"ALTER TABLE {self.table} ADD {self.name} {column};"


@dataclass(frozen=True)
class Call(Change):
    """Rename a column."""

    name: str
    new: str

    def play(self, shape: Shape) -> tuple[str, str]:
        table = self._table(shape)
        if self.name not in table.columns or self.new in table.columns:
            raise Misfit
        table.columns[self.new] = table.columns.pop(self.name)
        start = f"ALTER TABLE {self.table} RENAME"
        return f"{start} {self.name} TO {self.new};", f"{start} {self.new} TO {self.name};"


@dataclass(frozen=True)
class Retype(Change):
    """Change a column's type; there is no default on the way, and what cannot be cast is lost."""

    name: str
    type: str

    def play(self, shape: Shape) -> tuple[str, str]:
        table = self._table(shape)
        column = table.columns.get(self.name)
        if column is None or column.default or column.required or column.refers or column.type == self.type:
            raise Misfit
        table.columns[self.name] = Column(self.type)

        def to(old: str, new: str) -> str:
            value = f"{self.name}::{new}" if (old, new) in CASTS and (old, new) != ("text", "int") else "NULL"
            if (old, new) == ("text", "int"):
                value = f"CASE WHEN {self.name} ~ '^[0-9]+$' THEN {self.name}::int END"
            return f"ALTER TABLE {self.table} ALTER {self.name} TYPE {new} USING {value};"

        return to(column.type, self.type), to(self.type, column.type)


@dataclass(frozen=True)
class Require(Change):
    """Fill a column and have it required."""

    name: str

    def play(self, shape: Shape) -> tuple[str, str]:
        table = self._table(shape)
        column = table.columns.get(self.name)
        if column is None or column.required or column.refers:
            raise Misfit
        table.columns[self.name] = replace(column, required=True)
        default = DEFAULTS[column.type]
        alter = f"ALTER TABLE {self.table} ALTER {self.name}"
        return (
            f"UPDATE {self.table} SET {self.name} = {default} WHERE {self.name} IS NULL; "
            f"{alter} SET DEFAULT {default}, ALTER {self.name} SET NOT NULL;",
            f"{alter} DROP NOT NULL{'' if column.default else f', ALTER {self.name} DROP DEFAULT'};",
        )


@dataclass(frozen=True)
class Key(Change):
    """Take the key away, or make it."""

    def play(self, shape: Shape) -> tuple[str, str]:
        table = self._unless_needed(shape)
        table.keyed = not table.keyed
        make = f"ALTER TABLE {self.table} ADD CONSTRAINT {self.table}_pkey PRIMARY KEY (id);"
        drop = f"""DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE {self.table} DROP CONSTRAINT %I', conname)
            FROM pg_constraint WHERE conrelid = '{self.table}'::regclass AND contype = 'p'); END $$;
            ALTER TABLE {self.table} ALTER id SET NOT NULL;"""
        return (make, drop) if table.keyed else (drop, make)


@dataclass(frozen=True)
class Remake(Change):
    """Make the table anew with its rows, as people do who want another order of columns."""

    def play(self, shape: Shape) -> tuple[str, str]:
        table = self._unless_needed(shape)
        names = ", ".join(["id", *table.columns])
        words = (
            f"ALTER TABLE {self.table} RENAME TO old_{self.table}; {table.create(self.table)} "
            f"INSERT INTO {self.table} ({names}) SELECT {names} FROM old_{self.table}; DROP TABLE old_{self.table};"
        )
        return words, words


@dataclass(frozen=True)
class Fill(Change):
    """Write into a column where nothing is."""

    name: str

    def play(self, shape: Shape) -> tuple[str, str]:
        table = self._table(shape)
        if self.name not in table.columns or table.columns[self.name].refers:
            raise Misfit
        value = VALUES[table.columns[self.name].type][0]
        return f"UPDATE {self.table} SET {self.name} = {value} WHERE {self.name} IS NULL;", "SELECT 1;"


@dataclass(frozen=True)
class Move(Change):
    """Move a column into a table of its own."""

    name: str
    new: str

    def play(self, shape: Shape) -> tuple[str, str]:
        table = self._table(shape)
        if self.name not in table.columns or self.new in shape:
            raise Misfit
        column = table.columns.pop(self.name)
        shape[self.new] = other = Table({self.name: column})
        return (
            f"{other.create(self.new)} INSERT INTO {self.new} SELECT id, {self.name} FROM {self.table}; "
            f"ALTER TABLE {self.table} DROP {self.name};",
            f"ALTER TABLE {self.table} ADD {self.name} {column}; UPDATE {self.table} SET {self.name} = n.{self.name} "
            f"FROM {self.new} n WHERE n.id = {self.table}.id; DROP TABLE {self.new};",
        )


def _see_that_keys_are_there(name: str, shape: Shape) -> None:
    """Raise Misfit if a column refers to a table that is not there or has no key, or if there may be a circle."""
    is_needed = any(column.refers == name for table in shape.values() for column in table.columns.values())
    for refers in (column.refers for column in shape[name].columns.values() if column.refers):
        if is_needed or refers not in shape or not shape[refers].keyed:
            raise Misfit


@dataclass(frozen=True)
class Migration:
    """Changes in one file. `down`: right, empty or missing."""

    label: str
    changes: tuple[Change, ...]
    down: str = "right"


Lineage = tuple[Migration, ...]


def played(lineage: Lineage) -> tuple[dict[str, Scripts], Shape]:
    """The files of a lineage, and the schema they lead to. Raises Misfit."""
    shape: Shape = {}
    found = {}
    for migration in lineage:
        words = [change.play(shape) for change in migration.changes]
        down: str | None = " ".join(back for _, back in reversed(words))
        down = {"right": down, "empty": "", "missing": None}[migration.down]
        found[migration.label] = Scripts(up=" ".join(up for up, _ in words), down=down)
    return found, shape


def names_two_tables(lineage: Lineage) -> bool:
    """Whether a name is that of one table first, and of another one later: whose rows are whose is then no question of
    names."""
    shape: Shape = {}
    gone: set[str] = set()
    for change in (change for migration in lineage for change in migration.changes):
        before = set(shape)
        change.play(shape)
        gone |= before - shape.keys()
        if not gone.isdisjoint(shape.keys() - before):
            return True
    return False


@st.composite
def columns(draw: DrawFn, others: tuple[str, ...] = ()) -> Column:
    """One that may refer to one of the `others`."""
    refers = draw(st.sampled_from([None, *others]))
    if refers:
        return Column("int", refers=refers)
    type_ = draw(st.sampled_from(TYPES))
    default, required = draw(st.sampled_from([(False, False), (False, False), (True, False), (True, True)]))
    return Column(type_, default, required)


def _create(draw: DrawFn, table: str, others: tuple[str, ...] = ()) -> Create:
    names = draw(st.lists(st.sampled_from(COLUMNS), unique=True, min_size=1, max_size=3))
    return Create(table, tuple((name, draw(columns(others))) for name in names), _keyed(draw))


def _keyed(draw: DrawFn) -> bool:
    return draw(st.booleans())


@dataclass(frozen=True)
class Around:
    """A table that a change is about, the columns that it has and lacks, other tables, and names that no table has."""

    table: str
    has: tuple[str, ...]
    lacks: tuple[str, ...]
    others: tuple[str, ...]
    free: tuple[str, ...]


Maker = Callable[["DrawFn", Around], Change]
MAKERS: tuple[Maker, ...] = (
    lambda draw, at: _create(draw, draw(st.sampled_from(at.free)), (at.table, *at.others)),
    lambda draw, at: Drop(at.table),
    lambda draw, at: Rename(at.table, draw(st.sampled_from(at.free))),
    *(lambda draw, at: Add(at.table, draw(st.sampled_from(at.lacks)), draw(columns(at.others))),) * 3,
    *(lambda draw, at: Remove(at.table, draw(st.sampled_from(at.has))),) * 2,
    lambda draw, at: Call(at.table, draw(st.sampled_from(at.has)), draw(st.sampled_from(at.lacks))),
    lambda draw, at: Retype(at.table, draw(st.sampled_from(at.has)), draw(st.sampled_from(TYPES))),
    lambda draw, at: Require(at.table, draw(st.sampled_from(at.has))),
    lambda draw, at: Key(at.table),
    lambda draw, at: Remake(at.table),
    lambda draw, at: Fill(at.table, draw(st.sampled_from(at.has))),
    lambda draw, at: Move(at.table, draw(st.sampled_from(at.has)), draw(st.sampled_from(at.free))),
)


def draw_change(draw: DrawFn, shape: Shape) -> Change:
    """One that most likely fits."""
    table = draw(st.sampled_from(sorted(shape) or NAMES[:1]))
    if table not in shape:
        return _create(draw, table)
    has = tuple(sorted(shape[table].columns)) or ("a",)
    around = Around(
        table=table,
        has=has,
        lacks=tuple(name for name in COLUMNS if name not in has) or ("e",),
        others=tuple(name for name in sorted(shape) if name != table),
        free=tuple(name for name in NAMES if name not in shape) or ("w",),
    )
    return draw(st.sampled_from(MAKERS))(draw, around)


def draw_steps(draw: DrawFn, shape: Shape, first: int, count: int, prefix: str) -> list[Migration]:
    """Migrations that fit one behind the other; the shape goes along."""
    found = []
    for number in range(first, first + count):
        changes = []
        for _ in range(draw(st.sampled_from([1, 1, 2]))):
            change = draw_change(draw, shape)
            trial = deepcopy(shape)
            with suppress(Misfit):
                change.play(trial)
                shape.clear()
                shape.update(trial)
                changes.append(change)
        if changes:
            down = draw(st.sampled_from(["right"] * 6 + ["empty", "missing"]))
            found.append(Migration(_label(number, prefix), tuple(changes), down))
    return found


def _label(number: int, prefix: str, part: int = 0) -> str:
    return f"{10 * number + part:04}_{prefix}"


@st.composite
def homes(draw: DrawFn) -> Lineage:
    """A lineage to start from, which has a table."""
    shape: Shape = {}
    first = Migration(_label(1, "m"), (_create(draw, "t"),))
    first.changes[0].play(shape)
    return (first, *draw_steps(draw, shape, 2, draw(st.integers(0, 3)), "m"))


def draw_other(draw: DrawFn, home: Lineage) -> Lineage:
    """What somebody has made of a lineage; it may not fit. Raises Misfit."""
    k = draw(st.integers(0, len(home) - 1))
    return draw(st.sampled_from(OTHERS))(draw, home, k)


def _cut(_: DrawFn, home: Lineage, k: int) -> Lineage:
    return home[:k] or home[:1]


def _leave_out(_: DrawFn, home: Lineage, k: int) -> Lineage:
    return home[:k] + home[k + 1 :]


def _renumber(_: DrawFn, home: Lineage, k: int) -> Lineage:
    return tuple(replace(one, label=_label(n, "r")) for n, one in enumerate(home, 1))


def _swap(_: DrawFn, home: Lineage, k: int) -> Lineage:
    if not k:
        raise Misfit
    ours, theirs = replace(home[k - 1], label=home[k].label), replace(home[k], label=home[k - 1].label)
    return (*home[: k - 1], theirs, ours, *home[k + 1 :])


def _squash(_: DrawFn, home: Lineage, k: int) -> Lineage:
    if not k:
        raise Misfit
    both = Migration(home[k].label, home[k - 1].changes + home[k].changes, home[k].down)
    return (*home[: k - 1], both, *home[k + 1 :])


def _split(_: DrawFn, home: Lineage, k: int) -> Lineage:
    number, prefix = home[k].label.split("_")
    parts = (
        replace(home[k], label=_label(int(number) // 10, prefix, part), changes=(change,))
        for part, change in enumerate(home[k].changes)
    )
    return (*home[:k], *parts, *home[k + 1 :])


def _anew(draw: DrawFn, home: Lineage, k: int) -> Lineage:
    shape: Shape = {}
    first = Migration(_label(1, draw(st.sampled_from("mn"))), (_create(draw, home[0].changes[0].table),))
    first.changes[0].play(shape)
    return (first, *draw_steps(draw, shape, 2, draw(st.integers(0, 3)), draw(st.sampled_from("mn"))))


def _edit(draw: DrawFn, home: Lineage, k: int) -> Lineage:
    changes = list(home[k].changes)
    n = draw(st.integers(0, len(changes) - 1))
    changes[n] = _edited(draw, changes[n])
    return (*home[:k], replace(home[k], changes=tuple(changes)), *home[k + 1 :])


def _branch(draw: DrawFn, home: Lineage, k: int) -> Lineage:
    cut = home[: k + 1]
    return (*cut, *draw_steps(draw, played(cut)[1], len(cut) + 1, draw(st.integers(1, 3)), "b"))


OTHERS: tuple[Callable[[DrawFn, Lineage, int], Lineage], ...] = (
    *(_cut, _leave_out, _renumber, _swap, _squash, _split, _anew, _edit, _edit, _branch, _branch),
)


def _edited(draw: DrawFn, change: Change) -> Change:
    """The same change in other words."""
    if isinstance(change, Add):
        return replace(change, column=draw(columns()))
    if isinstance(change, Create):
        listed = dict(change.columns)
        name = draw(st.sampled_from(COLUMNS))
        if name in listed and len(listed) > 1 and draw(st.booleans()):
            del listed[name]
        else:
            listed[name] = draw(columns())
        return replace(change, columns=tuple(listed.items()), keyed=_keyed(draw))
    if isinstance(change, Retype):
        return replace(change, type=draw(st.sampled_from(TYPES)))
    if isinstance(change, Call):
        return replace(change, new=draw(st.sampled_from(COLUMNS)))
    if isinstance(change, Remove):
        return replace(change, name=draw(st.sampled_from(COLUMNS)))
    return change


@dataclass(frozen=True)
class Journey:
    """Lineages to go to, one after the other, from home, where the rows are."""

    home: Lineage
    stops: tuple[Lineage, ...]
    rows: str


@st.composite
def journeys(draw: DrawFn) -> Journey:
    """A home and up to four stops that fit."""
    home = draw(homes().filter(lambda lineage: not names_two_tables(lineage)))
    stops: list[Lineage] = []
    for _ in range(draw(st.integers(1, 4))):
        with suppress(Misfit):
            other = draw_other(draw, draw(st.sampled_from([home, *stops[-1:]])))
            other = tuple(sorted(other, key=lambda one: one.label))
            if other and len({one.label.split("_")[0] for one in other}) == len(other):
                played(other)
                if not names_two_tables(other):
                    stops.append(other)
    shape = played(home)[1]
    rows = "".join(draw_rows(draw, name, shape[name]) for name in _referred_first(shape))
    return Journey(home, tuple(stops), rows)


def _referred_first(shape: Shape) -> list[str]:
    """The tables, each behind those that it refers to."""
    found: list[str] = []
    while len(found) < len(shape):
        found += [
            name
            for name in shape
            if name not in found and all(one.refers in {None, *found} for one in shape[name].columns.values())
        ]
    return found


def draw_rows(draw: DrawFn, name: str, table: Table, first: int = 1) -> str:
    """Rows that people insert; a column that may be NULL is at times."""
    rows = []
    for number in range(first, first + 3):
        values = [str(number)]
        for column in table.columns.values():
            choices = ("1", "2") if column.refers else VALUES[column.type]
            choices += () if column.required else ("NULL",)
            values.append(draw(st.sampled_from(choices)))
        rows.append(f"({', '.join(values)})")
    return f"INSERT INTO {name} ({', '.join(['id', *table.columns])}) VALUES {', '.join(rows)};"
