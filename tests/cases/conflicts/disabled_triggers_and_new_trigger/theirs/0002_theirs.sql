-- migrate:up
CREATE TRIGGER fires AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION fires();
-- migrate:down
