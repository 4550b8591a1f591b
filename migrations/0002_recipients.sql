-- Who reads our mail, and how. notifyd only reads these two; where users live elsewhere, views stand in for them
-- (docs/recipients.md).
CREATE TABLE recipients (
    -- user@domain, in lower case.
    user_id    TEXT NOT NULL PRIMARY KEY,
    -- BCP 47, like pt-BR.
    language   TEXT,
    -- IANA, like America/Sao_Paulo.
    zone       TEXT,
    -- h12 or h23 (Unicode TR 35, key hc). Without it the language decides.
    hour_cycle TEXT
);

-- The addresses that a user has besides the one that is the user's name, in lower case.
CREATE TABLE recipient_addresses (
    address TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL
);

CREATE INDEX recipient_addresses_by_user ON recipient_addresses (user_id);
