-- migrate:up
ALTER TYPE pair ADD ATTRIBUTE z int;
-- migrate:down
