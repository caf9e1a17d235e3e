-- migrate:up
CREATE INDEX by_day ON events_2026 (at);
-- migrate:down
