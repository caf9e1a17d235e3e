# ruff: noqa: E501  # SQL is read more easily in one piece
"""Pairs of changes that static `check` once said nothing of, or too much: kind by kind, each tried on PostgreSQL.

They are changes of the base in `ddl.py`. `CONFLICTS` fail in one of the two orders, or give two schemas; `HARMLESS` look
much like them. What generated pairs show, or people report, is added here as a kind.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.check.ddl import Change
from tests.check.generated import Truths, bench, said
from tests.conftest import url_of
from tests.servers import create_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

CONFLICTS = (
    ("ALTER TABLE posts DROP CONSTRAINT posts_pkey CASCADE", "ALTER TABLE votes ADD FOREIGN KEY (id) REFERENCES posts"),
    (
        "ALTER TABLE posts DROP CONSTRAINT posts_pkey CASCADE",
        "CREATE VIEW g AS SELECT p.id, p.title, count(*) FROM posts p JOIN comments c ON c.post_id = p.id GROUP BY p.id",
    ),
    ("ALTER INDEX posts_title RENAME TO by_title", "ALTER TABLE posts REPLICA IDENTITY USING INDEX posts_title"),
    ("DROP INDEX posts_title", "ALTER TABLE posts REPLICA IDENTITY USING INDEX posts_title"),
    ("DROP INDEX comments_author", "ALTER TABLE comments CLUSTER ON comments_author"),
    ("ALTER INDEX comments_author RENAME TO x", "ALTER TABLE comments CLUSTER ON comments_author"),
    ("ALTER INDEX comments_author RENAME TO x", "CLUSTER comments USING comments_author"),
    ("ALTER TABLE logs DETACH PARTITION logs_low", "ALTER TABLE logs ADD CONSTRAINT dated CHECK (day IS NOT NULL)"),
    ("ALTER TABLE logs DETACH PARTITION logs_low", "CREATE INDEX ON logs (day)"),
    ("ALTER TABLE logs DETACH PARTITION logs_low", "ALTER TABLE logs ALTER note SET NOT NULL"),
    (
        "ALTER TABLE logs ATTACH PARTITION logs_spare FOR VALUES FROM (30) TO (40)",
        "ALTER TABLE logs ADD CONSTRAINT dated CHECK (day IS NOT NULL)",
    ),
    ("ALTER TYPE place DROP ATTRIBUTE y CASCADE", "CREATE INDEX py ON comments (((spot).y))"),
    ("ALTER TYPE place RENAME ATTRIBUTE x TO xx CASCADE", "CREATE VIEW w AS SELECT (spot).x FROM comments"),
    (
        "CREATE AGGREGATE ag(int) (sfunc = int4pl, stype = int)",
        "CREATE FUNCTION ag(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ),
    (
        "CREATE PROCEDURE ag(int) LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION ag(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ),
    ("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "CREATE VIEW w AS SELECT id FROM posts WHERE state = 'sad'"),
    ("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "ALTER TABLE posts ADD CHECK (state <> 'sad')"),
    ("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "CREATE POLICY pp ON posts USING (state = 'sad')"),
    ("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "CREATE INDEX ix ON posts (id) WHERE state = 'sad'"),
    (
        "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
        "CREATE FUNCTION ff() RETURNS int LANGUAGE sql AS $$ SELECT id FROM posts WHERE state = 'sad' $$",
    ),
    ("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "UPDATE posts SET state = 'sad'"),
    ("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "UPDATE posts SET title = 'x' WHERE state = 'sad'"),
    (
        "CREATE OR REPLACE VIEW recent AS SELECT DISTINCT id, contents, author FROM comments",
        "INSERT INTO recent (id, contents) VALUES (3, 'c')",
    ),
    ("DROP VIEW everything; CREATE VIEW everything AS SELECT * FROM votes", "ALTER TABLE votes ADD COLUMN score int"),
    (
        "ALTER TABLE comments DROP CONSTRAINT ranks, ADD CONSTRAINT ranks UNIQUE (post_id)",
        "INSERT INTO comments (id, post_id, rank) VALUES (1, NULL, 1) ON CONFLICT (post_id, rank) DO NOTHING",
    ),
    ("DROP EXTENSION citext", "CREATE TABLE w (a citext)"),
    ("ALTER EXTENSION citext SET SCHEMA side", "CREATE TABLE w (a citext)"),
    ("ALTER SCHEMA yard RENAME TO garden", "ALTER PUBLICATION yards DROP TABLES IN SCHEMA yard"),
    ("ALTER SCHEMA yard RENAME TO garden", "CREATE PUBLICATION o FOR TABLES IN SCHEMA yard"),
    ("DROP SERVER far CASCADE", "ALTER FOREIGN TABLE far_posts ADD COLUMN author text"),
    ("DROP SERVER far CASCADE", "ALTER USER MAPPING FOR gen_reader SERVER far OPTIONS (ADD b 'c')"),
    ("DROP SERVER far CASCADE", "CREATE FOREIGN TABLE far_votes (id int) SERVER far"),
    ("DROP RULE joined_insert ON joined", "INSERT INTO joined (id, title) VALUES (4, 'd')"),
    ("CREATE INDEX ei ON ONLY events (kind)", "CREATE TABLE events_two PARTITION OF events FOR VALUES IN (2)"),
    ("ALTER INDEX posts_slug RENAME TO by_slug", "COMMENT ON CONSTRAINT posts_slug ON posts IS 'one'"),
    (
        "CREATE FUNCTION twice(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n'",
        "CREATE VIEW tw AS SELECT twice(2::smallint)",
    ),
    (
        "CREATE FUNCTION twice(n int, m int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT m * n'",
        "CREATE VIEW tw AS SELECT twice(2)",
    ),
    ("CREATE EVENT TRIGGER ev ON ddl_command_end EXECUTE FUNCTION announce()", "DROP FUNCTION announce()"),
    (
        "CREATE EVENT TRIGGER ev ON ddl_command_end EXECUTE FUNCTION announce()",
        "ALTER FUNCTION announce() RENAME TO say",
    ),
    ("ALTER ROLE gen_spare SET work_mem = '1MB'", "ALTER ROLE gen_spare SET work_mem = '2MB'"),
    ("ALTER ROLE gen_spare SET work_mem = '1MB'", "ALTER ROLE gen_spare RENAME TO gen_other"),
    ("ALTER FUNCTION clear(int) SET search_path = public", "ALTER FUNCTION clear(int) SET search_path = side, public"),
    (
        "CREATE INDEX logs_days ON ONLY logs (day)",
        "ALTER TABLE logs ATTACH PARTITION logs_spare FOR VALUES FROM (30) TO (40)",
    ),
    ("DROP ROLE gen_spare", "GRANT SELECT ON votes TO gen_spare"),
    (
        "ALTER TABLE comments DROP CONSTRAINT to_posts, ADD CONSTRAINT to_posts FOREIGN KEY (post_id) REFERENCES posts (id) NOT VALID",
        "ALTER TABLE comments VALIDATE CONSTRAINT to_posts",
    ),
    ("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM gen_reader", "GRANT SELECT ON votes TO gen_reader"),
    ("ALTER TABLE animals ADD COLUMN age int", "ALTER TABLE cats INHERIT animals"),
    ("ALTER TABLE animals ADD CONSTRAINT alone CHECK (name <> '')", "ALTER TABLE dogs NO INHERIT animals"),
    ("ALTER TABLE comments DISABLE TRIGGER stamped", "ALTER TRIGGER stamped ON comments RENAME TO marked"),
    (
        "ALTER TABLE comments DISABLE TRIGGER USER",
        "CREATE TRIGGER more AFTER INSERT ON comments FOR EACH ROW EXECUTE FUNCTION stamp()",
    ),
    ("ALTER TABLE comments DISABLE TRIGGER USER", "ALTER TABLE comments ENABLE ALWAYS TRIGGER stamped"),
    ("ALTER TABLE posts DROP CONSTRAINT posts_pkey CASCADE", "DELETE FROM posts WHERE state = 'ok'"),
    ("ALTER TABLE posts DROP CONSTRAINT posts_pkey CASCADE", "UPDATE posts SET title = 'y'"),
    ("ALTER TABLE posts REPLICA IDENTITY NOTHING", "DELETE FROM posts WHERE state = 'ok'"),
    ("ALTER PUBLICATION news ADD TABLE votes", "DELETE FROM votes WHERE kind = 'x'"),
    ("CREATE PUBLICATION whole FOR ALL TABLES", "UPDATE votes SET kind = 'x'"),
    ("ALTER TABLE spots NOT OF", "ALTER TYPE place ADD ATTRIBUTE z int CASCADE"),
    ("ALTER TABLE spots NOT OF", "ALTER TYPE place RENAME ATTRIBUTE x TO xx CASCADE"),
    ("ALTER TABLE spots NOT OF", "ALTER TYPE place DROP ATTRIBUTE y CASCADE"),
    ("CREATE INDEX ON logs (day)", "CREATE INDEX days_low ON logs_low (day)"),
    ("CREATE INDEX ON logs (day)", "CREATE INDEX ON logs_low (day)"),
    ("CREATE UNIQUE INDEX ON events (id)", "CREATE UNIQUE INDEX ON events_one (id)"),
    ("CREATE INDEX ON logs (day)", "CREATE INDEX days_mid ON logs_mid (day)"),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO gen_writer",
        "CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ),
    ("ALTER TABLE logs ATTACH PARTITION logs_spare FOR VALUES FROM (30) TO (40)", "ALTER TABLE logs DROP COLUMN note"),
    (
        "INSERT INTO comments (id, post_id, rank) VALUES (1, NULL, 1) ON CONFLICT (post_id, rank) DO NOTHING",
        "ALTER TABLE comments ALTER rank SET NOT NULL, ALTER rank ADD GENERATED ALWAYS AS IDENTITY",
    ),
    (
        "UPDATE comments SET rank = 3",
        "ALTER TABLE comments ALTER rank SET NOT NULL, ALTER rank ADD GENERATED ALWAYS AS IDENTITY",
    ),
    ("ALTER TABLE votes OWNER TO gen_spare", "ALTER SEQUENCE numbers OWNED BY votes.id"),
    ("ALTER SEQUENCE numbers OWNER TO gen_spare", "ALTER SEQUENCE numbers OWNED BY votes.id"),
    ("CREATE STATISTICS more ON kind, amount FROM votes", "CREATE TABLE copies (LIKE votes INCLUDING ALL)"),
    ("CREATE STATISTICS more ON kind, amount FROM votes", "CREATE TABLE copies (LIKE votes INCLUDING STATISTICS)"),
    ("DROP STATISTICS comments_together", "CREATE TABLE copies (LIKE comments INCLUDING ALL)"),
    ("ALTER TABLE votes ALTER kind SET STORAGE EXTERNAL", "CREATE TABLE copies (LIKE votes INCLUDING ALL)"),
    ("ALTER TABLE votes ALTER kind SET COMPRESSION pglz", "CREATE TABLE copies (LIKE votes INCLUDING ALL)"),
    ("COMMENT ON COLUMN votes.kind IS 'x'", "CREATE TABLE copies (LIKE votes INCLUDING ALL)"),
    ("COMMENT ON CONSTRAINT ranked ON comments IS 'x'", "CREATE TABLE copies (LIKE comments INCLUDING ALL)"),
    ("ALTER TABLE comments DROP CONSTRAINT ranked", "CREATE TABLE copies (LIKE comments INCLUDING ALL)"),
    (
        "ALTER TABLE animals ADD CONSTRAINT own CHECK (name <> '') NO INHERIT",
        "CREATE TABLE copies (LIKE animals INCLUDING ALL)",
    ),
    ("ALTER TABLE events ADD PRIMARY KEY (id)", "ALTER TABLE events_one ADD PRIMARY KEY (id)"),
    ("ALTER TABLE events ADD UNIQUE (id)", "ALTER TABLE events_one ADD UNIQUE (id)"),
    (
        "ALTER TABLE events ADD CONSTRAINT pos CHECK (id > 0)",
        "ALTER TABLE events_one ADD CONSTRAINT pos CHECK (id > 0)",
    ),
    ("ALTER TABLE events ALTER kind SET DEFAULT 'a'", "ALTER TABLE events_one ALTER kind SET DEFAULT 'b'"),
    ("ALTER TABLE animals ALTER name SET DEFAULT 'a'", "ALTER TABLE dogs ALTER name SET DEFAULT 'b'"),
    ("ALTER TABLE animals ALTER name SET NOT NULL", "ALTER TABLE dogs ALTER name DROP NOT NULL"),
    ("ALTER TABLE animals ADD CONSTRAINT pos CHECK (id > 0)", "ALTER TABLE dogs ADD CONSTRAINT pos CHECK (id > 1)"),
    (
        "CREATE TRIGGER tr BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION stamp()",
        "CREATE TRIGGER tr BEFORE INSERT ON events_one FOR EACH ROW EXECUTE FUNCTION stamp()",
    ),
    ("ALTER TABLE events ALTER kind TYPE varchar(9)", "CREATE VIEW ev AS SELECT kind FROM events_one"),
    ("ALTER TABLE events ALTER kind SET STATISTICS 100", "ALTER TABLE events_one ALTER kind SET STATISTICS 200"),
    ("ALTER TABLE events ALTER kind SET STORAGE EXTERNAL", "ALTER TABLE events_one ALTER kind SET STORAGE MAIN"),
    ("ALTER TABLE animals ALTER name SET DEFAULT 'a'", "ALTER TABLE dogs NO INHERIT animals"),
    ("ALTER TABLE animals ALTER name SET STATISTICS 100", "ALTER TABLE dogs NO INHERIT animals"),
    ("ALTER TABLE animals ALTER name SET STORAGE EXTERNAL", "ALTER TABLE dogs NO INHERIT animals"),
    ("ALTER TABLE logs ALTER note SET STATISTICS 100", "ALTER TABLE logs DETACH PARTITION logs_low"),
    ("ALTER TABLE logs ALTER note SET STORAGE EXTERNAL", "ALTER TABLE logs DETACH PARTITION logs_low"),
    ("ALTER TABLE animals ALTER name SET STATISTICS 100", "CREATE TABLE puppies () INHERITS (animals)"),
    (
        "ALTER TABLE events ALTER kind SET STATISTICS 100",
        "CREATE TABLE events_two PARTITION OF events FOR VALUES IN (2)",
    ),
    ("COMMENT ON INDEX comments_author IS 'one'", "CREATE TABLE copies (LIKE comments INCLUDING ALL)"),
    ("COMMENT ON INDEX ranks IS 'one'", "CREATE TABLE copies (LIKE comments INCLUDING INDEXES INCLUDING COMMENTS)"),
    ("COMMENT ON STATISTICS comments_together IS 'one'", "CREATE TABLE copies (LIKE comments INCLUDING ALL)"),
    ("ALTER TABLE posts ALTER title SET NOT NULL", "ALTER TABLE posts ALTER title DROP NOT NULL"),
    ("ALTER TABLE posts ALTER title SET NOT NULL", "ALTER TABLE posts RENAME title TO head"),
    ("ALTER TABLE animals ALTER name SET NOT NULL", "CREATE TABLE copies (LIKE dogs)"),
    ("ALTER TABLE logs ALTER day SET NOT NULL", "ALTER TABLE logs DETACH PARTITION logs_low"),
    (
        "CREATE UNIQUE INDEX ON events (id)",
        "CREATE TABLE events_two PARTITION OF events FOR VALUES IN (2) PARTITION BY LIST (kind)",
    ),
    (
        "ALTER TABLE events ADD PRIMARY KEY (id)",
        "CREATE TABLE events_two PARTITION OF events FOR VALUES IN (2) PARTITION BY LIST (lower(kind))",
    ),
    (
        "CREATE AGGREGATE ag(int) (sfunc = int4pl, stype = int)",
        "CREATE PROCEDURE ag(int) LANGUAGE sql AS 'SELECT 1'",
    ),
    (
        "ALTER TABLE votes ADD COLUMN due date NOT NULL",
        "MERGE INTO votes USING (SELECT 1 AS id) p ON p.id = votes.id WHEN NOT MATCHED THEN INSERT (id) VALUES (p.id)",
    ),
    ("ALTER TABLE votes ALTER kind SET NOT NULL", "INSERT INTO votes (id, kind) VALUES (9, 'x'), (10, NULL)"),
    (
        "ALTER TABLE votes ALTER kind SET DEFAULT 'x', ALTER kind SET NOT NULL",
        "INSERT INTO votes (id, kind) VALUES (9, DEFAULT)",
    ),
    (
        "ALTER TABLE posts ALTER state DROP DEFAULT, ALTER state SET NOT NULL",
        "INSERT INTO posts (id, title) VALUES (9, 'x')",
    ),
    ("ALTER TABLE votes ADD COLUMN due date NOT NULL", "INSERT INTO votes DEFAULT VALUES"),
    ("CREATE TABLE IF NOT EXISTS likes (id int)", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO gen_reader"),
    ("DROP FUNCTION stamp() CASCADE", "DROP TRIGGER stamped ON comments"),
    ("DROP FUNCTION stamp() CASCADE", "ALTER TABLE comments DISABLE TRIGGER stamped"),
    ("DROP FUNCTION near(int, int) CASCADE", "CREATE VIEW fresh AS SELECT id ~~~ amount AS n FROM votes"),
    ("ALTER SEQUENCE numbers AS smallint", "ALTER SEQUENCE numbers MAXVALUE 100000"),
    ("ALTER SEQUENCE numbers MAXVALUE 10", "ALTER SEQUENCE numbers RESTART 100"),
    ("CREATE TABLE snap (LIKE comments INCLUDING INDEXES)", "ALTER INDEX comments_author SET (fillfactor = 60)"),
    ("CREATE TABLE kids (age text) INHERITS (animals)", "ALTER TABLE animals ADD COLUMN age int"),
    ("CREATE TABLE kids (name text) INHERITS (animals)", "ALTER TABLE animals RENAME name TO called"),
    ("CREATE TABLE kids (called text) INHERITS (animals)", "ALTER TABLE animals RENAME name TO called"),
    ("CREATE TABLE kids (id int) INHERITS (animals)", "ALTER TABLE animals ALTER id TYPE bigint"),
    ("CREATE TABLE kids (name text DEFAULT 'y') INHERITS (animals)", "ALTER TABLE animals ALTER name SET DEFAULT 'x'"),
    (
        "CREATE TABLE kids (id int, CONSTRAINT pos CHECK (id > 0)) INHERITS (animals)",
        "ALTER TABLE animals ADD CONSTRAINT pos CHECK (id > 1)",
    ),
    (
        "CREATE TRIGGER t AFTER INSERT ON logs_spare REFERENCING NEW TABLE AS n FOR EACH ROW EXECUTE FUNCTION stamp()",
        "ALTER TABLE logs ATTACH PARTITION logs_spare FOR VALUES FROM (30) TO (40)",
    ),
    (
        "CREATE TRIGGER t AFTER INSERT ON cats REFERENCING NEW TABLE AS n FOR EACH ROW EXECUTE FUNCTION stamp()",
        "ALTER TABLE cats INHERIT animals",
    ),
    (
        "ALTER TABLE logs_spare ADD PRIMARY KEY (id)",
        "ALTER TABLE logs ATTACH PARTITION logs_spare FOR VALUES FROM (30) TO (40)",
    ),
    ("ALTER TABLE posts ADD CONSTRAINT u2 UNIQUE USING INDEX posts_title", "COMMENT ON INDEX posts_title IS 'x'"),
    (
        "ALTER TABLE posts ADD CONSTRAINT u2 UNIQUE USING INDEX posts_title",
        "ALTER TABLE posts REPLICA IDENTITY USING INDEX posts_title",
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE gen_spare GRANT SELECT ON TABLES TO gen_reader",
        "DROP ROLE gen_spare",
    ),
    ("ALTER DOMAIN code SET NOT NULL", "INSERT INTO comments (id) VALUES (1)"),
    ("ALTER DOMAIN code SET NOT NULL", "INSERT INTO comments VALUES (1, NULL)"),
    ("ALTER DOMAIN code SET NOT NULL", "CREATE TABLE w (a code, b int); INSERT INTO w (b) VALUES (1)"),
    ("ALTER DOMAIN code SET NOT NULL", "CREATE TABLE w (a code[])"),
    ("ALTER TABLE votes SET UNLOGGED", "ALTER PUBLICATION news ADD TABLE votes"),
    ("ALTER TABLE votes SET UNLOGGED", "ALTER SEQUENCE numbers OWNED BY votes.id"),
    (
        "ALTER FUNCTION near(int, int) RENAME TO nearby",
        "CREATE OPERATOR ~~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = near)",
    ),
    (
        "CREATE OPERATOR ~~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = near, COMMUTATOR = ~~~)",
        "DROP OPERATOR ~~~ (int, int)",
    ),
    ("ALTER TEXT SEARCH CONFIGURATION search ADD MAPPING FOR word WITH words", "DROP TEXT SEARCH DICTIONARY words"),
    (
        "ALTER TEXT SEARCH CONFIGURATION search ADD MAPPING FOR word WITH words",
        "CREATE TEXT SEARCH CONFIGURATION s2 (COPY = search)",
    ),
    (
        "ALTER TEXT SEARCH CONFIGURATION search ADD MAPPING FOR word WITH words",
        "ALTER TEXT SEARCH DICTIONARY words RENAME TO wordy",
    ),
    (
        "ALTER TEXT SEARCH CONFIGURATION search ADD MAPPING FOR word WITH simple",
        "ALTER TEXT SEARCH CONFIGURATION search ALTER MAPPING REPLACE simple WITH words",
    ),
    ("ALTER COLLATION plain RENAME TO simple_c", "CREATE INDEX ci ON votes (kind COLLATE plain)"),
    ("DROP COLLATION plain", "CREATE VIEW cv AS SELECT kind COLLATE plain AS k FROM votes"),
    ("DROP COLLATION plain", "CREATE DOMAIN dc AS text COLLATE plain"),
    ("ALTER COLLATION plain RENAME TO p2", "CREATE TABLE w (a text COLLATE plain)"),
    ("ALTER COLLATION plain RENAME TO p2", "CREATE TYPE ct AS (a text COLLATE plain)"),
    ("ALTER COLLATION plain SET SCHEMA side", "CREATE TABLE w (a text) PARTITION BY RANGE (a COLLATE plain)"),
    ("DROP INDEX tally_author", "REFRESH MATERIALIZED VIEW CONCURRENTLY tally"),
    (
        "ALTER TABLE votes ALTER id SET NOT NULL, ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        "CREATE SEQUENCE votes_id_seq",
    ),
    (
        "ALTER TABLE votes ALTER id SET NOT NULL, ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE votes ALTER id SET DEFAULT 4",
    ),
    (
        "ALTER TABLE votes ALTER id SET NOT NULL, ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE votes ALTER id DROP NOT NULL",
    ),
    (
        "ALTER TABLE votes ALTER id SET NOT NULL, ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE votes RENAME TO ballots",
    ),
    (
        "ALTER TABLE votes ALTER id SET NOT NULL, ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        "CREATE TABLE w (LIKE votes INCLUDING IDENTITY)",
    ),
    ("ALTER TABLE votes SET (fillfactor = 70)", "ALTER TABLE votes RESET (fillfactor)"),
    ("ALTER TABLE votes ALTER id SET (n_distinct = 5)", "ALTER TABLE votes ALTER id RESET (n_distinct)"),
    (
        "ALTER INDEX comments_author SET (fillfactor = 60)",
        "DROP INDEX comments_author; CREATE INDEX comments_author ON comments (author)",
    ),
    ("ALTER TABLE logs ADD FOREIGN KEY (id) REFERENCES posts", "ALTER TABLE logs DETACH PARTITION logs_low"),
    (
        "ALTER TABLE logs ADD FOREIGN KEY (id) REFERENCES posts",
        "ALTER TABLE logs_low ADD FOREIGN KEY (id) REFERENCES posts",
    ),
    ("DROP TABLE logs_low", "INSERT INTO logs (id) VALUES (4)"),
    ("CREATE INDEX lm ON ONLY logs_mid (note)", "CREATE INDEX la ON logs (note)"),
    (
        "CREATE INDEX lo ON ONLY logs (note); CREATE INDEX ll ON logs_low (note); ALTER INDEX lo ATTACH PARTITION ll",
        "DROP TABLE logs_low",
    ),
    (
        "CREATE INDEX lo ON ONLY logs (note); CREATE INDEX ll ON logs_low (note); ALTER INDEX lo ATTACH PARTITION ll",
        "ALTER TABLE logs DETACH PARTITION logs_low",
    ),
    (
        "CREATE INDEX lo ON ONLY logs (note); CREATE INDEX ll ON logs_low (note); ALTER INDEX lo ATTACH PARTITION ll",
        "ALTER TABLE logs RENAME note TO remark",
    ),
    ("ALTER TABLE animals ADD COLUMN breed text", "ALTER TABLE dogs DROP COLUMN breed"),
    ("ALTER TABLE animals ADD COLUMN breed text", "ALTER TABLE dogs ALTER breed TYPE varchar(9)"),
    ("ALTER TABLE animals ADD COLUMN breed text", "ALTER TABLE dogs RENAME breed TO b"),
    ("CREATE TABLE pups (age int) INHERITS (dogs)", "ALTER TABLE animals ADD COLUMN age text"),
    (
        "CREATE CONSTRAINT TRIGGER ct AFTER UPDATE ON votes FROM posts FOR EACH ROW EXECUTE FUNCTION stamp()",
        "DROP TABLE posts CASCADE",
    ),
    (
        "CREATE CONSTRAINT TRIGGER ct AFTER UPDATE ON votes FOR EACH ROW EXECUTE FUNCTION stamp()",
        "ALTER TABLE votes ADD CONSTRAINT ct CHECK (id > 0)",
    ),
    ("ALTER TRIGGER stamped ON comments DEPENDS ON EXTENSION citext", "DROP EXTENSION citext"),
    ("ALTER TRIGGER stamped ON comments DEPENDS ON EXTENSION citext", "DROP TRIGGER stamped ON comments"),
    (
        "CREATE OPERATOR FAMILY ofam USING btree",
        "CREATE OPERATOR CLASS ofam FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(int, int)",
    ),
    (
        "CREATE OPERATOR CLASS oc FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(int, int)",
        "CREATE OPERATOR FAMILY oc USING btree",
    ),
    ("CREATE TYPE spanmulti AS RANGE (subtype = int4, multirange_type_name = mm)", "CREATE TYPE mm AS (a int)"),
    ("CREATE TYPE floatrange AS RANGE (subtype = float8)", "CREATE TYPE floatmultirange AS (a int)"),
    (
        "CREATE TYPE fr AS RANGE (subtype = float8, subtype_diff = float8mi)",
        "CREATE FUNCTION fr(float8, float8) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ),
    ("CREATE TYPE c2 AS RANGE (subtype = code)", "DROP DOMAIN code CASCADE"),
    ("ALTER TYPE mood ADD VALUE 'x'", "ALTER TYPE mood RENAME TO feeling"),
    ("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "ALTER TYPE mood ADD VALUE 'x' AFTER 'sad'"),
    ("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "ALTER TABLE posts ALTER state SET DEFAULT 'sad'"),
    (
        "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'",
        "CREATE FUNCTION fm(m mood DEFAULT 'ok') RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ),
    ("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", "CREATE DOMAIN md AS mood CHECK (VALUE <> 'ok')"),
    ("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", "CREATE DOMAIN md AS mood DEFAULT 'ok'"),
    (
        "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'",
        "CREATE TRIGGER tm BEFORE UPDATE ON posts FOR EACH ROW WHEN (new.state = 'ok') EXECUTE FUNCTION stamp()",
    ),
    (
        "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'",
        "CREATE RULE rm AS ON DELETE TO posts WHERE old.state = 'ok' DO INSTEAD NOTHING",
    ),
    ("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", "CREATE STATISTICS sm ON (state = 'ok'), id FROM posts"),
    ("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", "ALTER TABLE votes ADD COLUMN m mood[] DEFAULT '{ok}'"),
    ("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", "ALTER TABLE votes ADD COLUMN m mood DEFAULT 'ok'::mood"),
    (
        "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'",
        "ALTER TABLE votes ADD COLUMN m boolean GENERATED ALWAYS AS ('ok'::mood = 'sad'::mood) STORED",
    ),
    ("ALTER FOREIGN TABLE far_posts RENAME title TO head", "CREATE VIEW fv AS SELECT title FROM far_posts"),
    (
        "ALTER FOREIGN TABLE far_posts ALTER title OPTIONS (ADD c 'x')",
        "ALTER FOREIGN TABLE far_posts DROP COLUMN title",
    ),
    (
        "ALTER FOREIGN TABLE far_posts ALTER title OPTIONS (ADD c 'x')",
        "ALTER FOREIGN TABLE far_posts ALTER title OPTIONS (ADD c 'y')",
    ),
    ("ALTER FOREIGN TABLE far_posts OPTIONS (ADD c 'x')", "ALTER FOREIGN TABLE far_posts OPTIONS (ADD c 'y')"),
    ("CREATE FOREIGN TABLE ev2 PARTITION OF events FOR VALUES IN (4) SERVER far", "CREATE UNIQUE INDEX ON events (id)"),
    (
        "CREATE FOREIGN TABLE ev2 PARTITION OF events FOR VALUES IN (4) SERVER far",
        "ALTER TABLE events ADD PRIMARY KEY (id)",
    ),
    ("ALTER USER MAPPING FOR gen_reader SERVER far OPTIONS (ADD x 'y')", "DROP USER MAPPING FOR gen_reader SERVER far"),
    ("ALTER TABLE yard.tools SET SCHEMA public", "CREATE TABLE tools (id int)"),
    ("ALTER TABLE yard.tools SET SCHEMA public", "CREATE INDEX tools_pkey ON votes (id)"),
    ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO gen_reader", "CREATE TABLE yard.w (id int)"),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO gen_reader",
        "ALTER TABLE votes ADD COLUMN no serial",
    ),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO gen_reader",
        "CREATE VIEW nv AS SELECT 1 AS one",
    ),
    ("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON TYPES TO gen_reader", "CREATE DOMAIN dd AS int"),
    ("COMMENT ON OPERATOR ~~~ (int, int) IS 'x'", "DROP OPERATOR ~~~ (int, int)"),
    ("COMMENT ON COLLATION plain IS 'x'", "ALTER COLLATION plain RENAME TO p"),
    ("COMMENT ON FOREIGN TABLE far_posts IS 'x'", "DROP FOREIGN TABLE far_posts"),
    (
        "CREATE ACCESS METHOD h2 TYPE TABLE HANDLER heap_tableam_handler",
        "CREATE ACCESS METHOD h2 TYPE TABLE HANDLER heap_tableam_handler",
    ),
    ("ALTER EXTENSION citext ADD FUNCTION twice(int)", "DROP EXTENSION citext"),
    ("ALTER EXTENSION citext ADD FUNCTION twice(int)", "DROP FUNCTION twice(int)"),
    ("ALTER EXTENSION citext ADD TABLE votes", "DROP TABLE votes CASCADE"),
)
HARMLESS = (
    ("ALTER TABLE logs ATTACH PARTITION logs_spare FOR VALUES FROM (30) TO (40)", "CREATE INDEX ON logs (day)"),
    ("CREATE EVENT TRIGGER ev ON ddl_command_end EXECUTE FUNCTION announce()", "CREATE TABLE zz (id int)"),
    ("ALTER FUNCTION clear(int) SET search_path = side", "ALTER SCHEMA side RENAME TO other"),
    ("CREATE FUNCTION qq() RETURNS int LANGUAGE sql SET search_path = side AS 'SELECT 1'", "DROP SCHEMA side"),
    ("ALTER FUNCTION twice(int) COST 5", "ALTER FUNCTION twice(int) STRICT"),
    ("ALTER FUNCTION clear(int) SET search_path = public", "ALTER FUNCTION clear(int) SET work_mem = '1MB'"),
    (
        "ALTER TABLE comments DROP CONSTRAINT to_posts, ADD CONSTRAINT to_posts FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE",
        "ALTER TABLE comments VALIDATE CONSTRAINT to_posts",
    ),
    ("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM gen_reader", "GRANT EXECUTE ON FUNCTION twice(int) TO gen_reader"),
    (
        "ALTER TABLE comments ALTER author SET DEFAULT 'x', ALTER author SET NOT NULL",
        "INSERT INTO comments (id) VALUES (7)",
    ),
    ("ALTER TABLE posts ALTER state SET NOT NULL", "INSERT INTO posts (id, title) VALUES (7, 'a')"),
    ("ALTER POLICY own ON comments TO gen_reader", "ALTER POLICY own ON comments USING (author = 'you')"),
    ("ALTER TABLE cats ADD COLUMN age int", "ALTER TABLE cats INHERIT animals"),
    ("ALTER TABLE animals ADD CONSTRAINT alone CHECK (name <> '') NO INHERIT", "ALTER TABLE dogs NO INHERIT animals"),
    ("ALTER TABLE animals ADD CONSTRAINT alone CHECK (name <> '') NO INHERIT", "ALTER TABLE cats INHERIT animals"),
    ("ALTER TABLE comments DISABLE TRIGGER USER", "ALTER TRIGGER stamped ON comments RENAME TO marked"),
    ("ALTER TABLE comments DISABLE TRIGGER ALL", "ALTER TRIGGER stamped ON comments RENAME TO marked"),
    ("ALTER TABLE comments DISABLE TRIGGER USER", "DROP TRIGGER stamped ON comments"),
    ("ALTER TABLE posts DROP CONSTRAINT posts_pkey CASCADE", "INSERT INTO posts (id, title) VALUES (1, 'a')"),
    (
        "ALTER TABLE posts DROP CONSTRAINT posts_pkey CASCADE, ADD PRIMARY KEY (id)",
        "DELETE FROM posts WHERE state = 'ok'",
    ),
    ("ALTER TABLE logs ADD CONSTRAINT once UNIQUE (id, day)", "CREATE UNIQUE INDEX dlow ON logs_low (id, day)"),
    ("CREATE INDEX ON logs (day)", "CREATE INDEX days_low ON logs_low (note)"),
    ("CREATE INDEX ON logs (day)", "CREATE TABLE logs_low2 (LIKE logs); CREATE INDEX dl2 ON logs_low2 (day)"),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO gen_writer",
        "ALTER FUNCTION clear(int) RENAME TO wipe",
    ),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO gen_reader",
        "ALTER TABLE votes RENAME TO renamed",
    ),
    ("ALTER TABLE logs DETACH PARTITION logs_low", "ALTER TABLE votes ADD FOREIGN KEY (id) REFERENCES logs"),
    (
        "ALTER TABLE logs ATTACH PARTITION logs_spare FOR VALUES FROM (30) TO (40)",
        "ALTER TABLE logs DROP CONSTRAINT logs_key",
    ),
    (
        "ALTER TABLE votes ADD COLUMN mark code",
        "CREATE FUNCTION caller() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT amount FROM votes; END",
    ),
    ("ALTER ROLE gen_spare SET search_path = side", "ALTER TABLE comments OWNER TO gen_spare"),
    (
        "INSERT INTO comments (id, post_id, rank) VALUES (1, NULL, 1)",
        "ALTER TABLE comments ALTER rank SET NOT NULL, ALTER rank ADD GENERATED BY DEFAULT AS IDENTITY",
    ),
    ("CREATE STATISTICS more ON kind, amount FROM votes", "CREATE TABLE copies (LIKE votes INCLUDING INDEXES)"),
    ("ALTER STATISTICS comments_together SET STATISTICS 50", "CREATE TABLE copies (LIKE comments INCLUDING ALL)"),
    ("ALTER TABLE votes ALTER kind SET STATISTICS 200", "CREATE TABLE copies (LIKE votes INCLUDING ALL)"),
    ("ALTER TABLE votes ALTER kind SET (n_distinct = 5)", "CREATE TABLE copies (LIKE votes INCLUDING ALL)"),
    ("ALTER TABLE votes ALTER kind SET STORAGE EXTERNAL", "CREATE TABLE copies (LIKE votes)"),
    ("ALTER TABLE comments DROP CONSTRAINT to_posts", "CREATE TABLE copies (LIKE comments INCLUDING ALL)"),
    ("ALTER TABLE events ADD CHECK (id > 0)", "ALTER TABLE events_one ADD CHECK (id > 0)"),
    ("ALTER TABLE animals ADD CONSTRAINT pos CHECK (id > 0)", "ALTER TABLE dogs ADD CONSTRAINT pos CHECK (id > 0)"),
    ("ALTER TABLE animals ALTER name SET (n_distinct = 5)", "ALTER TABLE dogs NO INHERIT animals"),
    ("ALTER TABLE ONLY animals ALTER name SET DEFAULT 'a'", "ALTER TABLE dogs ALTER name SET DEFAULT 'b'"),
    ("ALTER TABLE animals ALTER name SET DEFAULT 'a'", "CREATE TABLE puppies () INHERITS (animals)"),
    ("ALTER TABLE animals ALTER name SET NOT NULL", "CREATE TABLE puppies () INHERITS (animals)"),
    ("ALTER TABLE animals ALTER name SET STORAGE EXTERNAL", "CREATE TABLE puppies () INHERITS (animals)"),
    ("COMMENT ON INDEX comments_author IS 'one'", "CREATE TABLE copies (LIKE comments INCLUDING INDEXES)"),
    ("COMMENT ON INDEX comments_author IS 'one'", "CREATE TABLE copies (LIKE posts INCLUDING ALL)"),
    ("COMMENT ON CONSTRAINT ranks ON comments IS 'x'", "CREATE TABLE copies (LIKE comments INCLUDING ALL)"),
    ("COMMENT ON CONSTRAINT to_posts ON comments IS 'x'", "CREATE TABLE copies (LIKE comments INCLUDING ALL)"),
    ("ALTER TABLE posts ALTER title SET NOT NULL", "CREATE TABLE copies (LIKE posts INCLUDING ALL)"),
    ("ALTER TABLE posts ALTER id SET NOT NULL", "CREATE TABLE copies (LIKE posts)"),
    ("ALTER TABLE votes ALTER kind DROP NOT NULL", "CREATE TABLE copies (LIKE votes)"),
    ("ALTER TABLE logs ALTER id SET NOT NULL", "ALTER TABLE logs DETACH PARTITION logs_low"),
    (
        "CREATE UNIQUE INDEX ON events (id, kind)",
        "CREATE TABLE events_two PARTITION OF events FOR VALUES IN (2) PARTITION BY LIST (kind)",
    ),
    (
        "ALTER TABLE votes ADD COLUMN due date NOT NULL",
        "MERGE INTO votes USING posts p ON p.id = votes.id WHEN NOT MATCHED THEN INSERT (id) VALUES (p.id)",
    ),
    ("ALTER TABLE votes ADD COLUMN due date NOT NULL", "INSERT INTO votes (id) SELECT id FROM posts"),
    ("ALTER TABLE comments ALTER author SET NOT NULL", "INSERT INTO comments (id) VALUES (9)"),
    ("ALTER TABLE votes ALTER kind SET NOT NULL", "UPDATE votes SET kind = NULL"),
    ("ALTER TABLE votes DROP COLUMN kind CASCADE", "INSERT INTO votes DEFAULT VALUES"),
    ("CREATE TABLE IF NOT EXISTS votes (id int)", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO gen_reader"),
    ("DROP FUNCTION stamp() CASCADE", "DROP TRIGGER IF EXISTS stamped ON comments"),
    ("DROP FUNCTION stamp() CASCADE", "ALTER TABLE comments DISABLE TRIGGER USER"),
    ("ALTER SEQUENCE numbers MAXVALUE 1000", "ALTER SEQUENCE numbers CACHE 5"),
    (
        "ALTER TABLE posts ADD CONSTRAINT posts_title UNIQUE USING INDEX posts_title",
        "COMMENT ON INDEX posts_title IS 'x'",
    ),
    ("CREATE TABLE snap (LIKE comments)", "ALTER INDEX comments_author SET (fillfactor = 60)"),
    ("CREATE TABLE snap (LIKE posts INCLUDING ALL)", "ALTER INDEX comments_author SET (fillfactor = 60)"),
    ("CREATE TABLE kids (age int) INHERITS (animals)", "ALTER TABLE animals ADD COLUMN age int"),
    ("CREATE TABLE kids (name text) INHERITS (animals)", "ALTER TABLE animals DROP COLUMN name"),
    ("CREATE TABLE kids (name text) INHERITS (animals)", "ALTER TABLE animals ALTER name SET DEFAULT 'x'"),
    (
        "CREATE TABLE kids (id int, CONSTRAINT pos CHECK (id > 0)) INHERITS (animals)",
        "ALTER TABLE animals ADD CONSTRAINT pos CHECK (id > 0)",
    ),
    (
        "CREATE TRIGGER t AFTER INSERT ON logs_spare FOR EACH ROW EXECUTE FUNCTION stamp()",
        "ALTER TABLE logs ATTACH PARTITION logs_spare FOR VALUES FROM (30) TO (40)",
    ),
    (
        "ALTER TABLE logs_spare ADD UNIQUE (day)",
        "ALTER TABLE logs ATTACH PARTITION logs_spare FOR VALUES FROM (30) TO (40)",
    ),
    ("ALTER DOMAIN code SET NOT NULL", "UPDATE comments SET tag = NULL"),
    ("ALTER DOMAIN code ADD CHECK (VALUE <> 'x')", "CREATE TYPE pair AS (a code, b code)"),
    ("ALTER DOMAIN code SET DEFAULT 'y'", "CREATE TABLE w (a code[])"),
    ("CREATE TABLE w (a int, b int) PARTITION BY RANGE (twice(a))", "ALTER FUNCTION twice(int) STABLE"),
    (
        "CREATE OPERATOR ~~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = near, COMMUTATOR = ~~~~~)",
        "CREATE OPERATOR ~~~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = near)",
    ),
    (
        "CREATE OPERATOR ~~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = near, NEGATOR = !~~~)",
        "CREATE OPERATOR !~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = near)",
    ),
    ("ALTER TABLE votes SET (fillfactor = 70)", "ALTER TABLE votes SET (autovacuum_enabled = false)"),
    ("ALTER TABLE votes SET (fillfactor = 70)", "ALTER TABLE votes RESET (autovacuum_enabled)"),
    ("ALTER TABLE votes ALTER id SET (n_distinct = 5)", "ALTER TABLE votes ALTER id SET (n_distinct_inherited = 5)"),
    ("DROP TABLE logs_low", "ALTER TABLE logs ADD FOREIGN KEY (id) REFERENCES posts"),
    ("DROP TABLE logs_low", "CREATE INDEX li ON logs (note)"),
    ("DROP TABLE logs_low", "ALTER TABLE logs ADD COLUMN n int"),
    ("INSERT INTO logs (id) VALUES (4)", "ALTER TABLE logs_low RENAME TO ll"),
    ("ALTER TABLE animals ADD COLUMN breed text", "ALTER TABLE dogs NO INHERIT animals"),
    ("ALTER TABLE animals ADD COLUMN lives int", "ALTER TABLE cats INHERIT animals"),
    ("CREATE TABLE pups () INHERITS (dogs)", "ALTER TABLE dogs NO INHERIT animals"),
    ("CREATE TABLE pups () INHERITS (dogs)", "ALTER TABLE animals ADD COLUMN age int"),
    ("CREATE TRIGGER lt BEFORE INSERT ON logs FOR EACH ROW EXECUTE FUNCTION stamp()", "DROP TABLE logs_low"),
    (
        "ALTER TABLE logs DISABLE TRIGGER USER",
        "CREATE TRIGGER lt BEFORE INSERT ON logs_low FOR EACH ROW EXECUTE FUNCTION stamp()",
    ),
    ("CREATE TYPE floatspan AS RANGE (subtype = float8)", "CREATE TYPE floatmultispan AS (a int)"),
    ("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", "CREATE TABLE w (LIKE posts INCLUDING ALL)"),
    ("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", "CREATE PUBLICATION pm FOR TABLE posts WHERE (id > 0)"),
    ("ALTER SERVER far OPTIONS (ADD host 'x')", "ALTER SERVER far OPTIONS (ADD port '1')"),
    (
        "ALTER FOREIGN TABLE far_posts ALTER title OPTIONS (ADD c 'x')",
        "ALTER FOREIGN TABLE far_posts ALTER title OPTIONS (ADD d 'y')",
    ),
    ("ALTER FOREIGN TABLE far_posts OPTIONS (ADD c 'x')", "ALTER FOREIGN TABLE far_posts OPTIONS (ADD d 'y')"),
    ("CREATE FOREIGN TABLE ev2 PARTITION OF events FOR VALUES IN (4) SERVER far", "CREATE INDEX ON events (id)"),
    (
        "CREATE FOREIGN TABLE ev2 PARTITION OF events FOR VALUES IN (4) SERVER far",
        "CREATE TRIGGER et AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION stamp()",
    ),
    ("CREATE PUBLICATION cols FOR TABLE posts (id, title)", "ALTER TABLE posts REPLICA IDENTITY FULL"),
    ("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON TYPES TO gen_reader", "CREATE TABLE w (id int)"),
    ("CREATE ACCESS METHOD h2 TYPE TABLE HANDLER heap_tableam_handler", "CREATE TABLE w (id int) USING heap"),
    ("ALTER EXTENSION citext ADD TABLE votes", "ALTER EXTENSION citext ADD VIEW recent"),
)


@pytest.fixture(scope="module")
def truths(server: str, maintenance: psycopg.Connection) -> Iterator[Truths]:
    available = maintenance.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'citext'").fetchone()
    if not available:
        pytest.skip("the base has the extension citext")
    name = f"test_kinds_{os.getpid()}"
    create_database(maintenance, name)
    with bench(url_of(server, name)) as place:
        yield Truths(place)
    maintenance.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def changes(pair: tuple[str, str]) -> tuple[Change, Change]:
    first, second = pair
    return Change("", first), Change("", second)


def test_something_is_said_of_every_conflict(truths: Truths) -> None:
    silent = [pair for pair in CONFLICTS if said(*changes(pair)).silent]
    untrue = [pair for pair in CONFLICTS if not ((truth := truths.of(*changes(pair))) and truth.conflict)]
    assert (silent, untrue) == ([], [])


def test_nothing_harmless_is_called_an_error(truths: Truths) -> None:
    wrong = [(pair, answer.text) for pair in HARMLESS if (answer := said(*changes(pair))).error]
    untrue = [pair for pair in HARMLESS if (truth := truths.of(*changes(pair))) is None or truth.conflict]
    assert (wrong, untrue) == ([], [])
