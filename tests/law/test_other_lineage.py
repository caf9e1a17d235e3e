"""Sets that lead to one table by other migrations: what a row holds in one of them is not lost by way of another."""

from __future__ import annotations

import pytest

from tests.law.test_edited import must_have
from tests.law.tour import Scripts, Tour, difference

pytestmark = pytest.mark.each_choice

ROWS = "1|a|x 2|b|y"
QUERY = "SELECT id, a, b FROM t"


@pytest.mark.parametrize("label", ["1_t", "1_all"], ids=["under the same name", "under another name"])
@pytest.mark.parametrize("b", ["b text", "b text NOT NULL"], ids=["nullable", "required"])
@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("stops", ["short", "long", "long, short", "short, long", "short, long, short"])
def test_rows_come_home_whole_from_where_a_column_is_made_later(
    tour: Tour, label: str, b: str, key: str, stops: str
) -> None:
    home = {label: Scripts(up=f"CREATE TABLE t (id int{key}, a text, {b});", down="DROP TABLE t;")}
    short = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, a text);", down="DROP TABLE t;")}
    later = Scripts(
        up=f"ALTER TABLE t ADD b text;{' ALTER TABLE t ALTER b SET NOT NULL;' if 'NOT' in b else ''}",
        down="ALTER TABLE t DROP b;",
    )
    sets = {"short": short, "long": short | {"2_b": later}}
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'y')")
    for _ in range(2):
        for stop in stops.split(", "):
            tour.sync(sets[stop])
            must_have(tour, "SELECT id, a FROM t", "1|a 2|b")
            if stop == "long":
                must_have(tour, QUERY, ROWS)
        tour.sync(home)
        must_have(tour, QUERY, ROWS)
        assert tour.stuck() == []


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("other", [None, "CREATE TABLE v (id int);"], ids=["only back", "and on"])
def test_rows_of_a_table_do_not_come_into_another_one_that_gets_its_name_back(
    tour: Tour, key: str, other: str | None
) -> None:
    """The first `t` is called `u` while there is a second one."""
    first = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, a text);", down="DROP TABLE t;")}
    both = first | {
        "2_u": Scripts(up="ALTER TABLE t RENAME TO u;", down="ALTER TABLE u RENAME TO t;"),
        "3_t": Scripts(up=f"CREATE TABLE t (id int{key}, a text);", down="DROP TABLE t;"),
    }
    tour.sync(both)
    tour.people("INSERT INTO u VALUES (1, 'u'); INSERT INTO t VALUES (2, 't')")
    for _ in range(2):
        tour.sync(first | ({"4_v": Scripts(up=other, down="DROP TABLE v;")} if other else {}))
        must_have(tour, "SELECT id, a FROM t", "1|u")
        tour.sync(both)
        must_have(tour, "SELECT id, a FROM u", "1|u")
        must_have(tour, "SELECT id, a FROM t", "2|t")
        assert tour.stuck() == []


@pytest.mark.parametrize("b", ["b int NOT NULL DEFAULT 1", "b int", "b date DEFAULT now()"])
def test_values_that_an_edited_column_cannot_hold_come_home_unless_somebody_wrote_others(tour: Tour, b: str) -> None:
    base = {"1_t": Scripts(up="CREATE TABLE t (id int PRIMARY KEY, a text);", down="DROP TABLE t;")}
    home = base | {"2_b": Scripts(up="ALTER TABLE t ADD b text NOT NULL DEFAULT '';", down="ALTER TABLE t DROP b;")}
    edited = base | {"2_b": Scripts(up=f"ALTER TABLE t ADD {b};", down="ALTER TABLE t DROP b;")}
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'y')")
    for _ in range(2):
        tour.sync(edited)
        tour.sync(home)
        must_have(tour, QUERY, ROWS)
    tour.sync(edited)
    own = "7" if "int" in b else "2020-01-01"
    tour.people(f"UPDATE t SET b = '{own}' WHERE id = 1")
    tour.sync(home)
    must_have(tour, QUERY, f"1|a|{own} 2|b|y")


@pytest.mark.parametrize("rest", ["", ", c text"], ids=["only keys", "more columns"])
def test_values_find_their_rows_although_another_migration_takes_their_key_away(tour: Tour, rest: str) -> None:
    """A migration is missing in the middle for a while: what is above it is reverted and applied with another key."""
    base = {
        "1_t": Scripts(up=f"CREATE TABLE t (id serial PRIMARY KEY, n int NOT NULL UNIQUE{rest});", down="DROP TABLE t;")
    }
    key = Scripts(
        up="ALTER TABLE t DROP id, ADD PRIMARY KEY (n), DROP CONSTRAINT t_n_key;",
        down="ALTER TABLE t ADD UNIQUE (n), DROP CONSTRAINT t_pkey, ADD id serial PRIMARY KEY;",
    )
    above = {"3_b": Scripts(up="ALTER TABLE t ADD b text;", down="ALTER TABLE t DROP b;")}
    home, away = base | {"2_k": key} | above, base | above
    tour.sync(home)
    tour.people("INSERT INTO t (n, b) VALUES (11, 'x'), (12, 'y')")
    for _ in range(2):
        tour.sync(away)
        must_have(tour, "SELECT n, b FROM t", "11|x 12|y")
        tour.sync(home)
        must_have(tour, "SELECT n, b FROM t", "11|x 12|y")
        assert tour.stuck() == []


def test_many_columns_that_were_kept_one_by_one_come_home_together(tour: Tour) -> None:
    names = [f"c{number}" for number in range(12)]
    texts = ", ".join(f"{name} text NOT NULL" for name in names)
    home = {"1_t": Scripts(up=f"CREATE TABLE t (id int PRIMARY KEY, {texts});", down="DROP TABLE t;")}
    short = {"1_t": Scripts(up="CREATE TABLE t (id int PRIMARY KEY);", down="DROP TABLE t;")}
    long = short | {
        f"{number}_{name}": Scripts(up=f"ALTER TABLE t ADD {name} text;", down=f"ALTER TABLE t DROP {name};")
        for number, name in enumerate(names, 10)
    }
    tour.sync(home)
    values = ", ".join(f"'{name}'" for name in names)
    tour.people(f"INSERT INTO t VALUES (1, {values}), (2, {values})")
    for stop in (long, short, home):
        tour.sync(stop)
    must_have(tour, "SELECT * FROM t", f"1|{'|'.join(names)} 2|{'|'.join(names)}")


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("stops", ["apart, first", "apart, first, apart, first", "first", "none"])
def test_rows_find_a_table_that_another_migration_makes_by_whatever_way_they_come(
    tour: Tour, key: str, stops: str
) -> None:
    """It makes no difference whether somebody goes home directly, or by way of a commit without the table."""
    s = "CREATE TABLE s (id int);"
    t = f"CREATE TABLE t (id int{key}, a text);"
    first = {"1_s": Scripts(up=s, down="DROP TABLE s;")}
    sets = {
        "home": {"1_all": Scripts(up=s + t, down="DROP TABLE t; DROP TABLE s;")},
        "apart": first | {"2_t": Scripts(up=t, down="DROP TABLE t;")},
        "first": first,
        "none": {"1_u": Scripts(up="CREATE TABLE u (id int);", down="DROP TABLE u;")},
    }
    tour.sync(sets["home"])
    tour.people("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    for _ in range(2):
        for stop in stops.split(", "):
            tour.sync(sets[stop])
            if stop == "apart":
                must_have(tour, "SELECT id, a FROM t", "1|a 2|b")
        tour.sync(sets["home"])
        must_have(tour, "SELECT id, a FROM t", "1|a 2|b")
        assert tour.stuck() == []


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
def test_rows_of_a_table_stay_away_from_one_that_was_there_under_the_same_name(tour: Tour, key: str) -> None:
    t = f"CREATE TABLE t (id int{key}, a text);"
    first = {"1_t": Scripts(up=t, down="DROP TABLE t;")}
    moved = {"2_u": Scripts(up="ALTER TABLE t RENAME TO u;", down="ALTER TABLE u RENAME TO t;")}
    tour.sync(first | moved | {"3_t": Scripts(up=t, down="DROP TABLE t;")})
    tour.people("INSERT INTO u VALUES (1, 'u'); INSERT INTO t VALUES (2, 't')")
    tour.sync(first | moved)
    tour.sync(first)
    must_have(tour, "SELECT id, a FROM t", "1|u")
    tour.sync(first | {"4_v": Scripts(up="CREATE TABLE v (id int);", down="DROP TABLE v;")})
    must_have(tour, "SELECT id, a FROM t", "1|u")


def test_rows_that_did_not_fit_anywhere_else_are_home_again(tour: Tour) -> None:
    """Both ways are closed to them: a generated column cannot be computed, a column that is required is empty."""
    base = {
        "1_t": Scripts(up="CREATE TABLE t (id int, num text, c numeric GENERATED ALWAYS AS (num::numeric) STORED);")
    }
    down = "ALTER TABLE t ADD c numeric GENERATED ALWAYS AS (num::numeric) STORED;"
    home = base | {"2_c": Scripts(up="ALTER TABLE t DROP c;", down=down)}
    required = Scripts(up="ALTER TABLE t ADD n text; ALTER TABLE t ALTER n SET NOT NULL;", down="ALTER TABLE t DROP n;")
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1, 'x'), (2, 'y')")
    for _ in range(2):
        tour.sync(base)
        tour.sync(home | {"3_n": required})
        assert len(tour.kept()) == 1
        tour.sync(home)
        must_have(tour, "SELECT id, num FROM t", "1|x 2|y")
        assert tour.stuck() == []


# what a column is of, and what another set has it of; values; how these are seen there (∅ is null); what somebody
# writes there into the first row, and what comes of it at home: what home cannot hold is no reason to lose what it had
TYPES = (
    ("text", "int", "'7', '007'", "7 7", "9", "9"),
    ("text", "int", "'7', 'x'", "7 ∅", "9", "9"),
    ("int", "boolean", "1, 7", "true ∅", "false", "1"),
    ("int", "text", "1, 7", "1 7", "'x'", "∅"),
    (
        "timestamptz",
        "date",
        "'2020-02-29 12:00+00', '2021-01-01 00:00+00'",
        "2020-02-29 2021-01-01",
        "'2000-01-01'",
        "",
    ),
    ("numeric(8,2)", "int", "1.50, 2", "∅ ∅", "3", "3.00"),
    ("jsonb", "int", "'[1]', '5'", "∅ 5", "6", "6"),
)


@pytest.mark.parametrize("own_step", [False, True], ids=["with the table", "in a step of its own"])
@pytest.mark.parametrize("label", ["2_b", "2_c"], ids=["edited", "another"])
@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize(
    ("type_", "other", "values", "seen", "write", "becomes"), TYPES, ids=[f"{one[0]} {one[1]}" for one in TYPES]
)
def test_values_come_home_to_the_bit_from_where_their_column_is_of_another_type(
    tour: Tour,
    type_: str,
    other: str,
    values: str,
    seen: str,
    write: str,
    becomes: str,
    key: str,
    label: str,
    own_step: bool,
) -> None:
    def made(type_: str, label: str) -> dict[str, Scripts]:
        if own_step:
            up, down = f"ALTER TABLE t ADD b {type_};", "ALTER TABLE t DROP b;"
            table = Scripts(up=f"CREATE TABLE t (id int{key}, a text);", down="DROP TABLE t;")
            return {"1_t": table, label: Scripts(up=up, down=down)}
        return {label: Scripts(up=f"CREATE TABLE t (id int{key}, a text, b {type_});", down="DROP TABLE t;")}

    home, away = made(type_, "2_b"), made(other, label)
    tour.sync(home)
    first, second = values.split(", ")
    tour.people(f"INSERT INTO t VALUES (1, 'a', {first}), (2, 'b', {second})")
    rows = tour.rows()
    for _ in range(2):
        tour.sync(away)
        must_have(tour, "SELECT id, a FROM t", "1|a 2|b")
        if label == "2_b":
            own = seen.split()
            must_have(tour, "SELECT id, coalesce(b::text, '∅') FROM t", f"1|{own[0]} 2|{own[1]}")
        tour.sync(home)
        assert difference(rows, tour.rows()) == [], tour
        assert tour.stuck() == []
    tour.sync(away)
    tour.people(f"UPDATE t SET b = {write} WHERE id = 1; INSERT INTO t (id, a) VALUES (3, 'c')")
    tour.sync(home)
    must_have(tour, "SELECT id, a, b IS NULL FROM t WHERE id > 1", "2|b|False 3|c|True")
    if becomes:
        must_have(tour, "SELECT a, coalesce(b::text, '∅') FROM t WHERE id = 1", f"a|{becomes}")


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("a", ["a text", "a int"])
def test_rows_of_a_table_stay_away_from_the_one_that_its_name_goes_back_to(tour: Tour, key: str, a: str) -> None:
    first = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, {a});", down="DROP TABLE t;")}
    home = first | {
        "2_t": Scripts(up="DROP TABLE t;", down=f"CREATE TABLE t (id int{key}, {a});"),
        "3_t": Scripts(up=f"CREATE TABLE t (id int{key}, a text);", down="DROP TABLE t;"),
    }
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1, 'x'), (2, '2')")
    for _ in range(2):
        tour.sync(first)
        must_have(tour, "SELECT * FROM t", "")
        tour.sync(home)
        must_have(tour, "SELECT id, a FROM t", "1|x 2|2")


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("there", ["", "ADD", "DROP"])
def test_values_of_a_column_that_another_set_has_for_a_while_and_of_another_type(
    tour: Tour, key: str, there: str
) -> None:
    home = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, b text, a boolean);", down="DROP TABLE t;")}
    a = "a numeric NOT NULL DEFAULT 0.5"
    add, drop = f"ALTER TABLE t ADD {a};", "ALTER TABLE t DROP a;"
    first = f"CREATE TABLE t (id int{key}, c int{'' if there == 'ADD' else f', {a}'});"
    away = {"1_n": Scripts(up=first, down="DROP TABLE t;")}
    if there:
        up, down = (add, drop) if there == "ADD" else (drop, add)
        away["2_a"] = Scripts(up=up, down=down)
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1, 'x', true), (2, 'y', false)")
    for _ in range(2):
        tour.sync(away)
        must_have(tour, "SELECT id FROM t", "1 2")
        tour.sync(home)
        must_have(tour, "SELECT id, b, a FROM t", "1|x|True 2|y|False")
        assert tour.stuck() == []


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("d", ["d int", "d int NOT NULL DEFAULT 0", "d date DEFAULT now()"])
@pytest.mark.parametrize("third", ["", "jsonb", "text"])
def test_values_that_a_step_brings_come_home_from_where_the_column_is_made_with_the_table_and_of_another_type(
    tour: Tour, key: str, d: str, third: str
) -> None:
    table = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, a text);", down="DROP TABLE t;")}

    def with_column(type_: str) -> dict[str, Scripts]:
        return table | {"4_d": Scripts(up=f"ALTER TABLE t ADD d {type_};", down="ALTER TABLE t DROP d;")}

    home = with_column("boolean")
    away = {"1_n": Scripts(up=f"CREATE TABLE t (id int{key}, b text, {d});", down="DROP TABLE t;")}
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1, 'x', true), (2, 'y', NULL), (3, 'z', false)")
    for _ in range(2):
        tour.sync(away)
        must_have(tour, "SELECT id FROM t", "1 2 3")
        if third:
            tour.sync(with_column(third))
        tour.sync(home)
        must_have(tour, "SELECT id, a, d FROM t", "1|x|True 2|y| 3|z|False")
        assert tour.stuck() == []
    tour.sync(away)
    tour.people("UPDATE t SET d = '2020-01-01' WHERE id = 1" if "date" in d else "UPDATE t SET d = 1 WHERE id = 3")
    tour.sync(home)
    must_have(tour, "SELECT id, a, d FROM t WHERE id = 2", "2|y|")
    if "int" in d:
        must_have(tour, "SELECT id, a, d FROM t", "1|x|True 2|y| 3|z|True")


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("gone", ["the table", "a column"])
@pytest.mark.parametrize("back", ["folded", "unfolded"])
def test_rows_that_an_up_took_come_back_although_it_was_folded_into_another_migration(
    tour: Tour, key: str, gone: str, back: str
) -> None:
    t = f"CREATE TABLE t (id int{key}, a text, b text);"
    home = {"1_t": Scripts(up=t, down="DROP TABLE t;")}
    take, give = ("DROP TABLE t;", t) if "table" in gone else ("ALTER TABLE t DROP b;", "ALTER TABLE t ADD b text;")
    u = {"4_u": Scripts(up="CREATE TABLE u (id int);", down="DROP TABLE u;")}
    branch = home | {"2_n": Scripts(up="SELECT 1;"), "3_d": Scripts(up=take, down=give)} | u
    folded = home | {"3_d": Scripts(up=f"SELECT 1; {take}", down=give)} | u
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1, 'x', 'b'), (2, 'y', 'c')")
    for _ in range(2):
        tour.sync(branch)
        assert "same schema" in tour.sync(folded)
        if back == "unfolded":
            assert "same schema" in tour.sync(branch)
        tour.sync(home)
        must_have(tour, "SELECT id, a, b FROM t", "1|x|b 2|y|c")
        assert tour.stuck() == []


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("others", [("boolean", "boolean DEFAULT false"), ("int", "int NOT NULL DEFAULT 1", "int")])
def test_values_come_home_from_a_column_that_is_edited_again_and_again(
    tour: Tour, key: str, others: tuple[str, ...]
) -> None:
    table = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, a text);", down="DROP TABLE t;")}

    def with_column(type_: str) -> dict[str, Scripts]:
        return table | {"2_b": Scripts(up=f"ALTER TABLE t ADD b {type_};", down="ALTER TABLE t DROP b;")}

    tour.sync(with_column("text"))
    tour.people("INSERT INTO t VALUES (1, 'x', '007'), (2, 'y', 'no'), (3, 'z', NULL)")
    for _ in range(2):
        for other in others:
            tour.sync(with_column(other))
        tour.sync(with_column("text"))
        must_have(tour, "SELECT * FROM t", "1|x|007 2|y|no 3|z|")


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
def test_a_column_that_is_null_everywhere_is_so_again_although_it_gets_a_default_meanwhile(
    tour: Tour, key: str
) -> None:
    table = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, a text);", down="DROP TABLE t;")}

    def with_column(type_: str) -> dict[str, Scripts]:
        return table | {"2_b": Scripts(up=f"ALTER TABLE t ADD b {type_};", down="ALTER TABLE t DROP b;")}

    tour.sync(with_column("text"))
    tour.people("INSERT INTO t VALUES (1, 'x'), (2, 'y')")
    for _ in range(2):
        tour.sync(with_column("text DEFAULT 'none'"))
        tour.people("INSERT INTO t (id, a) VALUES (3, 'z')")
        tour.sync(with_column("text"))
        must_have(tour, "SELECT * FROM t", "1|x| 2|y| 3|z|none")
        tour.people("DELETE FROM t WHERE id = 3")


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("first", ["c jsonb DEFAULT '{}'", "b text"], ids=["a column that goes", "another column"])
@pytest.mark.parametrize("home", ["together", "apart"])
def test_values_come_home_where_one_migration_was_split_and_another_one_edited(
    tour: Tour, key: str, first: str, home: str
) -> None:
    name, type_ = first.split(" ", 1)
    up = f"ALTER TABLE t DROP {name};", "ALTER TABLE t ADD c numeric;"
    down = f"ALTER TABLE t ADD {name} {type_};", "ALTER TABLE t DROP c;"
    together = {"2_c": Scripts(up=" ".join(up), down=" ".join(reversed(down)))}
    apart = {"2_c": Scripts(up=up[0], down=down[0]), "3_c": Scripts(up=up[1], down=down[1])}
    sets = {
        "together": {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, {first});", down="DROP TABLE t;")} | together,
        "apart": {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, {first}, a text);", down="DROP TABLE t;")} | apart,
    }
    away = "apart" if home == "together" else "together"
    tour.sync(sets[home])
    tour.people("INSERT INTO t (id, c) VALUES (1, 1.50), (2, 'NaN'), (3, NULL)")
    for _ in range(2):
        for stop in (away, home):
            tour.sync(sets[stop])
            must_have(tour, "SELECT id, c FROM t", "1|1.50 2|NaN 3|")
            assert tour.stuck() == []


def test_values_of_a_branch_stay_away_from_a_column_that_another_one_calls_the_same(tour: Tour) -> None:
    main = {"1_t": Scripts(up="CREATE TABLE t (id int PRIMARY KEY);", down="DROP TABLE t;")}
    b = main | {"2_b": Scripts(up="ALTER TABLE t ADD status text;", down="ALTER TABLE t DROP status;")}
    c = main | {
        "3_c": Scripts(up="ALTER TABLE t ADD status text, ADD c int;", down="ALTER TABLE t DROP c, DROP status;")
    }
    tour.sync(b)
    tour.people("INSERT INTO t VALUES (1, 'b')")
    for _ in range(2):
        tour.sync(c)
        must_have(tour, "SELECT * FROM t", "1||")
        tour.sync(b)
        must_have(tour, "SELECT * FROM t", "1|b")


def test_a_null_comes_home_from_where_a_migration_of_the_same_number_fills_and_requires_the_column(tour: Tour) -> None:
    base = {"1_t": Scripts(up="CREATE TABLE t (id int PRIMARY KEY, d timestamptz);", down="DROP TABLE t;")}
    home = base | {"2_m": Scripts(up="UPDATE t SET d = '2020-01-01 00:00+00' WHERE d IS NULL;", down="SELECT 1;")}
    require = "UPDATE t SET d = now() WHERE d IS NULL; ALTER TABLE t ALTER d SET NOT NULL;"
    away = base | {"2_b": Scripts(up=require, down="ALTER TABLE t ALTER d DROP NOT NULL;")}
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1, NULL), (2, '2021-01-01 00:00+00')")
    for _ in range(2):
        tour.sync(away)
        must_have(tour, "SELECT id FROM t WHERE d IS NOT NULL", "1 2")
        tour.sync(home)
        must_have(tour, "SELECT id, d FROM t", "1| 2|2021-01-01 00:00:00+00:00")
        assert tour.stuck() == []


def test_one_original_of_rows_that_two_items_hold_is_forgotten_once(tour: Tour) -> None:
    """Both sets make a table `v`; the other one moves a column into it that is of another type."""

    def made(t: str) -> Scripts:
        return Scripts(up=f"CREATE TABLE t (id int PRIMARY KEY{t});", down="DROP TABLE t;")

    def moved(old: str, new: str) -> Scripts:
        a = "a int DEFAULT 0"
        take = f"INSERT INTO {new} SELECT id, a FROM {old}; ALTER TABLE {old} DROP a;"
        give = f"ALTER TABLE {old} ADD {a}; UPDATE {old} SET a = n.a FROM {new} n WHERE n.id = {old}.id;"
        return Scripts(up=f"CREATE TABLE {new} (id int PRIMARY KEY, {a}); {take}", down=f"{give} DROP TABLE {new};")

    v = {"2_m": Scripts(up="CREATE TABLE v (id int PRIMARY KEY, a text);", down="DROP TABLE v;")}
    home = {"1_m": made("")} | v
    away = {"1_m": made(", a int DEFAULT 0"), "2_b": moved("t", "u"), "3_b": moved("u", "v")}
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1), (2), (3); INSERT INTO v VALUES (1, NULL), (2, NULL), (3, '007')")
    for _ in range(2):
        tour.sync({"1_m": away["1_m"]} | v)
        tour.sync(away)
        tour.sync(home)
        must_have(tour, "SELECT id, a FROM v", "1| 2| 3|007")


# The same value in a column with fewer digits, which it is rounded to without a word.
DIGITS = (
    ("numeric(10,4)", "numeric(8,2)", "1.2550, 3"),
    ("timestamptz", "timestamptz(0)", "'2020-01-01 00:00:00.123+00', '2020-01-01 00:00+00'"),
    ("timestamptz", "timestamp(0)", "'2020-01-01 00:00:00.123+00', '2020-01-01 00:00+00'"),
    ("interval", "interval(0)", "'1.5 s', '2 s'"),
    ("time", "time(0)", "'10:00:00.25', '11:00'"),
    ("text", "varchar(3)", "'abcdef', 'ab'"),
    ("bit(4)", "bit(2)", "'0101', '1111'"),
)


@pytest.mark.parametrize("own_step", [False, True], ids=["with the table", "in a step of its own"])
@pytest.mark.parametrize("label", ["2_b", "2_c"], ids=["edited", "another"])
@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize(("type_", "other", "values"), DIGITS, ids=[f"{one[0]} {one[1]}" for one in DIGITS])
def test_values_come_home_with_all_digits_from_where_their_column_has_room_for_fewer(
    tour: Tour, type_: str, other: str, values: str, key: str, label: str, own_step: bool
) -> None:
    def made(type_: str, label: str) -> dict[str, Scripts]:
        if own_step:
            table = Scripts(up=f"CREATE TABLE t (id int{key});", down="DROP TABLE t;")
            return {"1_t": table, label: Scripts(up=f"ALTER TABLE t ADD b {type_};", down="ALTER TABLE t DROP b;")}
        return {label: Scripts(up=f"CREATE TABLE t (id int{key}, b {type_});", down="DROP TABLE t;")}

    tour.sync(made(type_, "2_b"))
    first, second = values.split(", ")
    tour.people(f"INSERT INTO t VALUES (1, {first}), (2, {second}), (3, NULL)")
    must_come_home(tour, made(type_, "2_b"), made(other, label))


def must_come_home(tour: Tour, home: dict[str, Scripts], *stops: dict[str, Scripts]) -> None:
    """From home over these stops, and once more: all rows are what they were, and nothing is kept that has a place."""
    rows = tour.rows()
    for _ in range(2):
        for stop in stops:
            tour.sync(stop)
            tour.rows()
        tour.sync(home)
        faults = difference(rows, tour.rows()) + tour.stuck()
        assert not faults, "\n".join([*faults, str(tour)])


@pytest.mark.parametrize("key", [" PRIMARY KEY", " NOT NULL"], ids=["keyed", "keyless"])
@pytest.mark.parametrize("types", [("numeric", "jsonb"), ("int", "boolean")], ids=["other types", "the same types"])
@pytest.mark.parametrize("b", ["7", "NULL"])
def test_values_of_columns_that_steps_bring_come_home_to_where_they_are_made_with_the_table(
    tour: Tour, key: str, types: tuple[str, str], b: str
) -> None:
    """Without a key the rows of one column are told by another one, which comes back with them, or was null."""
    table = Scripts(up=f"CREATE TABLE t (id int{key}, d boolean DEFAULT false, b int DEFAULT 0);", down="DROP TABLE t;")
    home = {"1_m": table, "2_m": Scripts(up="ALTER TABLE t ADD x int;", down="ALTER TABLE t DROP x;")}
    away = {
        "1_n": Scripts(up=f"CREATE TABLE t (id int{key});", down="DROP TABLE t;"),
        "2_n": Scripts(up=f"ALTER TABLE t ADD b {types[0]} DEFAULT 5;", down="ALTER TABLE t DROP b;"),
        "3_n": Scripts(up=f"ALTER TABLE t ADD d {types[1]} NOT NULL DEFAULT 'true';", down="ALTER TABLE t DROP d;"),
    }
    tour.sync(home)
    tour.people(f"INSERT INTO t VALUES (1, true, NULL, 1), (2, true, {b}, 2), (3, false, {b}, 3)")
    must_come_home(tour, home, away, {"1_m": table})


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("c", ["c boolean", "c jsonb", "c int DEFAULT 5"])
def test_nulls_of_a_column_of_another_type_are_not_in_the_way_of_rows_that_have_values_of_their_own(
    tour: Tour, key: str, c: str
) -> None:
    up = f"CREATE TABLE t (id int{key}, b text, c jsonb DEFAULT '{{}}' NOT NULL);"
    home = {"10_m": Scripts(up=up, down="DROP TABLE t;")}
    away = {
        "10_m": Scripts(up=f"CREATE TABLE t (id int{key}, b text);", down="DROP TABLE t;"),
        "30_n": Scripts(up=f"ALTER TABLE t ADD {c};", down="ALTER TABLE t DROP c;"),
    }
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1, '', '[]'), (2, '007', '[1]'), (3, 'x', '{}')")
    must_come_home(tour, home, away)


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("b", ["b int", "b int NOT NULL DEFAULT 0"])
def test_a_value_that_fits_is_not_lost_with_one_of_the_same_row_that_does_not(tour: Tour, key: str, b: str) -> None:
    home = {"1_m": Scripts(up=f"CREATE TABLE t (id int{key}, {b});", down="DROP TABLE t;")}
    away = {
        "1_n": Scripts(up=f"CREATE TABLE t (id int{key}, a int NOT NULL DEFAULT 0, b jsonb);", down="DROP TABLE t;")
    }
    third = {
        "1_m": Scripts(up=f"CREATE TABLE t (id int{key}, a timestamptz DEFAULT now(), {b});", down="DROP TABLE t;")
    }
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1, 7), (2, -3), (3, 7)")
    must_come_home(tour, home, away, third)
    tour.sync(away)
    tour.sync(third)
    must_have(tour, "SELECT id, b FROM t", "1|7 2|-3 3|7")


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("type_", ["boolean", "text"], ids=["another type", "the same type"])
@pytest.mark.parametrize("label", ["2_b", "3_b"], ids=["of the same number", "of another one"])
def test_values_of_a_column_stay_away_from_another_one_that_gets_its_name(
    tour: Tour, key: str, type_: str, label: str
) -> None:
    base = {"1_m": Scripts(up=f"CREATE TABLE t (id int{key}, a text);", down="DROP TABLE t;")}
    home = base | {"2_m": Scripts(up="ALTER TABLE t RENAME a TO c;", down="ALTER TABLE t RENAME c TO a;")}
    away = base | {label: Scripts(up=f"ALTER TABLE t ADD c {type_};", down="ALTER TABLE t DROP c;")}
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, NULL)")
    must_come_home(tour, home, away)
    tour.sync(away)
    tour.people("UPDATE t SET c = 'true' WHERE id = 1")
    rows = tour.rows()
    must_come_home(tour, away, home)
    tour.sync(base)
    tour.sync(home)
    must_have(tour, "SELECT * FROM t", "1|x 2|y 3|")
    tour.sync(away)
    assert difference(rows, tour.rows()) == [], str(tour)


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("by_way", [False, True], ids=["directly", "by way of a third"])
@pytest.mark.parametrize("column", ["a", "b"], ids=["the table", "the table and the column"])
def test_rows_of_a_table_are_taken_in_under_its_name_although_it_is_called_otherwise_then(
    tour: Tour, key: str, by_way: bool, column: str
) -> None:
    def made(first: int, more: str) -> dict[str, Scripts]:
        there, back = ("", "") if column == "a" else ("RENAME a TO b; ALTER TABLE t", "; ALTER TABLE t RENAME b TO a")
        return {
            f"{first}_t": Scripts(up=f"CREATE TABLE t (id int{key}, a text{more});", down="DROP TABLE t;"),
            f"{first + 1}_u": Scripts(
                up=f"ALTER TABLE t {there} RENAME TO u;", down=f"ALTER TABLE u RENAME TO t{back};"
            ),
        }

    home, away = made(1, ""), made(5, ", c int")
    other = [{"9_x": Scripts(up="CREATE TABLE x (id int);", down="DROP TABLE x;")}] if by_way else []
    tour.sync(home)
    tour.people("INSERT INTO u VALUES (1, 'x'), (2, 'y'), (3, NULL)")
    must_come_home(tour, home, *other, away)
    for stop in (*other, away):
        tour.sync(stop)
    must_have(tour, f"SELECT id, {column} FROM u", "1|x 2|y 3|")


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("away", ["edited", "another", "in a step of its own"])
def test_values_come_home_from_where_their_column_is_computed(tour: Tour, key: str, away: str) -> None:
    g = "g int GENERATED ALWAYS AS (a * 2) STORED"
    home = {"1_m": Scripts(up=f"CREATE TABLE t (id int{key}, a int, g int);", down="DROP TABLE t;")}
    whole = Scripts(up=f"CREATE TABLE t (id int{key}, a int, {g});", down="DROP TABLE t;")
    stops = {
        "edited": {"1_m": whole},
        "another": {"1_n": whole},
        "in a step of its own": {
            "1_n": Scripts(up=f"CREATE TABLE t (id int{key}, a int);", down="DROP TABLE t;"),
            "2_n": Scripts(up=f"ALTER TABLE t ADD {g};", down="ALTER TABLE t DROP g;"),
        },
    }
    tour.sync(home)
    tour.people("INSERT INTO t VALUES (1, 5, 11), (2, 6, 12), (3, NULL, 7)")
    must_come_home(tour, home, stops[away])


@pytest.mark.parametrize("moves", [False, True], ids=["alone", "with a column that moves"])
def test_values_of_a_column_that_an_edit_has_made_already_are_there_on_every_way(tour: Tour, moves: bool) -> None:
    """The branch makes `b` in an earlier step, where it is required, and has another step of the same number."""
    one = {"1_m": Scripts(up="CREATE TABLE t (id int PRIMARY KEY, d numeric, c jsonb);", down="DROP TABLE t;")}
    two = {"2_m": Scripts(up="SELECT 1;", down="SELECT 1;")}
    rest = {
        "3_m": Scripts(up="SELECT 2;", down="SELECT 3;"),
        "4_m": Scripts(up="ALTER TABLE t ADD b numeric;", down="ALTER TABLE t DROP b;"),
    }
    add, drop = "ALTER TABLE t ADD a timestamptz DEFAULT now() NOT NULL;", "ALTER TABLE t DROP a;"
    move = "CREATE TABLE u (id int PRIMARY KEY, c jsonb); INSERT INTO u SELECT id, c FROM t; ALTER TABLE t DROP c;"
    back = "ALTER TABLE t ADD c jsonb; UPDATE t SET c = n.c FROM u n WHERE n.id = t.id; DROP TABLE u;"
    made = {"3_b": Scripts(up="ALTER TABLE t ADD b numeric DEFAULT 0.5 NOT NULL;", down="ALTER TABLE t DROP b;")}
    four = Scripts(up=add + move if moves else add, down=back + drop if moves else drop)
    home = one | two | rest
    tour.sync(home)
    tour.people("INSERT INTO t (id, d, b) VALUES (1, 1.5, 0), (2, 0, 1.50), (3, 'NaN', NULL)")
    must_come_home(tour, home, one | two | made | {"4_b": four}, one | rest)
    tour.sync(one | two | made | {"4_b": four})
    tour.sync(one | two | made)
    must_have(tour, "SELECT id, b FROM t", "1|0 2|1.50 3|0.5")
