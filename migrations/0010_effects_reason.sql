-- Why it failed, in words without an address or content, for whoever asks for the same effect again. Empty: it did not fail, or
-- that was before there was this column.
ALTER TABLE effects ADD COLUMN reason TEXT NOT NULL DEFAULT '';
