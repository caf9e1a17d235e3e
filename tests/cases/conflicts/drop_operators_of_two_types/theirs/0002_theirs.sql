-- migrate:up
DROP OPERATOR ===(text, text);
-- migrate:down
