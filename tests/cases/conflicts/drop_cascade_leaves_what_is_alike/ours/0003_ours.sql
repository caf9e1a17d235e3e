-- migrate:up
DROP TABLE comments CASCADE;
-- migrate:down
