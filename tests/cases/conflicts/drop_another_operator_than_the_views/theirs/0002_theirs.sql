-- migrate:up
DROP OPERATOR ===(int, int);
-- migrate:down
