-- Parents, children and partitions: the parents of partitions are compared, partitions are left out.

-- before
CREATE TABLE p (a int, b text DEFAULT 'x');
CREATE TABLE q (c int);

-- differs: inheritance
CREATE TABLE t (a int, b text DEFAULT 'x');
-- or
CREATE TABLE t () INHERITS (p);

-- differs: which parent
CREATE TABLE t (a int, b text, c int) INHERITS (p);
-- or
CREATE TABLE t (a int, b text, c int) INHERITS (q);

-- differs: a second parent
CREATE TABLE t (c int) INHERITS (p);
-- or
CREATE TABLE t (c int) INHERITS (p, q);

-- differs: the order of parents
CREATE TABLE t (a int, b text, c int) INHERITS (p, q);
-- or
CREATE TABLE t (a int, b text, c int) INHERITS (q, p);

-- differs: a column that would stay without the parent
CREATE TABLE t () INHERITS (p);
-- or
CREATE TABLE t (a int) INHERITS (p);

-- differs: inherits later, so all columns would stay
CREATE TABLE t () INHERITS (p);
-- or
CREATE TABLE t (a int, b text DEFAULT 'x');
ALTER TABLE t INHERIT p;

-- same: inherits no more
CREATE TABLE t (a int, b text DEFAULT 'x');
-- or
CREATE TABLE t () INHERITS (p);
ALTER TABLE t NO INHERIT p;

-- same: one of two parents is gone
CREATE TABLE t (c int) INHERITS (p);
-- or
CREATE TABLE t () INHERITS (p, q);
ALTER TABLE t NO INHERIT q;

-- differs: a default of its own
CREATE TABLE t () INHERITS (p);
-- or
CREATE TABLE t () INHERITS (p);
ALTER TABLE t ALTER b SET DEFAULT 'y';

-- differs: no default where the parent has one
CREATE TABLE t () INHERITS (p);
-- or
CREATE TABLE t () INHERITS (p);
ALTER TABLE t ALTER b DROP DEFAULT;

-- differs: not null where the parent's may be
CREATE TABLE t () INHERITS (p);
-- or
CREATE TABLE t () INHERITS (p);
ALTER TABLE t ALTER b SET NOT NULL;

-- same: the parent gets a column
ALTER TABLE p ADD n int NOT NULL;
CREATE TABLE t () INHERITS (p);
-- or
CREATE TABLE t () INHERITS (p);
ALTER TABLE p ADD n int NOT NULL;

-- same: the parent loses a column
ALTER TABLE p DROP b;
CREATE TABLE t () INHERITS (p);
-- or
CREATE TABLE t () INHERITS (p);
ALTER TABLE p DROP b;

-- same: the parent's column must not be null, and then may
CREATE TABLE t () INHERITS (p);
-- or
CREATE TABLE t () INHERITS (p);
ALTER TABLE p ALTER a SET NOT NULL;
ALTER TABLE p ALTER a DROP NOT NULL;

-- same: the parent's column must not be null, before or after
ALTER TABLE p ALTER a SET NOT NULL;
CREATE TABLE t () INHERITS (p);
-- or
CREATE TABLE t () INHERITS (p);
ALTER TABLE p ALTER a SET NOT NULL;

-- differs: not null of its own beside the parent's (since 18)
ALTER TABLE p ALTER a SET NOT NULL;
CREATE TABLE t () INHERITS (p);
-- or
ALTER TABLE p ALTER a SET NOT NULL;
CREATE TABLE t (CONSTRAINT n NOT NULL a) INHERITS (p);

-- same: the parent gets a check
ALTER TABLE p ADD CONSTRAINT c CHECK (a > 0);
CREATE TABLE t () INHERITS (p);
-- or
CREATE TABLE t () INHERITS (p);
ALTER TABLE p ADD CONSTRAINT c CHECK (a > 0);

-- differs: a check that would stay without the parent
ALTER TABLE p ADD CONSTRAINT c CHECK (a > 0);
CREATE TABLE t () INHERITS (p);
-- or
ALTER TABLE p ADD CONSTRAINT c CHECK (a > 0);
CREATE TABLE t (CONSTRAINT c CHECK (a > 0)) INHERITS (p);

-- differs: a check that is not inherited
ALTER TABLE p ADD CONSTRAINT c CHECK (a > 0);
CREATE TABLE t () INHERITS (p);
-- or
ALTER TABLE p ADD CONSTRAINT c CHECK (a > 0) NO INHERIT;
CREATE TABLE t () INHERITS (p);

-- before

-- differs: partitioned
CREATE TABLE t (a int, b text);
-- or
CREATE TABLE t (a int, b text) PARTITION BY RANGE (a);

-- differs: partitioned by a list
CREATE TABLE t (a int, b text) PARTITION BY RANGE (a);
-- or
CREATE TABLE t (a int, b text) PARTITION BY LIST (a);

-- differs: partitioned by another column
CREATE TABLE t (a int, b text) PARTITION BY RANGE (a);
-- or
CREATE TABLE t (a int, b text) PARTITION BY RANGE (b);

-- differs: partitioned by an expression
CREATE TABLE t (a int, b text) PARTITION BY RANGE (b);
-- or
CREATE TABLE t (a int, b text) PARTITION BY RANGE (lower(b));

-- differs: partitioned in a collation
CREATE TABLE t (a int, b text) PARTITION BY RANGE (b);
-- or
CREATE TABLE t (a int, b text) PARTITION BY RANGE (b COLLATE "C");

-- differs: partitioned by an operator class
CREATE TABLE t (a int, b text) PARTITION BY RANGE (b);
-- or
CREATE TABLE t (a int, b text) PARTITION BY RANGE (b text_pattern_ops);

-- before
CREATE TABLE t (a int, b text) PARTITION BY RANGE (a);

-- same: a partition
-- or
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (9);

-- same: a default partition
-- or
CREATE TABLE t_1 PARTITION OF t DEFAULT;

-- same: a partition of a partition
-- or
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (9) PARTITION BY LIST (b);
CREATE TABLE t_1_1 PARTITION OF t_1 DEFAULT;

-- same: a partition made as a table
-- or
CREATE TABLE t_1 (i int GENERATED ALWAYS AS IDENTITY, a int, b text);
ALTER TABLE t_1 DROP i;
ALTER TABLE t ATTACH PARTITION t_1 DEFAULT;

-- same: a foreign partition
CREATE FOREIGN DATA WRAPPER SELF_w;
CREATE SERVER SELF_s FOREIGN DATA WRAPPER SELF_w;
-- or
CREATE FOREIGN DATA WRAPPER SELF_w;
CREATE SERVER SELF_s FOREIGN DATA WRAPPER SELF_w;
CREATE FOREIGN TABLE t_1 PARTITION OF t DEFAULT SERVER SELF_s;

-- differs: a partition that is one no more
-- or
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (9);
ALTER TABLE t DETACH PARTITION t_1;

-- same: what hangs on a partition
-- or
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (9);
CREATE INDEX ON t_1 (b);
ALTER TABLE t_1 ADD CHECK (a <> 7), ADD UNIQUE (b), ALTER b SET DEFAULT 'x', ALTER b SET NOT NULL,
  ALTER b SET STATISTICS 7, SET (fillfactor = 70), ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON t_1 TO READER;
GRANT UPDATE (b) ON t_1 TO READER;
COMMENT ON TABLE t_1 IS 'x';
COMMENT ON COLUMN t_1.b IS 'x';
CREATE POLICY p ON t_1;
CREATE RULE r AS ON DELETE TO t_1 DO INSTEAD NOTHING;
CREATE TRIGGER g AFTER INSERT ON t_1 EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE STATISTICS s ON a, b FROM t_1;

-- same: an index of the parent that a partition has, too
CREATE INDEX i ON t (b);
ALTER TABLE t ADD PRIMARY KEY (a);
-- or
CREATE TABLE t_1 PARTITION OF t DEFAULT;
CREATE INDEX i ON t (b);
ALTER TABLE t ADD PRIMARY KEY (a);

-- same: an index of the parent that a partition lacks
CREATE TABLE t_1 PARTITION OF t DEFAULT;
CREATE INDEX i ON t (b);
-- or
CREATE TABLE t_1 PARTITION OF t DEFAULT;
CREATE INDEX i ON ONLY t (b);

-- same: a published partition
CREATE PUBLICATION SELF_p;
-- or
CREATE TABLE t_1 PARTITION OF t DEFAULT;
CREATE PUBLICATION SELF_p FOR TABLE t_1;

-- differs: a published parent
CREATE PUBLICATION SELF_p;
-- or
CREATE PUBLICATION SELF_p FOR TABLE t;

-- before
CREATE TABLE o (i int PRIMARY KEY);
CREATE TABLE t (a int PRIMARY KEY, b text NOT NULL, CHECK (a > 0), FOREIGN KEY (a) REFERENCES o) PARTITION BY RANGE (a);
CREATE TABLE u (a int REFERENCES t);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();

-- same: keys and triggers that a partition gets from its parent
-- or
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (9);
CREATE TABLE t_2 (a int PRIMARY KEY CONSTRAINT t_a_check CHECK (a > 0), b text NOT NULL);
ALTER TABLE t ATTACH PARTITION t_2 DEFAULT;

-- differs: a trigger of the parent is disabled
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (9);
-- or
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (9);
ALTER TABLE t DISABLE TRIGGER g;

-- same: a trigger that is disabled in a partition
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (9);
-- or
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (9);
ALTER TABLE t_1 DISABLE TRIGGER g;

-- differs: a key of the parent
-- or
ALTER TABLE t ADD UNIQUE (a, b);

-- before
CREATE TABLE t (a int, i int GENERATED ALWAYS AS IDENTITY) PARTITION BY RANGE (a);

-- same: the parent's identity column (since 17)
-- or
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (9);
