-- migrate:up
DROP ROLE gitmig_case_keeper;
-- migrate:down
