-- Which beginning was the last one: a random number. The count of them does not tell two nodes apart that saw the same row.
-- 0: it was not begun since there is this column.
ALTER TABLE effects ADD COLUMN begun_by BIGINT NOT NULL DEFAULT 0;
