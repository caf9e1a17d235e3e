-- migrate:up
UPDATE comments SET author = 'y';
-- migrate:down
