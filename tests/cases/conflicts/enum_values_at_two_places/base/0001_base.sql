-- migrate:up
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
-- migrate:down
