-- migrate:up
CREATE VIEW v AS SELECT id FROM k;
-- migrate:down
