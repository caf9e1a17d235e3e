-- migrate:up
UPDATE comments SET author = 'x';
-- migrate:down
