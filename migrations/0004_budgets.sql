-- How many notifications went to whom in a span of time. Holds no address: the scope is a hash.
CREATE TABLE budgets (
    -- SHA-256 of a user, a destination or a message, and of the kind of notification, lower-case hexadecimal.
    scope TEXT   NOT NULL CHECK (length(scope) = 64),
    -- The start of the span, milliseconds since 1970.
    since BIGINT NOT NULL,
    used  BIGINT NOT NULL,
    PRIMARY KEY (scope, since)
);

CREATE INDEX budgets_by_age ON budgets (since);

-- What was over a budget and is told of in one notice. Holds the destination, for the notice goes there; a row lives
-- until its notice was sent.
CREATE TABLE windows (
    -- SHA-256 of the user, the kind and the destination.
    id            TEXT   NOT NULL PRIMARY KEY CHECK (length(id) = 64),
    user_id       TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    destination   TEXT   NOT NULL,
    opened        BIGINT NOT NULL,
    flush_at      BIGINT NOT NULL,
    -- Notifications that were merged.
    more          BIGINT NOT NULL,
    -- Of these, those that the notice which is on its way tells of; 0: none is.
    telling       BIGINT NOT NULL,
    -- Until when the worker that sends it may be left alone.
    claimed_until BIGINT NOT NULL
);

CREATE INDEX windows_by_time ON windows (flush_at);
