-- migrate:up
CREATE VIEW w AS SELECT * FROM v;
-- migrate:down
