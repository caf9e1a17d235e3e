"""Scripts that write rows: updates, seeds, copies, deletes, triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.law.case import Case, Work, names, together, travel

if TYPE_CHECKING:
    from tests.law.tour import Databases

T = "CREATE TABLE $t (id int$key, tag text, v int);"
THREE = "INSERT INTO $t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)"
ALL = "SELECT id, tag, v FROM $t"
BASE = "1|a|1 2|b|2 3|c|3"

UPDATES = (
    Case(
        name="an update with its exact inverse",
        base=T,
        rows=THREE,
        up="UPDATE $t SET v = v + 1;",
        down="UPDATE $t SET v = v - 1;",
        wrong="UPDATE $t SET v = 0;",
        at_t={ALL: "1|a|2 2|b|3 3|c|4"},
        works=(
            Work(sql="INSERT INTO $t VALUES (4, 'd', 9)", seen={ALL: f"{BASE} 4|d|8"}, other={ALL: f"{BASE} 4|d|9"}),
            Work(sql="DELETE FROM $t WHERE id = 2", seen={ALL: "1|a|1 3|c|3"}, other={ALL: "1|a|1 3|c|3"}),
            Work(
                sql="UPDATE $t SET v = 50 WHERE id = 1",
                seen={ALL: "1|a|49 2|b|2 3|c|3"},
                other={ALL: "1|a|50 2|b|2 3|c|3"},
            ),
            Work(sql="UPDATE $t SET tag = 'z' WHERE id = 1", seen={ALL: "1|z|1 2|b|2 3|c|3"}),
            Work(at="S", sql="INSERT INTO $t VALUES (4, 'd', 9)", seen={ALL: "1|a|2 2|b|3 3|c|4 4|d|10"}),
            Work(at="S", sql="DELETE FROM $t WHERE id = 2", seen={ALL: "1|a|2 3|c|4"}, other={ALL: "1|a|2 3|c|4"}),
        ),
    ),
    Case(
        name="rows that are alike",
        base="CREATE TABLE $t (tag text, v int);",
        rows="INSERT INTO $t VALUES ('a', 1), ('a', 1), ('a', 1), ('b', 2)",
        up="UPDATE $t SET v = v * 10;",
        down="UPDATE $t SET v = v / 10;",
        wrong="SELECT 1;",
        works=(
            Work(
                sql="DELETE FROM $t WHERE ctid = (SELECT min(ctid) FROM $t WHERE tag = 'a')",
                seen={"TABLE $t": "a|1 a|1 b|2"},
                other={"TABLE $t": "a|1 a|1 b|2"},
            ),
            Work(
                sql="INSERT INTO $t VALUES ('a', 10)",
                seen={"TABLE $t": "a|1 a|1 a|1 a|1 b|2"},
                other={"SELECT tag FROM $t": "a a a a b"},
            ),
        ),
    ),
    Case(
        name="an update that nothing can undo",
        base="CREATE TABLE $t (id int$key, tag text, c float8, v int);",
        rows="INSERT INTO $t VALUES (1, 'a', 1, 1), (2, 'b', 2, 2), (3, 'b', 2, 3)",
        up="UPDATE $t SET v = 7;",
        down="SELECT 1;",
        works=(
            Work(
                sql="UPDATE $t SET c = 'NaN' WHERE tag = 'a'",
                seen={"SELECT tag, c::text, v FROM $t": "a|NaN|1 b|2|2 b|2|3"},
                other={"SELECT tag, c::text, v FROM $t": "a|NaN|1 b|2|2 b|2|3"},
                keys=(True,),
            ),
            Work(
                sql="UPDATE $t SET c = 'NaN' WHERE tag = 'a'",
                seen={"SELECT tag, c::text FROM $t": "a|NaN b|2 b|2", "SELECT v FROM $t WHERE tag = 'b'": "2 3"},
                other={"SELECT tag, c::text FROM $t": "a|NaN b|2 b|2", "SELECT v FROM $t WHERE tag = 'b'": "2 3"},
                keys=(False,),
            ),
            Work(
                sql="UPDATE $t SET v = 8 WHERE id = 2",
                seen={"SELECT id, v FROM $t": "1|1 2|8 3|3"},
                other={"SELECT id, v FROM $t": "1|1 2|8 3|3"},
            ),
        ),
    ),
    Case(
        name="prices in cents",
        base="CREATE TABLE $t (id int$key, price numeric(10,2));",
        rows="INSERT INTO $t VALUES (1, 1.50), (2, 2.99)",
        up="UPDATE $t SET price = price * 100;",
        down="UPDATE $t SET price = price / 100;",
        works=(
            Work(sql="INSERT INTO $t VALUES (3, 700)", seen={"SELECT id, price FROM $t": "1|1.50 2|2.99 3|7.00"}),
            Work(
                sql="UPDATE $t SET price = 800 WHERE id = 1",
                seen={"SELECT id, price FROM $t": "1|8.00 2|2.99"},
                other={"SELECT id, price FROM $t": "1|800.00 2|2.99"},
            ),
        ),
    ),
    Case(
        name="an update with random and now",
        base="CREATE TABLE $t (id int$key, r float8, at timestamptz);",
        rows="INSERT INTO $t VALUES (1, 0.25, '2020-01-01'), (2, NULL, '2021-01-01')",
        up="UPDATE $t SET r = random(), at = clock_timestamp();",
        down="UPDATE $t SET r = random(), at = now();",
        works=(
            Work(
                sql="DELETE FROM $t WHERE id = 1",
                seen={"SELECT id, r, at::date FROM $t": "2||2021-01-01"},
                other={"SELECT id, r, at::date FROM $t": "2||2021-01-01"},
            ),
        ),
    ),
    Case(
        name="a column filled from what another table holds",
        base="CREATE TABLE $posts (id int$key, n int); CREATE TABLE $comments (id int$key, post int);",
        rows="INSERT INTO $posts VALUES (1, 0), (2, 0); INSERT INTO $comments VALUES (1, 1), (2, 1), (3, 2)",
        up="UPDATE $posts p SET n = (SELECT count(*) FROM $comments c WHERE c.post = p.id);",
        down="UPDATE $posts SET n = 0;",
        at_t={"SELECT id, n FROM $posts": "1|2 2|1"},
        works=(
            Work(
                at="S",
                sql="INSERT INTO $comments VALUES (4, 2)",
                seen={"SELECT id, n FROM $posts": "1|2 2|2", "SELECT id FROM $comments": "1 2 3 4"},
                other={"SELECT id, n FROM $posts": "1|2 2|2", "SELECT id FROM $comments": "1 2 3 4"},
            ),
        ),
    ),
)

V = "CREATE TABLE $t (id int$key, v text);"
OWN = "INSERT INTO $t VALUES (5, 'own')"
NOT_SEED = "SELECT id, v FROM $t WHERE v <> 'seed'"

SEEDS = (
    Case(
        name="a seed",
        base=V,
        rows=OWN,
        up="INSERT INTO $t VALUES (1, 'seed');",
        down="DELETE FROM $t WHERE v = 'seed';",
        wrong="DELETE FROM $t;",
        at_t={"TABLE $t": "1|seed 5|own"},
        works=(
            Work(sql="INSERT INTO $t VALUES (9, 'p')", seen={"TABLE $t": "5|own 9|p"}, other={NOT_SEED: "5|own 9|p"}),
            Work(sql="DELETE FROM $t WHERE id = 1", seen={"TABLE $t": "5|own"}, other={NOT_SEED: "5|own"}),
            Work(sql="DELETE FROM $t WHERE id = 5", seen={"TABLE $t": ""}, other={NOT_SEED: ""}),
            Work(
                at="S",
                sql="INSERT INTO $t VALUES (9, 'p')",
                seen={"TABLE $t": "1|seed 5|own 9|p"},
                other={"TABLE $t": "1|seed 5|own 9|p"},
            ),
        ),
    ),
    Case(
        name="a seed into an empty table",
        base="CREATE TABLE $t (tag text);",
        rows="SELECT 1",
        up="INSERT INTO $t VALUES ('seed'), ('seed');",
        down="DELETE FROM $t;",
        at_t={"TABLE $t": "seed seed"},
        works=(
            Work(
                sql="INSERT INTO $t VALUES ('p')",
                seen={"TABLE $t": "p"},
                other={"SELECT * FROM $t WHERE tag <> 'seed'": "p"},
            ),
        ),
    ),
    Case(
        name="a seed with a serial number and a time",
        base="CREATE TABLE $t (id serial$key, v text, at timestamptz DEFAULT clock_timestamp());",
        rows="INSERT INTO $t (v) VALUES ('own'), ('mine')",
        up="INSERT INTO $t (v) VALUES ('seed');",
        down="DELETE FROM $t WHERE v = 'seed';",
        wrong="DELETE FROM $t WHERE id = 3;",
        at_t={"SELECT v FROM $t": "mine own seed"},
        works=(
            Work(
                sql="INSERT INTO $t (v) VALUES ('p')",
                seen={"SELECT v FROM $t": "mine own p"},
                other={"SELECT v FROM $t WHERE v <> 'seed'": "mine own p"},
            ),
            Work(
                at="S",
                sql="INSERT INTO $t (v) VALUES ('p')",
                seen={"SELECT v FROM $t": "mine own p seed"},
                other={"SELECT v FROM $t": "mine own p seed"},
            ),
        ),
    ),
    Case(
        name="a seed with an identity column and another that refers to it",
        base="""CREATE TABLE $t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
            CREATE TABLE $r (t bigint REFERENCES $t, v text);""",
        rows="INSERT INTO $t (v) VALUES ('own'); INSERT INTO $r VALUES (1, 'own')",
        up="WITH s AS (INSERT INTO $t (v) VALUES ('seed') RETURNING id) INSERT INTO $r SELECT id, 'seed' FROM s;",
        down="DELETE FROM $r WHERE v = 'seed'; DELETE FROM $t WHERE v = 'seed';",
        at_t={"SELECT t.v, r.v FROM $t t JOIN $r r ON r.t = t.id": "own|own seed|seed"},
        works=(
            Work(
                sql="INSERT INTO $t (v) VALUES ('p'); INSERT INTO $r SELECT max(id), 'p' FROM $t",
                seen={"SELECT t.v, r.v FROM $t t JOIN $r r ON r.t = t.id": "own|own p|p"},
            ),
        ),
    ),
    Case(
        name="a seed that does nothing on conflict",
        base=V,
        rows="INSERT INTO $t VALUES (1, 'own')",
        up="INSERT INTO $t SELECT 1, 'seed' WHERE NOT EXISTS (SELECT FROM $t WHERE id = 1) UNION ALL SELECT 2, 'seed';",
        down="DELETE FROM $t WHERE id = 2;",
        at_t={"TABLE $t": "1|own 2|seed"},
        works=(
            Work(
                sql="UPDATE $t SET v = 'changed' WHERE id = 1",
                seen={"TABLE $t": "1|changed"},
                other={NOT_SEED: "1|changed"},
            ),
        ),
    ),
    Case(
        name="rows copied from another table",
        base="CREATE TABLE $a (id int$key, v text); CREATE TABLE $b (id int$key, v text);",
        rows="INSERT INTO $a VALUES (1, 'x'), (2, 'y'); INSERT INTO $b VALUES (100, 'own')",
        up="INSERT INTO $b SELECT id, v FROM $a;",
        down="DELETE FROM $b WHERE id IN (SELECT id FROM $a);",
        at_t={"TABLE $b": "100|own 1|x 2|y"},
        works=(
            Work(
                sql="INSERT INTO $a VALUES (3, 'z')",
                seen={"TABLE $a": "1|x 2|y 3|z", "TABLE $b": "100|own"},
                other={"TABLE $a": "1|x 2|y 3|z"},
            ),
            Work(
                sql="INSERT INTO $b VALUES (101, 'p')",
                seen={"TABLE $b": "100|own 101|p"},
                other={"SELECT id FROM $b WHERE id > 9": "100 101", "TABLE $a": "1|x 2|y"},
            ),
            Work(
                at="S",
                sql="INSERT INTO $a VALUES (3, 'z')",
                seen={"TABLE $a": "1|x 2|y 3|z", "TABLE $b": "100|own 1|x 2|y 3|z"},
                other={"TABLE $a": "1|x 2|y 3|z", "TABLE $b": "100|own 1|x 2|y 3|z"},
            ),
        ),
    ),
    Case(
        name="a new table filled from an old one",
        base=V,
        rows="INSERT INTO $t VALUES (1, 'x'), (2, 'y')",
        up="CREATE TABLE $n (id int$key, v text); INSERT INTO $n SELECT id, upper(v) FROM $t;",
        down="DROP TABLE $n;",
        at_t={"TABLE $n": "1|X 2|Y"},
        works=(
            Work(sql="INSERT INTO $n VALUES (9, 'P')", seen={"TABLE $t": "1|x 2|y"}, other={"TABLE $t": "1|x 2|y"}),
            Work(
                sql="UPDATE $n SET v = 'P' WHERE id = 1; DELETE FROM $n WHERE id = 2",
                seen={"TABLE $t": "1|x 2|y"},
                other={"TABLE $t": "1|x 2|y"},
            ),
            Work(
                at="S",
                sql="INSERT INTO $t VALUES (3, 'z')",
                seen={"TABLE $n": "1|X 2|Y 3|Z"},
                other={"TABLE $n": "1|X 2|Y 3|Z"},
            ),
        ),
    ),
    Case(
        name="a table made of a query",
        base=V,
        rows="INSERT INTO $t VALUES (1, 'x'), (2, 'y')",
        up="CREATE TABLE $n AS SELECT v, random() AS r FROM $t;",
        down="DROP TABLE $n;",
        works=(
            Work(
                sql="INSERT INTO $n VALUES ('p', 1); DELETE FROM $n WHERE v = 'x'",
                seen={"TABLE $t": "1|x 2|y"},
                other={"TABLE $t": "1|x 2|y"},
            ),
        ),
    ),
)

DELETES = (
    Case(
        name="a delete with a down that inserts again",
        base="CREATE TABLE $t (id int$key, v int);",
        rows="INSERT INTO $t VALUES (1, 1), (2, 2), (3, 3), (4, 4)",
        up="DELETE FROM $t WHERE v > 2;",
        down="INSERT INTO $t VALUES (3, 3), (4, 4);",
        wrong="INSERT INTO $t VALUES (3, 33), (4, 4), (5, 5);",
        at_t={"TABLE $t": "1|1 2|2"},
        works=(
            Work(
                sql="INSERT INTO $t VALUES (9, 1)",
                seen={"TABLE $t": "1|1 2|2 3|3 4|4 9|1"},
                other={"TABLE $t": "1|1 2|2 3|3 4|4 9|1"},
            ),
            Work(
                sql="DELETE FROM $t WHERE id = 1",
                seen={"TABLE $t": "2|2 3|3 4|4"},
                other={"TABLE $t": "2|2 3|3 4|4"},
            ),
            Work(
                sql="UPDATE $t SET v = 0 WHERE id = 1",
                seen={"TABLE $t": "1|0 2|2 3|3 4|4"},
                other={"TABLE $t": "1|0 2|2 3|3 4|4"},
            ),
            Work(at="S", sql="DELETE FROM $t WHERE id = 1", seen={"TABLE $t": "2|2"}, other={"TABLE $t": "2|2"}),
        ),
    ),
    Case(
        name="a delete that cascades",
        base="""CREATE TABLE $u (id int PRIMARY KEY, v text);
            CREATE TABLE $p (id int$key, u int REFERENCES $u ON DELETE CASCADE, v text);""",
        rows="INSERT INTO $u VALUES (1, 'a'), (2, 'b'); INSERT INTO $p VALUES (1, 1, 'x'), (2, 2, 'y'), (3, 2, 'y')",
        up="DELETE FROM $u WHERE id = 2;",
        down="INSERT INTO $u VALUES (2, 'b');",
        at_t={"TABLE $p": "1|1|x"},
        works=(
            Work(
                sql="INSERT INTO $u VALUES (3, 'c'); INSERT INTO $p VALUES (4, 3, 'z')",
                seen={"TABLE $u": "1|a 2|b 3|c", "TABLE $p": "1|1|x 2|2|y 3|2|y 4|3|z"},
                other={"TABLE $u": "1|a 2|b 3|c", "TABLE $p": "1|1|x 2|2|y 3|2|y 4|3|z"},
            ),
        ),
    ),
    Case(
        name="truncate",
        base="CREATE TABLE $t (id int$key, v text);",
        rows="INSERT INTO $t VALUES (1, 'a'), (2, 'b'), (3, 'b')",
        up="TRUNCATE $t;",
        down="SELECT 1;",
        at_t={"TABLE $t": ""},
        works=(
            Work(
                sql="INSERT INTO $t VALUES (9, 'p')",
                seen={"TABLE $t": "1|a 2|b 3|b 9|p"},
                other={"TABLE $t": "1|a 2|b 3|b 9|p"},
            ),
        ),
    ),
    Case(
        name="truncate with serial numbers begun anew",
        base="CREATE TABLE $t (id serial$key, v text);",
        rows="INSERT INTO $t (v) VALUES ('a'), ('b')",
        up="TRUNCATE $t RESTART IDENTITY;",
        down="SELECT 1;",
        at_t={"TABLE $t": ""},
    ),
    Case(
        name="rows thinned out to be unique",
        base="CREATE TABLE $t (id int$key, mail text);",
        rows="INSERT INTO $t VALUES (1, 'Ann'), (2, 'ann'), (3, 'bob')",
        up="""DELETE FROM $t a USING $t b WHERE lower(a.mail) = lower(b.mail) AND a.id > b.id;
            UPDATE $t SET mail = lower(mail); CREATE UNIQUE INDEX t_mail ON $t (lower(mail));""",
        down="DROP INDEX $t_mail;",
        at_t={"TABLE $t": "1|ann 3|bob"},
        works=(
            Work(
                sql="INSERT INTO $t VALUES (4, 'cyd')",
                seen={"TABLE $t": "1|Ann 2|ann 3|bob 4|cyd"},
                other={"TABLE $t": "1|Ann 2|ann 3|bob 4|cyd"},
            ),
            Work(
                sql="DELETE FROM $t WHERE id = 3", seen={"TABLE $t": "1|Ann 2|ann"}, other={"TABLE $t": "1|Ann 2|ann"}
            ),
        ),
    ),
    Case(
        name="merge",
        needs=150_000,
        base=T,
        rows=THREE,
        up="""MERGE INTO $t t USING (VALUES (1, 10), (2, 20), (4, 40)) s (id, v) ON t.id = s.id
            WHEN MATCHED AND s.id = 2 THEN DELETE WHEN MATCHED THEN UPDATE SET v = s.v
            WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'merged', s.v);""",
        down="DELETE FROM $t WHERE id = 4; INSERT INTO $t VALUES (2, 'b', 2); UPDATE $t SET v = 1 WHERE id = 1;",
        at_t={ALL: "1|a|10 3|c|3 4|merged|40"},
        works=(
            Work(
                sql="INSERT INTO $t VALUES (9, 'p', 9)",
                seen={ALL: f"{BASE} 9|p|9"},
                other={"SELECT id, tag, v FROM $t WHERE id <> 4": f"{BASE} 9|p|9"},
            ),
        ),
    ),
)

JOURNAL = """CREATE TABLE $t (id int PRIMARY KEY, v int); CREATE TABLE $j (id int, v int);
CREATE FUNCTION $log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO $j VALUES (new.id, new.v); RETURN null;
END $$; CREATE TRIGGER j AFTER UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION $log();"""

TRIGGERS = (
    Case(
        name="a journal written by a trigger",
        base=JOURNAL,
        rows="INSERT INTO $t VALUES (1, 1), (2, 2); INSERT INTO $j VALUES (7, 7), (7, 7)",
        up="UPDATE $t SET v = v + 1;",
        down="UPDATE $t SET v = v - 1;",
        at_t={"TABLE $j": "1|2 2|3 7|7 7|7"},
        works=(
            Work(
                sql="UPDATE $t SET v = 50 WHERE id = 1",
                seen={"TABLE $t": "1|49 2|2", "SELECT * FROM $j WHERE v IN (7, 50)": "1|50 7|7 7|7"},
                other={"TABLE $t": "1|50 2|2", "SELECT * FROM $j WHERE v IN (7, 50)": "1|50 7|7 7|7"},
            ),
        ),
    ),
    Case(
        name="a journal with a serial key and a time",
        base=JOURNAL.replace(
            "$j (id int, v int)",
            "$l (n serial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(), id int, v int)",
        ).replace("$j VALUES", "$l (id, v) VALUES"),
        rows="INSERT INTO $t VALUES (1, 1), (2, 2); UPDATE $t SET v = 3 WHERE id = 1",
        up="UPDATE $t SET v = v + 1;",
        down="UPDATE $t SET v = v - 1;",
        at_t={"SELECT id, v FROM $l": "1|3 1|4 2|3"},
        works=(
            Work(
                sql="UPDATE $t SET v = 50 WHERE id = 1",
                seen={"TABLE $t": "1|49 2|2", "SELECT id, v FROM $l WHERE v = 50": "1|50"},
                other={"TABLE $t": "1|50 2|2", "SELECT id, v FROM $l WHERE v = 50": "1|50"},
            ),
            Work(
                at="S",
                sql="UPDATE $t SET v = 50 WHERE id = 1",
                seen={"TABLE $t": "1|51 2|3", "SELECT id, v FROM $l WHERE v = 50": "1|50"},
            ),
        ),
    ),
    Case(
        name="a trigger that fills another table on insert",
        base="""CREATE TABLE $a (id int PRIMARY KEY, v text); CREATE TABLE $b (a int REFERENCES $a, made timestamptz);
            CREATE FUNCTION $f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO $b VALUES (new.id, clock_timestamp()); RETURN null; END $$;
            CREATE TRIGGER f AFTER INSERT ON $a FOR EACH ROW EXECUTE FUNCTION $f();""",
        rows="INSERT INTO $a VALUES (1, 'own')",
        up="INSERT INTO $a VALUES (2, 'seed');",
        down="DELETE FROM $b WHERE a = 2; DELETE FROM $a WHERE id = 2;",
        at_t={"SELECT a FROM $b": "1 2"},
        works=(
            Work(
                sql="INSERT INTO $a VALUES (3, 'p')",
                seen={"TABLE $a": "1|own 3|p", "SELECT a FROM $b": "1 3"},
                other={"SELECT id FROM $a WHERE id <> 2": "1 3", "SELECT a FROM $b WHERE a <> 2": "1 3"},
            ),
        ),
    ),
    Case(
        name="a trigger that stamps the time of every change",
        base="""CREATE TABLE $t (id int$key, v int, changed timestamptz DEFAULT clock_timestamp());
            CREATE FUNCTION $f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            new.changed := clock_timestamp(); RETURN new; END $$;
            CREATE TRIGGER f BEFORE UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION $f();""",
        rows="INSERT INTO $t VALUES (1, 1, '2020-01-01'), (2, 2, '2020-01-02')",
        up="UPDATE $t SET v = v + 1 WHERE id = 1;",
        down="UPDATE $t SET v = v - 1 WHERE id = 1;",
        works=(
            Work(
                sql="DELETE FROM $t WHERE id = 2",
                seen={"SELECT id, v, changed::date FROM $t": "1|1|2020-01-01"},
                other={"SELECT id, v, changed::date FROM $t": "1|1|2020-01-01"},
            ),
        ),
    ),
)


@pytest.mark.parametrize("cases", together(UPDATES, SEEDS, DELETES, TRIGGERS), ids=names)
def test_a_script_that_writes_rows_is_lossless(databases: Databases, cases: tuple[Case, ...]) -> None:
    travel(databases, cases)
