-- The journal's tables, version 1. Never changed: what comes later is another file (journal_2.sql)
-- that alters these. SQLite keeps the comments inside the statements, and `.schema` shows them to
-- whoever opens a journal with sqlite3.
--
-- No foreign keys are enforced: each would cost a look-up per row, and rows are never deleted.

CREATE TABLE migration (
    version INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,      -- unix time in milliseconds, as all columns named _ms
    at TEXT NOT NULL             -- the same in UTC
) STRICT;

CREATE TABLE currency (
    code TEXT PRIMARY KEY,
    exponent INTEGER NOT NULL,   -- decimals
    unit INTEGER NOT NULL        -- 10^exponent: amounts are whole numbers of 1/unit
) STRICT, WITHOUT ROWID;

CREATE TABLE life (              -- one row for every start of the gateway on this file
    life INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    closed_ms INTEGER            -- NULL: running, or killed
) STRICT;

CREATE TABLE record (            -- a payment, or an operation (capture, void, refund) on one
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    merchant TEXT NOT NULL,      -- the API credential's name
    key TEXT NOT NULL,           -- its Idempotency-Key
    op TEXT NOT NULL,            -- authorize, capture, void, refund
    parent TEXT,                 -- operations: the payment's id
    fingerprint BLOB NOT NULL,   -- keyed digest of the request: one key, one request
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    standing TEXT NOT NULL,      -- open, pending, settled, not_sent
    life INTEGER NOT NULL,       -- who took it last
    fence INTEGER NOT NULL,      -- how often it was taken; whoever shows an older number is refused
    plan TEXT NOT NULL,          -- providers in order
    leg INTEGER NOT NULL,        -- the place in the plan that was promised last, from 0
    leg_ms INTEGER NOT NULL,     -- when it was promised first
    request_mac BLOB,            -- keyed digest of that leg's request
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    outcome TEXT,                -- NULL: not known of yet
    state TEXT,
    code TEXT,
    authorized INTEGER NOT NULL DEFAULT 0,
    captured INTEGER NOT NULL DEFAULT 0,
    capture_pending INTEGER NOT NULL DEFAULT 0,
    refunded INTEGER NOT NULL DEFAULT 0,
    refund_pending INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,     -- operations: what it holds of the payment's amounts
    status INTEGER NOT NULL DEFAULT 0,   -- HTTP status of the answer
    provider_payment_id TEXT,
    provider_op_id TEXT,
    network_txn_id TEXT,
    capture_now INTEGER NOT NULL DEFAULT 0,
    method TEXT,
    brand TEXT,
    bin6 INTEGER,
    last4 TEXT,
    order_ref TEXT,              -- the merchant's
    -- one record per merchant and key: see key_index
    -- equations and not IN: a list of words is built anew for every row that is checked
    CHECK (standing = 'open' OR standing = 'pending' OR standing = 'settled' OR
           standing = 'not_sent'),
    CHECK (op = 'authorize' OR op = 'capture' OR op = 'refund' OR op = 'void'),
    CHECK (amount >= 0 AND held >= 0 AND held <= amount),
    CHECK (captured >= 0 AND capture_pending >= 0 AND captured + capture_pending <= authorized),
    CHECK (refunded >= 0 AND refund_pending >= 0 AND refunded + refund_pending <= captured + capture_pending)
) STRICT;

CREATE INDEX record_unresolved ON record (no) WHERE standing IN ('open', 'pending');
CREATE INDEX record_of_parent ON record (parent) WHERE parent IS NOT NULL;

CREATE TABLE key_index (         -- records by key: those up to key_state.indexed_to
    hash INTEGER NOT NULL,       -- of merchant and key; proxy/journal_keys.c
    record INTEGER NOT NULL,     -- record.no
    PRIMARY KEY (hash, record)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_state (         -- one row
    seed INTEGER NOT NULL,       -- of the hash
    indexed_to INTEGER NOT NULL  -- record.no
) STRICT;

INSERT INTO key_state VALUES (random(), 0);

CREATE TABLE former_id (         -- ids of records that were begun again; they go on working
    id TEXT PRIMARY KEY,
    record INTEGER NOT NULL      -- record.no
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (           -- one leg as one owner asked it, written when that ended
    record INTEGER NOT NULL,     -- record.no
    fence INTEGER NOT NULL,
    leg INTEGER NOT NULL,
    provider TEXT NOT NULL,
    ref TEXT,                    -- our reference at the provider
    promised_ms INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL,
    copies INTEGER NOT NULL,     -- how often its bytes left
    evidence TEXT,               -- answered, not_sent, refused, in_doubt
    why TEXT,
    outcome TEXT NOT NULL,
    code TEXT,
    raw_code TEXT,               -- the provider's own word
    provider_payment_id TEXT,
    status INTEGER,              -- HTTP
    took_ms INTEGER,
    PRIMARY KEY (record, fence, leg)
) STRICT, WITHOUT ROWID;

CREATE TABLE answer (            -- what the merchant was told, to be told again
    record INTEGER PRIMARY KEY,  -- record.no
    body TEXT
) STRICT;

CREATE TABLE event (             -- what record and attempt do not tell by themselves
    no INTEGER PRIMARY KEY,
    record INTEGER NOT NULL,     -- record.no
    at_ms INTEGER NOT NULL,
    what TEXT NOT NULL,          -- resumed, claimed, begun_again (text: the former id), note
    fence INTEGER NOT NULL,
    text TEXT
) STRICT;

CREATE INDEX event_of_record ON event (record);

-- ---- for reading ----

CREATE VIEW payments_readable AS
SELECT id, strftime('%Y-%m-%d %H:%M:%f', created_ms / 1000.0, 'unixepoch') AS created,
    strftime('%Y-%m-%d %H:%M:%f', updated_ms / 1000.0, 'unixepoch') AS updated,
    merchant, key, order_ref, currency,
    iif(exponent = 0, amount, printf('%d.%0*d', amount / unit, exponent, amount % unit)) AS amount,
    standing, outcome, state, r.code, plan, leg + 1 AS attempts,
    iif(exponent = 0, authorized,
        printf('%d.%0*d', authorized / unit, exponent, authorized % unit)) AS authorized,
    iif(exponent = 0, captured,
        printf('%d.%0*d', captured / unit, exponent, captured % unit)) AS captured,
    iif(exponent = 0, refunded,
        printf('%d.%0*d', refunded / unit, exponent, refunded % unit)) AS refunded,
    provider_payment_id, method, brand, bin6, last4
FROM record r LEFT JOIN currency c ON c.code = r.currency
WHERE parent IS NULL;

CREATE VIEW operations_readable AS
SELECT id, parent AS payment, op,
    strftime('%Y-%m-%d %H:%M:%f', created_ms / 1000.0, 'unixepoch') AS created,
    strftime('%Y-%m-%d %H:%M:%f', updated_ms / 1000.0, 'unixepoch') AS updated,
    merchant, key, currency,
    iif(exponent = 0, amount, printf('%d.%0*d', amount / unit, exponent, amount % unit)) AS amount,
    standing, outcome, state, r.code, plan AS provider, provider_payment_id, provider_op_id
FROM record r LEFT JOIN currency c ON c.code = r.currency
WHERE parent IS NOT NULL;

CREATE VIEW unresolved AS        -- also what is being asked about right now
SELECT id, op, CAST(strftime('%s', 'now') AS INTEGER) - created_ms / 1000 AS age_s,
    strftime('%Y-%m-%d %H:%M:%f', created_ms / 1000.0, 'unixepoch') AS created,
    merchant, key, order_ref, currency,
    iif(exponent = 0, amount, printf('%d.%0*d', amount / unit, exponent, amount % unit)) AS amount,
    standing, outcome, state, plan, leg + 1 AS attempt
FROM record r LEFT JOIN currency c ON c.code = r.currency
WHERE standing IN ('open', 'pending')
ORDER BY no;

CREATE VIEW history AS           -- one record's story: WHERE id = '...' ORDER BY at_ms
SELECT id, created_ms AS at_ms,
    strftime('%Y-%m-%d %H:%M:%f', created_ms / 1000.0, 'unixepoch') AS at, 'accepted' AS what,
    op || ' under key ' || key AS text
FROM record
UNION ALL
SELECT r.id, a.promised_ms, strftime('%Y-%m-%d %H:%M:%f', a.promised_ms / 1000.0, 'unixepoch'),
    'promised', 'attempt ' || (a.leg + 1) || ' at ' || a.provider
FROM record r JOIN attempt a ON a.record = r.no
UNION ALL
SELECT r.id, a.ended_ms, strftime('%Y-%m-%d %H:%M:%f', a.ended_ms / 1000.0, 'unixepoch'), 'ended',
    'attempt ' || (a.leg + 1) || ' at ' || a.provider || ': ' || a.outcome ||
    ifnull(', ' || a.code, '') || ifnull(' (' || a.why || ')', '')
FROM record r JOIN attempt a ON a.record = r.no
UNION ALL
SELECT r.id, e.at_ms, strftime('%Y-%m-%d %H:%M:%f', e.at_ms / 1000.0, 'unixepoch'), e.what, e.text
FROM record r JOIN event e ON e.record = r.no
UNION ALL
SELECT id, updated_ms, strftime('%Y-%m-%d %H:%M:%f', updated_ms / 1000.0, 'unixepoch'), standing,
    ifnull(outcome, '') || ifnull(', ' || state, '')
FROM record WHERE standing <> 'open';
