-- migrate:up
CREATE TYPE mood AS ENUM ('good', 'bad');
-- migrate:down
