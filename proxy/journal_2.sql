-- The journal's tables, version 2: which cards were declined, for the card schemes' rules on trying
-- again (routing/reattempt.def). Never changed: what comes later is another file.
--
-- A card is a keyed digest of its number (or of a provider's token), never the number.

ALTER TABLE record ADD COLUMN card BLOB;            -- while the payment is open or in doubt
ALTER TABLE record ADD COLUMN by_merchant INTEGER;  -- 1: the merchant began it, not the customer

CREATE TABLE decline (           -- attempts that an issuer declined; kept for 30 days
    card BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    record INTEGER NOT NULL,     -- record.no
    leg INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    brand TEXT,
    by_merchant INTEGER,
    rule TEXT,                   -- what the network said beside "no": never_again, not_before
    until_ms INTEGER,            -- and until when
    PRIMARY KEY (card, at_ms, record, leg)
) STRICT, WITHOUT ROWID;

CREATE INDEX decline_at ON decline (at_ms);

CREATE VIEW declines_readable AS
SELECT strftime('%Y-%m-%d %H:%M:%f', d.at_ms / 1000.0, 'unixepoch') AS declined, r.id AS payment,
    d.leg + 1 AS attempt, d.brand, d.currency,
    iif(exponent = 0, d.amount, printf('%d.%0*d', d.amount / unit, exponent, d.amount % unit)) AS amount,
    d.rule, strftime('%Y-%m-%d %H:%M:%f', d.until_ms / 1000.0, 'unixepoch') AS not_before,
    substr(hex(d.card), 1, 12) AS card_digest
FROM decline d LEFT JOIN record r ON r.no = d.record LEFT JOIN currency c ON c.code = d.currency;
