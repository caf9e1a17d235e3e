"""Names are followed through what one side does."""

from __future__ import annotations

from gitmig.check.dependencies import Dependents
from gitmig.check.effects import AddedMigration, Circumstance, Effect, net_effects
from gitmig.check.footprint import Action, footprint
from tests.samples import content, migration

MARKED = (Circumstance.REPLACED, Circumstance.IMPLIED, Circumstance.FREED)


def member(script: str, label: str = "0001_a") -> AddedMigration:
    source = migration(label)
    return AddedMigration.of(source, content(script), footprint(script))


def shown(*scripts: str, base: str = "") -> list[str]:
    """The effects other than reads."""
    known = Dependents([footprint(base)])
    found = net_effects([member(script, f"{k:04}_x") for k, script in enumerate(scripts)], known)
    return [written(effect) for effect in found if effect.action is not Action.READ]


def written(effect: Effect) -> str:
    marks = "".join(f"{mark.value} " for mark in MARKED if effect.has(mark))
    return f"{marks}{effect.action.value} {effect.object}"


def test_a_renamed_table_keeps_its_name_of_the_base() -> None:
    assert shown("ALTER TABLE t RENAME TO u", "ALTER TABLE u DROP COLUMN a") == [
        "rename table public.t",
        "create table public.u",
        "drop column public.t.a",
    ]


def test_a_renamed_column_keeps_its_name_of_the_base_also_under_a_renamed_table() -> None:
    script = "ALTER TABLE t RENAME a TO b; ALTER TABLE t RENAME TO u; ALTER TABLE u ALTER b TYPE text"
    assert shown(script)[-1] == "alter column public.t.a"


def test_what_a_side_makes_itself_is_nobody_elses_business_but_for_its_name() -> None:
    script = "CREATE TABLE t (a int); ALTER TABLE t ADD COLUMN b int; CREATE INDEX i ON t (b)"
    assert shown(script) == ["create table public.t", "create index public.i"]


def test_a_name_that_is_given_up_again_is_free() -> None:
    assert shown("CREATE TABLE t (a int); DROP TABLE t") == ["freed create table public.t"]


def test_what_is_dropped_and_made_again_is_replaced() -> None:
    assert shown("DROP VIEW v; CREATE VIEW v AS SELECT 1 AS a") == [
        "replaced drop view public.v",
        "replaced create view public.v",
    ]


def test_an_object_under_a_name_that_became_free_is_another_one() -> None:
    script = "ALTER TYPE m RENAME TO old; CREATE TYPE m AS ENUM ('a'); DROP TYPE old"
    assert shown(script)[-1] == "drop type public.m"
    assert shown("ALTER TABLE t RENAME TO u; CREATE TABLE t (a int); ALTER TABLE t DROP COLUMN a")[-1] == (
        "create table public.t"
    )


def test_of_several_changes_of_one_thing_the_last_one_counts() -> None:
    script = "ALTER TABLE t ALTER a SET DEFAULT 1; ALTER TABLE t ALTER a SET DEFAULT 2"
    assert shown(script) == ["alter column public.t.a"]


def test_a_drop_takes_along_what_builds_on_it() -> None:
    base = "CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b);"
    base += "CREATE VIEW v AS SELECT a FROM t"
    assert shown("ALTER TABLE t DROP COLUMN a", base=base) == [
        "drop column public.t.a",
        "implied drop index public.i",
    ]
    assert "implied drop view public.v" in shown("ALTER TABLE t DROP COLUMN a CASCADE", base=base)


def test_what_builds_on_it_is_known_under_its_newest_name() -> None:
    base = "CREATE TABLE t (a int); CREATE INDEX i ON t (a); ALTER TABLE t RENAME TO u; ALTER INDEX i RENAME TO j"
    assert shown("DROP TABLE u", base=base) == ["drop table public.u", "implied drop index public.j"]


def test_an_index_moves_along_into_another_schema() -> None:
    base = "CREATE TABLE t (a int); CREATE INDEX i ON t (a)"
    assert "implied rename index public.i" in shown("ALTER TABLE t SET SCHEMA s", base=base)
