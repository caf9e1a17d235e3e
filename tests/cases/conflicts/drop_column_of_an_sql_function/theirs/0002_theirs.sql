-- migrate:up
CREATE FUNCTION texts() RETURNS SETOF text LANGUAGE sql AS 'SELECT contents FROM comments';
-- migrate:down
