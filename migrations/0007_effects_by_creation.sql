-- What is updated most is not indexed: then PostgreSQL writes no index at all for an update where the page has room (HOT).
-- The name is another one, so that of two processes on a SQLite file the second fails here and looks again.
CREATE INDEX effects_by_creation ON effects (created);
DROP INDEX effects_by_age;
