"""Sets that differ by more than one migration: edited, squashed, split and renumbered ones, and first syncs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.law.tour import Scripts, difference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.law.tour import Tables, Tour

pytestmark = pytest.mark.each_choice

T = Scripts(up="CREATE TABLE t (id int PRIMARY KEY, tag text);", down="DROP TABLE t;")
KEYLESS = Scripts(up="CREATE TABLE t (id int, tag text);", down="DROP TABLE t;")
ROWS = "INSERT INTO t VALUES (1, 'a'), (2, 'b')"
KEYS = pytest.mark.parametrize("base", [T, KEYLESS], ids=["keyed", "keyless"])
DOWNS = pytest.mark.parametrize("down", ["right", "empty", "missing"])


def way(right: str, down: str) -> str | None:
    """One of the three ways down."""
    return {"right": right, "empty": "", "missing": None}[down]


def must_be_home(tour: Tour, before: Tables) -> None:
    """Nothing differs from before, and nothing waits that has a place."""
    found = difference(before, tour.rows()) + tour.stuck()
    assert not found, "\n".join([*found, str(tour)])


def must_have(tour: Tour, query: str, rows: str) -> None:
    """A query answers with these rows."""
    found = tour.ask(query)
    assert found == rows, f"{query}: wanted {rows}, found {found}\n{tour}"


@DOWNS
@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
def test_the_migration_that_made_a_table_is_edited(tour: Tour, key: str, down: str) -> None:
    tour.sync({"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, v text);", down=way("DROP TABLE t;", down))})
    tour.people("INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'y')")
    before = tour.rows()
    for other in (", note text", ", n int DEFAULT 5", ""):
        edited = Scripts(up=f"CREATE TABLE t (id int{key}, v text{other});", down=way("DROP TABLE t;", down))
        tour.sync({"1_t": edited})
        must_have(tour, "SELECT id, v FROM t", "1|x 2|y 3|y")
    must_be_home(tour, before)


@DOWNS
@KEYS
def test_values_that_people_filled_in_survive_an_edit(tour: Tour, base: Scripts, down: str) -> None:
    one = {"1_t": base}
    tour.sync(one | {"2_x": Scripts(up="ALTER TABLE t ADD u uuid;", down=way("ALTER TABLE t DROP u;", down))})
    tour.people(ROWS + "; UPDATE t SET u = '05ed723c-e4c6-0a4f-447f-ab8ede7c1b6c' WHERE id = 1")
    filled = "1|a|05ed723c-e4c6-0a4f-447f-ab8ede7c1b6c 2|b|"
    for more in ("ALTER TABLE t ADD z text;", "ALTER TABLE t ADD z text, ADD y int DEFAULT 1;"):
        up = f"ALTER TABLE t ADD u uuid; {more}"
        tour.sync(one | {"2_x": Scripts(up=up, down=way("ALTER TABLE t DROP u, DROP z, DROP IF EXISTS y;", down))})
        must_have(tour, "SELECT id, tag, u FROM t", filled)
    assert tour.stuck() == []


@DOWNS
@KEYS
def test_values_survive_an_edit_that_is_about_another_table(tour: Tour, base: Scripts, down: str) -> None:
    one = {"1_t": base, "2_o": Scripts(up="CREATE TABLE o (id int PRIMARY KEY);", down="DROP TABLE o;")}
    tour.sync(one | {"3_x": Scripts(up="ALTER TABLE t ADD u int;", down=way("ALTER TABLE t DROP u;", down))})
    tour.people(ROWS + "; UPDATE t SET u = id * 7; INSERT INTO o VALUES (4)")
    back = way("ALTER TABLE o DROP w; ALTER TABLE t DROP u;", down)
    tour.sync(one | {"3_x": Scripts(up="ALTER TABLE t ADD u int; ALTER TABLE o ADD w text DEFAULT 'w';", down=back)})
    must_have(tour, "SELECT id, tag, u FROM t", "1|a|7 2|b|14")
    must_have(tour, "TABLE o", "4|w")
    assert tour.stuck() == []


@KEYS
def test_rows_of_the_migrations_above_an_edited_one_survive(tour: Tour, base: Scripts) -> None:
    two = Scripts(up="CREATE TABLE u (id int PRIMARY KEY, n text);", down="DROP TABLE u;")
    three = Scripts(up="ALTER TABLE t ADD n int; UPDATE t SET n = 1;", down="ALTER TABLE t DROP n;")
    tour.sync({"1_t": base, "2_u": two, "3_n": three})
    tour.people("INSERT INTO t VALUES (1, 'a', 10), (2, 'b', 20); INSERT INTO u VALUES (1, 'own')")
    edited = Scripts(up=base.up.replace("tag text", "tag text, extra int"), down=base.down)
    tour.sync({"1_t": edited, "2_u": two, "3_n": three})
    must_have(tour, "SELECT id, tag, n FROM t", "1|a|10 2|b|20")
    must_have(tour, "TABLE u", "1|own")


@KEYS
def test_a_seed_that_is_edited_is_there_once_and_in_its_new_form(tour: Tour, base: Scripts) -> None:
    down = "DELETE FROM t WHERE id > 10;"
    tour.sync({"1_t": base, "2_s": Scripts(up="INSERT INTO t VALUES (11, 'one');", down=down)})
    tour.people(ROWS)
    tour.sync({"1_t": base, "2_s": Scripts(up="INSERT INTO t VALUES (11, 'one'), (12, 'two');", down=down)})
    must_have(tour, "TABLE t", "11|one 12|two 1|a 2|b")


@pytest.mark.parametrize("down", ["", None], ids=["empty", "missing"])
@pytest.mark.parametrize(
    ("up", "there"),
    [
        ("INSERT INTO t VALUES (1, 'seed');", "1|seed"),
        ("INSERT INTO u VALUES ('seed');", "seed"),
        ("UPDATE p SET cents = cents * 100;", "1|500"),
    ],
)
def test_a_data_script_without_a_down_runs_once(tour: Tour, up: str, there: str, down: str | None) -> None:
    """Both migrations come in one sync: nobody has ever been at S before."""
    tables = "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (v text); "
    prices = "CREATE TABLE p (id int PRIMARY KEY, cents int); INSERT INTO p VALUES (1, 5);"
    one = {"1_t": Scripts(up=tables + prices, down="DROP TABLE t, u, p;")}
    two = one | {"2_data": Scripts(up=up, down=down)}
    tour.sync(two)
    before = tour.rows()
    for _ in range(3):
        tour.sync(one)
        tour.sync(two)
        must_be_home(tour, before)
        must_have(tour, f"TABLE {'p' if 'UPDATE' in up else up.split()[2]}", there)


SQUASHED: Mapping[str, Scripts] = {
    "1_u": Scripts(up="CREATE TABLE u (id int PRIMARY KEY, n text);", down="DROP TABLE u;"),
    "2_p": Scripts(up="CREATE TABLE p (id int PRIMARY KEY, uid int REFERENCES u);", down="DROP TABLE p;"),
    "3_m": Scripts(up="ALTER TABLE u ADD mail text;", down="ALTER TABLE u DROP mail;"),
}
BOTH = "CREATE TABLE u (id int PRIMARY KEY, n text, mail text);\n" + SQUASHED["2_p"].up


def test_a_squash_to_the_same_schema_leaves_every_row(tour: Tour) -> None:
    tour.sync(SQUASHED)
    tour.people("INSERT INTO u VALUES (1, 'ann', 'a@x'); INSERT INTO p VALUES (10, 1)")
    before = tour.rows()
    for _ in range(2):
        tour.sync({"3_base": Scripts(up=BOTH, down="DROP TABLE p; DROP TABLE u;")})
        must_be_home(tour, before)
        assert tour.kept() == []
        tour.sync(SQUASHED)
        must_be_home(tour, before)


@pytest.mark.parametrize("column", ["w int NOT NULL", "w int NOT NULL DEFAULT 1", "w float8 DEFAULT random()"])
def test_a_squash_over_a_column_that_is_required_or_volatile_leaves_every_row(tour: Tour, column: str) -> None:
    two = {"1_t": T, "2_w": Scripts(up=f"ALTER TABLE t ADD {column};", down="ALTER TABLE t DROP w;")}
    tour.sync(two)
    tour.people("INSERT INTO t VALUES (1, 'a', 3), (2, 'b', 4)")
    before = tour.rows()
    base = Scripts(up=f"CREATE TABLE t (id int PRIMARY KEY, tag text, {column});", down="DROP TABLE t;")
    for target in ({"2_base": base}, two, {"2_base": base}):
        tour.sync(target)
        must_be_home(tour, before)


def test_a_squash_below_other_migrations_leaves_every_row(tour: Tour) -> None:
    above = {"4_n": Scripts(up="CREATE TABLE n (id int, u int REFERENCES u);", down="DROP TABLE n;")}
    tour.sync({**SQUASHED, **above})
    tour.people("INSERT INTO u VALUES (1, 'ann', 'a@x'); INSERT INTO p VALUES (10, 1); INSERT INTO n VALUES (5, 1)")
    before = tour.rows()
    tour.sync({"3_base": Scripts(up=BOTH, down="DROP TABLE p; DROP TABLE u;"), **above})
    must_be_home(tour, before)


def test_a_split_of_one_migration_in_two_leaves_every_row(tour: Tour) -> None:
    up = "CREATE TABLE a (id int, v text); CREATE TABLE b (id int, v text);"
    tour.sync({"1_ab": Scripts(up=up, down="DROP TABLE a, b;")})
    tour.people("INSERT INTO a VALUES (1, 'x'), (1, 'x'); INSERT INTO b VALUES (2, 'y')")
    before = tour.rows()
    parts = (Scripts(up=f"CREATE TABLE {name} (id int, v text);", down=f"DROP TABLE {name};") for name in "ab")
    tour.sync(dict(zip(("1_a", "2_b"), parts)))
    must_be_home(tour, before)


def test_a_squash_that_keeps_its_seed_runs_it_no_second_time(tour: Tour) -> None:
    seed = "INSERT INTO t VALUES (11, 'seed');"
    tour.sync({"1_t": KEYLESS, "2_s": Scripts(up=seed, down="DELETE FROM t;")})
    tour.people(ROWS)
    before = tour.rows()
    tour.sync({"2_base": Scripts(up=f"{KEYLESS.up}\n{seed}", down="DROP TABLE t;")})
    must_be_home(tour, before)


def test_one_more_seed_beside_the_same_schema_does_run(tour: Tour) -> None:
    tour.sync({"1_t": T, "2_m": Scripts(up="ALTER TABLE t ADD m int;", down="ALTER TABLE t DROP m;")})
    tour.people("INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)")
    base = Scripts(up="CREATE TABLE t (id int PRIMARY KEY, tag text, m int);", down="DROP TABLE t;")
    seed = Scripts(up="INSERT INTO t VALUES (11, 'seed', 0);", down="DELETE FROM t WHERE id = 11;")
    tour.sync({"2_base": base, "3_seed": seed})
    must_have(tour, "TABLE t", "11|seed|0 1|a|1 2|b|2")


def test_a_pending_seed_with_nothing_to_revert_does_run(tour: Tour) -> None:
    tour.sync({"1_t": T})
    tour.people(ROWS)
    tour.sync({"1_t": T, "2_s": Scripts(up="INSERT INTO t VALUES (11, 'seed');", down="DELETE FROM t WHERE id = 11;")})
    must_have(tour, "TABLE t", "11|seed 1|a 2|b")


def test_a_renumbered_data_script_runs_no_second_time(tour: Tour) -> None:
    script = Scripts(up="UPDATE t SET id = id + 10;", down="UPDATE t SET id = id - 10;")
    tour.sync({"1_t": T})
    tour.people(ROWS)
    tour.sync({"1_t": T, "2_s": script})
    before = tour.rows()
    tour.sync({"1_t": T, "5_s": script})
    must_be_home(tour, before)


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("setting", ['ignore = ["legacy*"]', 'verify = "never"'])
def test_the_first_sync_of_a_database_that_is_not_empty_keeps_rows(tour: Tour, setting: str, key: str) -> None:
    (tour.root / "gitmig.toml").write_text(setting + "\n")
    tour.people(f"CREATE TABLE legacy (id int{key}); INSERT INTO legacy SELECT generate_series(1, 100)")
    before = tour.rows()
    delete = "DO $$ BEGIN IF to_regclass('legacy') IS NOT NULL THEN DELETE FROM legacy; END IF; END $$;"
    one = {"1_z": Scripts(up="CREATE SCHEMA z;", down="DROP SCHEMA z;")}
    tour.sync(one | {"2_a": Scripts(up=f"CREATE TABLE a (id int); {delete}", down="DROP TABLE a;")})
    must_have(tour, "SELECT count(*) FROM legacy", "0")
    assert [item["rows"] for item in tour.kept()] == [100]
    tour.sync(one)
    must_be_home(tour, before)


def test_a_hundred_thousand_rows_come_back(tour: Tour) -> None:
    one = {"1_a": Scripts(up="CREATE TABLE a (id int PRIMARY KEY);", down="DROP TABLE a;")}
    two = one | {"2_b": Scripts(up="ALTER TABLE a ADD t text;", down="ALTER TABLE a DROP t;")}
    tour.sync(two)
    tour.people("INSERT INTO a SELECT i, md5(i::text) FROM generate_series(1, 100000) i")
    query = "SELECT count(*), sum(hashtext(t)::bigint) FROM a WHERE t = md5(id::text)"
    before = tour.ask(query)
    tour.sync(one)
    must_have(tour, "SELECT count(*) FROM a", "100000")
    tour.sync(two)
    must_have(tour, query, before)


@DOWNS
@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
def test_a_migration_that_is_edited_while_the_database_is_elsewhere(tour: Tour, key: str, down: str) -> None:
    """People come to another version of it from where it is not, as from the main branch, and home by both ways."""
    one = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, tag text);", down="DROP TABLE t;")}

    def version(more: str) -> Mapping[str, Scripts]:
        up = f"ALTER TABLE t ADD flag bool NOT NULL DEFAULT false; CREATE TABLE u (id int{key}, v text{more});"
        return one | {"2_x": Scripts(up=up, down=way("DROP TABLE u; ALTER TABLE t DROP flag;", down))}

    tour.sync(version(""))
    tour.people("INSERT INTO t VALUES (1, 'a', true), (2, 'b', false); INSERT INTO u VALUES (1, 'x'), (2, 'y')")
    before = tour.rows()
    for ways in ((one, version(", n int DEFAULT 5"), one), (one, version(", n int DEFAULT 5"))):
        for there in ways:
            tour.sync(there)
            must_have(tour, "SELECT id, tag FROM t", "1|a 2|b")
            if there is not one:
                must_have(tour, "SELECT id, flag, v FROM t JOIN u USING (id)", "1|True|x 2|False|y")
        tour.sync(version(""))
        must_be_home(tour, before)


def test_what_people_do_at_another_version_counts(tour: Tour) -> None:
    one = {"1_t": T}
    first = one | {"2_x": Scripts(up="ALTER TABLE t ADD n int DEFAULT 0;", down="ALTER TABLE t DROP n;")}
    second = one | {
        "2_x": Scripts(up="ALTER TABLE t ADD n int DEFAULT 0, ADD m int;", down="ALTER TABLE t DROP n, DROP m;")
    }
    tour.sync(first)
    tour.people("INSERT INTO t VALUES (1, 'a', 10), (2, 'b', 20), (3, 'c', 30)")
    for there in (one, second):
        tour.sync(there)
    tour.people("UPDATE t SET n = 11 WHERE id = 1; DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (4, 'd', 40, 4)")
    for there in (one, first):
        tour.sync(there)
    must_have(tour, "TABLE t", "1|a|11 2|b|20 4|d|40")
    tour.sync(second)
    must_have(tour, "SELECT id, tag, n, m FROM t", "1|a|11| 2|b|20| 4|d|40|4")
    assert tour.stuck() == []


def test_rows_of_a_renumbered_migration_are_not_those_of_the_one_that_has_its_number_now(tour: Tour) -> None:
    """Two branches had a migration of the same number and name; the one that came second was given another number."""
    mine = Scripts(up="ALTER TABLE t ADD v text;", down="ALTER TABLE t DROP v;")
    theirs = Scripts(up="ALTER TABLE t ADD v text, ADD n int;", down="ALTER TABLE t DROP v, DROP n;")
    renames = Scripts(up="ALTER TABLE t RENAME v TO w;", down="ALTER TABLE t RENAME w TO v;")
    one = {"1_t": T}
    tour.sync(one | {"2_x": mine})
    tour.people("INSERT INTO t VALUES (1, 'a', 'x')")
    tour.sync(one)
    tour.sync(one | {"2_x": theirs, "3_w": renames, "4_x": mine})
    must_have(tour, "SELECT id, w, v FROM t", "1||x")
    assert tour.stuck() == []


@KEYS
@pytest.mark.parametrize("down", ["DELETE FROM t WHERE id > 1;", "DELETE FROM t;"])
def test_rows_come_back_that_went_with_a_column_which_the_other_version_does_not_have(
    tour: Tour, base: Scripts, down: str
) -> None:
    one = {"1_t": base}
    home = one | {"2_x": Scripts(up="SELECT 1;", down=down)}
    edited = Scripts(up="ALTER TABLE t ADD note text DEFAULT 'n';", down=f"{down} ALTER TABLE t DROP note;")
    tour.sync(home)
    tour.people(ROWS)
    before = tour.rows()
    for _ in range(2):
        tour.sync(one | {"2_x": edited})
        must_have(tour, "SELECT id, tag FROM t", "1|a 2|b")
        tour.sync(home)
        assert difference(before, tour.rows()) == [], str(tour)


def test_rows_that_an_enum_has_no_value_for_come_back_with_an_edited_version(tour: Tour) -> None:
    """The revert takes the edited version's column as well as the rows that do not fit the older enum."""
    one = {
        "1_t": Scripts(up="CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (id int PRIMARY KEY, m mood);", down=None)
    }
    home = one | {"2_x": Scripts(up="ALTER TYPE mood ADD VALUE 'happy';", down=None)}
    note = "ALTER TABLE t ADD note text DEFAULT 'n';"
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1, 'ok'), (2, 'happy'), (3, NULL)")
    before = tour.rows()
    for _ in range(2):
        tour.sync(one | {"2_x": Scripts(up=f"ALTER TYPE mood ADD VALUE 'happy'; {note}", down=None)})
        tour.sync(home)
        assert difference(before, tour.rows()) == [], str(tour)


@KEYS
@pytest.mark.parametrize("way_down", ["right", "missing"])
@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("ALTER TABLE t ALTER id ADD GENERATED BY DEFAULT AS IDENTITY;", "ALTER TABLE t ALTER id DROP IDENTITY;"),
        (
            "ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY (START 100);",
            "ALTER TABLE t ALTER id DROP IDENTITY;",
        ),
        (
            "CREATE SEQUENCE s OWNED BY t.id; ALTER TABLE t ALTER id SET DEFAULT nextval('s');",
            "ALTER TABLE t ALTER id DROP DEFAULT; DROP SEQUENCE s;",
        ),
    ],
    ids=["identity", "identity with a start", "default"],
)
def test_a_sequence_that_comes_to_a_column_again_gives_no_number_that_a_row_has(
    tour: Tour, base: Scripts, up: str, down: str, way_down: str
) -> None:
    if "identity" in up.lower() and base is KEYLESS:
        base = Scripts(up="CREATE TABLE t (id int NOT NULL, tag text);", down="DROP TABLE t;")
    one = {"1_t": base}
    home = one | {"2_x": Scripts(up=up, down=way(down, way_down))}
    tour.sync(home)
    tour.people("INSERT INTO t (tag) VALUES ('a'), ('b')")
    for _ in range(2):
        tour.sync(one)
        tour.sync(home)
        assert tour.taken_numbers() == [], str(tour)


def test_one_of_two_migrations_with_the_same_up_goes(tour: Tour) -> None:
    """The other one's row becomes the first one's, with its own down, which nobody has read for that."""
    one = {"1_t": T}
    ups = {"2_x": "DELETE FROM t WHERE tag = 'x';", "3_y": "DELETE FROM t WHERE tag = 'y';"}
    both = one | {
        label: Scripts(up="ALTER TABLE t ALTER tag SET DEFAULT 'd';", down=down) for label, down in ups.items()
    }
    tour.sync(both)
    tour.people(ROWS)
    for label in ("3_y", "2_x"):
        tour.sync(one | {label: both[label]})
        assert tour.ask("SELECT down FROM gitmig.applied WHERE position = 2").strip() == ups[label]
        must_have(tour, "TABLE t", "1|a 2|b")
        tour.sync(both)


@pytest.mark.parametrize("key", [" PRIMARY KEY", " UNIQUE", ""], ids=["keyed", "unique", "keyless"])
@pytest.mark.parametrize("down", ["right", "empty", "missing"])
@pytest.mark.parametrize("seed", ["INSERT INTO v VALUES (100, 'seed'), (101, 'seed');", "SELECT s();"])
def test_a_seed_that_does_not_name_its_table_runs_once_over_its_own_rows(
    tour: Tour, key: str, down: str, seed: str
) -> None:
    """It writes through a view with a trigger INSTEAD OF, or by a function."""
    base = f"""CREATE TABLE t (id int{key}, tag text); CREATE VIEW v AS SELECT id, tag FROM t;
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN INSERT INTO t VALUES (NEW.id, NEW.tag); RETURN NEW; END $$;
        CREATE TRIGGER v_insert INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f();
        CREATE FUNCTION s() RETURNS void LANGUAGE sql AS
            $$ INSERT INTO t VALUES (100, 'seed'), (101, 'seed') $$;"""
    one = {"1_t": Scripts(up=base, down=None)}
    home = one | {"2_s": Scripts(up=seed, down=way("DELETE FROM t WHERE id > 99;", down))}
    tour.sync(home)
    tour.people("INSERT INTO v VALUES (1, 'a'), (2, 'b'); UPDATE t SET tag = 'mine' WHERE id = 101")
    before = tour.rows()
    for _ in range(2):
        tour.sync(one)
        tour.rows()
        tour.sync(home)
        must_be_home(tour, before)
