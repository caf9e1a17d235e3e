"""Values that are easily bent: every one comes back to the bit, whatever a role or a database prefers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.law.case import Case, Journey, Variant, Work, travel
from tests.law.tour import Scripts, difference

if TYPE_CHECKING:
    from tests.law.tour import Databases, Tour

BASE = """
CREATE TYPE $pair AS (a int, b text); CREATE DOMAIN $short AS varchar(5) CHECK (VALUE <> 'x');
CREATE TYPE $mood AS ENUM ('sad', 'ok'); CREATE TYPE $span AS RANGE (subtype = float8);
CREATE TABLE $t (id int$key, f float8, g real, n numeric, ts timestamp, tz timestamptz, d date, tt timetz, i interval,
    bin bytea, arr int[], arr2 text[][], r int4range, mr tstzrange, fr $span, p $pair, pa $pair[], s $short, m $mood,
    j json, jb jsonb, c char(5), bits varbit, u uuid, mac macaddr, ip cidr, pt point, q tsquery, v tsvector);
"""
ROWS = """
INSERT INTO $t VALUES
 (1, 'NaN', 'NaN', 'NaN', 'infinity', '-infinity', 'infinity', '13:14:15.123456+05:30',
  '-1 mon +3 days 00:00:00.000001', decode('00ff5c27', 'hex'), '[0:1]={1,2}',
  ARRAY[['a', 'b,c'], [NULL, '"' || chr(92)]], '[1,5)', '[2020-01-01 00:00+00,)', '(1.5,2.25]', ROW(1, 'x,"y"'),
  '[5:6]={"(1,)",NULL}', 'abc', 'ok', '{"b": 1,  "a": [1.50]}', '{"b": 1, "a": [1.50]}', 'ab', B'0101',
  '05ed723c-e4c6-0a4f-447f-ab8ede7c1b6c', '08:00:2b:01:02:03', '10.0.0.0/8', '(0.1,-0)', 'a & b', 'a:1A'),
 (2, '-0', 'infinity', 1.10, '4713-01-01 BC', '2020-07-01 12:00:00.123456+00', '0044-03-15 BC', '00:00+00', '1 year',
  '', '{}', '{}', 'empty', 'empty', NULL, ROW(NULL, NULL), NULL, NULL, NULL, 'null', 'null', '', B'', NULL, NULL, NULL,
  NULL, NULL, ''),
 (3, 0.1 + 0.2::float8, 16777217, 1e-20, '1999-12-31 23:59:59.999999', '1999-12-31', '2004-02-29', NULL, '-00:00:01',
  decode(repeat('00ff', 3000), 'hex'), ARRAY[NULL, 1], NULL, '(,)', NULL, NULL, NULL, ARRAY[NULL]::$pair[], '', 'sad',
  to_json('"' || chr(92) || chr(233)), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
 (4, 1e308, 1e-45, 12345678901234567890.000000000100, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, to_json(repeat('long ', 50000)), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
"""
NAMES = (
    *("f", "g", "n", "ts", "tz", "d", "tt", "i", "bin", "arr", "arr2", "r", "mr", "fr", "p", "pa", "s", "m", "j"),
    *("jb", "c", "bits", "u", "mac", "ip", "pt", "q", "v"),
)
TYPES = (
    *("float8", "real", "numeric", "timestamp", "timestamptz", "date", "timetz", "interval", "bytea", "int[]"),
    *("text[][]", "int4range", "tstzrange", "$span", "$pair", "$pair[]", "$short", "$mood", "json", "jsonb", "char(5)"),
    *("varbit", "uuid", "macaddr", "cidr", "point", "tsquery", "tsvector"),
)
ADD = ", ".join(f"ADD {name} {type_}" for name, type_ in zip(NAMES, TYPES, strict=True))
DROP = ", ".join(f"DROP {name}" for name in NAMES)

DROPPED = Case(
    name="columns of every type that go",
    base=BASE,
    rows=ROWS,
    up=f"ALTER TABLE $t {DROP};",
    down=f"ALTER TABLE $t {ADD};",
    works=(
        Work(
            sql="DELETE FROM $t WHERE id = 2",
            seen={
                "SELECT id, f::text, arr::text FROM $t": "1|NaN|[0:1]={1,2} 3|0.30000000000000004|{NULL,1} 4|1e+308|"
            },
            other={
                "SELECT id, f::text, arr::text FROM $t": "1|NaN|[0:1]={1,2} 3|0.30000000000000004|{NULL,1} 4|1e+308|"
            },
        ),
    ),
)
OVERWRITTEN = Case(
    name="columns of every type that are overwritten",
    base=BASE,
    rows=ROWS,
    up=f"UPDATE $t SET ({', '.join(NAMES)}) = ({', '.join(['NULL'] * len(NAMES))});",
    down="SELECT 1;",
)
GONE = Case(
    name="a table with columns of every type that goes",
    base=BASE,
    rows=ROWS,
    up="DROP TABLE $t; DROP TYPE $pair; DROP DOMAIN $short; DROP TYPE $mood; DROP TYPE $span;",
    down=BASE,
)
COMPOSITE = Case(
    name="a composite type that gets another attribute",
    base="CREATE TYPE $pair AS (a int, b text); CREATE TABLE $t (id int$key, p $pair, q $pair[]);",
    rows="INSERT INTO $t VALUES (1, ROW(1, 'x'), ARRAY[ROW(2, 'y'), NULL]::$pair[]), (2, NULL, '{}'), (3, '(,)', NULL)",
    up="ALTER TYPE $pair ADD ATTRIBUTE c text; UPDATE $t SET p.c = 'new' WHERE id = 1;",
    down="ALTER TYPE $pair DROP ATTRIBUTE c;",
    works=(
        Work(
            sql="UPDATE $t SET p.b = 'changed' WHERE id = 1",
            seen={"SELECT id, p::text FROM $t": "1|(1,changed) 2| 3|(,)"},
            other={"SELECT id, p::text FROM $t": "1|(1,changed) 2| 3|(,)"},
            keys=(True,),
        ),
    ),
)
DOMAIN = Case(
    name="a domain that grows tighter",
    base="CREATE DOMAIN $d AS int; CREATE TABLE $t (id int$key, v $d);",
    rows="INSERT INTO $t VALUES (1, 5), (2, -5), (3, 0)",
    up="UPDATE $t SET v = abs(v); ALTER DOMAIN $d ADD CONSTRAINT positive CHECK (VALUE >= 0);",
    down="ALTER DOMAIN $d DROP CONSTRAINT positive;",
    works=(
        Work(
            sql="INSERT INTO $t VALUES (4, 4)",
            seen={"TABLE $t": "1|5 2|-5 3|0 4|4"},
            other={"TABLE $t": "1|5 2|-5 3|0 4|4"},
        ),
    ),
)
SETTINGS = (
    "datestyle = 'German, DMY'; intervalstyle = 'sql_standard'; bytea_output = 'escape'; timezone = 'Asia/Kathmandu'",
    "datestyle = 'SQL, DMY'; intervalstyle = 'iso_8601'; extra_float_digits = -10",
    "datestyle = 'Postgres, MDY'; intervalstyle = 'postgres_verbose'; array_nulls = off; quote_all_identifiers = on",
    "search_path = ''; standard_conforming_strings = off; backslash_quote = on; escape_string_warning = off; "
    "transform_null_equals = on; default_transaction_isolation = 'serializable'",
)


def test_every_value_is_the_same_to_the_bit(databases: Databases) -> None:
    travel(databases, (DROPPED, OVERWRITTEN, GONE, COMPOSITE, DOMAIN))


@pytest.mark.parametrize("settings", SETTINGS)
def test_settings_of_a_database_bend_no_value(databases: Databases, settings: str) -> None:
    tour = databases.tour(settings=settings)
    found = Journey(tour, in_every_way(DROPPED, OVERWRITTEN)).run()
    assert not found, "\n".join(found)


def in_every_way(*cases: Case) -> list[Variant]:
    """Untouched, with the right down and a missing one, with a key and without."""
    ways = [(case, down, keyed) for case in cases for down, keyed in (("right", True), ("missing", False))]
    return [
        Variant(case=case, schema=f"v{k}", down=down, keyed=keyed, work=None)
        for k, (case, down, keyed) in enumerate(ways)
    ]


def test_bytes_that_are_no_characters_come_back_in_sql_ascii(databases: Databases) -> None:
    tour = databases.tour("TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
    base = Scripts(up="CREATE TABLE t (id int, v text, w text); CREATE TABLE u (v text);", down=None)
    change = Scripts(up="ALTER TABLE t DROP v; UPDATE t SET w = ''; DROP TABLE u;", down="CREATE TABLE u (v text);")
    tour.sync({"1_base": base})
    with psycopg.connect(tour.url, autocommit=True) as connection:
        for value in (b"caf\\351", b"\\377\\376", "é".encode().hex().encode()):
            connection.execute(b"INSERT INTO t VALUES (1, E'" + value + b"', E'" + value + b"')")
            connection.execute(b"INSERT INTO u VALUES (E'" + value + b"')")
    before = in_bytes(tour)
    for _ in range(2):
        tour.sync({"1_base": base, "2_change": change})
        tour.sync({"1_base": base})
        assert in_bytes(tour) == before, str(tour)


def in_bytes(tour: Tour) -> list[tuple[object, ...]]:
    """The rows of both tables as bytes, since nobody knows what characters they are."""
    query = b"SELECT id, textsend(v), textsend(w) FROM t UNION ALL SELECT 0, textsend(v), NULL FROM u ORDER BY 1, 2, 3"
    with psycopg.connect(tour.url, autocommit=True) as connection:
        return list(connection.execute(query).fetchall())


def test_a_value_of_ten_megabytes_comes_back(tour: Tour) -> None:
    base = Scripts(up="CREATE TABLE t (v text, w bytea);", down=None)
    change = Scripts(
        up="ALTER TABLE t DROP v, DROP w, ADD x int;", down="ALTER TABLE t DROP x, ADD v text, ADD w bytea;"
    )
    tour.sync({"1_base": base})
    tour.people("INSERT INTO t SELECT repeat('0123456789', 1000000), decode(repeat('00ff', 1000000), 'hex')")
    before = tour.ask("SELECT md5(v), md5(w) FROM t")
    tour.sync({"1_base": base, "2_change": change})
    tour.sync({"1_base": base})
    assert tour.ask("SELECT md5(v), md5(w) FROM t") == before


def test_a_role_with_another_date_style_is_told_what_is_kept(databases: Databases) -> None:
    tour = databases.tour(settings="datestyle = 'German, DMY'")
    base = Scripts(up="CREATE TABLE t (id int PRIMARY KEY, x text);", down=None)
    drop = Scripts(up="DROP TABLE t;", down="CREATE TABLE t (id int PRIMARY KEY, x text);")
    tour.sync({"1_base": base})
    tour.people("INSERT INTO t VALUES (1, 'a')")
    before = tour.rows()
    tour.sync({"1_base": base, "2_drop": drop})
    assert len(tour.kept()) == 1
    assert tour.gitmig("kept", "list")[0] == 0
    tour.sync({"1_base": base})
    assert difference(before, tour.rows()) == []
    assert tour.kept() == []
