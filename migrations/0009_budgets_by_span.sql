-- All budgets of an hour have the same beginning. Of a young table PostgreSQL takes it that so few rows have it that an
-- index by it alone serves as well as the primary key, and reads all of the hour for each look. With the scope in it, one
-- index is as good as the other.
DROP INDEX budgets_by_age;

CREATE INDEX budgets_by_age ON budgets (since, scope);
