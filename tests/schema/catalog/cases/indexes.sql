-- Indexes and statistics objects.

-- before
CREATE TABLE t (a int, b text, c int[], d text);

-- differs: an index
-- or
CREATE INDEX i ON t (a);

-- differs: a name
CREATE INDEX i ON t (a);
-- or
CREATE INDEX j ON t (a);

-- differs: unique
CREATE INDEX i ON t (a);
-- or
CREATE UNIQUE INDEX i ON t (a);

-- differs: nulls not distinct (since 15)
CREATE UNIQUE INDEX i ON t (a);
-- or
CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT;

-- differs: a second column
CREATE INDEX i ON t (a);
-- or
CREATE INDEX i ON t (a, b);

-- differs: order of columns
CREATE INDEX i ON t (a, b);
-- or
CREATE INDEX i ON t (b, a);

-- differs: a column or one included
CREATE INDEX i ON t (a, b);
-- or
CREATE INDEX i ON t (a) INCLUDE (b);

-- differs: descending
CREATE INDEX i ON t (a);
-- or
CREATE INDEX i ON t (a DESC);

-- differs: nulls first
CREATE INDEX i ON t (a);
-- or
CREATE INDEX i ON t (a NULLS FIRST);

-- differs: a collation
CREATE INDEX i ON t (b);
-- or
CREATE INDEX i ON t (b COLLATE "C");

-- differs: an operator class
CREATE INDEX i ON t (b);
-- or
CREATE INDEX i ON t (b text_pattern_ops);

-- differs: an option of an operator class
CREATE INDEX i ON t USING gist (to_tsvector('simple', b) tsvector_ops);
-- or
CREATE INDEX i ON t USING gist (to_tsvector('simple', b) tsvector_ops (siglen = 200));

-- differs: a method
CREATE INDEX i ON t (b);
-- or
CREATE INDEX i ON t USING hash (b);

-- differs: which method
CREATE INDEX i ON t USING brin (a);
-- or
CREATE INDEX i ON t USING hash (a);

-- differs: partial
CREATE INDEX i ON t (a);
-- or
CREATE INDEX i ON t (a) WHERE b IS NOT NULL;

-- differs: partial where
CREATE INDEX i ON t (a) WHERE b IS NULL;
-- or
CREATE INDEX i ON t (a) WHERE b IS NOT NULL;

-- differs: an expression
CREATE INDEX i ON t (b);
-- or
CREATE INDEX i ON t (lower(b));

-- differs: which expression
CREATE INDEX i ON t (upper(b));
-- or
CREATE INDEX i ON t (lower(b));

-- differs: an option
CREATE INDEX i ON t (a);
-- or
CREATE INDEX i ON t (a) WITH (fillfactor = 70);

-- same: options in another order
CREATE INDEX i ON t (a) WITH (fillfactor = 70, deduplicate_items = off) WHERE a > 0;
-- or
CREATE INDEX i ON t (a) WITH (deduplicate_items = off, fillfactor = 70) WHERE a > 0;

-- same: an option there and back
CREATE INDEX i ON t (a);
-- or
CREATE INDEX i ON t (a) WITH (fillfactor = 70);
ALTER INDEX i RESET (fillfactor);

-- differs: a tablespace (since 15)
CREATE INDEX i ON t (a);
-- or
CREATE INDEX i ON t (a) TABLESPACE SPACE;

-- differs: clustered
CREATE INDEX i ON t (a);
-- or
CREATE INDEX i ON t (a);
ALTER TABLE t CLUSTER ON i;

-- same: clustered there and back
CREATE INDEX i ON t (a);
-- or
CREATE INDEX i ON t (a);
ALTER TABLE t CLUSTER ON i;
ALTER TABLE t SET WITHOUT CLUSTER;

-- differs: a statistics target
CREATE INDEX i ON t (a, lower(b));
-- or
CREATE INDEX i ON t (a, lower(b));
ALTER INDEX i ALTER 2 SET STATISTICS 7;

-- same: a statistics target there and back
CREATE INDEX i ON t (a, lower(b));
-- or
CREATE INDEX i ON t (a, lower(b));
ALTER INDEX i ALTER 2 SET STATISTICS 7;
ALTER INDEX i ALTER 2 SET STATISTICS -1;

-- same: dropped and made again
CREATE INDEX i ON t (a);
-- or
CREATE INDEX i ON t (a);
DROP INDEX i;
CREATE INDEX i ON t (a);
REINDEX INDEX i;

-- same: renamed there and back
CREATE INDEX i ON t (a);
-- or
CREATE INDEX j ON t (a);
ALTER INDEX j RENAME TO i;

-- same: its columns were renamed
CREATE INDEX i ON t (a, lower(b)) WHERE a > 0;
-- or
ALTER TABLE t RENAME a TO x;
ALTER TABLE t RENAME b TO y;
CREATE INDEX i ON t (x, lower(y)) WHERE x > 0;
ALTER TABLE t RENAME x TO a;
ALTER TABLE t RENAME y TO b;

-- same: columns of a table in another order
CREATE INDEX i ON t (a, lower(b)) INCLUDE (d) WHERE a > 0;
-- or
DROP TABLE t;
CREATE TABLE t (d text, c int[], b text, a int);
CREATE INDEX i ON t (a, lower(b)) INCLUDE (d) WHERE a > 0;

-- differs: on a materialized view
CREATE MATERIALIZED VIEW m AS SELECT * FROM t;
-- or
CREATE MATERIALIZED VIEW m AS SELECT * FROM t;
CREATE UNIQUE INDEX i ON m (a);

-- differs: a statistics object
-- or
CREATE STATISTICS s ON a, b FROM t;

-- differs: the name of a statistics object
CREATE STATISTICS s ON a, b FROM t;
-- or
CREATE STATISTICS r ON a, b FROM t;

-- differs: columns of a statistics object
CREATE STATISTICS s ON a, b FROM t;
-- or
CREATE STATISTICS s ON a, d FROM t;

-- differs: a kind of statistics
CREATE STATISTICS s ON a, b FROM t;
-- or
CREATE STATISTICS s (mcv) ON a, b FROM t;

-- differs: which kind of statistics
CREATE STATISTICS s (ndistinct) ON a, b FROM t;
-- or
CREATE STATISTICS s (dependencies) ON a, b FROM t;

-- differs: an expression of a statistics object
CREATE STATISTICS s ON a, b FROM t;
-- or
CREATE STATISTICS s ON a, lower(b) FROM t;

-- differs: one expression
CREATE STATISTICS s ON lower(b) FROM t;
-- or
CREATE STATISTICS s ON upper(b) FROM t;

-- differs: the target of a statistics object
CREATE STATISTICS s ON a, b FROM t;
-- or
CREATE STATISTICS s ON a, b FROM t;
ALTER STATISTICS s SET STATISTICS 7;

-- same: the target of a statistics object there and back
CREATE STATISTICS s ON a, b FROM t;
-- or
CREATE STATISTICS s ON a, b FROM t;
ALTER STATISTICS s SET STATISTICS 7;
ALTER STATISTICS s SET STATISTICS -1;

-- same: columns of a statistics object in another order
CREATE STATISTICS s ON a, b, lower(d) FROM t;
-- or
CREATE STATISTICS s ON b, a, lower(d) FROM t;

-- same: a statistics object on a table whose columns are in another order
CREATE STATISTICS s (mcv, ndistinct) ON a, b, lower(d) FROM t;
-- or
DROP TABLE t;
CREATE TABLE t (d text, c int[], b text, a int);
CREATE STATISTICS s (ndistinct, mcv) ON a, b, lower(d) FROM t;

-- differs: on which table
CREATE TABLE u (a int, b text);
CREATE STATISTICS s ON a, b FROM t;
-- or
CREATE TABLE u (a int, b text);
CREATE STATISTICS s ON a, b FROM u;
