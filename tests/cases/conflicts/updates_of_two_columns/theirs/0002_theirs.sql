-- migrate:up
UPDATE comments SET contents = 'y';
-- migrate:down
