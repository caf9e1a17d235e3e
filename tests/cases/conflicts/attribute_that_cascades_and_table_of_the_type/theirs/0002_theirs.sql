-- migrate:up
ALTER TYPE pair ADD ATTRIBUTE z int CASCADE;
-- migrate:down
