-- Checks, keys, foreign keys, exclusion constraints, not-null constraints.

-- before
CREATE TABLE t (a int, b int, c int, r int4range);

-- differs: a check
-- or
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);

-- differs: what a check says
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);
-- or
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 1);

-- differs: a name
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);
-- or
ALTER TABLE t ADD CONSTRAINT l CHECK (a > 0);

-- same: with the table or later
CREATE TABLE u (a int CHECK (a > 0) UNIQUE, b int PRIMARY KEY REFERENCES u);
-- or
CREATE TABLE u (a int, b int);
ALTER TABLE u ADD PRIMARY KEY (b);
ALTER TABLE u ADD CONSTRAINT u_b_fkey FOREIGN KEY (b) REFERENCES u (b);
ALTER TABLE u ADD CONSTRAINT u_a_key UNIQUE (a);
ALTER TABLE u ADD CONSTRAINT u_a_check CHECK (a > 0);

-- same: renamed there and back
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0), ADD CONSTRAINT l UNIQUE (a);
-- or
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0), ADD CONSTRAINT x UNIQUE (a);
ALTER TABLE t RENAME CONSTRAINT k TO z;
ALTER TABLE t RENAME CONSTRAINT z TO k;
ALTER INDEX x RENAME TO l;

-- same: the column it is about was renamed
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);
-- or
ALTER TABLE t RENAME a TO x;
ALTER TABLE t ADD CONSTRAINT k CHECK (x > 0);
ALTER TABLE t RENAME x TO a;

-- same: dropped
-- or
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0), ADD UNIQUE (b), ADD PRIMARY KEY (c);
ALTER TABLE t DROP CONSTRAINT k, DROP CONSTRAINT t_b_key, DROP CONSTRAINT t_pkey, ALTER c DROP NOT NULL;

-- differs: a check that was not validated
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);
-- or
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;

-- same: a check that was validated later
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);
-- or
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;
ALTER TABLE t VALIDATE CONSTRAINT k;

-- differs: a check without children
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);
-- or
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NO INHERIT;

-- differs: a check that is not enforced (since 18)
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;
-- or
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED;

-- differs: a primary key or a unique one
ALTER TABLE t ALTER a SET NOT NULL, ADD CONSTRAINT k UNIQUE (a);
-- or
ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a);

-- differs: a key or an index
CREATE UNIQUE INDEX k ON t (a);
-- or
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);

-- same: a key made from an index
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);
-- or
CREATE UNIQUE INDEX i ON t (a);
ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i;

-- same: not null stays when the primary key goes
ALTER TABLE t ALTER a SET NOT NULL;
-- or
ALTER TABLE t ADD PRIMARY KEY (a);
ALTER TABLE t DROP CONSTRAINT t_pkey;

-- differs: the columns of a key
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);
-- or
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a, b);

-- differs: the order of a key's columns
ALTER TABLE t ADD CONSTRAINT k UNIQUE (b, a);
-- or
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a, b);

-- differs: what a key includes
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);
-- or
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) INCLUDE (b);

-- differs: nulls not distinct (since 15)
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);
-- or
ALTER TABLE t ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (a);

-- differs: an option of a key's index
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);
-- or
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) WITH (fillfactor = 70);

-- differs: the tablespace of a key's index (since 15)
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);
-- or
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) USING INDEX TABLESPACE SPACE;

-- differs: clustered on a key
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);
-- or
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a), CLUSTER ON k;

-- differs: replica identity by a key
ALTER TABLE t ALTER a SET NOT NULL, ADD CONSTRAINT k UNIQUE (a);
-- or
ALTER TABLE t ALTER a SET NOT NULL, ADD CONSTRAINT k UNIQUE (a), REPLICA IDENTITY USING INDEX k;

-- differs: deferrable
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);
-- or
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) DEFERRABLE;

-- differs: deferred
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) DEFERRABLE;
-- or
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) DEFERRABLE INITIALLY DEFERRED;

-- differs: without overlaps (since 18)
ALTER TABLE t ADD s int4range, ADD CONSTRAINT k UNIQUE (s, r);
-- or
ALTER TABLE t ADD s int4range, ADD CONSTRAINT k UNIQUE (s, r WITHOUT OVERLAPS);

-- differs: an exclusion constraint
-- or
ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (r WITH &&);

-- differs: the operator of an exclusion constraint
ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (r WITH &&);
-- or
ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (r WITH -|-);

-- differs: where an exclusion constraint holds
ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (r WITH &&);
-- or
ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (r WITH &&) WHERE (a > 0);

-- differs: a deferrable exclusion constraint
ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (r WITH &&);
-- or
ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (r WITH &&) DEFERRABLE;

-- before
CREATE TABLE t (a int, b int);
CREATE TABLE o (x int, y int, PRIMARY KEY (x), UNIQUE (y), UNIQUE (x, y));
CREATE TABLE p (x int PRIMARY KEY);

-- differs: a foreign key
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o;

-- differs: a foreign key of which column
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o;
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES o;

-- differs: a foreign key to which column
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o (x);
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o (y);

-- differs: a foreign key to which table
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o;
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p;

-- differs: on delete
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o;
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o ON DELETE CASCADE;

-- differs: on delete, restrict or no action
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o ON DELETE NO ACTION;
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o ON DELETE RESTRICT;

-- differs: on update
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o;
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o ON UPDATE SET NULL;

-- differs: which column is set null (since 15)
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES o (x, y) ON DELETE SET NULL;
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES o (x, y) ON DELETE SET NULL (a);

-- differs: match full
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES o (x, y);
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES o (x, y) MATCH FULL;

-- differs: a foreign key that was not validated
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o;
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o NOT VALID;

-- differs: a foreign key that is not enforced (since 18)
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o;
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o NOT ENFORCED;

-- differs: a deferrable foreign key
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o;
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o DEFERRABLE INITIALLY DEFERRED;

-- same: deferrable there and back
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o;
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o;
ALTER TABLE t ALTER CONSTRAINT k DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE t ALTER CONSTRAINT k NOT DEFERRABLE;

-- same: the foreign key's own triggers are disabled
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o;
-- or
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES o;
ALTER TABLE t DISABLE TRIGGER ALL;

-- differs: a foreign key over a period (since 18)
CREATE TABLE u (r int4range, a int4range, UNIQUE (a, r WITHOUT OVERLAPS));
CREATE TABLE v (r int4range, a int4range);
ALTER TABLE v ADD FOREIGN KEY (a, PERIOD r) REFERENCES u (a, PERIOD r);
-- or
CREATE TABLE u (r int4range, a int4range, UNIQUE (a, r WITHOUT OVERLAPS));
CREATE TABLE v (r int4range, a int4range);

-- before
CREATE TABLE t (a int NOT NULL, b int);

-- differs: the name of a not-null constraint (since 18)
-- or
ALTER TABLE t RENAME CONSTRAINT t_a_not_null TO n;

-- differs: a column that was renamed keeps the name of its not-null constraint (since 18)
ALTER TABLE t ADD c int NOT NULL;
-- or
ALTER TABLE t ADD x int NOT NULL;
ALTER TABLE t RENAME x TO c;

-- same: a column that was renamed, where not null has no name (until 17)
ALTER TABLE t ADD c int NOT NULL;
-- or
ALTER TABLE t ADD x int NOT NULL;
ALTER TABLE t RENAME x TO c;

-- differs: a table that was renamed keeps the names of its not-null constraints (since 18)
ALTER TABLE t RENAME TO u;
-- or
DROP TABLE t;
CREATE TABLE u (a int NOT NULL, b int);

-- differs: a not-null constraint without children (since 18)
ALTER TABLE t ADD CONSTRAINT n NOT NULL b;
-- or
ALTER TABLE t ADD CONSTRAINT n NOT NULL b NO INHERIT;

-- differs: a not-null constraint that was not validated (since 18)
ALTER TABLE t ADD CONSTRAINT n NOT NULL b;
-- or
ALTER TABLE t ADD CONSTRAINT n NOT NULL b NOT VALID;

-- same: not null by a constraint or by the column (since 18)
ALTER TABLE t ALTER b SET NOT NULL;
-- or
ALTER TABLE t ADD CONSTRAINT n NOT NULL b;
ALTER TABLE t RENAME CONSTRAINT n TO t_b_not_null;

-- same: not null through a primary key, and by itself (since 18)
ALTER TABLE t ALTER b SET NOT NULL, ADD PRIMARY KEY (b);
-- or
ALTER TABLE t ADD PRIMARY KEY (b);
