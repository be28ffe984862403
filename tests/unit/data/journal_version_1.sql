-- A journal that version 1 wrote (sqlite3 .dump of a gateway's file after six calls): an approval, three
-- declines, a payment and its capture. Kept as it is: what is upgraded in tests must be real.
BEGIN TRANSACTION;
CREATE TABLE answer (            -- what the merchant was told, to be told again
    record INTEGER PRIMARY KEY,  -- record.no
    body TEXT
) STRICT;
INSERT INTO "answer" VALUES(1,'{"id":"01M7Z9TYFJEHMRQ7ABVJ1JW2E1","object":"payment","status":"approved","amount":1099,"currency":"EUR","order":"order-1","provider":"stripe","provider_reference":"pi_3plbPwCHgNCKdnkOKoowD7Lf","amount_captured":0,"amount_refunded":0,"capture":"manual","payment_method":{"type":"card","card":{"brand":"visa","bin6":"424242","last4":"4242"}},"decision":{"policy_revision":0,"rule":null,"plan":["stripe","adyen","checkoutcom"]},"attempts":[{"provider":"stripe","reference":"at0_01M7Z9TYFJEHMRQ7ABVJ1JW2E1","outcome":"approved","evidence":"answered","provider_reference":"pi_3plbPwCHgNCKdnkOKoowD7Lf","copies":1,"http_status":200,"duration_ms":8,"started":"2026-11-21T14:58:15.666Z"}],"created":"2026-11-21T14:58:15.666Z","updated":"2026-11-21T14:58:15.674Z"}');
INSERT INTO "answer" VALUES(2,'{"id":"01M7Z9TYG0ECHVEP20AKCA7MGX","object":"payment","status":"declined","amount":29951,"currency":"EUR","order":"order-1","provider":"stripe","provider_reference":"pi_3fDRw8t2GNRkGcIxGWGITcEw","amount_captured":0,"amount_refunded":0,"capture":"manual","payment_method":{"type":"card","card":{"brand":"visa","bin6":"424242","last4":"4242"}},"decision":{"policy_revision":0,"rule":null,"plan":["stripe","adyen","checkoutcom"]},"decline":{"code":"insufficient_funds","category":"soft","message":"not enough money or credit","retry_later":true,"provider_code":"insufficient_funds"},"attempts":[{"provider":"stripe","reference":"at0_01M7Z9TYG0ECHVEP20AKCA7MGX","outcome":"declined","evidence":"answered","reason":"insufficient_funds","message":"not enough money or credit","provider_code":"insufficient_funds","provider_reference":"pi_3fDRw8t2GNRkGcIxGWGITcEw","copies":1,"http_status":402,"duration_ms":1,"started":"2026-11-21T14:58:15.680Z"}],"created":"2026-11-21T14:58:15.680Z","updated":"2026-11-21T14:58:15.681Z","error":{"type":"declined","code":"insufficient_funds","message":"The payment was declined: not enough money or credit"},"outcome":"declined","retry_safe":true}');
INSERT INTO "answer" VALUES(3,'{"id":"01M7Z9TYG9F2WBTE05JZ6K1YQA","object":"payment","status":"declined","amount":29903,"currency":"EUR","order":"order-1","provider":"stripe","provider_reference":"pi_3NruLIfevXitscz70MzZMb7C","amount_captured":0,"amount_refunded":0,"capture":"manual","payment_method":{"type":"card","card":{"brand":"visa","bin6":"424242","last4":"4242"}},"decision":{"policy_revision":0,"rule":null,"plan":["stripe","adyen","checkoutcom"]},"decline":{"code":"do_not_retry","category":"hard","message":"scheme/PSP says never again with this credential","retry_later":false,"provider_code":"do_not_honor","network_advice":{"code":"03","message":"do not try again with this card"}},"attempts":[{"provider":"stripe","reference":"at0_01M7Z9TYG9F2WBTE05JZ6K1YQA","outcome":"declined","evidence":"answered","reason":"do_not_retry","message":"scheme/PSP says never again with this credential","provider_code":"do_not_honor","provider_reference":"pi_3NruLIfevXitscz70MzZMb7C","copies":1,"http_status":402,"duration_ms":1,"started":"2026-11-21T14:58:15.689Z"}],"created":"2026-11-21T14:58:15.689Z","updated":"2026-11-21T14:58:15.690Z","error":{"type":"declined","code":"do_not_retry","message":"The payment was declined: scheme/PSP says never again with this credential"},"outcome":"declined","retry_safe":false}');
INSERT INTO "answer" VALUES(4,'{"id":"01M7Z9TYGDENRVSMYNTX24FC8Z","object":"payment","status":"declined","amount":9901,"currency":"EUR","order":"order-1","provider":"checkoutcom","provider_reference":"pay_i5vyuxzv3rssxs6cd3c2732urx","amount_captured":0,"amount_refunded":0,"capture":"manual","network_transaction_id":"600000000000006","payment_method":{"type":"card","card":{"brand":"visa","bin6":"424242","last4":"4242"}},"decision":{"policy_revision":0,"rule":null,"plan":["stripe","adyen","checkoutcom"]},"decline":{"code":"generic_decline","category":"soft","message":"issuer said no without a usable reason","retry_later":true,"provider_code":"20046"},"attempts":[{"provider":"stripe","reference":"at0_01M7Z9TYGDENRVSMYNTX24FC8Z","outcome":"declined","evidence":"answered","reason":"generic_decline","message":"issuer said no without a usable reason","provider_code":"generic_decline","provider_reference":"pi_3ckFypCzoRvYAyG8Tkolfc1S","copies":1,"http_status":402,"duration_ms":1,"started":"2026-11-21T14:58:15.693Z"},{"provider":"adyen","reference":"at1_01M7Z9TYGDENRVSMYNTX24FC8Z","outcome":"declined","evidence":"answered","reason":"do_not_honor","message":"issuer do-not-honour","provider_code":"2","provider_reference":"KVL4MKJDAWG8B4ET","copies":1,"http_status":200,"duration_ms":2,"started":"2026-11-21T14:58:15.694Z"},{"provider":"checkoutcom","reference":"at2_01M7Z9TYGDENRVSMYNTX24FC8Z","outcome":"declined","evidence":"answered","reason":"generic_decline","message":"issuer said no without a usable reason","provider_code":"20046","provider_reference":"pay_i5vyuxzv3rssxs6cd3c2732urx","copies":1,"http_status":201,"duration_ms":2,"started":"2026-11-21T14:58:15.696Z"}],"created":"2026-11-21T14:58:15.693Z","updated":"2026-11-21T14:58:15.698Z","error":{"type":"declined","code":"generic_decline","message":"The payment was declined: issuer said no without a usable reason"},"outcome":"declined","retry_safe":true}');
INSERT INTO "answer" VALUES(5,'{"id":"01M7Z9TYGNEZP8D9WRHAZBN27Y","object":"payment","status":"approved","amount":1099,"currency":"EUR","order":"order-1","provider":"stripe","provider_reference":"pi_3GbM2iTciYPoSJCLIgQCMTCM","amount_captured":0,"amount_refunded":0,"capture":"manual","payment_method":{"type":"card","card":{"brand":"visa","bin6":"424242","last4":"4242"}},"decision":{"policy_revision":0,"rule":null,"plan":["stripe","adyen","checkoutcom"]},"attempts":[{"provider":"stripe","reference":"at0_01M7Z9TYGNEZP8D9WRHAZBN27Y","outcome":"approved","evidence":"answered","provider_reference":"pi_3GbM2iTciYPoSJCLIgQCMTCM","copies":1,"http_status":200,"duration_ms":1,"started":"2026-11-21T14:58:15.701Z"}],"created":"2026-11-21T14:58:15.701Z","updated":"2026-11-21T14:58:15.702Z"}');
INSERT INTO "answer" VALUES(6,'{"id":"01M7Z9TYGSE2CB69RPHHPZV7G9","object":"capture","payment":"01M7Z9TYGNEZP8D9WRHAZBN27Y","status":"captured","amount":1099,"currency":"EUR","order":"order-1","provider":"stripe","attempts":[{"provider":"stripe","reference":"at0_01M7Z9TYGSE2CB69RPHHPZV7G9","outcome":"approved","evidence":"answered","provider_reference":"pi_3GbM2iTciYPoSJCLIgQCMTCM","copies":1,"http_status":200,"duration_ms":10,"started":"2026-11-21T14:58:15.705Z"}],"created":"2026-11-21T14:58:15.705Z","updated":"2026-11-21T14:58:15.715Z"}');
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
INSERT INTO "attempt" VALUES(1,1,0,'stripe','at0_01M7Z9TYFJEHMRQ7ABVJ1JW2E1',1795273095666,1795273095674,1,'answered','answered','approved',NULL,NULL,'pi_3plbPwCHgNCKdnkOKoowD7Lf',200,8);
INSERT INTO "attempt" VALUES(2,1,0,'stripe','at0_01M7Z9TYG0ECHVEP20AKCA7MGX',1795273095680,1795273095681,1,'answered','answered','declined','insufficient_funds','insufficient_funds','pi_3fDRw8t2GNRkGcIxGWGITcEw',402,1);
INSERT INTO "attempt" VALUES(3,1,0,'stripe','at0_01M7Z9TYG9F2WBTE05JZ6K1YQA',1795273095689,1795273095690,1,'answered','answered','declined','do_not_retry','do_not_honor','pi_3NruLIfevXitscz70MzZMb7C',402,1);
INSERT INTO "attempt" VALUES(4,1,0,'stripe','at0_01M7Z9TYGDENRVSMYNTX24FC8Z',1795273095693,1795273095694,1,'answered','answered','declined','generic_decline','generic_decline','pi_3ckFypCzoRvYAyG8Tkolfc1S',402,1);
INSERT INTO "attempt" VALUES(4,1,1,'adyen','at1_01M7Z9TYGDENRVSMYNTX24FC8Z',1795273095694,1795273095696,1,'answered','answered','declined','do_not_honor','2','KVL4MKJDAWG8B4ET',200,2);
INSERT INTO "attempt" VALUES(4,1,2,'checkoutcom','at2_01M7Z9TYGDENRVSMYNTX24FC8Z',1795273095696,1795273095698,1,'answered','answered','declined','generic_decline','20046','pay_i5vyuxzv3rssxs6cd3c2732urx',201,2);
INSERT INTO "attempt" VALUES(5,1,0,'stripe','at0_01M7Z9TYGNEZP8D9WRHAZBN27Y',1795273095701,1795273095702,1,'answered','answered','approved',NULL,NULL,'pi_3GbM2iTciYPoSJCLIgQCMTCM',200,1);
INSERT INTO "attempt" VALUES(6,1,0,'stripe','at0_01M7Z9TYGSE2CB69RPHHPZV7G9',1795273095705,1795273095715,1,'answered','answered','approved',NULL,NULL,'pi_3GbM2iTciYPoSJCLIgQCMTCM',200,10);
CREATE TABLE currency (
    code TEXT PRIMARY KEY,
    exponent INTEGER NOT NULL,   -- decimals
    unit INTEGER NOT NULL        -- 10^exponent: amounts are whole numbers of 1/unit
) STRICT, WITHOUT ROWID;
INSERT INTO "currency" VALUES('AED',2,100);
INSERT INTO "currency" VALUES('AFN',2,100);
INSERT INTO "currency" VALUES('ALL',2,100);
INSERT INTO "currency" VALUES('AMD',2,100);
INSERT INTO "currency" VALUES('ANG',2,100);
INSERT INTO "currency" VALUES('AOA',2,100);
INSERT INTO "currency" VALUES('ARS',2,100);
INSERT INTO "currency" VALUES('AUD',2,100);
INSERT INTO "currency" VALUES('AWG',2,100);
INSERT INTO "currency" VALUES('AZN',2,100);
INSERT INTO "currency" VALUES('BAM',2,100);
INSERT INTO "currency" VALUES('BBD',2,100);
INSERT INTO "currency" VALUES('BDT',2,100);
INSERT INTO "currency" VALUES('BGN',2,100);
INSERT INTO "currency" VALUES('BHD',3,1000);
INSERT INTO "currency" VALUES('BIF',0,1);
INSERT INTO "currency" VALUES('BMD',2,100);
INSERT INTO "currency" VALUES('BND',2,100);
INSERT INTO "currency" VALUES('BOB',2,100);
INSERT INTO "currency" VALUES('BRL',2,100);
INSERT INTO "currency" VALUES('BSD',2,100);
INSERT INTO "currency" VALUES('BTN',2,100);
INSERT INTO "currency" VALUES('BWP',2,100);
INSERT INTO "currency" VALUES('BYN',2,100);
INSERT INTO "currency" VALUES('BZD',2,100);
INSERT INTO "currency" VALUES('CAD',2,100);
INSERT INTO "currency" VALUES('CDF',2,100);
INSERT INTO "currency" VALUES('CHF',2,100);
INSERT INTO "currency" VALUES('CLP',0,1);
INSERT INTO "currency" VALUES('CNY',2,100);
INSERT INTO "currency" VALUES('COP',2,100);
INSERT INTO "currency" VALUES('CRC',2,100);
INSERT INTO "currency" VALUES('CUC',2,100);
INSERT INTO "currency" VALUES('CUP',2,100);
INSERT INTO "currency" VALUES('CVE',2,100);
INSERT INTO "currency" VALUES('CZK',2,100);
INSERT INTO "currency" VALUES('DJF',0,1);
INSERT INTO "currency" VALUES('DKK',2,100);
INSERT INTO "currency" VALUES('DOP',2,100);
INSERT INTO "currency" VALUES('DZD',2,100);
INSERT INTO "currency" VALUES('EGP',2,100);
INSERT INTO "currency" VALUES('ERN',2,100);
INSERT INTO "currency" VALUES('ETB',2,100);
INSERT INTO "currency" VALUES('EUR',2,100);
INSERT INTO "currency" VALUES('FJD',2,100);
INSERT INTO "currency" VALUES('FKP',2,100);
INSERT INTO "currency" VALUES('GBP',2,100);
INSERT INTO "currency" VALUES('GEL',2,100);
INSERT INTO "currency" VALUES('GHS',2,100);
INSERT INTO "currency" VALUES('GIP',2,100);
INSERT INTO "currency" VALUES('GMD',2,100);
INSERT INTO "currency" VALUES('GNF',0,1);
INSERT INTO "currency" VALUES('GTQ',2,100);
INSERT INTO "currency" VALUES('GYD',2,100);
INSERT INTO "currency" VALUES('HKD',2,100);
INSERT INTO "currency" VALUES('HNL',2,100);
INSERT INTO "currency" VALUES('HTG',2,100);
INSERT INTO "currency" VALUES('HUF',2,100);
INSERT INTO "currency" VALUES('IDR',2,100);
INSERT INTO "currency" VALUES('ILS',2,100);
INSERT INTO "currency" VALUES('INR',2,100);
INSERT INTO "currency" VALUES('IQD',3,1000);
INSERT INTO "currency" VALUES('IRR',2,100);
INSERT INTO "currency" VALUES('ISK',0,1);
INSERT INTO "currency" VALUES('JMD',2,100);
INSERT INTO "currency" VALUES('JOD',3,1000);
INSERT INTO "currency" VALUES('JPY',0,1);
INSERT INTO "currency" VALUES('KES',2,100);
INSERT INTO "currency" VALUES('KGS',2,100);
INSERT INTO "currency" VALUES('KHR',2,100);
INSERT INTO "currency" VALUES('KMF',0,1);
INSERT INTO "currency" VALUES('KPW',2,100);
INSERT INTO "currency" VALUES('KRW',0,1);
INSERT INTO "currency" VALUES('KWD',3,1000);
INSERT INTO "currency" VALUES('KYD',2,100);
INSERT INTO "currency" VALUES('KZT',2,100);
INSERT INTO "currency" VALUES('LAK',2,100);
INSERT INTO "currency" VALUES('LBP',2,100);
INSERT INTO "currency" VALUES('LKR',2,100);
INSERT INTO "currency" VALUES('LRD',2,100);
INSERT INTO "currency" VALUES('LSL',2,100);
INSERT INTO "currency" VALUES('LYD',3,1000);
INSERT INTO "currency" VALUES('MAD',2,100);
INSERT INTO "currency" VALUES('MDL',2,100);
INSERT INTO "currency" VALUES('MGA',2,100);
INSERT INTO "currency" VALUES('MKD',2,100);
INSERT INTO "currency" VALUES('MMK',2,100);
INSERT INTO "currency" VALUES('MNT',2,100);
INSERT INTO "currency" VALUES('MOP',2,100);
INSERT INTO "currency" VALUES('MRU',2,100);
INSERT INTO "currency" VALUES('MUR',2,100);
INSERT INTO "currency" VALUES('MVR',2,100);
INSERT INTO "currency" VALUES('MWK',2,100);
INSERT INTO "currency" VALUES('MXN',2,100);
INSERT INTO "currency" VALUES('MYR',2,100);
INSERT INTO "currency" VALUES('MZN',2,100);
INSERT INTO "currency" VALUES('NAD',2,100);
INSERT INTO "currency" VALUES('NGN',2,100);
INSERT INTO "currency" VALUES('NIO',2,100);
INSERT INTO "currency" VALUES('NOK',2,100);
INSERT INTO "currency" VALUES('NPR',2,100);
INSERT INTO "currency" VALUES('NZD',2,100);
INSERT INTO "currency" VALUES('OMR',3,1000);
INSERT INTO "currency" VALUES('PAB',2,100);
INSERT INTO "currency" VALUES('PEN',2,100);
INSERT INTO "currency" VALUES('PGK',2,100);
INSERT INTO "currency" VALUES('PHP',2,100);
INSERT INTO "currency" VALUES('PKR',2,100);
INSERT INTO "currency" VALUES('PLN',2,100);
INSERT INTO "currency" VALUES('PYG',0,1);
INSERT INTO "currency" VALUES('QAR',2,100);
INSERT INTO "currency" VALUES('RON',2,100);
INSERT INTO "currency" VALUES('RSD',2,100);
INSERT INTO "currency" VALUES('RUB',2,100);
INSERT INTO "currency" VALUES('RWF',0,1);
INSERT INTO "currency" VALUES('SAR',2,100);
INSERT INTO "currency" VALUES('SBD',2,100);
INSERT INTO "currency" VALUES('SCR',2,100);
INSERT INTO "currency" VALUES('SDG',2,100);
INSERT INTO "currency" VALUES('SEK',2,100);
INSERT INTO "currency" VALUES('SGD',2,100);
INSERT INTO "currency" VALUES('SHP',2,100);
INSERT INTO "currency" VALUES('SLE',2,100);
INSERT INTO "currency" VALUES('SOS',2,100);
INSERT INTO "currency" VALUES('SRD',2,100);
INSERT INTO "currency" VALUES('SSP',2,100);
INSERT INTO "currency" VALUES('STN',2,100);
INSERT INTO "currency" VALUES('SVC',2,100);
INSERT INTO "currency" VALUES('SYP',2,100);
INSERT INTO "currency" VALUES('SZL',2,100);
INSERT INTO "currency" VALUES('THB',2,100);
INSERT INTO "currency" VALUES('TJS',2,100);
INSERT INTO "currency" VALUES('TMT',2,100);
INSERT INTO "currency" VALUES('TND',3,1000);
INSERT INTO "currency" VALUES('TOP',2,100);
INSERT INTO "currency" VALUES('TRY',2,100);
INSERT INTO "currency" VALUES('TTD',2,100);
INSERT INTO "currency" VALUES('TWD',2,100);
INSERT INTO "currency" VALUES('TZS',2,100);
INSERT INTO "currency" VALUES('UAH',2,100);
INSERT INTO "currency" VALUES('UGX',0,1);
INSERT INTO "currency" VALUES('USD',2,100);
INSERT INTO "currency" VALUES('UYU',2,100);
INSERT INTO "currency" VALUES('UZS',2,100);
INSERT INTO "currency" VALUES('VED',2,100);
INSERT INTO "currency" VALUES('VES',2,100);
INSERT INTO "currency" VALUES('VND',0,1);
INSERT INTO "currency" VALUES('VUV',0,1);
INSERT INTO "currency" VALUES('WST',2,100);
INSERT INTO "currency" VALUES('XAF',0,1);
INSERT INTO "currency" VALUES('XCD',2,100);
INSERT INTO "currency" VALUES('XOF',0,1);
INSERT INTO "currency" VALUES('XPF',0,1);
INSERT INTO "currency" VALUES('YER',2,100);
INSERT INTO "currency" VALUES('ZAR',2,100);
INSERT INTO "currency" VALUES('ZMW',2,100);
INSERT INTO "currency" VALUES('ZWG',2,100);
CREATE TABLE event (             -- what record and attempt do not tell by themselves
    no INTEGER PRIMARY KEY,
    record INTEGER NOT NULL,     -- record.no
    at_ms INTEGER NOT NULL,
    what TEXT NOT NULL,          -- resumed, claimed, begun_again (text: the former id), note
    fence INTEGER NOT NULL,
    text TEXT
) STRICT;
CREATE TABLE former_id (         -- ids of records that were begun again; they go on working
    id TEXT PRIMARY KEY,
    record INTEGER NOT NULL      -- record.no
) STRICT, WITHOUT ROWID;
CREATE TABLE key_index (         -- records by key: those up to key_state.indexed_to
    hash INTEGER NOT NULL,       -- of merchant and key; proxy/journal_keys.c
    record INTEGER NOT NULL,     -- record.no
    PRIMARY KEY (hash, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE key_state (         -- one row
    seed INTEGER NOT NULL,       -- of the hash
    indexed_to INTEGER NOT NULL  -- record.no
) STRICT;
INSERT INTO "key_state" VALUES(-5082385260697352340,0);
CREATE TABLE life (              -- one row for every start of the gateway on this file
    life INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    closed_ms INTEGER            -- NULL: running, or killed
) STRICT;
INSERT INTO "life" VALUES(1,'01M7Z9TYD2EFDVKJ0H2QS6W268',1795273095631,1795273095753);
CREATE TABLE migration (
    version INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,      -- unix time in milliseconds, as all columns named _ms
    at TEXT NOT NULL             -- the same in UTC
) STRICT;
INSERT INTO "migration" VALUES(1,1795273095000,'2026-11-21 14:58:15');
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
INSERT INTO "record" VALUES(1,'01M7Z9TYFJEHMRQ7ABVJ1JW2E1','shop','approved','authorize',NULL,X'3EA606CED17BBAEB396E656E243333A65D50FC42964B0102544D95C538A9AF71',1795273095666,1795273095674,'settled',1,1,'stripe,adyen,checkoutcom',0,1795273095666,X'B619F1B51C63F2CFDA56736CBF5D8431',1099,'EUR','approved','authorized',NULL,1099,0,0,0,0,0,201,'pi_3plbPwCHgNCKdnkOKoowD7Lf',NULL,NULL,0,'card','visa',424242,'4242','order-1');
INSERT INTO "record" VALUES(2,'01M7Z9TYG0ECHVEP20AKCA7MGX','shop','declined','authorize',NULL,X'9EA9163E1AEF49496D40CC09240DBF05F8CAEE531ACBC5F74A235C291595C5A1',1795273095680,1795273095681,'settled',1,1,'stripe,adyen,checkoutcom',0,1795273095680,X'7D6CC419356082D32F2FC94FAD621E88',29951,'EUR','declined','declined','insufficient_funds',0,0,0,0,0,0,402,'pi_3fDRw8t2GNRkGcIxGWGITcEw',NULL,NULL,0,'card','visa',424242,'4242','order-1');
INSERT INTO "record" VALUES(3,'01M7Z9TYG9F2WBTE05JZ6K1YQA','shop','never','authorize',NULL,X'1A51D7F7301C8BCB38D764D920D637B115959B793193A8698C7082FC227AA1F4',1795273095689,1795273095690,'settled',1,1,'stripe,adyen,checkoutcom',0,1795273095689,X'D22CB55ED4E2DE4D274D3A5B72CCC5A4',29903,'EUR','declined','declined','do_not_retry',0,0,0,0,0,0,402,'pi_3NruLIfevXitscz70MzZMb7C',NULL,NULL,0,'card','visa',424242,'4242','order-1');
INSERT INTO "record" VALUES(4,'01M7Z9TYGDENRVSMYNTX24FC8Z','shop','soft','authorize',NULL,X'2EE2CCC85A7B41E6BE5DFCDFB1D3E19688977974A14CE26AB5B1C001CD7DBC7B',1795273095693,1795273095698,'settled',1,1,'stripe,adyen,checkoutcom',2,1795273095696,X'A8795CDC39D917319D0F921A7851DAFB',9901,'EUR','declined','declined','generic_decline',0,0,0,0,0,0,402,'pay_i5vyuxzv3rssxs6cd3c2732urx',NULL,'600000000000006',0,'card','visa',424242,'4242','order-1');
INSERT INTO "record" VALUES(5,'01M7Z9TYGNEZP8D9WRHAZBN27Y','shop','captured','authorize',NULL,X'3EA606CED17BBAEB396E656E243333A65D50FC42964B0102544D95C538A9AF71',1795273095701,1795273095715,'settled',1,1,'stripe,adyen,checkoutcom',0,1795273095701,X'10C1926FE57D9F5394C8B7E95E84EF11',1099,'EUR','approved','captured',NULL,1099,1099,0,0,0,0,201,'pi_3GbM2iTciYPoSJCLIgQCMTCM',NULL,NULL,0,'card','visa',424242,'4242','order-1');
INSERT INTO "record" VALUES(6,'01M7Z9TYGSE2CB69RPHHPZV7G9','shop','cap','capture','01M7Z9TYGNEZP8D9WRHAZBN27Y',X'0AF4AB6D02AC6AB316D9BC11CDCDA47F1F9CC9B71247B643AA079AD450D3D8E3',1795273095705,1795273095715,'settled',1,1,'stripe',0,1795273095705,X'250175AAE10C1C06AB9B7761FA1A91AB',1099,'EUR','approved','captured',NULL,0,0,0,0,0,0,200,'pi_3GbM2iTciYPoSJCLIgQCMTCM',NULL,NULL,0,'card','visa',424242,'4242','order-1');
CREATE INDEX record_unresolved ON record (no) WHERE standing IN ('open', 'pending');
CREATE INDEX record_of_parent ON record (parent) WHERE parent IS NOT NULL;
CREATE INDEX event_of_record ON event (record);
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
COMMIT;