-- The telephone numbers that a user has shown to be theirs. notifyd only reads it; a view may stand in for it.
CREATE TABLE recipient_numbers (
    user_id TEXT NOT NULL,
    -- + and digits (E.164).
    number  TEXT NOT NULL,
    PRIMARY KEY (user_id, number)
);

-- What a user may still spend, in segments. A cache of the sums of credit_entries.
CREATE TABLE sms_credit (
    user_id   TEXT   NOT NULL PRIMARY KEY,
    available BIGINT NOT NULL CHECK (available >= 0),
    reserved  BIGINT NOT NULL CHECK (reserved >= 0)
);

-- One row for one text message to one number, written before the gateway is called. Holds no text.
CREATE TABLE sms_messages (
    -- The key of the effect.
    id          TEXT   NOT NULL PRIMARY KEY CHECK (length(id) = 64),
    user_id     TEXT   NOT NULL,
    number      TEXT   NOT NULL,
    segments    BIGINT NOT NULL,
    price       BIGINT NOT NULL CHECK (price > 0),
    state       TEXT   NOT NULL CHECK (state IN
        ('reserved', 'sending', 'unknown', 'accepted', 'delivered', 'undelivered', 'refused')),
    -- How often the gateway was called; also the version that a writer must have seen.
    attempts    BIGINT NOT NULL,
    provider    TEXT   NOT NULL,
    -- The gateway's own name for it, once known.
    provider_id TEXT,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL
);

CREATE INDEX sms_messages_by_provider ON sms_messages (provider, provider_id);
CREATE INDEX sms_messages_by_state ON sms_messages (state, updated);

-- Every change of credit; rows are only ever added. For each user the sums are what sms_credit says.
CREATE TABLE credit_entries (
    -- Of a message: its id. Of anything else: a name of its own.
    reference        TEXT   NOT NULL,
    kind             TEXT   NOT NULL CHECK (kind IN ('grant', 'correct', 'reserve', 'commit', 'release', 'refund')),
    user_id          TEXT   NOT NULL,
    available_change BIGINT NOT NULL,
    reserved_change  BIGINT NOT NULL,
    created          BIGINT NOT NULL,
    -- No message is paid, released or refunded twice.
    PRIMARY KEY (reference, kind)
);

CREATE INDEX credit_entries_by_user ON credit_entries (user_id);

-- What gateways said of messages. Repeats and any order are harmless.
CREATE TABLE sms_receipts (
    provider   TEXT   NOT NULL,
    message_id TEXT   NOT NULL,
    status     TEXT   NOT NULL,
    received   BIGINT NOT NULL,
    PRIMARY KEY (provider, message_id, status)
);
