-- migrate:up
CREATE VIEW w AS SELECT id FROM v;
-- migrate:down
