-- migrate:up
DROP TEXT SEARCH CONFIGURATION tc;
-- migrate:down
