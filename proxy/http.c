/* proxy/http.c */
#include "proxy/http.h"

#include <stddef.h>

#include "routing/base/check.h"

static void add(struct px_message *m, const char *name, struct span value, bool secret)
{
    CHECK(m->headers < PX_HEADERS_MAX);
    m->header[m->headers++] =
        (struct px_header){ .name = span_str(name), .value = value, .secret = secret };
}

void px_message_add(struct px_message *m, const char *name, struct span value)
{
    add(m, name, value, false);
}

void px_message_add_secret(struct px_message *m, const char *name, struct span value)
{
    add(m, name, value, true);
}

struct span px_header_find(const struct px_header *h, unsigned n, const char *name)
{
    for (unsigned i = 0; i < n; i++) {
        if (span_is_nocase(h[i].name, name))
            return h[i].value;
    }
    return SPAN_NONE;
}

const char *px_status_text(int status)
{
    switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "";
    }
}
