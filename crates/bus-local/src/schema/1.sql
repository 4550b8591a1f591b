-- The STATE of each account: its latest value and how often it was written.
CREATE TABLE states (
    id       INTEGER PRIMARY KEY,
    account  BLOB    NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    value    BLOB    NOT NULL
) STRICT;

-- KV. A revision comes from one counter for all keys, so that a key that went and came has no revision twice.
CREATE TABLE kv (
    id         INTEGER PRIMARY KEY,
    bucket     TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    value      BLOB    NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (bucket, key)
) STRICT;
CREATE INDEX kv_by_expiry ON kv (expires_at);

CREATE TABLE kv_revision (last INTEGER NOT NULL) STRICT;
INSERT INTO kv_revision (last) VALUES (0);

CREATE TABLE groups (
    id   INTEGER PRIMARY KEY,
    name TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE group_kinds (
    kind     TEXT    NOT NULL,
    group_id INTEGER NOT NULL,
    PRIMARY KEY (kind, group_id)
) STRICT, WITHOUT ROWID;

-- Jobs that wait (is_parked = 1: for a retry, until due_at) or run. Which ones run is not kept: the process knows,
-- and with its death nothing runs.
CREATE TABLE jobs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id   INTEGER NOT NULL,
    relay      INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    subject    TEXT    NOT NULL,
    urgency    INTEGER NOT NULL,
    payload    BLOB    NOT NULL,
    attempts   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    is_parked  INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    UNIQUE (group_id, relay, sequence, subject)
) STRICT;
CREATE INDEX jobs_ready ON jobs (group_id, urgency, id) WHERE is_parked = 0;
CREATE INDEX jobs_parked ON jobs (group_id, due_at) WHERE is_parked = 1;
CREATE INDEX jobs_by_age ON jobs (group_id, created_at);

-- Jobs that are over, so that the same message sent again makes no second one.
CREATE TABLE finished (
    id          INTEGER PRIMARY KEY,
    group_id    INTEGER NOT NULL,
    relay       INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    subject     TEXT    NOT NULL,
    finished_at INTEGER NOT NULL,
    UNIQUE (group_id, relay, sequence, subject)
) STRICT;
CREATE INDEX finished_by_time ON finished (finished_at);

-- Named by group, for a dead letter may be put down for a group that no node registered.
CREATE TABLE dead_letters (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    group_name TEXT    NOT NULL,
    relay      INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    subject    TEXT    NOT NULL,
    payload    BLOB    NOT NULL,
    reason     TEXT    NOT NULL,
    attempts   INTEGER NOT NULL,
    died_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX dead_letters_by_group ON dead_letters (group_name, id);
