-- Foreign data wrappers, servers, user mappings, foreign tables; publications, subscriptions.

-- before

-- differs: a foreign data wrapper
-- or
CREATE FOREIGN DATA WRAPPER SELF_w;

-- differs: an option of a foreign data wrapper
CREATE FOREIGN DATA WRAPPER SELF_w;
-- or
CREATE FOREIGN DATA WRAPPER SELF_w OPTIONS (a '1');

-- differs: the validator of a foreign data wrapper
CREATE FOREIGN DATA WRAPPER SELF_w;
-- or
CREATE FOREIGN DATA WRAPPER SELF_w VALIDATOR postgresql_fdw_validator;

-- differs: the handler of a foreign data wrapper
CREATE FUNCTION h() RETURNS fdw_handler LANGUAGE internal AS 'heap_tableam_handler';
CREATE FOREIGN DATA WRAPPER SELF_w;
-- or
CREATE FUNCTION h() RETURNS fdw_handler LANGUAGE internal AS 'heap_tableam_handler';
CREATE FOREIGN DATA WRAPPER SELF_w HANDLER h;

-- before
CREATE FOREIGN DATA WRAPPER SELF_w;
CREATE FOREIGN DATA WRAPPER SELF_x;
CREATE SERVER SELF_s FOREIGN DATA WRAPPER SELF_w;

-- differs: a server
-- or
CREATE SERVER SELF_r FOREIGN DATA WRAPPER SELF_w;

-- differs: the wrapper of a server
CREATE SERVER SELF_r FOREIGN DATA WRAPPER SELF_x;
-- or
CREATE SERVER SELF_r FOREIGN DATA WRAPPER SELF_w;

-- differs: the type of a server
CREATE SERVER SELF_r FOREIGN DATA WRAPPER SELF_w;
-- or
CREATE SERVER SELF_r TYPE 'x' FOREIGN DATA WRAPPER SELF_w;

-- differs: the version of a server
-- or
ALTER SERVER SELF_s VERSION '7';

-- differs: an option of a server
-- or
ALTER SERVER SELF_s OPTIONS (host 'x');

-- differs: an option's value
ALTER SERVER SELF_s OPTIONS (host 'x');
-- or
ALTER SERVER SELF_s OPTIONS (host 'y');

-- differs: options with names that have to be quoted, and keywords
ALTER SERVER SELF_s OPTIONS ("Foo-bar" 'x', "Old" 'y', "a""b" '1');
-- or
ALTER SERVER SELF_s OPTIONS ("Foo-bar" 'z', "table" 'x', "user" 'y', "select" 'z', "a""b" '=');

-- differs: a server made with an option whose name has to be quoted
-- or
CREATE SERVER SELF_r FOREIGN DATA WRAPPER SELF_w OPTIONS ("Foo-bar" 'x');

-- same: options in another order, and one there and back
ALTER SERVER SELF_s OPTIONS (host 'x', port '1');
-- or
ALTER SERVER SELF_s OPTIONS (port '1', dbname 'z');
ALTER SERVER SELF_s OPTIONS (host 'x', DROP dbname);

-- differs: a user mapping
-- or
CREATE USER MAPPING FOR READER SERVER SELF_s;

-- differs: a user mapping for whom
CREATE USER MAPPING FOR PUBLIC SERVER SELF_s;
-- or
CREATE USER MAPPING FOR READER SERVER SELF_s;

-- differs: an option of a user mapping
CREATE USER MAPPING FOR CURRENT_USER SERVER SELF_s OPTIONS ("user" 'x', password 'y');
-- or
CREATE USER MAPPING FOR CURRENT_USER SERVER SELF_s OPTIONS ("user" 'x', password 'z');

-- differs: a foreign table
-- or
CREATE FOREIGN TABLE t (a int) SERVER SELF_s;

-- differs: the server of a foreign table
CREATE SERVER SELF_r FOREIGN DATA WRAPPER SELF_w;
CREATE FOREIGN TABLE t (a int) SERVER SELF_r;
-- or
CREATE SERVER SELF_r FOREIGN DATA WRAPPER SELF_w;
CREATE FOREIGN TABLE t (a int) SERVER SELF_s;

-- differs: an option of a foreign table
CREATE FOREIGN TABLE t (a int) SERVER SELF_s;
-- or
CREATE FOREIGN TABLE t (a int) SERVER SELF_s OPTIONS (x '1');

-- differs: an option of a foreign table's column
CREATE FOREIGN TABLE t (a int) SERVER SELF_s;
-- or
CREATE FOREIGN TABLE t (a int OPTIONS (x '1')) SERVER SELF_s;

-- differs: a check of a foreign table
CREATE FOREIGN TABLE t (a int) SERVER SELF_s;
-- or
CREATE FOREIGN TABLE t (a int CHECK (a > 0)) SERVER SELF_s;

-- differs: a default of a foreign table
CREATE FOREIGN TABLE t (a int) SERVER SELF_s;
-- or
CREATE FOREIGN TABLE t (a int NOT NULL DEFAULT 7) SERVER SELF_s;

-- same: column order of a foreign table
CREATE FOREIGN TABLE t (a int OPTIONS (x '1'), b text COLLATE "C" NOT NULL) SERVER SELF_s;
-- or
CREATE FOREIGN TABLE t (b text COLLATE "C" NOT NULL, a int OPTIONS (x '1')) SERVER SELF_s;

-- before
CREATE TABLE t (a int PRIMARY KEY, b int, c text);
CREATE TABLE o (a int PRIMARY KEY);

-- differs: a publication
-- or
CREATE PUBLICATION SELF_p;

-- differs: a publication of a table
CREATE PUBLICATION SELF_p;
-- or
CREATE PUBLICATION SELF_p FOR TABLE t;

-- differs: a publication of which table
CREATE PUBLICATION SELF_p FOR TABLE o;
-- or
CREATE PUBLICATION SELF_p FOR TABLE t;

-- differs: a publication of all tables
CREATE PUBLICATION SELF_p;
-- or
CREATE PUBLICATION SELF_p FOR ALL TABLES;

-- differs: publishes insert
CREATE PUBLICATION SELF_p WITH (publish = 'insert');
-- or
CREATE PUBLICATION SELF_p WITH (publish = '');

-- differs: publishes update
CREATE PUBLICATION SELF_p WITH (publish = 'update');
-- or
CREATE PUBLICATION SELF_p WITH (publish = '');

-- differs: publishes delete
CREATE PUBLICATION SELF_p WITH (publish = 'delete');
-- or
CREATE PUBLICATION SELF_p WITH (publish = '');

-- differs: publishes truncate
CREATE PUBLICATION SELF_p WITH (publish = 'truncate');
-- or
CREATE PUBLICATION SELF_p WITH (publish = '');

-- differs: via the root
CREATE PUBLICATION SELF_p;
-- or
CREATE PUBLICATION SELF_p WITH (publish_via_partition_root);

-- differs: generated columns (since 18)
CREATE PUBLICATION SELF_p;
-- or
CREATE PUBLICATION SELF_p WITH (publish_generated_columns = stored);

-- differs: a row filter (since 15)
CREATE PUBLICATION SELF_p FOR TABLE t;
-- or
CREATE PUBLICATION SELF_p FOR TABLE t WHERE (a > 0);

-- differs: which row filter (since 15)
CREATE PUBLICATION SELF_p FOR TABLE t WHERE (a > 1);
-- or
CREATE PUBLICATION SELF_p FOR TABLE t WHERE (a > 0);

-- differs: a list of columns (since 15)
CREATE PUBLICATION SELF_p FOR TABLE t;
-- or
CREATE PUBLICATION SELF_p FOR TABLE t (a, b, c);

-- differs: which columns (since 15)
CREATE PUBLICATION SELF_p FOR TABLE t (a, b);
-- or
CREATE PUBLICATION SELF_p FOR TABLE t (a, c);

-- same: columns in another order (since 15)
CREATE PUBLICATION SELF_p FOR TABLE t (a, c) WHERE (a > 0), o;
-- or
DROP TABLE t;
CREATE TABLE t (c text, b int, a int PRIMARY KEY);
CREATE PUBLICATION SELF_p FOR TABLE o, t (a, c) WHERE (a > 0);

-- differs: a publication of a schema (since 15)
CREATE PUBLICATION SELF_p;
-- or
CREATE PUBLICATION SELF_p FOR TABLES IN SCHEMA SELF;

-- same: a publication there and back
CREATE PUBLICATION SELF_p;
-- or
CREATE PUBLICATION SELF_q FOR TABLE t;
ALTER PUBLICATION SELF_q RENAME TO SELF_p;
ALTER PUBLICATION SELF_p ADD TABLE o;
ALTER PUBLICATION SELF_p DROP TABLE o, t;
ALTER PUBLICATION SELF_p SET (publish = 'insert');
ALTER PUBLICATION SELF_p SET (publish = 'insert, update, delete, truncate');

-- differs: a subscription
-- or
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE);

-- differs: a subscription to what
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION q WITH (connect = false, slot_name = NONE);
-- or
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE);

-- differs: an option of a subscription
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE);
-- or
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE, binary);

-- differs: the slot of a subscription
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE);
-- or
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = x);

-- differs: streaming
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE, streaming = off);
-- or
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE, streaming = on);

-- differs: two phases (since 15)
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE);
-- or
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE, two_phase);

-- differs: disabled on an error (since 15)
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE);
-- or
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE, disable_on_error);

-- differs: from where (since 16)
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE);
-- or
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE, origin = none);

-- differs: no password required (since 16)
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE);
-- or
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p
  WITH (connect = false, slot_name = NONE, password_required = false);

-- differs: run as the owner (since 16)
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE);
-- or
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE, run_as_owner);

-- differs: failover (since 17)
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE);
-- or
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE, failover);

-- differs: synchronous commit of a subscription
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE);
-- or
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p
  WITH (connect = false, slot_name = NONE, synchronous_commit = on);
