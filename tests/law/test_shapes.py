"""Scripts that change what a table is: columns, keys, names, types, tables split and folded, partitions, heirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.law.case import Case, Work, names, together, travel
from tests.law.tour import Scripts, difference

if TYPE_CHECKING:
    from tests.law.tour import Databases, Tour

pytestmark = pytest.mark.each_choice

COLUMNS = (
    Case(
        name="a new column with a default",
        base="CREATE TABLE $t (id int$key, x text);",
        rows="INSERT INTO $t VALUES (1, 'x'), (2, 'x'), (3, 'y')",
        up="ALTER TABLE $t ADD b int NOT NULL DEFAULT 0;",
        down="ALTER TABLE $t DROP b;",
        wrong="ALTER TABLE $t DROP c;",
        works=(
            Work(
                sql="UPDATE $t SET b = 2 WHERE id = 1",
                seen={"TABLE $t": "1|x 2|x 3|y"},
                other={"TABLE $t": "1|x 2|x 3|y"},
            ),
            Work(sql="DELETE FROM $t WHERE id = 1", seen={"TABLE $t": "2|x 3|y"}, other={"TABLE $t": "2|x 3|y"}),
            Work(
                sql="INSERT INTO $t VALUES (4, 'z', 7)",
                seen={"TABLE $t": "1|x 2|x 3|y 4|z"},
                other={"TABLE $t": "1|x 2|x 3|y 4|z"},
            ),
            Work(
                at="S",
                sql="DELETE FROM $t WHERE id = 1; INSERT INTO $t VALUES (4, 'z')",
                seen={"TABLE $t": "2|x|0 3|y|0 4|z|0"},
                other={"TABLE $t": "2|x|0 3|y|0 4|z|0"},
            ),
        ),
    ),
    Case(
        name="a new column in rows that are alike",
        base="CREATE TABLE $t (v int, x text);",
        rows="INSERT INTO $t VALUES (1, 'x'), (1, 'x')",
        up="ALTER TABLE $t ADD b int DEFAULT 0;",
        down="ALTER TABLE $t DROP b;",
        works=(
            Work(
                sql="UPDATE $t SET b = 2 WHERE ctid = (SELECT min(ctid) FROM $t)",
                seen={"TABLE $t": "1|x 1|x"},
                other={"TABLE $t": "1|x 1|x"},
            ),
            Work(
                sql="DELETE FROM $t WHERE ctid = (SELECT min(ctid) FROM $t)",
                seen={"TABLE $t": "1|x"},
                other={"TABLE $t": "1|x"},
            ),
        ),
    ),
    Case(
        name="new columns with defaults that are never twice the same",
        base="CREATE TABLE $t (id int$key, x text);",
        rows="INSERT INTO $t VALUES (1, 'x'), (2, 'y')",
        up="""CREATE SEQUENCE $s; ALTER TABLE $t ADD at timestamptz DEFAULT clock_timestamp(),
            ADD r float8 DEFAULT random(), ADD u uuid DEFAULT gen_random_uuid(), ADD n bigint DEFAULT nextval('$s');""",
        down="ALTER TABLE $t DROP at, DROP r, DROP u, DROP n; DROP SEQUENCE $s;",
        works=(
            Work(
                sql="INSERT INTO $t VALUES (3, 'z')",
                seen={"TABLE $t": "1|x 2|y 3|z"},
                other={"TABLE $t": "1|x 2|y 3|z"},
            ),
        ),
    ),
    Case(
        name="a serial key for a table that had none",
        base="CREATE TABLE $t (x text, v int);",
        rows="INSERT INTO $t VALUES ('a', 1), ('b', 2), ('b', 2), ('c', 3)",
        up="ALTER TABLE $t ADD id serial PRIMARY KEY; UPDATE $t SET v = v + 1;",
        down="UPDATE $t SET v = v - 1; ALTER TABLE $t DROP id;",
        works=(
            Work(sql="INSERT INTO $t VALUES ('d', 5)", seen={"TABLE $t": "a|1 b|2 b|2 c|3 d|4"}),
            Work(
                sql="DELETE FROM $t WHERE id = (SELECT min(id) FROM $t WHERE x = 'b')",
                seen={"TABLE $t": "a|1 b|2 c|3"},
                other={"TABLE $t": "a|1 b|2 c|3"},
            ),
            Work(
                sql="UPDATE $t SET x = 'z' WHERE x = 'c'",
                seen={"TABLE $t": "a|1 b|2 b|2 z|3"},
                other={"SELECT x FROM $t": "a b b z"},
            ),
        ),
    ),
    Case(
        name="a key that is dropped",
        base="CREATE TABLE $t (id int PRIMARY KEY, v text);",
        rows="INSERT INTO $t VALUES (1, 'a'), (2, 'b')",
        up="ALTER TABLE $t DROP CONSTRAINT t_pkey; UPDATE $t SET v = upper(v);",
        down="UPDATE $t SET v = lower(v); ALTER TABLE $t ADD PRIMARY KEY (id);",
        works=(
            Work(sql="INSERT INTO $t VALUES (3, 'C')", seen={"TABLE $t": "1|a 2|b 3|c"}),
            Work(sql="DELETE FROM $t WHERE id = 1", seen={"TABLE $t": "2|b"}, other={"TABLE $t": "2|b"}),
        ),
    ),
    Case(
        name="a key column that is dropped",
        base="CREATE TABLE $t (id int PRIMARY KEY, v text);",
        rows="INSERT INTO $t VALUES (1, 'a'), (2, 'b'), (3, 'b')",
        up="ALTER TABLE $t DROP id;",
        down="ALTER TABLE $t ADD id serial PRIMARY KEY; ALTER TABLE $t ALTER id DROP DEFAULT; DROP SEQUENCE $t_id_seq;",
        wrong="ALTER TABLE $t ADD id int;",
        works=(
            Work(
                sql="DELETE FROM $t WHERE v = 'a'",
                seen={"SELECT id, v FROM $t": "2|b 3|b"},
                other={"SELECT id, v FROM $t": "2|b 3|b"},
            ),
            Work(sql="INSERT INTO $t VALUES ('c')", seen={"SELECT v FROM $t": "a b b c"}),
        ),
    ),
    Case(
        name="another key",
        base="CREATE TABLE $t (id int PRIMARY KEY, code text NOT NULL, v int);",
        rows="INSERT INTO $t VALUES (1, 'a', 1), (2, 'b', 2)",
        up="ALTER TABLE $t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (code), DROP id;",
        down="""ALTER TABLE $t DROP CONSTRAINT t_pkey; ALTER TABLE $t ADD id int; UPDATE $t SET id = ascii(code) - 96;
            ALTER TABLE $t ADD PRIMARY KEY (id);""",
        works=(
            Work(
                sql="UPDATE $t SET v = 9 WHERE code = 'a'",
                seen={"SELECT id, code, v FROM $t": "1|a|9 2|b|2"},
                other={"SELECT id, code, v FROM $t": "1|a|9 2|b|2"},
            ),
            Work(
                sql="DELETE FROM $t WHERE code = 'a'",
                seen={"SELECT id, code, v FROM $t": "2|b|2"},
                other={"SELECT id, code, v FROM $t": "2|b|2"},
            ),
        ),
    ),
    Case(
        name="a required column that is dropped",
        base="CREATE TABLE $t (id int$key, tag text, c int NOT NULL);",
        rows="INSERT INTO $t VALUES (1, 'a', 1), (1 + 1, 'a', 1), (3, 'b', 2)",
        up="ALTER TABLE $t DROP c;",
        down="ALTER TABLE $t ADD c int NOT NULL DEFAULT 0; ALTER TABLE $t ALTER c DROP DEFAULT;",
        wrong="ALTER TABLE $t ADD c int;",
        works=(
            Work(
                sql="DELETE FROM $t WHERE id = 1",
                seen={"TABLE $t": "2|a|1 3|b|2"},
                other={"SELECT id, tag, c FROM $t": "2|a|1 3|b|2"},
            ),
            Work(sql="INSERT INTO $t VALUES (4, 'z')", seen={"TABLE $t": "1|a|1 2|a|1 3|b|2 4|z|0"}),
            Work(
                sql="UPDATE $t SET tag = 'z' WHERE id = 3",
                seen={"TABLE $t": "1|a|1 2|a|1 3|z|2"},
                other={"SELECT id, tag, c FROM $t": "1|a|1 2|a|1 3|z|2"},
                keys=(True,),
            ),
        ),
    ),
    Case(
        name="a required column that is dropped where rows are alike",
        base="CREATE TABLE $t (tag text, c int NOT NULL);",
        rows="INSERT INTO $t VALUES ('a', 1), ('a', 1), ('a', 7), ('b', 2)",
        up="ALTER TABLE $t DROP c;",
        down="ALTER TABLE $t ADD c int;",
        works=(
            Work(
                sql="DELETE FROM $t WHERE tag = 'b'",
                seen={"SELECT tag, c FROM $t": "a|1 a|1 a|7"},
                other={"SELECT tag, c FROM $t": "a|1 a|1 a|7"},
            ),
        ),
    ),
    Case(
        name="a column of another type",
        base="CREATE TABLE $t (id int$key, v numeric(10,2));",
        rows="INSERT INTO $t VALUES (1, 1.25), (2, 2.50), (3, 1.49)",
        up="ALTER TABLE $t ALTER v TYPE int;",
        down="ALTER TABLE $t ALTER v TYPE numeric(10,2);",
        works=(
            Work(
                sql="UPDATE $t SET v = 100 WHERE id = 2",
                seen={"TABLE $t": "1|1.25 2|100.00 3|1.49"},
                other={"TABLE $t": "1|1.25 2|100.00 3|1.49"},
            ),
            Work(
                sql="INSERT INTO $t VALUES (4, 4)",
                seen={"TABLE $t": "1|1.25 2|2.50 3|1.49 4|4.00"},
                other={"TABLE $t": "1|1.25 2|2.50 3|1.49 4|4.00"},
            ),
            Work(
                sql="DELETE FROM $t WHERE id = 2",
                seen={"TABLE $t": "1|1.25 3|1.49"},
                other={"TABLE $t": "1|1.25 3|1.49"},
            ),
        ),
    ),
    Case(
        name="text that is cut",
        base="CREATE TABLE $t (id int$key, v text);",
        rows="INSERT INTO $t VALUES (1, 'abcdef'), (2, 'abcxyz'), (3, NULL)",
        up="ALTER TABLE $t ALTER v TYPE varchar(3) USING left(v, 3);",
        down="ALTER TABLE $t ALTER v TYPE text;",
        at_t={"TABLE $t": "1|abc 2|abc 3|"},
        works=(
            Work(
                sql="UPDATE $t SET v = 'new' WHERE id = 1",
                seen={"TABLE $t": "1|new 2|abcxyz 3|"},
                other={"TABLE $t": "1|new 2|abcxyz 3|"},
            ),
        ),
    ),
    Case(
        name="an enum instead of text",
        base="CREATE TABLE $t (id int$key, v text);",
        rows="INSERT INTO $t VALUES (1, 'sad'), (2, 'ok'), (3, 'odd')",
        up="""CREATE TYPE $mood AS ENUM ('sad', 'ok');
            ALTER TABLE $t ALTER v TYPE $mood USING (CASE WHEN v IN ('sad', 'ok') THEN v END)::$mood;""",
        down="ALTER TABLE $t ALTER v TYPE text; DROP TYPE $mood;",
        at_t={"SELECT id, v::text FROM $t": "1|sad 2|ok 3|"},
        works=(
            Work(
                sql="UPDATE $t SET v = 'ok' WHERE id = 1",
                seen={"TABLE $t": "1|ok 2|ok 3|odd"},
                other={"TABLE $t": "1|ok 2|ok 3|odd"},
            ),
        ),
    ),
    Case(
        name="a generated column that goes",
        base="CREATE TABLE $t (id int$key, a int, g int GENERATED ALWAYS AS (a * 2) STORED);",
        rows="INSERT INTO $t VALUES (1, 10), (2, 20)",
        up="ALTER TABLE $t DROP g; UPDATE $t SET a = a + 1;",
        down="UPDATE $t SET a = a - 1; ALTER TABLE $t ADD g int GENERATED ALWAYS AS (a * 2) STORED;",
        works=(
            Work(sql="INSERT INTO $t VALUES (3, 31)", seen={"SELECT id, a, g FROM $t": "1|10|20 2|20|40 3|30|60"}),
            Work(
                sql="DELETE FROM $t WHERE id = 1",
                seen={"SELECT id, a, g FROM $t": "2|20|40"},
                other={"SELECT id, a, g FROM $t": "2|20|40"},
            ),
        ),
    ),
    Case(
        name="a generated column that comes",
        base="CREATE TABLE $t (id int$key, a text);",
        rows="INSERT INTO $t VALUES (1, 'x'), (2, 'y')",
        up="ALTER TABLE $t ADD g text GENERATED ALWAYS AS (upper(a)) STORED;",
        down="ALTER TABLE $t DROP g;",
        works=(
            Work(
                sql="UPDATE $t SET a = 'z' WHERE id = 1",
                seen={"TABLE $t": "1|z 2|y"},
                other={"TABLE $t": "1|z 2|y"},
            ),
        ),
    ),
    Case(
        name="an identity column",
        base="CREATE TABLE $t (id bigint GENERATED ALWAYS AS IDENTITY$key, v int);",
        rows="INSERT INTO $t (v) VALUES (1), (2), (3); DELETE FROM $t WHERE v = 2",
        up="UPDATE $t SET v = v * 2; ALTER TABLE $t ADD w text;",
        down="ALTER TABLE $t DROP w; UPDATE $t SET v = v / 2;",
        works=(
            Work(
                sql="INSERT INTO $t (v, w) VALUES (8, 'p')",
                seen={"SELECT v FROM $t": "1 3 4"},
                other={"SELECT count(*) FROM $t": "3"},
            ),
            Work(
                at="S",
                sql="INSERT INTO $t (v) VALUES (8)",
                seen={"SELECT v FROM $t": "16 2 6"},
                other={"SELECT v FROM $t": "16 2 6"},
            ),
        ),
    ),
    Case(
        name="a table with an identity column that is dropped",
        base="CREATE TABLE $t (id int GENERATED BY DEFAULT AS IDENTITY$key, v int);",
        rows="INSERT INTO $t (v) VALUES (1), (2); INSERT INTO $t VALUES (10, 10)",
        up="DROP TABLE $t;",
        down="CREATE TABLE $t (id int GENERATED BY DEFAULT AS IDENTITY$key, v int);",
    ),
)

NAMES = (
    Case(
        name="a column with another name",
        base="CREATE TABLE $t (id int$key, a text);",
        rows="INSERT INTO $t VALUES (1, 'x'), (2, 'y'), (3, 'y')",
        up="ALTER TABLE $t RENAME a TO b; UPDATE $t SET b = upper(b);",
        down="UPDATE $t SET b = lower(b); ALTER TABLE $t RENAME b TO a;",
        works=(
            Work(sql="INSERT INTO $t VALUES (4, 'Z')", seen={"TABLE $t": "1|x 2|y 3|y 4|z"}),
            Work(sql="DELETE FROM $t WHERE id = 2", seen={"TABLE $t": "1|x 3|y"}, other={"SELECT id FROM $t": "1 3"}),
        ),
    ),
    Case(
        name="a table with another name and another column",
        base="CREATE TABLE $t (id int$key, a text);",
        rows="INSERT INTO $t VALUES (1, 'x'), (2, 'y')",
        up="ALTER TABLE $t RENAME TO n; ALTER TABLE $n ADD b int DEFAULT 3;",
        down="ALTER TABLE $n DROP b; ALTER TABLE $n RENAME TO t;",
        works=(
            Work(
                sql="INSERT INTO $n VALUES (3, 'z', 4); DELETE FROM $n WHERE id = 1",
                seen={"TABLE $t": "2|y 3|z"},
                other={"TABLE $t": "2|y 3|z"},
            ),
        ),
    ),
    Case(
        name="a table in another schema",
        base="CREATE TABLE $t (id int$key, a text);",
        rows="INSERT INTO $t VALUES (1, 'x'), (2, 'y')",
        up="CREATE SCHEMA $schema_x; ALTER TABLE $t SET SCHEMA $schema_x;",
        down="ALTER TABLE $schema_x.t SET SCHEMA $schema; DROP SCHEMA $schema_x;",
        wrong="DROP SCHEMA $schema_x CASCADE; CREATE TABLE $t (id int$key, a text);",
        works=(
            Work(
                sql="INSERT INTO $schema_x.t VALUES (3, 'z'); DELETE FROM $schema_x.t WHERE id = 1",
                seen={"TABLE $t": "2|y 3|z"},
                other={"TABLE $t": "2|y 3|z"},
            ),
        ),
    ),
    Case(
        name="two columns with each other's names",
        base="CREATE TABLE $t (id int$key, a text, b text);",
        rows="INSERT INTO $t VALUES (1, 'a', 'b'), (2, 'c', NULL)",
        up="ALTER TABLE $t RENAME a TO x; ALTER TABLE $t RENAME b TO a; ALTER TABLE $t RENAME x TO b;",
        down="ALTER TABLE $t RENAME a TO x; ALTER TABLE $t RENAME b TO a; ALTER TABLE $t RENAME x TO b;",
    ),
)

FOLDED = (
    Case(
        name="two columns folded into one",
        base="CREATE TABLE $t (id int$key, first text, last text);",
        rows="""INSERT INTO $t VALUES (1, 'Ada', 'Lovelace'), (2, 'Mary Ann', 'Lee'), (3, NULL, 'Solo'),
            (4, 'Ada', 'Byron')""",
        up="""ALTER TABLE $t ADD name text; UPDATE $t SET name = concat_ws(' ', first, last);
            ALTER TABLE $t DROP first, DROP last;""",
        down="""ALTER TABLE $t ADD first text, ADD last text;
            UPDATE $t SET first = split_part(name, ' ', 1), last = split_part(name, ' ', 2);
            ALTER TABLE $t DROP name;""",
        wrong="ALTER TABLE $t ADD first text, ADD last text; ALTER TABLE $t DROP name;",
        at_t={"SELECT replace(name, ' ', '_') FROM $t WHERE id = 2": "Mary_Ann_Lee"},
        works=(
            Work(
                sql="UPDATE $t SET name = 'Zoe Zed' WHERE id = 1",
                seen={"SELECT id, first, last FROM $t WHERE id IN (1, 4)": "1|Zoe|Zed 4|Ada|Byron"},
                other={"SELECT id, first, last FROM $t WHERE id = 4": "4|Ada|Byron"},
            ),
            Work(
                sql="DELETE FROM $t WHERE id = 4",
                seen={"SELECT id, last FROM $t": "1|Lovelace 2|Lee 3|Solo"},
                other={"SELECT id, last FROM $t": "1|Lovelace 2|Lee 3|Solo"},
            ),
            Work(
                sql="INSERT INTO $t VALUES (9, 'New Man')",
                seen={"SELECT id, first, last FROM $t WHERE id IN (1, 9)": "1|Ada|Lovelace 9|New|Man"},
                other={
                    "SELECT id, last FROM $t WHERE id < 9": "1|Lovelace 2|Lee 3|Solo 4|Byron",
                    "SELECT id FROM $t": "1 2 3 4 9",
                },
            ),
            Work(
                at="S",
                sql="UPDATE $t SET last = 'King' WHERE id = 1",
                seen={"SELECT id, replace(name, ' ', '_') FROM $t WHERE id IN (1, 4)": "1|Ada_King 4|Ada_Byron"},
                other={"SELECT id, replace(name, ' ', '_') FROM $t WHERE id IN (1, 4)": "1|Ada_King 4|Ada_Byron"},
            ),
        ),
    ),
    Case(
        name="a table split in two",
        base="CREATE TABLE $u (id int$key, name text, street text, city text);",
        rows="INSERT INTO $u VALUES (1, 'ann', 's1', 'c1'), (2, 'bob', 's2', 'c2'), (3, 'cyd', NULL, NULL)",
        up="""CREATE TABLE $a (id int$key, street text, city text);
            INSERT INTO $a SELECT id, street, city FROM $u WHERE street IS NOT NULL;
            ALTER TABLE $u DROP street, DROP city;""",
        down="""ALTER TABLE $u ADD street text, ADD city text;
            UPDATE $u u SET street = a.street, city = a.city FROM $a a WHERE a.id = u.id; DROP TABLE $a;""",
        wrong="ALTER TABLE $u ADD street text, ADD city text; DROP TABLE $a;",
        at_t={"TABLE $a": "1|s1|c1 2|s2|c2"},
        works=(
            Work(
                sql="UPDATE $a SET city = 'X' WHERE id = 1",
                seen={"SELECT id, street, city FROM $u": "1|s1|X 2|s2|c2 3||"},
                other={"SELECT id, name FROM $u": "1|ann 2|bob 3|cyd"},
            ),
            Work(
                sql="INSERT INTO $u VALUES (4, 'dan'); INSERT INTO $a VALUES (4, 's4', 'c4')",
                seen={"SELECT id, name, street, city FROM $u": "1|ann|s1|c1 2|bob|s2|c2 3|cyd|| 4|dan|s4|c4"},
                other={"SELECT id, name FROM $u": "1|ann 2|bob 3|cyd 4|dan"},
            ),
            Work(
                sql="DELETE FROM $u WHERE id = 2; DELETE FROM $a WHERE id = 2",
                seen={"SELECT id, name, street, city FROM $u": "1|ann|s1|c1 3|cyd||"},
                other={"SELECT id, name FROM $u": "1|ann 3|cyd"},
            ),
            Work(
                at="S",
                sql="UPDATE $u SET city = 'Y' WHERE id = 2; "
                "INSERT INTO $u (id, name, street, city) VALUES (4, 'dan', 's4', 'c4')",
                seen={"TABLE $a": "1|s1|c1 2|s2|Y 4|s4|c4", "TABLE $u": "1|ann 2|bob 3|cyd 4|dan"},
                other={"TABLE $a": "1|s1|c1 2|s2|Y 4|s4|c4", "TABLE $u": "1|ann 2|bob 3|cyd 4|dan"},
            ),
        ),
    ),
    Case(
        name="a join table that goes",
        base="""CREATE TABLE $l (id int PRIMARY KEY, r int); CREATE TABLE $r (id int PRIMARY KEY);
            CREATE TABLE $lr (l int REFERENCES $l, r int REFERENCES $r);""",
        rows="""INSERT INTO $l VALUES (1), (2); INSERT INTO $r VALUES (1), (2);
            INSERT INTO $lr VALUES (1, 1), (1, 2), (2, 2)""",
        up="UPDATE $l l SET r = (SELECT min(x.r) FROM $lr x WHERE x.l = l.id); DROP TABLE $lr;",
        down="""CREATE TABLE $lr (l int REFERENCES $l, r int REFERENCES $r); INSERT INTO $lr SELECT id, r FROM $l;
            UPDATE $l SET r = NULL;""",
        wrong="CREATE TABLE $lr (l int REFERENCES $l, r int REFERENCES $r);",
        at_t={"TABLE $l": "1|1 2|2"},
        works=(
            Work(
                sql="INSERT INTO $l VALUES (3, 1)",
                seen={"SELECT id FROM $l": "1 2 3", "SELECT l, r FROM $lr WHERE l < 3": "1|1 1|2 2|2"},
                other={"SELECT id FROM $l": "1 2 3", "SELECT l, r FROM $lr WHERE l < 3": "1|1 1|2 2|2"},
            ),
            Work(
                sql="DELETE FROM $l WHERE id = 2",
                seen={"SELECT id FROM $l": "1", "TABLE $lr": "1|1 1|2"},
                other={"SELECT id FROM $l": "1", "TABLE $lr": "1|1 1|2"},
            ),
        ),
    ),
    Case(
        name="a join table with a key of both",
        base="""CREATE TABLE $l (id int PRIMARY KEY); CREATE TABLE $r (id int PRIMARY KEY);
            CREATE TABLE $lr (l int REFERENCES $l ON DELETE CASCADE, r int REFERENCES $r, note text,
            PRIMARY KEY (l, r));""",
        rows="""INSERT INTO $l VALUES (1), (2); INSERT INTO $r VALUES (1), (2);
            INSERT INTO $lr VALUES (1, 1, 'a'), (2, 2, 'b')""",
        up="ALTER TABLE $lr DROP note, ADD weight int NOT NULL DEFAULT 1; "
        "INSERT INTO $lr SELECT l.id, r.id, 5 FROM $l l, $r r WHERE (l.id, r.id) = (1, 2);",
        down="DELETE FROM $lr WHERE weight = 5; ALTER TABLE $lr DROP weight, ADD note text;",
        works=(
            Work(
                sql="INSERT INTO $lr VALUES (2, 1, 3)",
                seen={"SELECT l, r, note FROM $lr": "1|1|a 2|1| 2|2|b"},
                other={"SELECT l, r, note FROM $lr WHERE (l, r) <> (1, 2)": "1|1|a 2|1| 2|2|b"},
            ),
            Work(
                sql="DELETE FROM $l WHERE id = 2",
                seen={"SELECT l, r, note FROM $lr": "1|1|a"},
                other={"SELECT l, r, note FROM $lr WHERE (l, r) <> (1, 2)": "1|1|a"},
            ),
        ),
    ),
    Case(
        name="a table that goes with all that refer to it",
        base="""CREATE TABLE $u (id serial PRIMARY KEY, n text);
            CREATE TABLE $p (id int$key, u int REFERENCES $u ON DELETE SET NULL, v text);""",
        rows="INSERT INTO $u (n) VALUES ('a'), ('b'); INSERT INTO $p VALUES (1, 1, 'x'), (2, 2, 'y'), (3, NULL, 'z')",
        up="DROP TABLE $u CASCADE; ALTER TABLE $p DROP u;",
        down="""CREATE TABLE $u (id serial PRIMARY KEY, n text);
            ALTER TABLE $p ADD u int REFERENCES $u ON DELETE SET NULL;""",
        works=(
            Work(
                sql="INSERT INTO $p VALUES (4, 'p'); DELETE FROM $p WHERE id = 1",
                seen={"SELECT id, u, v FROM $p": "2|2|y 3||z 4||p", "TABLE $u": "1|a 2|b"},
                other={"SELECT id, u, v FROM $p": "2|2|y 3||z 4||p", "TABLE $u": "1|a 2|b"},
            ),
        ),
    ),
)

LIST = """CREATE TABLE $t (tag text, v int) PARTITION BY LIST (tag);
CREATE TABLE $t_a PARTITION OF $t FOR VALUES IN ('a');
CREATE TABLE $t_b PARTITION OF $t FOR VALUES IN ('b');"""

PARTITIONS = (
    Case(
        name="an update in a partitioned table",
        base=LIST,
        rows="INSERT INTO $t VALUES ('a', 1), ('a', 1), ('b', 2)",
        up="UPDATE $t SET v = v + 1; UPDATE $t SET tag = 'b' WHERE tag = 'a' AND v > 5;",
        down="UPDATE $t SET v = v - 1;",
        works=(
            Work(sql="INSERT INTO $t VALUES ('b', 8)", seen={"TABLE $t": "a|1 a|1 b|2 b|7"}),
            Work(sql="DELETE FROM $t WHERE tag = 'b'", seen={"TABLE $t": "a|1 a|1"}, other={"TABLE $t": "a|1 a|1"}),
        ),
    ),
    Case(
        name="a plain table made partitioned",
        base="CREATE TABLE $t (tag text, v int);",
        rows="INSERT INTO $t VALUES ('a', 1), ('a', 1), ('b', 2)",
        up="""ALTER TABLE $t RENAME TO t_old; CREATE TABLE $t (LIKE $t_old INCLUDING DEFAULTS) PARTITION BY HASH (tag);
            CREATE TABLE $t_0 PARTITION OF $t FOR VALUES WITH (MODULUS 1, REMAINDER 0);
            INSERT INTO $t SELECT * FROM $t_old; DROP TABLE $t_old;""",
        down="""ALTER TABLE $t RENAME TO t_old; CREATE TABLE $t (LIKE $t_old INCLUDING DEFAULTS);
            INSERT INTO $t SELECT * FROM $t_old; DROP TABLE $t_old;""",
        at_t={"TABLE $t": "a|1 a|1 b|2"},
        works=(
            Work(
                sql="INSERT INTO $t VALUES ('c', 3)",
                seen={"TABLE $t": "a|1 a|1 b|2 c|3"},
                other={"TABLE $t": "a|1 a|1 b|2 c|3"},
            ),
            Work(sql="DELETE FROM $t WHERE tag = 'b'", seen={"TABLE $t": "a|1 a|1"}, other={"TABLE $t": "a|1 a|1"}),
        ),
    ),
    Case(
        name="a partitioned table made plain",
        base=LIST,
        rows="INSERT INTO $t VALUES ('a', 1), ('a', 1), ('b', 2)",
        up="""ALTER TABLE $t RENAME TO t_old; CREATE TABLE $t (LIKE $t_old INCLUDING DEFAULTS);
            INSERT INTO $t SELECT * FROM $t_old; DROP TABLE $t_old;""",
        down="ALTER TABLE $t RENAME TO t_old; " + LIST + " INSERT INTO $t SELECT * FROM $t_old; DROP TABLE $t_old;",
        wrong="DROP TABLE $t; " + LIST,
        works=(
            Work(
                sql="INSERT INTO $t VALUES ('b', 3)",
                seen={"TABLE $t": "a|1 a|1 b|2 b|3"},
                other={"TABLE $t": "a|1 a|1 b|2 b|3"},
            ),
        ),
    ),
    Case(
        name="a partition that an up drops and no down makes",
        base=LIST,
        rows="INSERT INTO $t VALUES ('a', 1), ('a', 1), ('b', 2), ('b', 2)",
        up="DROP TABLE $t_b;",
        down="CREATE TABLE $t_b PARTITION OF $t FOR VALUES IN ('b');",
        wrong="SELECT 1;",
        at_t={"TABLE $t": "a|1 a|1"},
        works=(
            Work(
                sql="INSERT INTO $t VALUES ('a', 3)",
                seen={"TABLE $t": "a|1 a|1 a|3 b|2 b|2"},
                other={"TABLE $t": "a|1 a|1 a|3 b|2 b|2"},
            ),
        ),
    ),
    Case(
        name="a column of a parent and its heirs",
        base="CREATE TABLE $p (id int, v text); CREATE TABLE $c (extra int) INHERITS ($p);",
        rows="INSERT INTO $p VALUES (1, 'p'), (1, 'p'); INSERT INTO $c VALUES (2, 'c', 5)",
        up="UPDATE $p SET v = upper(v); ALTER TABLE $p ADD w int DEFAULT 4; ALTER TABLE $c DROP extra;",
        down="ALTER TABLE $c ADD extra int; ALTER TABLE $p DROP w; UPDATE $p SET v = lower(v);",
        works=(
            Work(
                sql="INSERT INTO $c VALUES (3, 'D', 4)",
                seen={"SELECT id, v FROM ONLY $p": "1|p 1|p", "SELECT id, v, extra FROM $c": "2|c|5 3|d|"},
            ),
            Work(
                sql="DELETE FROM ONLY $p",
                seen={"SELECT id, v FROM ONLY $p": "", "SELECT id, v, extra FROM $c": "2|c|5"},
                other={"SELECT id, v FROM ONLY $p": "", "SELECT id, v, extra FROM $c": "2|c|5"},
            ),
        ),
    ),
    Case(
        name="an heir that is dropped",
        base="CREATE TABLE $p (id int, v text); CREATE TABLE $c (extra int) INHERITS ($p);",
        rows="INSERT INTO $p VALUES (1, 'p'); INSERT INTO $c VALUES (2, 'c', 5), (2, 'c', 5)",
        up="DROP TABLE $c;",
        down="CREATE TABLE $c (extra int) INHERITS ($p);",
        works=(
            Work(
                sql="INSERT INTO $p VALUES (3, 'q')",
                seen={"SELECT id, v FROM ONLY $p": "1|p 3|q", "TABLE $c": "2|c|5 2|c|5"},
                other={"SELECT id, v FROM ONLY $p": "1|p 3|q", "TABLE $c": "2|c|5 2|c|5"},
            ),
        ),
    ),
)


@pytest.mark.parametrize("cases", together(COLUMNS, NAMES, FOLDED, PARTITIONS), ids=names)
def test_a_script_that_changes_shapes_is_lossless(databases: Databases, cases: tuple[Case, ...]) -> None:
    travel(databases, cases)


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("ALTER TABLE t DROP id;", "ALTER TABLE t ADD id serial;"),
        ("ALTER TABLE t RENAME w TO v;", "ALTER TABLE t RENAME v TO w;"),
        ("ALTER TABLE t DROP id, ALTER v SET NOT NULL;", "ALTER TABLE t ADD id int DEFAULT 7, ALTER v DROP NOT NULL;"),
    ],
)
@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
def test_a_down_that_loses_nothing_leaves_nothing_to_keep(tour: Tour, key: str, up: str, down: str) -> None:
    """Also where the up writes the table in ways that its words do not tell: it has the rows below it to compare."""
    t = Scripts(
        up=f"CREATE TABLE t (k text{key}, {'w' if 'RENAME' in up else 'id int, v'} text);", down="DROP TABLE t;"
    )
    writes = f"{up} DO $$ BEGIN EXECUTE format('UPDATE %I SET v = upper(v)', 't'); END $$;"
    here = {"1_t": t, "2_more": Scripts(up=writes, down=down)}
    tour.sync(here)
    tour.people("INSERT INTO t VALUES ('a', 'X'), ('b', 'X'), ('c', 'y')")
    before = tour.rows()
    for _ in range(2):
        tour.sync({"1_t": t})
        tour.sync(here)
        found = difference(before, tour.rows()) + [str(item) for item in tour.kept() if item["due"]]
        assert not found, "\n".join([*found, str(tour)])
