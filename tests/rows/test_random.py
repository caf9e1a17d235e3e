"""Random migrations on random rows: back and forth again, the rows are the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from gitmig.postgres.run_sql import ScriptError

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from tests.rows.conftest import Bench

TYPES = {"int": "7", "text": "'seven'", "numeric(6,2)": "7.00", "bool": "true"}
TO = {
    "int": "length({0}::text)",
    "text": "left({0}::text, 2)",
    "numeric(6,2)": "length({0}::text)",
    "bool": "{0} IS NULL",
}


@dataclass
class Model:
    """The columns each table has besides its key, by table."""

    tables: dict[str, dict[str, str]]
    keyed: bool
    made: int = 0
    steps: list[tuple[str, str]] = field(default_factory=list)

    def name(self) -> str:
        self.made += 1
        return f"n{self.made}"

    def create(self, table: str) -> str:
        columns = "".join(f", {name} {type_}" for name, type_ in self.tables[table].items())
        return f"CREATE TABLE {table} (id int{' PRIMARY KEY' if self.keyed else ''}{columns});"


@st.composite
def models(draw: DrawFn) -> tuple[Model, str]:
    """Two tables with rows, and a few migrations that fit one behind the other."""
    column = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(list(TYPES)), min_size=1, max_size=3)
    model = Model(tables={"t": draw(column), "u": draw(column)}, keyed=draw(st.booleans()))
    base = "".join(model.create(table) + rows(draw, model, table) for table in model.tables)
    for _ in range(draw(st.integers(1, 4))):
        table = draw(st.sampled_from(sorted(model.tables)))
        change = draw(st.sampled_from(CHANGES))
        model.steps.append(change(draw, model, table))
    return model, base


def rows(draw: DrawFn, model: Model, table: str) -> str:
    found = ""
    for number in range(draw(st.integers(0, 4))):
        values = [TYPES[type_] if draw(st.booleans()) else "NULL" for type_ in model.tables[table].values()]
        found += f"INSERT INTO {table} VALUES ({', '.join([str(number), *values])});"
    return found


def pick(draw: DrawFn, model: Model, table: str) -> tuple[str, str] | None:
    columns = sorted(model.tables[table].items())
    return draw(st.sampled_from(columns)) if columns else None


def add_column(draw: DrawFn, model: Model, table: str) -> tuple[str, str]:
    name, type_ = model.name(), draw(st.sampled_from(list(TYPES)))
    model.tables[table][name] = type_
    default = f" DEFAULT {TYPES[type_]}" if draw(st.booleans()) else ""
    return f"ALTER TABLE {table} ADD COLUMN {name} {type_}{default};", f"ALTER TABLE {table} DROP COLUMN {name};"


def drop_column(draw: DrawFn, model: Model, table: str) -> tuple[str, str]:
    if not (found := pick(draw, model, table)):
        return "", ""
    name, type_ = found
    del model.tables[table][name]
    again = f"ALTER TABLE {table} ADD COLUMN {name} {type_}"
    if draw(st.booleans()):
        again += f" DEFAULT {TYPES[type_]}; ALTER TABLE {table} ALTER {name} DROP DEFAULT"
    return f"ALTER TABLE {table} DROP COLUMN {name};", f"{again};"


def rename_column(draw: DrawFn, model: Model, table: str) -> tuple[str, str]:
    if not (found := pick(draw, model, table)):
        return "", ""
    name, new = found[0], model.name()
    model.tables[table][new] = model.tables[table].pop(name)
    return f"ALTER TABLE {table} RENAME {name} TO {new};", f"ALTER TABLE {table} RENAME {new} TO {name};"


def rename_table(draw: DrawFn, model: Model, table: str) -> tuple[str, str]:
    new = model.name()
    model.tables[new] = model.tables.pop(table)
    return f"ALTER TABLE {table} RENAME TO {new};", f"ALTER TABLE {new} RENAME TO {table};"


def change_type(draw: DrawFn, model: Model, table: str) -> tuple[str, str]:
    if not (found := pick(draw, model, table)):
        return "", ""
    name, old = found
    new = draw(st.sampled_from([type_ for type_ in TYPES if model.keyed or type_ != old]))
    model.tables[table][name] = new
    up, down = (
        f"ALTER TABLE {table} ALTER {name} TYPE {type_} USING {TO[type_].format(name)};" for type_ in (new, old)
    )
    return up, down


def drop_table(draw: DrawFn, model: Model, table: str) -> tuple[str, str]:
    if len(model.tables) == 1:
        return "", ""
    create = model.create(table)
    del model.tables[table]
    return f"DROP TABLE {table};", create


def create_table(draw: DrawFn, model: Model, table: str) -> tuple[str, str]:
    new = model.name()
    model.tables[new] = {"a": "text"}
    return model.create(new) + f"INSERT INTO {new} SELECT id FROM {table} WHERE id > 1;", f"DROP TABLE {new};"


def delete_rows(draw: DrawFn, model: Model, table: str) -> tuple[str, str]:
    return f"DELETE FROM {table} WHERE id % 2 = {draw(st.integers(0, 1))};", ""


def empty_table(draw: DrawFn, model: Model, table: str) -> tuple[str, str]:
    return f"TRUNCATE {table};", ""


def update_rows(draw: DrawFn, model: Model, table: str) -> tuple[str, str]:
    found = pick(draw, model, table) if model.keyed else None  # without a key, a changed row is another row
    if not found:
        return "", ""
    name, type_ = found
    changes = [f"UPDATE {table} SET {name} = {TYPES[type_]} WHERE id < 2;", f"UPDATE {table} SET {name} = NULL;", ""]
    return draw(st.sampled_from(changes)), draw(st.sampled_from(changes))


def allow_null(draw: DrawFn, model: Model, table: str) -> tuple[str, str]:
    if not (found := pick(draw, model, table)):
        return "", ""
    return f"ALTER TABLE {table} ALTER {found[0]} DROP NOT NULL;", f"ALTER TABLE {table} ALTER {found[0]} SET NOT NULL;"


CHANGES = [
    add_column,
    drop_column,
    rename_column,
    rename_table,
    change_type,
    drop_table,
    create_table,
    delete_rows,
    empty_table,
    update_rows,
    allow_null,
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=models(), data=st.data())
def test_back_and_forth_gives_the_same_rows(bench: Bench, made: tuple[Model, str], data: st.DataObject) -> None:
    model, base = made
    note("\n".join([base, *(f"up {up}\n    down {down}" for up, down in model.steps)]))
    bench.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DELETE FROM gitmig_kept.item")
    bench.sql(base)
    named = [(f"m{k}", up, down) for k, (up, down) in enumerate(model.steps)]
    contents = [bench.contents()]
    for name, up, down in named:
        try:
            bench.up(name, up, down)
        except ScriptError:
            break
        contents.append(bench.contents())
    done = named[: len(contents) - 1]
    for name, up, down in reversed(done):
        bench.down(name, down, up)
    aside = any("SET NOT NULL" in down for _, _, down in done)  # their rows are back when all are applied again
    assert aside or bench.contents() == contents[0]
    for k, (name, up, down) in enumerate(done, 1):
        bench.up(name, up, down)
        assert (aside and k < len(done)) or bench.contents() == contents[k], name
    later = "".join(
        f"INSERT INTO {table} (id) SELECT 10 WHERE NOT EXISTS (SELECT FROM {table} WHERE id = 10);"
        for table in contents[-1]
    )
    bench.sql(later)
    after = bench.contents()
    back = data.draw(st.integers(0, len(done)))
    for name, up, down in reversed(done[back:]):
        bench.down(name, down, up)
    for name, up, down in done[back:]:
        bench.up(name, up, down)
    assert bench.contents() == after
