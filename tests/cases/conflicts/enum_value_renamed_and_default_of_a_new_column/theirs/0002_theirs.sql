-- migrate:up
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
-- migrate:down
