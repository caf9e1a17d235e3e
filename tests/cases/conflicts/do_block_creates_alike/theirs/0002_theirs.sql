-- migrate:up
DO $$ BEGIN CREATE TYPE mood AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE TABLE a (id int);
-- migrate:down
