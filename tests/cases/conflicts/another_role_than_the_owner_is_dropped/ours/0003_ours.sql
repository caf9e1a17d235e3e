-- migrate:up
ALTER TABLE notes OWNER TO gitmig_case_keeper;
-- migrate:down
