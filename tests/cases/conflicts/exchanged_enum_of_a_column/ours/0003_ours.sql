-- migrate:up
ALTER TYPE mood RENAME TO old_mood;
CREATE TYPE mood AS ENUM ('bad');
DROP TYPE old_mood;
-- migrate:down
