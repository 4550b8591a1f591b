-- The ledger of effects: one row for one notification to one recipient, written before anything leaves.
-- Holds no address and no content: the key is a hash.
CREATE TABLE effects (
    -- SHA-256 of what makes the effect the same one, lower-case hexadecimal.
    key        TEXT   NOT NULL PRIMARY KEY CHECK (length(key) = 64),
    kind       TEXT   NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('planned', 'sending', 'sent', 'failed', 'dropped')),
    message_id TEXT   NOT NULL,
    -- How often it was begun; also the version that a writer must have seen.
    attempts   BIGINT NOT NULL,
    -- How often it was begun again although the time before may have had its effect.
    repeats    BIGINT NOT NULL,
    -- Milliseconds since 1970.
    created    BIGINT NOT NULL,
    updated    BIGINT NOT NULL
);

-- For taking away what is long over.
CREATE INDEX effects_by_age ON effects (updated);
