-- Who wants no more alarm mail. Holds no address and no content: both names are hashes.
CREATE TABLE mutes (
    -- SHA-256 of the address that the mail goes to, lower-case hexadecimal.
    recipient TEXT   NOT NULL CHECK (length(recipient) = 64),
    -- SHA-256 of the event, or 'all' for every alarm.
    event     TEXT   NOT NULL CHECK (event = 'all' OR length(event) = 64),
    muted_by  TEXT   NOT NULL CHECK (muted_by IN ('one-click', 'page', 'operator')),
    -- Milliseconds since 1970.
    since     BIGINT NOT NULL,
    PRIMARY KEY (recipient, event)
);
