/* routing/base/limits.h -- every number that keeps something from growing. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
    /* what a checkout may send */
    LIMIT_BODY = 64 * 1024,         /* request body; 413 above */
    LIMIT_HEADER_BYTES = 16 * 1024, /* names and values of one request, decoded; 431 above */
    LIMIT_HEADERS = 100,
    LIMIT_PATH = 2048,
    LIMIT_IDEMPOTENCY_KEY = 128, /* characters; 400 above */
    LIMIT_TEXT = 255,            /* one free-text field (description, metadata value, ...) */
    LIMIT_METADATA = 20,

    /* what a provider may answer */
    LIMIT_ANSWER_BODY = 256 * 1024,
    LIMIT_INFORMATIONAL = 8, /* 1xx answers before the real one */

    /* JSON */
    LIMIT_JSON_DEPTH = 32,
    LIMIT_JSON_KEYS = 512, /* members of all objects open at one moment */

    /* one payment */
    LIMIT_ARENA = 1024 * 1024,
    LIMIT_LEGS = 8,
    LIMIT_COPIES = 4, /* times one attempt's bytes may leave while the customer waits */
    LIMIT_PROVIDERS = 32,
    LIMIT_REF = 80, /* a provider's id of one of its objects */

    /* one process */
    LIMIT_WORKERS = 64,
    LIMIT_CONNECTIONS = 20000, /* per worker */
    LIMIT_FLIGHTS = 8192,      /* payments in flight per worker; 503 before anything leaves */
    LIMIT_STREAMS = 256,       /* per HTTP/2 connection */
    LIMIT_REQUESTS = 16384,    /* per worker: coming in, being handled or being answered */
    LIMIT_JOURNAL_QUEUE = 16384,
};
#endif
