-- migrate:up
ALTER TABLE tags ADD CONSTRAINT tags_pk PRIMARY KEY (name);
-- migrate:down
