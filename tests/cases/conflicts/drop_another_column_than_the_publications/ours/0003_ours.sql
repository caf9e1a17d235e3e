-- migrate:up
CREATE PUBLICATION pub FOR TABLE notes (x);
-- migrate:down
