-- migrate:up
CREATE TRIGGER t BEFORE UPDATE OF contents ON comments FOR EACH ROW EXECUTE FUNCTION touch();
-- migrate:down
