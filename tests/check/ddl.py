# ruff: noqa: E501  # SQL is read more easily in one piece
"""Changes over PostgreSQL's DDL, made from productions: a base with an object of every kind, and what can be done to it.

`BASE` is a schema; every change is a script that runs on it alone. Two changes make a pair. What the pair comes to is not
written here: `executed.py` runs it. A production is a text with slots, as `{column}`; `SLOTS` says what may stand there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Roles are the server's: whoever runs this gives them names of its own.
ROLE = "gen_"
BASE = """
CREATE SCHEMA side;
CREATE SCHEMA yard;
CREATE TABLE yard.tools (id int PRIMARY KEY, maker text);
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE place AS (x int, y text);
CREATE TYPE span AS RANGE (subtype = int4);
CREATE DOMAIN code AS text CONSTRAINT code_filled CHECK (VALUE <> '');
CREATE COLLATION plain FROM "C";
CREATE SEQUENCE numbers;
CREATE TABLE posts (
  id int PRIMARY KEY, title text, slug text CONSTRAINT posts_slug UNIQUE, state mood DEFAULT 'ok', weight numeric
);
CREATE TABLE comments (
  id int PRIMARY KEY, post_id int, contents text, author text NOT NULL DEFAULT 'nobody', spot place, tag code, rank int,
  CONSTRAINT to_posts FOREIGN KEY (post_id) REFERENCES posts (id),
  CONSTRAINT ranked CHECK (rank > 0),
  CONSTRAINT ranks UNIQUE (post_id, rank)
);
CREATE TABLE votes (id int, kind text, amount int);
CREATE INDEX comments_author ON comments (author);
CREATE UNIQUE INDEX posts_title ON posts (title);
ALTER TABLE posts ALTER title SET NOT NULL;
CREATE STATISTICS comments_together ON post_id, author FROM comments;
CREATE VIEW recent AS SELECT id, contents, author FROM comments;
CREATE VIEW joined AS SELECT c.id, p.title FROM comments c JOIN posts p ON p.id = c.post_id;
CREATE RULE joined_insert AS ON INSERT TO joined DO INSTEAD INSERT INTO posts (id, title) VALUES (new.id, new.title);
CREATE VIEW everything AS SELECT * FROM votes;
CREATE MATERIALIZED VIEW tally AS SELECT author, count(*) AS n FROM comments GROUP BY author;
CREATE UNIQUE INDEX tally_author ON tally (author);
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
CREATE FUNCTION newest() RETURNS SETOF posts LANGUAGE sql AS 'SELECT * FROM posts ORDER BY id DESC';
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE FUNCTION clear(wanted int) RETURNS void LANGUAGE plpgsql AS
  $$ BEGIN UPDATE votes SET kind = NULL WHERE id = wanted; END $$;
CREATE PROCEDURE tidy() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE AGGREGATE summed (int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE FUNCTION near(a int, b int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT abs(a - b) < 2';
CREATE OPERATOR ~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = near);
CREATE FUNCTION announce() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE TRIGGER stamped BEFORE UPDATE ON comments FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE POLICY own ON comments USING (author = 'me');
CREATE TABLE logs (id int NOT NULL, day date, note text, CONSTRAINT logs_key PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE logs_low PARTITION OF logs FOR VALUES FROM (0) TO (10);
CREATE TABLE logs_mid PARTITION OF logs FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
CREATE TABLE logs_spare (id int NOT NULL, day date, note text);
CREATE TABLE events (id int, kind text) PARTITION BY LIST (id);
CREATE TABLE events_one PARTITION OF events FOR VALUES IN (1);
CREATE TABLE animals (id int, name text);
CREATE TABLE dogs (breed text) INHERITS (animals);
CREATE TABLE cats (id int, name text, lives int);
CREATE TABLE spots OF place;
CREATE PUBLICATION news FOR TABLE posts;
CREATE PUBLICATION yards FOR TABLES IN SCHEMA yard;
CREATE FOREIGN DATA WRAPPER wires;
CREATE SERVER far FOREIGN DATA WRAPPER wires;
CREATE FOREIGN TABLE far_posts (id int, title text) SERVER far;
CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION search (PARSER = default);
COMMENT ON TABLE posts IS 'what is said';
"""
# Of the base what needs a role: the server's, and so never committed.
ROLES = """
CREATE ROLE gen_reader;
CREATE ROLE gen_writer;
CREATE ROLE gen_spare;
CREATE USER MAPPING FOR gen_reader SERVER far;
GRANT SELECT ON posts TO gen_reader;
"""

SLOTS = {
    "family": ("animals", "dogs", "cats"),
    "divided": ("events", "events_one"),
    "table": ("comments", "posts", "votes"),
    "words": ("comments.contents", "comments.author", "posts.title", "votes.kind"),
    "numbers": ("comments.rank", "comments.post_id", "votes.amount"),
}

# By the kind of object that they are about; the name of the production's kind is that of the object.
PRODUCTIONS: dict[str, tuple[str, ...]] = {
    "table": (
        "CREATE TABLE likes (id int, n int)",
        "CREATE TABLE likes (id bigint)",
        "CREATE TABLE IF NOT EXISTS likes (id int PRIMARY KEY)",
        "CREATE TABLE likes (id int, comment_id int REFERENCES comments)",
        "CREATE TABLE likes (id int, slug text REFERENCES posts (slug))",
        "CREATE TABLE likes AS SELECT * FROM {table}",
        "CREATE TABLE copies (LIKE {table} INCLUDING ALL)",
        "CREATE TABLE copies AS SELECT id FROM {table}",
        "DROP TABLE votes CASCADE",
        "DROP TABLE IF EXISTS votes CASCADE",
        "DROP TABLE comments CASCADE",
        "DROP TABLE logs_spare",
        "DROP TABLE cats",
        "DROP TABLE dogs",
        "DROP TABLE spots",
        "DROP TABLE logs_low",
        "ALTER TABLE {table} RENAME TO renamed",
        "ALTER TABLE {table} SET SCHEMA side",
        "ALTER TABLE logs_spare RENAME TO logs_new",
        "ALTER TABLE votes SET UNLOGGED",
        "ALTER TABLE {table} SET (fillfactor = 70)",
        "ALTER TABLE {table} SET (fillfactor = 80)",
        "ALTER TABLE {table} OWNER TO gen_writer",
        "ALTER TABLE {table} OWNER TO gen_spare",
        "COMMENT ON TABLE {table} IS 'one'",
        "COMMENT ON TABLE {table} IS 'two'",
        "LOCK TABLE {table}",
        "TRUNCATE votes",
        "ALTER TABLE spots NOT OF",
        "ALTER TABLE comments DISABLE TRIGGER USER",
        "ALTER TABLE comments ENABLE ALWAYS TRIGGER stamped",
        "ALTER TABLE {table} SET ACCESS METHOD heap",
    ),
    "column": (
        "ALTER TABLE {table} ADD COLUMN score int",
        "ALTER TABLE {table} ADD COLUMN score bigint DEFAULT 0",
        "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS score int",
        "ALTER TABLE {table} ADD COLUMN hidden boolean NOT NULL DEFAULT false",
        "ALTER TABLE votes ADD COLUMN due date NOT NULL",
        "ALTER TABLE {table} ADD COLUMN step int GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE {table} ADD COLUMN serial_no serial",
        "ALTER TABLE votes ADD COLUMN big int GENERATED ALWAYS AS (amount * 2) STORED",
        "ALTER TABLE votes ADD COLUMN feeling mood DEFAULT 'sad'",
        "ALTER TABLE votes ADD COLUMN at place",
        "ALTER TABLE votes ADD COLUMN mark code",
        "ALTER TABLE votes ADD COLUMN next int DEFAULT nextval('numbers')",
        "ALTER TABLE animals ADD COLUMN age int",
        "ALTER TABLE cats ADD COLUMN age int",
        "ALTER TABLE dogs ADD COLUMN age int",
        "ALTER TABLE animals RENAME name TO called",
        "ALTER TABLE {family} ALTER name SET DEFAULT 'one'",
        "ALTER TABLE {family} ALTER name SET STORAGE EXTERNAL",
        "ALTER TABLE {family} ALTER name SET STATISTICS 200",
        "ALTER TABLE {divided} ALTER kind SET DEFAULT 'two'",
        "ALTER TABLE {divided} ALTER kind SET NOT NULL",
        "ALTER TABLE animals DROP COLUMN name",
        "ALTER TABLE animals ALTER id SET NOT NULL",
        "ALTER TABLE logs ADD COLUMN level int",
        "ALTER TABLE logs_spare ADD COLUMN level int",
        "ALTER TABLE logs DROP COLUMN note",
        "ALTER TABLE logs RENAME note TO remark",
        "ALTER TABLE logs ALTER note TYPE varchar(99)",
        "ALTER TABLE {words.table} DROP COLUMN {words.column} CASCADE",
        "ALTER TABLE {numbers.table} DROP COLUMN {numbers.column} CASCADE",
        "ALTER TABLE {words.table} RENAME {words.column} TO body",
        "ALTER TABLE {numbers.table} RENAME {numbers.column} TO figure",
        "ALTER TABLE posts RENAME id TO no",
        "ALTER TABLE comments ALTER rank TYPE bigint",
        "ALTER TABLE posts ALTER slug TYPE varchar(80)",
        "ALTER TABLE posts ALTER weight TYPE boolean USING weight > 0",
        "ALTER TABLE posts ALTER weight TYPE text",
        "ALTER TABLE {words.table} ALTER {words.column} SET DEFAULT 'one'",
        "ALTER TABLE {words.table} ALTER {words.column} SET DEFAULT 'two'",
        "ALTER TABLE {words.table} ALTER {words.column} DROP DEFAULT",
        "ALTER TABLE {words.table} ALTER {words.column} SET NOT NULL",
        "ALTER TABLE votes ALTER id SET NOT NULL",
        "ALTER TABLE comments ALTER author DROP NOT NULL",
        "ALTER TABLE posts ALTER state SET DEFAULT 'sad'",
        "ALTER TABLE posts ALTER state DROP DEFAULT, ALTER state TYPE text",
        "ALTER TABLE {words.table} ALTER {words.column} SET STATISTICS 200",
        "ALTER TABLE {words.table} ALTER {words.column} SET STORAGE EXTERNAL",
        "ALTER TABLE {words.table} ALTER {words.column} SET (n_distinct = 5)",
        "ALTER TABLE comments ALTER rank SET NOT NULL, ALTER rank ADD GENERATED ALWAYS AS IDENTITY",
        "COMMENT ON COLUMN {words.table}.{words.column} IS 'one'",
        "COMMENT ON COLUMN {words.table}.{words.column} IS 'two'",
    ),
    "constraint": (
        "ALTER TABLE {words.table} ADD CONSTRAINT filled CHECK ({words.column} <> '')",
        "ALTER TABLE {words.table} ADD CHECK ({words.column} <> '')",
        "ALTER TABLE {words.table} ADD CHECK ({words.column} <> 'x')",
        "ALTER TABLE {words.table} ADD UNIQUE ({words.column})",
        "ALTER TABLE {words.table} ADD CONSTRAINT only_one UNIQUE ({words.column})",
        "ALTER TABLE posts ADD CONSTRAINT calm CHECK (state <> 'sad')",
        "ALTER TABLE comments ADD CONSTRAINT placed CHECK ((spot).x > 0)",
        "ALTER TABLE votes ADD CONSTRAINT even CHECK (twice(amount) > 0)",
        "ALTER TABLE votes ADD PRIMARY KEY (id)",
        "ALTER TABLE votes ADD CONSTRAINT vote_key PRIMARY KEY (id)",
        "ALTER TABLE votes ADD CONSTRAINT apart EXCLUDE (id WITH =)",
        "ALTER TABLE votes ADD FOREIGN KEY (id) REFERENCES posts",
        "ALTER TABLE votes ADD CONSTRAINT to_posts FOREIGN KEY (id) REFERENCES posts (id)",
        "ALTER TABLE votes ADD FOREIGN KEY (kind) REFERENCES posts (slug)",
        "ALTER TABLE votes ADD FOREIGN KEY (kind) REFERENCES posts (title)",
        "ALTER TABLE votes ADD FOREIGN KEY (id, amount) REFERENCES comments (post_id, rank)",
        "ALTER TABLE votes ADD FOREIGN KEY (id) REFERENCES comments",
        "ALTER TABLE votes ADD FOREIGN KEY (id) REFERENCES logs",
        "ALTER TABLE posts DROP CONSTRAINT posts_slug",
        "ALTER TABLE posts DROP CONSTRAINT posts_pkey CASCADE",
        "ALTER TABLE comments DROP CONSTRAINT comments_pkey",
        "ALTER TABLE comments DROP CONSTRAINT comments_pkey, ADD PRIMARY KEY (id, author)",
        "ALTER TABLE comments DROP CONSTRAINT comments_pkey, ADD CONSTRAINT comment_key PRIMARY KEY (id)",
        "ALTER TABLE comments DROP CONSTRAINT ranks",
        "ALTER TABLE comments DROP CONSTRAINT ranks, ADD CONSTRAINT ranks UNIQUE (post_id, rank, id)",
        "ALTER TABLE comments DROP CONSTRAINT ranks, ADD CONSTRAINT ranks UNIQUE (post_id)",
        "ALTER TABLE comments DROP CONSTRAINT to_posts",
        "ALTER TABLE comments DROP CONSTRAINT to_posts, ADD CONSTRAINT to_posts FOREIGN KEY (post_id) REFERENCES posts "
        "(id) ON DELETE CASCADE",
        "ALTER TABLE comments DROP CONSTRAINT to_posts, ADD CONSTRAINT to_posts FOREIGN KEY (post_id) REFERENCES posts "
        "(id) NOT VALID",
        "ALTER TABLE comments VALIDATE CONSTRAINT to_posts",
        "ALTER TABLE comments ALTER CONSTRAINT to_posts DEFERRABLE",
        "ALTER TABLE comments DROP CONSTRAINT ranked",
        "ALTER TABLE comments RENAME CONSTRAINT ranked TO ordered",
        "ALTER TABLE comments RENAME CONSTRAINT ranks TO places",
        "ALTER TABLE posts RENAME CONSTRAINT posts_slug TO slugs",
        "COMMENT ON CONSTRAINT posts_slug ON posts IS 'one'",
        "COMMENT ON CONSTRAINT ranked ON comments IS 'one'",
        "COMMENT ON CONSTRAINT ranks ON comments IS 'two'",
        "ALTER TABLE logs ADD CONSTRAINT dated CHECK (day IS NOT NULL)",
        "ALTER TABLE logs DROP CONSTRAINT logs_key",
        "ALTER TABLE logs_low ADD CONSTRAINT short CHECK (note <> '')",
        "ALTER TABLE {family} ADD CONSTRAINT called CHECK (name <> '')",
        "ALTER TABLE {divided} ADD CONSTRAINT called CHECK (kind <> '')",
        "ALTER TABLE {divided} ADD PRIMARY KEY (id)",
        "ALTER TABLE {divided} ADD UNIQUE (id)",
        "ALTER TABLE animals ADD CONSTRAINT alone CHECK (name <> '') NO INHERIT",
    ),
    "index": (
        "CREATE INDEX ON {words.table} ({words.column})",
        "CREATE INDEX spare ON {words.table} (lower({words.column}))",
        "CREATE UNIQUE INDEX sole ON {words.table} ({words.column})",
        "CREATE INDEX IF NOT EXISTS spare ON {numbers.table} ({numbers.column})",
        "CREATE INDEX placed_at ON comments (((spot).y))",
        "CREATE INDEX calm ON posts (id) WHERE state = 'sad'",
        "CREATE INDEX doubled ON votes (twice(amount))",
        "CREATE INDEX plainly ON votes (kind COLLATE plain)",
        "CREATE INDEX ON logs (day)",
        "CREATE INDEX logs_days ON ONLY logs (day)",
        "CREATE UNIQUE INDEX logs_once ON logs (id, day)",
        "CREATE INDEX ON events (kind)",
        "CREATE UNIQUE INDEX ON events (id)",
        "CREATE INDEX events_kinds ON ONLY events (kind)",
        "CREATE INDEX days_low ON logs_low (day)",
        "CREATE INDEX {divided}_kinds ON {divided} (kind)",
        "DROP INDEX comments_author",
        "DROP INDEX IF EXISTS comments_author",
        "DROP INDEX posts_title",
        "DROP INDEX tally_author",
        "DROP INDEX comments_author; CREATE INDEX comments_author ON comments (author, id)",
        "ALTER INDEX comments_author RENAME TO by_author",
        "ALTER INDEX posts_title RENAME TO by_title",
        "ALTER INDEX posts_slug RENAME TO by_slug",
        "ALTER INDEX ranks RENAME TO by_rank",
        "ALTER INDEX comments_pkey RENAME TO comment_ids",
        "ALTER INDEX comments_author SET (fillfactor = 60)",
        "ALTER TABLE comments CLUSTER ON comments_author",
        "ALTER TABLE comments CLUSTER ON comments_pkey",
        "CLUSTER comments USING comments_author",
        "ALTER TABLE posts REPLICA IDENTITY USING INDEX posts_title",
        "ALTER TABLE posts REPLICA IDENTITY FULL",
        "ALTER TABLE posts REPLICA IDENTITY NOTHING",
        "ALTER TABLE posts ADD CONSTRAINT titles UNIQUE USING INDEX posts_title",
        "COMMENT ON INDEX comments_author IS 'one'",
        "COMMENT ON INDEX comments_author IS 'two'",
        "COMMENT ON INDEX posts_slug IS 'one'",
        "REINDEX INDEX comments_author",
    ),
    "statistics": (
        "CREATE STATISTICS more ON kind, amount FROM votes",
        "DROP STATISTICS comments_together",
        "ALTER STATISTICS comments_together SET STATISTICS 50",
        "ALTER STATISTICS comments_together RENAME TO together",
        "COMMENT ON STATISTICS comments_together IS 'one'",
    ),
    "view": (
        "CREATE VIEW likes AS SELECT id FROM {table}",
        "CREATE VIEW fresh AS SELECT {words.column} FROM {words.table}",
        "CREATE VIEW fresh AS SELECT * FROM {table}",
        "CREATE VIEW fresh AS SELECT p FROM posts p",
        "CREATE VIEW fresh AS SELECT c.id, c.contents, count(*) FROM comments c JOIN votes v ON v.id = c.id GROUP BY c.id",
        "CREATE VIEW fresh AS SELECT (spot).x FROM comments",
        "CREATE VIEW fresh AS SELECT * FROM posts WHERE state = 'sad'",
        "CREATE VIEW fresh AS SELECT twice(amount) AS n FROM votes",
        "CREATE VIEW fresh AS SELECT twice(2::smallint) AS n",
        "CREATE VIEW fresh AS SELECT summed(amount) AS n FROM votes",
        "CREATE VIEW fresh AS SELECT * FROM newest()",
        "CREATE VIEW fresh AS SELECT title FROM newest()",
        "CREATE VIEW fresh AS SELECT * FROM recent",
        "CREATE VIEW fresh AS SELECT contents FROM recent",
        "CREATE VIEW fresh AS SELECT id ~~~ amount AS n FROM votes",
        "CREATE VIEW fresh AS SELECT * FROM votes ORDER BY kind COLLATE plain",
        "CREATE VIEW fresh AS SELECT nextval('numbers') AS n",
        "CREATE VIEW fresh AS SELECT * FROM far_posts",
        "CREATE VIEW fresh AS SELECT to_tsvector('search', contents) AS v FROM comments",
        "CREATE VIEW fresh AS SELECT * FROM posts NATURAL JOIN votes",
        "CREATE OR REPLACE VIEW recent AS SELECT id, contents, author FROM comments WHERE id > 0",
        "CREATE OR REPLACE VIEW recent AS SELECT id, contents, author FROM comments WHERE id > 1",
        "CREATE OR REPLACE VIEW recent AS SELECT DISTINCT id, contents, author FROM comments",
        "CREATE OR REPLACE VIEW recent AS SELECT id, contents, author, rank FROM comments",
        "DROP VIEW recent; CREATE VIEW recent AS SELECT id, contents FROM comments",
        "DROP VIEW everything; CREATE VIEW everything AS SELECT * FROM votes",
        "DROP VIEW everything; ALTER TABLE votes ADD COLUMN extra int; CREATE VIEW everything AS SELECT * FROM votes",
        "DROP VIEW recent",
        "DROP VIEW joined",
        "DROP VIEW IF EXISTS recent",
        "ALTER VIEW recent RENAME TO latest",
        "ALTER VIEW recent RENAME contents TO body",
        "ALTER VIEW recent SET (security_barrier = true)",
        "ALTER VIEW recent ALTER author SET DEFAULT 'me'",
        "ALTER VIEW recent SET SCHEMA side",
        "COMMENT ON VIEW recent IS 'one'",
        "CREATE MATERIALIZED VIEW sums AS SELECT sum(amount) AS n FROM votes",
        "DROP MATERIALIZED VIEW tally",
        "ALTER MATERIALIZED VIEW tally RENAME TO counted",
        "REFRESH MATERIALIZED VIEW tally",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY tally",
    ),
    "rule": (
        "CREATE RULE quiet AS ON DELETE TO votes DO INSTEAD NOTHING",
        "CREATE RULE echo AS ON INSERT TO votes DO ALSO INSERT INTO animals (id, name) VALUES (new.id, new.kind)",
        "DROP RULE joined_insert ON joined",
        "CREATE OR REPLACE RULE joined_insert AS ON INSERT TO joined DO INSTEAD NOTHING",
        "ALTER RULE joined_insert ON joined RENAME TO on_insert",
        "COMMENT ON RULE joined_insert ON joined IS 'one'",
    ),
    "trigger": (
        "CREATE TRIGGER noted BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION stamp()",
        "CREATE TRIGGER noted BEFORE UPDATE OF {words.column} ON {words.table} FOR EACH ROW EXECUTE FUNCTION stamp()",
        "CREATE TRIGGER noted BEFORE UPDATE ON comments FOR EACH ROW WHEN (new.contents <> old.contents) "
        "EXECUTE FUNCTION stamp()",
        "CREATE OR REPLACE TRIGGER stamped BEFORE DELETE ON comments FOR EACH ROW EXECUTE FUNCTION stamp()",
        "CREATE TRIGGER per_row BEFORE INSERT ON logs FOR EACH ROW EXECUTE FUNCTION stamp()",
        "CREATE TRIGGER per_row BEFORE INSERT ON logs_low FOR EACH ROW EXECUTE FUNCTION stamp()",
        "CREATE TRIGGER instead INSTEAD OF INSERT ON recent FOR EACH ROW EXECUTE FUNCTION stamp()",
        "DROP TRIGGER stamped ON comments",
        "DROP TRIGGER IF EXISTS stamped ON comments",
        "ALTER TRIGGER stamped ON comments RENAME TO touched",
        "ALTER TABLE comments DISABLE TRIGGER stamped",
        "ALTER TABLE comments ENABLE ALWAYS TRIGGER stamped",
        "ALTER TABLE comments DISABLE TRIGGER USER",
        "COMMENT ON TRIGGER stamped ON comments IS 'one'",
        "CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION announce()",
        "CREATE EVENT TRIGGER watching ON sql_drop EXECUTE FUNCTION announce()",
    ),
    "policy": (
        "CREATE POLICY mine ON {words.table} USING ({words.column} = 'me')",
        "CREATE POLICY mine ON votes TO gen_spare USING (true)",
        "CREATE POLICY mine ON posts USING (state = 'sad')",
        "ALTER POLICY own ON comments USING (author = 'you')",
        "ALTER POLICY own ON comments TO gen_reader",
        "ALTER POLICY own ON comments WITH CHECK (true)",
        "ALTER POLICY own ON comments RENAME TO theirs",
        "DROP POLICY own ON comments",
        "COMMENT ON POLICY own ON comments IS 'one'",
        "ALTER TABLE comments ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE comments FORCE ROW LEVEL SECURITY",
    ),
    "type": (
        "CREATE TYPE shade AS ENUM ('dark')",
        "CREATE TYPE likes AS (a int)",
        "ALTER TYPE mood ADD VALUE 'great'",
        "ALTER TYPE mood ADD VALUE 'superb'",
        "ALTER TYPE mood ADD VALUE 'bad' BEFORE 'sad'",
        "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
        "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'",
        "ALTER TYPE mood RENAME TO feeling",
        "ALTER TYPE mood SET SCHEMA side",
        "ALTER TYPE place ADD ATTRIBUTE z int CASCADE",
        "ALTER TYPE place DROP ATTRIBUTE y CASCADE",
        "ALTER TYPE place RENAME ATTRIBUTE x TO long CASCADE",
        "ALTER TYPE place RENAME TO position",
        "COMMENT ON TYPE mood IS 'one'",
        "CREATE TABLE states (m mood)",
        "CREATE TABLE parcels (p place)",
        "CREATE TABLE more_spots OF place",
        "CREATE TABLE parcels OF place (PRIMARY KEY (x))",
        "CREATE FUNCTION middle(p place) RETURNS int LANGUAGE sql AS 'SELECT (p).x'",
        "CREATE FUNCTION moody() RETURNS mood LANGUAGE sql AS $$ SELECT 'sad'::mood $$",
        "CREATE CAST (place AS text) WITH INOUT",
        "CREATE DOMAIN short AS code CHECK (length(VALUE) < 5)",
        "ALTER DOMAIN code ADD CONSTRAINT code_small CHECK (VALUE = lower(VALUE))",
        "ALTER DOMAIN code DROP CONSTRAINT code_filled",
        "ALTER DOMAIN code RENAME CONSTRAINT code_filled TO filled",
        "ALTER DOMAIN code SET DEFAULT 'a'",
        "ALTER DOMAIN code SET DEFAULT 'b'",
        "ALTER DOMAIN code SET NOT NULL",
        "ALTER DOMAIN code RENAME TO label",
        "DROP DOMAIN code CASCADE",
        "COMMENT ON CONSTRAINT code_filled ON DOMAIN code IS 'one'",
        "DROP TYPE span",
        "ALTER TYPE span RENAME TO stretch",
        "CREATE TABLE ranges (r span)",
        "CREATE TABLE ranges (r int4multirange)",
    ),
    "function": (
        "CREATE FUNCTION thrice(n int) RETURNS int LANGUAGE sql AS 'SELECT 3 * n'",
        "CREATE FUNCTION thrice(n int) RETURNS bigint LANGUAGE sql AS 'SELECT 3::bigint * n'",
        "CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n + n'",
        "CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2'",
        "CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n'",
        "CREATE FUNCTION twice(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n'",
        "CREATE FUNCTION twice(n int, m int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT m * n'",
        "CREATE AGGREGATE twice(bigint) (sfunc = int8pl, stype = bigint)",
        "CREATE AGGREGATE thrice(int) (sfunc = int4pl, stype = int)",
        "CREATE PROCEDURE thrice(n int) LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION tidy(n int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION twice(int)",
        "DROP FUNCTION twice",
        "DROP FUNCTION newest()",
        "DROP FUNCTION clear(int)",
        "DROP ROUTINE clear",
        "DROP FUNCTION stamp() CASCADE",
        "DROP AGGREGATE summed(int)",
        "DROP PROCEDURE tidy()",
        "ALTER FUNCTION twice(int) RENAME TO doubled",
        "ALTER FUNCTION clear(int) RENAME TO wipe",
        "ALTER FUNCTION stamp() RENAME TO mark",
        "ALTER FUNCTION twice(int) SET SCHEMA side",
        "ALTER FUNCTION twice(int) STABLE",
        "ALTER FUNCTION twice(int) COST 5",
        "ALTER FUNCTION twice(int) COST 6",
        "ALTER FUNCTION twice(int) STRICT",
        "ALTER FUNCTION clear(int) SET search_path = public",
        "ALTER FUNCTION clear(int) SET search_path = side, public",
        "ALTER FUNCTION clear(int) SET work_mem = '1MB'",
        "ALTER FUNCTION clear(int) SECURITY DEFINER",
        "ALTER FUNCTION clear(int) RESET ALL",
        "ALTER FUNCTION twice(int) OWNER TO gen_writer",
        "ALTER FUNCTION twice(int) DEPENDS ON EXTENSION plpgsql",
        "ALTER AGGREGATE summed(int) RENAME TO added",
        "ALTER PROCEDURE tidy() RENAME TO neat",
        "COMMENT ON FUNCTION twice(int) IS 'one'",
        "COMMENT ON FUNCTION twice(int) IS 'two'",
        "COMMENT ON AGGREGATE summed(int) IS 'one'",
        "CALL tidy()",
        "SELECT twice(2)",
        "SELECT clear(1)",
        "CREATE FUNCTION caller() RETURNS int LANGUAGE sql AS 'SELECT twice(3)'",
        "CREATE FUNCTION caller() RETURNS int LANGUAGE sql RETURN twice(3)",
        "CREATE FUNCTION caller() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT amount FROM votes; END",
        "CREATE FUNCTION reader() RETURNS SETOF text LANGUAGE sql AS 'SELECT {words.column} FROM {words.table}'",
        "CREATE FUNCTION rows() RETURNS SETOF {table} LANGUAGE sql AS 'SELECT * FROM {table}'",
        "CREATE FUNCTION rows() RETURNS {table} LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE FUNCTION typed(a votes.kind%TYPE) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OPERATOR ~~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = near)",
        "DROP OPERATOR ~~~ (int, int)",
        "ALTER OPERATOR ~~~ (int, int) SET (RESTRICT = eqsel)",
        "COMMENT ON OPERATOR ~~~ (int, int) IS 'one'",
        "CREATE CAST (text AS mood) WITH INOUT",
        "CREATE OPERATOR CLASS mine FOR TYPE int USING hash AS OPERATOR 1 =",
        "CREATE OPERATOR FAMILY family USING btree",
        "CREATE CONVERSION conv FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1",
    ),
    "body": (
        "CREATE FUNCTION filler() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.contents := 'x'; RETURN new; END $$; "
        "CREATE TRIGGER fills BEFORE INSERT ON comments FOR EACH ROW EXECUTE FUNCTION filler()",
        "CREATE FUNCTION filler() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.kind IS NULL THEN new.kind := 'x'; "
        "END IF; RETURN new; END $$; "
        "CREATE TRIGGER fills BEFORE INSERT ON votes FOR EACH ROW EXECUTE FUNCTION filler()",
        "CREATE FUNCTION adder() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO votes (amount) VALUES (1); END $$",
        "CREATE FUNCTION adder() RETURNS void LANGUAGE sql AS $$ INSERT INTO votes (amount) VALUES (1) $$",
        "CREATE FUNCTION adder() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO votes VALUES (1, 'a', 2); END $$",
        "CREATE FUNCTION adder() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN twice(2); END $$",
        "CREATE FUNCTION adder() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN twice(2::smallint); END $$",
        "CREATE FUNCTION adder() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM clear(1); END $$",
        "CREATE FUNCTION adder() RETURNS int LANGUAGE plpgsql AS $$ DECLARE r posts; BEGIN SELECT * INTO r FROM posts LIMIT "
        "1; RETURN length(r.title); END $$",
        "CREATE FUNCTION adder() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM posts WHERE state = "
        "'sad'); END $$",
        "CREATE FUNCTION adder() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO comments (id, post_id, rank) VALUES "
        "(9, NULL, 1) ON CONFLICT (post_id, rank) DO NOTHING; END $$",
        "CREATE FUNCTION adder() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO recent (id) VALUES (77); END $$",
        "CREATE FUNCTION adder() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT max({words.column}) FROM "
        "{words.table}); END $$",
        "CREATE FUNCTION adder() RETURNS void LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM votes "
        "LOOP RAISE NOTICE '%', r.kind; END LOOP; END $$",
    ),
    "partition": (
        "CREATE TABLE logs_high PARTITION OF logs FOR VALUES FROM (20) TO (30)",
        "CREATE TABLE logs_new PARTITION OF logs FOR VALUES FROM (25) TO (35)",
        "CREATE TABLE logs_rest PARTITION OF logs DEFAULT",
        "CREATE TABLE logs_mid_1 PARTITION OF logs_mid FOR VALUES FROM (10) TO (15)",
        "CREATE TABLE events_two PARTITION OF events FOR VALUES IN (2)",
        "ALTER TABLE logs ATTACH PARTITION logs_spare FOR VALUES FROM (30) TO (40)",
        "ALTER TABLE logs DETACH PARTITION logs_low",
        "ALTER TABLE logs DETACH PARTITION logs_mid",
        "ALTER TABLE events DETACH PARTITION events_one",
        "ALTER TABLE cats INHERIT animals",
        "ALTER TABLE dogs NO INHERIT animals",
        "CREATE TABLE puppies () INHERITS (dogs)",
        "ALTER TABLE logs_low ALTER note SET NOT NULL",
        "ALTER TABLE logs ALTER note SET NOT NULL",
        "ALTER TABLE logs_spare ALTER note SET NOT NULL",
        "ALTER TABLE logs_spare ALTER note TYPE varchar(99)",
    ),
    "sequence": (
        "CREATE SEQUENCE likes",
        "CREATE SEQUENCE counter",
        "DROP SEQUENCE numbers",
        "ALTER SEQUENCE numbers RENAME TO figures",
        "ALTER SEQUENCE numbers INCREMENT BY 2",
        "ALTER SEQUENCE numbers INCREMENT BY 3",
        "ALTER SEQUENCE numbers CACHE 5",
        "ALTER SEQUENCE numbers OWNED BY votes.id",
        "ALTER SEQUENCE numbers AS smallint",
        "SELECT setval('numbers', 7)",
        "COMMENT ON SEQUENCE numbers IS 'one'",
    ),
    "schema": (
        "CREATE SCHEMA likes",
        "CREATE SCHEMA IF NOT EXISTS likes",
        "DROP SCHEMA yard CASCADE",
        "DROP SCHEMA side",
        "ALTER SCHEMA yard RENAME TO garden",
        "ALTER SCHEMA yard OWNER TO gen_writer",
        "CREATE TABLE yard.seeds (id int)",
        "CREATE TABLE side.seeds (id int)",
        "ALTER TABLE yard.tools SET SCHEMA side",
        "ALTER TABLE yard.tools ADD COLUMN price int",
        "SET search_path = yard; CREATE INDEX ON tools (maker); SET search_path = public",
        "COMMENT ON SCHEMA yard IS 'one'",
        "GRANT USAGE ON SCHEMA yard TO gen_reader",
    ),
    "privilege": (
        "GRANT SELECT ON {table} TO gen_reader",
        "GRANT INSERT ON {table} TO gen_writer",
        "GRANT SELECT (title) ON posts TO gen_writer",
        "REVOKE SELECT ON posts FROM gen_reader",
        "REVOKE ALL ON posts FROM gen_reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO gen_reader",
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM gen_reader",
        "GRANT EXECUTE ON FUNCTION twice(int) TO gen_reader",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO gen_reader",
        "GRANT USAGE ON SEQUENCE numbers TO gen_reader",
        "GRANT USAGE ON TYPE mood TO gen_reader",
        "GRANT USAGE ON FOREIGN SERVER far TO gen_writer",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO gen_reader",
        "ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO gen_writer",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO gen_writer",
    ),
    "role": (
        "CREATE ROLE gen_new",
        "CREATE ROLE gen_new LOGIN",
        "DROP ROLE gen_spare",
        "ALTER ROLE gen_spare RENAME TO gen_other",
        "ALTER ROLE gen_spare LOGIN",
        "ALTER ROLE gen_spare SET work_mem = '1MB'",
        "ALTER ROLE gen_spare SET work_mem = '2MB'",
        "ALTER ROLE gen_spare SET search_path = side",
        "GRANT gen_writer TO gen_spare",
        "REVOKE gen_writer FROM gen_spare",
        "COMMENT ON ROLE gen_spare IS 'one'",
        "GRANT SELECT ON votes TO gen_spare",
        "CREATE SCHEMA AUTHORIZATION gen_spare",
        "REASSIGN OWNED BY gen_spare TO gen_writer",
        "DROP OWNED BY gen_spare",
    ),
    "publication": (
        "CREATE PUBLICATION others FOR TABLE votes",
        "CREATE PUBLICATION others FOR TABLE votes (id)",
        "CREATE PUBLICATION others FOR TABLES IN SCHEMA yard",
        "CREATE PUBLICATION others FOR TABLE votes WHERE (id > 0)",
        "CREATE PUBLICATION whole FOR ALL TABLES",
        "ALTER PUBLICATION news ADD TABLE votes",
        "ALTER PUBLICATION news ADD TABLE comments",
        "ALTER PUBLICATION news DROP TABLE posts",
        "ALTER PUBLICATION news SET TABLE comments",
        "ALTER PUBLICATION news SET (publish = 'insert')",
        "ALTER PUBLICATION yards DROP TABLES IN SCHEMA yard",
        "ALTER PUBLICATION news RENAME TO tidings",
        "DROP PUBLICATION news",
        "DROP PUBLICATION yards",
        "COMMENT ON PUBLICATION news IS 'one'",
    ),
    "foreign": (
        "CREATE SERVER further FOREIGN DATA WRAPPER wires",
        "CREATE FOREIGN TABLE far_votes (id int) SERVER far",
        "CREATE USER MAPPING FOR gen_writer SERVER far",
        "ALTER SERVER far OPTIONS (ADD host 'a')",
        "ALTER SERVER far RENAME TO distant",
        "ALTER SERVER far VERSION '2'",
        "ALTER FOREIGN DATA WRAPPER wires OPTIONS (ADD a 'b')",
        "ALTER FOREIGN DATA WRAPPER wires RENAME TO cables",
        "DROP SERVER far CASCADE",
        "DROP FOREIGN DATA WRAPPER wires CASCADE",
        "DROP USER MAPPING FOR gen_reader SERVER far",
        "ALTER USER MAPPING FOR gen_reader SERVER far OPTIONS (ADD b 'c')",
        "ALTER FOREIGN TABLE far_posts ADD COLUMN author text",
        "ALTER FOREIGN TABLE far_posts OPTIONS (ADD x 'y')",
        "DROP FOREIGN TABLE far_posts",
        "COMMENT ON SERVER far IS 'one'",
        "COMMENT ON FOREIGN DATA WRAPPER wires IS 'one'",
    ),
    "search": (
        "CREATE TEXT SEARCH CONFIGURATION other (COPY = search)",
        "ALTER TEXT SEARCH CONFIGURATION search ADD MAPPING FOR word WITH simple",
        "ALTER TEXT SEARCH CONFIGURATION search ADD MAPPING FOR asciiword WITH words",
        "ALTER TEXT SEARCH CONFIGURATION search ADD MAPPING FOR asciiword WITH simple",
        "ALTER TEXT SEARCH CONFIGURATION search RENAME TO find",
        "DROP TEXT SEARCH CONFIGURATION search",
        "ALTER TEXT SEARCH DICTIONARY words (accept = false)",
        "ALTER TEXT SEARCH DICTIONARY words RENAME TO terms",
        "DROP TEXT SEARCH DICTIONARY words",
        "CREATE COLLATION other FROM plain",
        "ALTER COLLATION plain RENAME TO bare",
        "DROP COLLATION plain",
    ),
    "rows": (
        "INSERT INTO votes (id) VALUES (1)",
        "INSERT INTO votes VALUES (1, 'a', 2)",
        "INSERT INTO posts (id, title, state) VALUES (1, 'a', 'sad')",
        "INSERT INTO comments (id, contents) VALUES (1, 'a')",
        "INSERT INTO comments (id, author) VALUES (1, 'a')",
        "INSERT INTO comments (id, post_id, rank) VALUES (1, NULL, 1) ON CONFLICT (post_id, rank) DO NOTHING",
        "INSERT INTO posts (id, title, slug) VALUES (2, 'b', 'c') ON CONFLICT (slug) DO NOTHING",
        "INSERT INTO posts (id, title, slug) VALUES (2, 'b', 'c') ON CONFLICT ON CONSTRAINT posts_slug DO NOTHING",
        "INSERT INTO posts (id, title, slug) VALUES (2, 'b', 'c') ON CONFLICT (title) DO NOTHING",
        "INSERT INTO recent (id, contents) VALUES (3, 'c')",
        "INSERT INTO joined (id, title) VALUES (4, 'd')",
        "INSERT INTO animals (id, name) VALUES (1, 'x')",
        "INSERT INTO logs (id, note) VALUES (1, 'x')",
        "INSERT INTO logs_low (id, note) VALUES (2, 'x')",
        "INSERT INTO events VALUES (1, 'x')",
        "UPDATE {words.table} SET {words.column} = 'x'",
        "UPDATE {words.table} SET {words.column} = 'y'",
        "UPDATE posts SET state = 'sad'",
        "UPDATE comments SET spot.x = 1",
        "UPDATE recent SET contents = 'z'",
        "DELETE FROM votes WHERE kind = 'x'",
        "DELETE FROM posts WHERE state = 'ok'",
        "MERGE INTO votes v USING posts p ON p.id = v.id WHEN MATCHED THEN UPDATE SET kind = p.title "
        "WHEN NOT MATCHED THEN INSERT (id) VALUES (p.id)",
        "SELECT count(kind) FROM votes",
    ),
    "do": (
        "DO $$ BEGIN ALTER TABLE votes ADD COLUMN score int; END $$",
        "DO $$ BEGIN PERFORM 1 FROM posts WHERE title = 'x'; END $$",
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_class WHERE relname = 'votes') THEN DROP TABLE votes CASCADE; END IF; END $$",
    ),
    "extension": (
        "CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX near_author ON comments USING gin (author gin_trgm_ops)",
        "CREATE EXTENSION pg_trgm",
        "CREATE EXTENSION hstore SCHEMA side",
        "CREATE EXTENSION hstore",
        "CREATE TABLE words_ci (w citext)",
        "CREATE VIEW folded AS SELECT 'a'::citext AS w",
        "DROP EXTENSION citext",
        "ALTER EXTENSION citext SET SCHEMA side",
        "COMMENT ON EXTENSION citext IS 'one'",
    ),
}
EXTENSION = "CREATE EXTENSION citext;\n"

SLOT = re.compile(r"\{(\w+)(?:\.\w+)?\}")


@dataclass(frozen=True, order=True)
class Change:
    """One script, and the kind of object that it is about."""

    kind: str
    sql: str


def changes() -> list[Change]:
    """Every production with everything that may stand in its slots."""
    return [Change(kind, sql) for kind, texts in PRODUCTIONS.items() for text in texts for sql in _filled(text)]


def _filled(text: str) -> Iterator[str]:
    slots = list(dict.fromkeys(SLOT.findall(text)))
    for chosen in product(*(SLOTS[slot] for slot in slots)):
        sql = text
        for slot, given in zip(slots, chosen):
            table, _, column = given.partition(".")
            sql = sql.replace(f"{{{slot}.table}}", table).replace(f"{{{slot}.column}}", column)
            sql = sql.replace(f"{{{slot}}}", given)
        yield sql
