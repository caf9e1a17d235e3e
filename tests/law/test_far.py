"""Ways of several steps: what one step takes, another one needs, or has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig import open_project, sync
from gitmig.events import Event, StepsCommitted, StepStarted
from gitmig.migrations.plan import Direction
from tests.law.test_edited import T, must_be_home, must_have
from tests.law.tour import Refused, Scripts, difference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.law.tour import Tour

pytestmark = pytest.mark.each_choice

OTHER = Scripts(up="CREATE TABLE other (id int PRIMARY KEY);", down="DROP TABLE other;")
BROKEN = Scripts(up="CREATE TABLE broken (id int);", down="DROP TABLE no_such_table;")
TOURS = 2


def travel(tour: Tour, there: Mapping[str, Scripts], here: Mapping[str, Scripts]) -> None:
    """Go there and back, and find all rows as they were, and nothing kept that was due and has a place."""
    before = tour.rows()
    for _ in range(TOURS):
        tour.sync(there)
        tour.sync(here)
        must_be_home(tour, before)
        left = [item for item in tour.kept() if item["due"]]
        assert {item["reason"] for item in left} <= {"there is no such table or column now"}, tour


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("taken", ["TRUNCATE t", "DELETE FROM t", "TRUNCATE t; INSERT INTO t VALUES (1, 'own')"])
def test_a_seed_that_people_took_away_stays_away(tour: Tour, taken: str, key: str) -> None:
    """Also where the step makes its table, and nothing is left in it that could be kept."""
    seeded = Scripts(
        up=f"CREATE TABLE t (id int{key}, tag text); INSERT INTO t VALUES (1, 'seed');", down="DROP TABLE t;"
    )
    here = {"0_other": OTHER, "1_t": seeded}
    tour.sync(here)
    tour.people(taken)
    travel(tour, {"0_other": OTHER}, here)


def test_a_seed_that_a_later_step_takes_away_makes_no_room_for_itself(tour: Tour) -> None:
    """People's row has the key of the seed; below the second step there is no place for either of them."""
    here = {
        "0_other": OTHER,
        "1_t": Scripts(
            up="CREATE TABLE t (id int PRIMARY KEY, tag text, owner int NOT NULL); INSERT INTO t VALUES (1, NULL, 1); "
            "CREATE TABLE u (id int PRIMARY KEY, t int NOT NULL REFERENCES t ON DELETE CASCADE);",
            down="DROP TABLE u, t;",
        ),
        "2_owner": Scripts(
            up="ALTER TABLE t DROP COLUMN owner;",
            down="ALTER TABLE t ADD COLUMN owner int; UPDATE t SET owner = NULL;"
            " ALTER TABLE t ALTER COLUMN owner SET NOT NULL;",
        ),
        "3_tag": Scripts(
            up="DELETE FROM t WHERE tag IS NULL; ALTER TABLE t ALTER tag SET NOT NULL;",
            down="ALTER TABLE t ALTER tag DROP NOT NULL;",
        ),
        "4_more": Scripts(up="ALTER TABLE t ADD more text NOT NULL DEFAULT '';", down="ALTER TABLE t DROP more;"),
    }
    tour.sync(here)
    tour.people("INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'y'); INSERT INTO u VALUES (1, 1), (2, 2)")
    travel(tour, {"0_other": OTHER}, here)


def test_values_find_their_row_when_a_later_step_brings_it_back(tour: Tour) -> None:
    """A down falls short, and a later one fails: what was left undone is done then, and the rows do not fit that."""
    first = Scripts(up="CREATE TABLE t (id int PRIMARY KEY, owner int NOT NULL);", down="DROP TABLE t;")
    here = {
        "1_t": first,
        "2_broken": BROKEN,
        "3_tag": Scripts(up="ALTER TABLE t ADD tag text;", down="ALTER TABLE t DROP tag;"),
        "4_owner": Scripts(
            up="ALTER TABLE t DROP owner; ALTER TABLE t ADD seen bool DEFAULT true;",
            down="ALTER TABLE t ADD owner int; ALTER TABLE t DROP seen;",
        ),
        "5_required": Scripts(
            up="DELETE FROM t WHERE tag IS NULL; ALTER TABLE t ALTER tag SET NOT NULL;",
            down="ALTER TABLE t ALTER tag DROP NOT NULL;",
        ),
    }
    tour.sync(here)
    tour.people("INSERT INTO t VALUES (1, 'a', false), (2, 'b', true)")
    travel(tour, {"1_t": first}, here)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
@pytest.mark.parametrize(
    ("narrow", "wide", "value"),
    [
        ("timestamp", "timestamptz", "2026-01-02 12:00:00"),
        ("timestamptz", "timestamp", "2026-01-02 12:00:00+00"),
        ("int", "bigint", "7"),
        ("varchar(9)", "text", "'7'"),
    ],
)
def test_a_column_that_a_down_makes_anew_with_another_type_has_its_values(
    tour: Tour, narrow: str, wide: str, value: str, zone: str
) -> None:
    """Where that type says them exactly. Later downs convert it, and would convert the default of the down else."""
    tour.people(
        f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = %L', current_database(), '{zone}'); END $$"
    )
    here = {
        "1_t": Scripts(up="CREATE TABLE t (id int PRIMARY KEY);", down="DROP TABLE t;"),
        "2_x": Scripts(up=f"ALTER TABLE t ADD x {narrow};", down="ALTER TABLE t DROP x;"),
    }
    there = here | {
        "3_wide": Scripts(up=f"ALTER TABLE t ALTER x TYPE {wide};", down=f"ALTER TABLE t ALTER x TYPE {narrow};"),
        "4_drop": Scripts(up="ALTER TABLE t DROP x;", down=f"ALTER TABLE t ADD x {narrow};"),
    }
    tour.sync(here)
    tour.people(f"INSERT INTO t VALUES (1, '{value.strip(chr(39))}'), (2, NULL)")
    travel(tour, there, here)


def test_rows_written_anew_give_way_to_those_whose_numbers_they_have(tour: Tour) -> None:
    """The table is made anew, and its numbers begin again: one that nobody wants has the key of one that comes back."""
    here = {
        "0_other": OTHER,
        "1_l": Scripts(up="CREATE TABLE l (id serial PRIMARY KEY, u int, g int, UNIQUE (u, g));", down="DROP TABLE l;"),
        "2_fill": Scripts(
            up="INSERT INTO l (u, g) SELECT u, g FROM generate_series(1, 3) u, generate_series(0, 4) g;",
            down="DELETE FROM l;",
        ),
    }
    tour.sync(here)
    tour.people("DELETE FROM l; INSERT INTO l VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3)")
    travel(tour, {"0_other": OTHER}, here)


MOODY = {
    "1_t": Scripts(
        up="CREATE TYPE mood AS ENUM ('calm'); CREATE TABLE t (id int PRIMARY KEY, mood mood); "
        "CREATE TABLE saved (t int PRIMARY KEY REFERENCES t, v int);",
        down="DROP TABLE saved, t; DROP TYPE mood;",
    ),
    "2_mood": Scripts(
        up="ALTER TYPE mood ADD VALUE 'wild';",
        down="ALTER TYPE mood RENAME TO mood_; CREATE TYPE mood AS ENUM ('calm'); "
        "ALTER TABLE t ALTER mood TYPE mood USING mood::text::mood; DROP TYPE mood_;",
    ),
    "3_merge": Scripts(
        up="ALTER TABLE t ADD v int; UPDATE t SET v = saved.v FROM saved WHERE saved.t = t.id; DROP TABLE saved;",
        down="CREATE TABLE saved (t int PRIMARY KEY REFERENCES t, v int); "
        "INSERT INTO saved SELECT id, v FROM t WHERE v IS NOT NULL; ALTER TABLE t DROP v;",
    ),
    "4_more": Scripts(up="ALTER TABLE t ADD more int DEFAULT 1;", down="ALTER TABLE t DROP more;"),
}


def test_rows_that_wait_for_a_commit_are_there_before_the_step_that_moves_them(tour: Tour) -> None:
    """A new value of an enum cannot be used in the transaction that adds it, and the next step empties the table."""
    tour.sync(MOODY)
    tour.people("INSERT INTO t VALUES (1, 'calm', 10), (2, 'wild', 20), (3, 'wild', NULL)")
    travel(tour, {"1_t": MOODY["1_t"]}, MOODY)


@pytest.mark.parametrize("place", ["ALTER TABLE t ADD x int;", "ALTER TABLE p ADD x int;"], ids=["own", "the parent's"])
def test_rows_without_a_place_come_back_when_a_later_plan_makes_one(tour: Tour, place: str) -> None:
    """Steps that have nothing to do with their table may come before it, and behind it."""
    base = Scripts(up="CREATE TABLE p (id int); CREATE TABLE t (v text) INHERITS (p);", down="DROP TABLE t, p;")
    tour.sync({"1_t": base, "2_more": Scripts(up="ALTER TABLE t ADD x int;", down="ALTER TABLE t DROP x;")})
    tour.people("INSERT INTO t VALUES (1, 'a', 10), (2, 'b', 20)")
    here = {"1_t": base, "2_more": Scripts(up="CREATE TABLE more (id int);", down="DROP TABLE more;")}
    tour.sync(here)
    assert [item["rows"] for item in tour.kept() if item["due"]] == [2], tour
    place_of_x = Scripts(up=place, down=place.replace("ADD x int", "DROP x"))
    tour.sync({**here, "3_other": OTHER, "4_x": place_of_x, "5_last": Scripts(up="CREATE TABLE last ();")})
    must_have(tour, "SELECT id, x FROM t", "1|10 2|20")


def test_a_commit_for_rows_that_wait_makes_no_step_run_twice(tour: Tour) -> None:
    """All that was done so far is right, and is committed where it stands."""
    other = {"0_other": OTHER, **MOODY}
    tour.sync(MOODY)
    tour.people("INSERT INTO t VALUES (1, 'calm', 10), (2, 'wild', 20), (3, 'wild', NULL)")
    before = tour.rows()
    tour.write(other)
    told: list[Event] = []
    sync(open_project(tour.root, database=tour.url), on_event=told.append)
    assert difference(before, tour.rows()) == ["other is new"]
    started = [(one.step.direction, one.step.label) for one in told if isinstance(one, StepStarted)]
    reverts = [(Direction.REVERT, label) for label in reversed(MOODY)]
    assert started == reverts + [(Direction.APPLY, label) for label in other]
    commits = [[done.step.label for done in one.done] for one in told if isinstance(one, StepsCommitted)]
    assert commits == [[*reversed(MOODY), "0_other", "1_t", "2_mood"], ["3_merge", "4_more"]]


def test_a_row_comes_back_although_a_seed_that_moves_has_its_number(tour: Tour) -> None:
    """The seed comes back under another number, and one that an earlier tour took has the number of the second row."""
    here = {
        "0_other": OTHER,
        "1_u": Scripts(
            up="CREATE TABLE u (id serial PRIMARY KEY, name text UNIQUE); INSERT INTO u (name) VALUES ('admin');",
            down="DROP TABLE u;",
        ),
        "2_c": Scripts(
            up="CREATE TABLE c (id int PRIMARY KEY, u int NOT NULL REFERENCES u); INSERT INTO c VALUES (1, 1);",
            down="DROP TABLE c;",
        ),
        "3_remove": Scripts(
            up="DELETE FROM c; DELETE FROM u WHERE name = 'admin';", down="INSERT INTO u (name) VALUES ('admin');"
        ),
        "4_key": Scripts(up="ALTER TABLE u ADD key text NOT NULL;", down="ALTER TABLE u DROP key;"),
    }
    for _ in range(2):
        tour.sync({"0_other": OTHER})
        tour.sync(here)
    tour.people("INSERT INTO u VALUES (1, 'one', 'x'), (2, 'two', 'y'); SELECT setval('u_id_seq', 2)")
    before = tour.rows()
    for _ in range(TOURS):
        tour.sync({"0_other": OTHER})
        tour.sync(here)
        must_be_home(tour, before)


@pytest.mark.parametrize(
    "down",
    ["DEALLOCATE ALL; DROP TABLE no_such;", "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; DROP TABLE no_such; END $$;"],
)
def test_a_down_that_forgets_what_was_prepared_and_fails(tour: Tour, down: str) -> None:
    """No rollback takes DEALLOCATE back, and gitmig has prepared its own queries."""
    here = {"0_other": OTHER, "1_t": Scripts(up="CREATE TABLE t (id int PRIMARY KEY);", down=down)}
    tour.sync(here)
    tour.people("INSERT INTO t VALUES (1)")
    travel(tour, {"0_other": OTHER}, here)


def test_what_a_script_read_when_it_was_tried_is_not_what_its_up_reads(tour: Tour) -> None:
    """The down reads a table, and runs twice; the up does not read it, so that changes there mean nothing."""
    there = {"1_x": Scripts(up="CREATE TABLE x (id int);", down="DROP TABLE x;")}
    here = there | {
        "2_u": Scripts(
            up="CREATE TABLE u (id int, c int); INSERT INTO u VALUES (1, 0);",
            down="DO $$ BEGIN IF (SELECT count(*) FROM x) < 99 THEN DROP TABLE u; END IF; END $$;",
        )
    }
    tour.sync(here)
    tour.people("UPDATE u SET c = 7; INSERT INTO x SELECT generate_series(1, 5)")
    for _ in range(TOURS):
        tour.sync(there)
        tour.people("INSERT INTO x VALUES (9)")
        tour.sync(here)
        must_have(tour, "TABLE u", "1|7")


def test_an_empty_column_comes_back_empty_although_it_has_a_default(tour: Tour) -> None:
    """Also where its table has to wait for it: what comes back is moved from one migration to a later one."""
    one = {
        "0_other": OTHER,
        "1_t": Scripts(up="CREATE TABLE t (id int PRIMARY KEY, c int DEFAULT 5, d int);", down="DROP TABLE t;"),
    }
    two = {
        "0_other": OTHER,
        "1_t": Scripts(up="CREATE TABLE t (id int PRIMARY KEY, d int);", down="DROP TABLE t;"),
        "2_c": Scripts(up="ALTER TABLE t ADD c int DEFAULT 5;", down="ALTER TABLE t DROP c;"),
    }
    tour.sync(one)
    tour.people("INSERT INTO t VALUES (1, NULL, 3), (2, NULL, NULL)")
    before = tour.rows()
    for migrations in (two, one, {**one, "1_t": two["1_t"]}, one):
        tour.sync(migrations)
    must_be_home(tour, before)


@pytest.mark.parametrize("unique", [" UNIQUE", ""])
def test_values_of_one_row_that_two_items_hold_come_back_both(tour: Tour, unique: str) -> None:
    """A column that another version of a migration lacks has to wait, and comes back with what a later step took."""
    third = Scripts(
        up="ALTER TABLE t ADD y int; UPDATE t SET code = lower(code);", down="ALTER TABLE t DROP y; UPDATE t SET n = n;"
    )
    base = {
        "0_other": OTHER,
        "1_t": Scripts(up=f"CREATE TABLE t (id int PRIMARY KEY, code text{unique}, n int);", down="DROP TABLE t;"),
    }
    here = base | {
        "2_x": Scripts(up="ALTER TABLE t ADD x int; UPDATE t SET n = n;", down="ALTER TABLE t DROP x;"),
        "3_y": third,
    }
    there = base | {
        "2_x": Scripts(up="CREATE TABLE o (id int); UPDATE t SET n = n;", down="DROP TABLE o;"),
        "3_y": third,
    }
    tour.sync(here)
    tour.people("INSERT INTO t VALUES (1, 'a', 1, 10, 100), (2, 'b', 2, 20, 200), (3, 'c', 3, NULL, 300)")
    travel(tour, there, here)


def test_a_script_that_rows_are_in_the_way_of_is_blamed_and_none_that_needs_them(tour: Tour) -> None:
    """Without the rows that came back, an earlier script fails, which with them had run."""
    column = {
        "2_c": Scripts(up="ALTER TABLE t ADD c text;", down="ALTER TABLE t DROP c;"),
        "3_c": Scripts(up="ALTER TABLE t ALTER c SET NOT NULL;", down="ALTER TABLE t ALTER c DROP NOT NULL;"),
    }
    base = {"0_t": Scripts(up="CREATE TABLE t (id int PRIMARY KEY);", down="DROP TABLE t;")}
    tour.sync(base | column)
    tour.people("INSERT INTO t VALUES (1, 'x')")
    before = tour.rows()
    number = Scripts(up="ALTER TABLE t ADD n int GENERATED ALWAYS AS (c::int) STORED;", down="ALTER TABLE t DROP n;")
    with pytest.raises(Refused) as refused:
        tour.sync(base | {"1_other": OTHER} | column | {"4_n": number})
    assert 'applying 4_n failed at migrations/4_n.sql:2: invalid input syntax for type integer: "x"' in str(
        refused.value
    )
    must_be_home(tour, before)


DEFAULTS = "INSERT INTO secret DEFAULT VALUES;"
RANDOM = "INSERT INTO secret (word) SELECT gen_random_uuid()::text;"


@pytest.mark.parametrize("people", ["SELECT 1", "INSERT INTO secret (word) VALUES ('own')", "DELETE FROM secret"])
@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("seed", [DEFAULTS, RANDOM], ids=["defaults", "random"])
def test_a_seed_of_which_no_value_is_ever_the_same_is_there_once(tour: Tour, seed: str, key: str, people: str) -> None:
    """Its table comes and goes, within a sync and from one to the next."""
    column = "word text NOT NULL DEFAULT gen_random_uuid()"
    secret = Scripts(up=f"CREATE TABLE secret (id serial{key}, {column}); {seed}", down="DROP TABLE secret;")
    here = {"0_other": OTHER, "3_secret": secret}
    tour.sync(here)
    tour.people(people)
    travel(tour, {"0_other": OTHER}, here)
    travel(tour, {"0_other": OTHER, "1_t": T, "3_secret": secret}, here)


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
def test_what_a_script_makes_of_rows_that_came_meanwhile_is_no_old_seed(tour: Tour, key: str) -> None:
    """There were none when the script was tried, so that nothing says it reads them."""
    up = f"CREATE TABLE notes (id serial{key}, t int, at timestamptz DEFAULT clock_timestamp());"
    made = "INSERT INTO notes (t) VALUES (0); INSERT INTO notes (t) SELECT id FROM t;"
    here = {"0_t": T, "1_notes": Scripts(up=f"{up} {made}", down="DROP TABLE notes;")}
    tour.sync(here)
    tour.people("INSERT INTO notes (t) VALUES (-1)")
    tour.sync({"0_t": T})
    tour.people("INSERT INTO t VALUES (7, 'x'), (8, 'y')")
    tour.sync(here)
    must_have(tour, "SELECT t FROM notes", "-1 0 7 8")


REFERS = "crate int REFERENCES crates ON DELETE CASCADE"


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("ALTER TABLE badges DROP crate;", f"ALTER TABLE badges ADD {REFERS};"),
        ("ALTER TABLE badges DROP crate; UPDATE badges SET v = v + 1;", f"ALTER TABLE badges ADD {REFERS}; SELECT 1;"),
        (
            "ALTER TABLE badges DROP CONSTRAINT badges_crate_fkey; UPDATE badges SET crate = NULL;",
            "ALTER TABLE badges ADD FOREIGN KEY (crate) REFERENCES crates ON DELETE CASCADE;",
        ),
    ],
    ids=["column", "column and values", "values"],
)
def test_one_value_that_refers_to_nothing_any_more_takes_no_others_along(
    tour: Tour, up: str, down: str, key: str
) -> None:
    tables = f"CREATE TABLE crates (id int PRIMARY KEY); CREATE TABLE badges (id int PRIMARY KEY, v int, {REFERS});"
    here = {"0_tables": Scripts(up=tables, down="DROP TABLE badges, crates;")}
    tour.sync(here)
    tour.people("INSERT INTO crates VALUES (1), (2), (3); INSERT INTO badges VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3)")
    tour.sync(here | {"1_x": Scripts(up=up, down=down)})
    tour.people("DELETE FROM crates WHERE id = 2")
    tour.sync(here)
    must_have(tour, "SELECT id, v, crate FROM badges", "1|1|1 2|2| 3|3|3")
    assert [(item["rows"], item["reason"]) for item in tour.kept() if item["due"]] == [
        (1, "the row it refers to is not there: foreign key badges_crate_fkey")
    ], tour


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("UPDATE crates SET name = upper(name);", "SELECT 1;"),
        ("DELETE FROM crates WHERE id = 1;", "SELECT 1;"),
        ("ALTER TABLE badges DROP crate;", f"ALTER TABLE badges ADD {REFERS};"),
    ],
    ids=["values", "rows", "column"],
)
def test_a_row_that_breaks_a_foreign_key_already_is_in_nobodys_way(tour: Tour, up: str, down: str) -> None:
    """Somebody has loaded it with triggers switched off. Itself it has no place where the key is checked anew."""
    tables = f"CREATE TABLE crates (id int PRIMARY KEY, name text UNIQUE); CREATE TABLE badges (id int, {REFERS});"
    here = {"0_tables": Scripts(up=tables, down="DROP TABLE badges, crates;")}
    tour.sync(here)
    tour.people("INSERT INTO crates VALUES (1, 'a'), (2, 'b'); INSERT INTO badges VALUES (1, 1), (2, 2)")
    tour.people("SET session_replication_role = replica; INSERT INTO badges VALUES (3, 3)")
    schema = tour.ask("SELECT conname, convalidated, condeferrable FROM pg_constraint WHERE contype = 'f'")
    for _ in range(TOURS):
        tour.sync(here | {"1_x": Scripts(up=up, down=down)})
        tour.sync(here)
        must_have(tour, "TABLE crates", "1|a 2|b")
        must_have(tour, "SELECT id, crate FROM badges WHERE id < 3", "1|1 2|2")
        must_have(tour, "SELECT id FROM badges", "1 2 3")
    must_have(tour, "SELECT conname, convalidated, condeferrable FROM pg_constraint WHERE contype = 'f'", schema)
    must_have(tour, "SELECT DISTINCT tgenabled FROM pg_trigger WHERE tgisinternal", "O")


def test_a_row_that_waits_for_another_comes_back_although_values_kept_with_it_stay(tour: Tour) -> None:
    """One step took both; people have written another value where one was, and deleted what the row refers to."""
    tables = f"CREATE TABLE crates (id int PRIMARY KEY); CREATE TABLE badges (id int PRIMARY KEY, v int, {REFERS});"
    here = {"0_tables": Scripts(up=tables, down="DROP TABLE badges, crates;")}
    tour.sync(here)
    tour.people("INSERT INTO crates VALUES (1), (2), (3); INSERT INTO badges VALUES (1, 10, 1), (2, 20, 2), (3, 30, 3)")
    tour.sync(here | {"1_x": Scripts(up="UPDATE badges SET v = 0; DELETE FROM badges WHERE id = 3;", down="")})
    tour.people("UPDATE badges SET v = 77 WHERE id = 1; DELETE FROM crates WHERE id = 3")
    tour.sync(here)
    must_have(tour, "TABLE badges", "1|77|1 2|20|2")
    assert [item["reason"] for item in tour.kept() if item["due"]] == [
        "the row it refers to is not there: foreign key badges_crate_fkey"
    ], tour
    tour.people("INSERT INTO crates VALUES (3)")
    tour.sync(here | {"2_other": OTHER})
    must_have(tour, "TABLE badges", "1|77|1 2|20|2 3|30|3")
    assert [(item["rows"], item["reason"]) for item in tour.kept() if item["due"]] == [
        (1, "somebody changed the value on the other side as well, and that one is there")
    ], tour
