"""What two readers of the same bytes could read differently is not read at all."""
import json
import struct

import pytest

from echo import (DATA, END_HEADERS, END_STREAM, H1, H2, HEADERS, PROTOCOL_ERROR, RST, Echo, frame)


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    e = Echo(tmp_path_factory.mktemp("echo"))
    yield e
    e.stop()


def get(path=b"/", version=b"HTTP/1.1", host=b"Host: h\r\n", more=b"", method=b"GET", body=b""):
    return method + b" " + path + b" " + version + b"\r\n" + host + more + b"\r\n" + body


def post(more, body=b"hello"):
    return get(method=b"POST", more=more, body=body)


CHUNKED = b"Transfer-Encoding: chunked\r\n"
FIVE = b"5\r\nhello\r\n0\r\n\r\n"

H1_MATRIX = {
    "control": (get(), 200),
    "control, body": (post(b"Content-Length: 5\r\n"), 200),
    "control, chunked": (post(CHUNKED, FIVE), 200),
    # lines
    "line feed alone": (b"GET / HTTP/1.1\nHost: h\n\n", 400),
    "line feed alone in one field": (get(more=b"a: b\nc: d\r\n"), 400),
    "carriage return in a value": (get(more=b"a: b\rc: d\r\n"), 400),
    "carriage return before the end": (get(more=b"a: b\r\r\n"), 400),
    "folded line": (get(more=b"a: b\r\n c\r\n"), 400),
    "folded line, tab": (get(more=b"a: b\r\n\tc\r\n"), 400),
    "folded first line": (get(host=b" Host: h\r\n"), 400),
    "NUL in a value": (get(more=b"a: b\0c\r\n"), 400),
    "control character in a value": (get(more=b"a: b\x01c\r\n"), 400),
    "DEL in a value": (get(more=b"a: b\x7fc\r\n"), 400),
    "space before the colon": (get(more=b"a : b\r\n"), 400),
    "no colon": (get(more=b"ab\r\n"), 400),
    "no name": (get(more=b": b\r\n"), 400),
    "space in a name": (get(more=b"a b: c\r\n"), 400),
    "bracket in a name": (get(more=b"a(b: c\r\n"), 400),
    "byte above ASCII in a name": (get(more=b"\xe4: c\r\n"), 400),
    "byte above ASCII in a value": (get(more=b"a: \xe4\r\n"), 200),
    "underscore in a name": (get(more=b"a_b: c\r\n"), 200),
    "empty value": (get(more=b"a:\r\n"), 200),
    "tab in a value": (get(more=b"a: b\tc\r\n"), 200),
    # length
    "both lengths": (post(b"Content-Length: 5\r\n" + CHUNKED, FIVE), 400),
    "both lengths, other order": (post(CHUNKED + b"Content-Length: 5\r\n", FIVE), 400),
    "length twice, the same": (post(b"Content-Length: 5\r\nContent-Length: 5\r\n"), 400),
    "length twice, different": (post(b"Content-Length: 5\r\nContent-Length: 6\r\n"), 400),
    "length as a list": (post(b"Content-Length: 5, 5\r\n"), 400),
    "length with plus": (post(b"Content-Length: +5\r\n"), 400),
    "length with minus": (post(b"Content-Length: -5\r\n"), 400),
    "length in hex": (post(b"Content-Length: 0x5\r\n"), 400),
    "length in two words": (post(b"Content-Length: 5 5\r\n"), 400),
    "length empty": (post(b"Content-Length: \r\n"), 400),
    "length over 64 bits": (post(b"Content-Length: 18446744073709551621\r\n"), (400, 413)),
    "length over 64 KiB": (post(b"Content-Length: 65537\r\n"), 413),
    "chunked twice": (post(CHUNKED + CHUNKED, FIVE), 400),
    "chunked, chunked": (post(b"Transfer-Encoding: chunked, chunked\r\n", FIVE), 400),
    "gzip, chunked": (post(b"Transfer-Encoding: gzip, chunked\r\n", FIVE), 400),
    "chunked, identity": (post(b"Transfer-Encoding: chunked, identity\r\n", FIVE), 400),
    "identity": (post(b"Transfer-Encoding: identity\r\n"), 400),
    "xchunked": (post(b"Transfer-Encoding: xchunked\r\n", FIVE), 400),
    "chunked with a parameter": (post(b"Transfer-Encoding: chunked;q=1\r\n", FIVE), 400),
    "chunked, vertical tab before": (post(b"Transfer-Encoding: \x0bchunked\r\n", FIVE), 400),
    "chunked in HTTP/1.0": (get(version=b"HTTP/1.0", more=CHUNKED, body=FIVE), 400),
    "CHUNKED": (post(b"Transfer-Encoding: CHUNKED\r\n", FIVE), 200),
    "chunk size in 0x": (post(CHUNKED, b"0x5\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk size negative": (post(CHUNKED, b"-5\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk size too big": (post(CHUNKED, b"fffffffffffffffff\r\nhello"), 400),
    "chunk size missing": (post(CHUNKED, b"\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk longer than told": (post(CHUNKED, b"4\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk size with line feed alone": (post(CHUNKED, b"5\nhello\r\n0\r\n\r\n"), 400),
    # target and host
    "no host": (get(host=b""), 400),
    "no host in HTTP/1.0": (get(host=b"", version=b"HTTP/1.0"), 200),
    "two hosts": (get(more=b"Host: h\r\n"), 400),
    "empty host": (get(host=b"Host:\r\n"), 400),
    "host with user info": (get(host=b"Host: u@h\r\n"), 400),
    "host with path": (get(host=b"Host: h/p\r\n"), 400),
    "host with comma": (get(host=b"Host: a,b\r\n"), 200),
    "host with bad port": (get(host=b"Host: h:99999\r\n"), 400),
    "host with port": (get(host=b"Host: h:80\r\n"), 200),
    "host as IPv6": (get(host=b"Host: [::1]:80\r\n"), 200),
    "host as broken IPv6": (get(host=b"Host: [::1\r\n"), 400),
    "host with space": (get(host=b"Host: a b\r\n"), 400),
    "absolute form": (get(path=b"http://h/p"), 200),
    "absolute form without path": (get(path=b"http://h"), 200),
    "absolute form, other host": (get(path=b"http://g/p"), 400),
    "absolute form, user info": (get(path=b"http://u@h/p", host=b"Host: u@h\r\n"), 400),
    "absolute form, other scheme": (get(path=b"https://h/p"), 400),
    "authority form": (get(path=b"h:80", method=b"CONNECT"), 400),
    "asterisk": (get(path=b"*", method=b"OPTIONS"), 200),
    "asterisk for another method": (get(path=b"*"), 400),
    "path without slash": (get(path=b"p"), 400),
    "fragment": (get(path=b"/p#f"), 400),
    "control character in the path": (get(path=b"/p\x01"), 400),
    "byte above ASCII in the path": (get(path=b"/\xe4"), 400),
    "space in the path": (get(path=b"/a b"), (400, 505)),
    # method and version
    "lower-case method": (get(method=b"get"), 501),
    "unknown method": (get(method=b"BREW-IT"), 501),
    "method with a bracket": (get(method=b"G(T"), (400, 501)),
    "HTTP/2.0": (get(version=b"HTTP/2.0"), 505),
    "HTTP/1.2": (get(version=b"HTTP/1.2"), 505),
    "HTTP/0.9": (get(version=b"HTTP/0.9"), 505),
    "no version": (b"GET /\r\n\r\n", (400, 505)),
    "HTTP/1.1 in lower case": (get(version=b"http/1.1"), (400, 505)),
    "the other protocol's preface": (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", (400, 501, 505)),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    # fields that decide
    "credential twice": (get(more=b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 400),
    "key twice": (get(more=b"Idempotency-Key: a\r\nidempotency-key: a\r\n"), 400),
    "content type twice": (get(more=b"Content-Type: a/b\r\nContent-Type: a/b\r\n"), 400),
    "upgrade": (get(more=b"Connection: Upgrade\r\nUpgrade: websocket\r\n"), 200),
}


def allowed(expected):
    return expected if isinstance(expected, tuple) else (expected,)


@pytest.mark.parametrize("case", H1_MATRIX)
def test_h1(echo, case):
    data, expected = H1_MATRIX[case]
    before = echo.counts()["requests"]
    with H1(echo.connect()) as c:
        c.send(data)
        a = c.answer()
        assert a.status in allowed(expected), a.body
        if a.status != 200:
            assert a.headers["connection"] == "close"
            assert a.json()["outcome"] == "not_sent"
            assert c.ends(), "what follows is not read as a request"
    assert echo.counts()["requests"] == before + 1 + (a.status == 200), "the handler never saw it"


def test_h1_a_refused_body_is_not_the_next_request(echo):
    """Refused by its head, its body still comes: it must not be taken for a request."""
    before = echo.counts()["requests"]
    smuggled = get(b"/smuggled")
    with H1(echo.connect()) as c:
        c.send(get(b"/p#f", method=b"POST", more=b"Content-Length: %d\r\n" % len(smuggled),
                   body=smuggled))
        assert c.answer().status == 400
        assert c.ends()
    assert echo.counts()["requests"] == before + 1


OK, RESET, DROPPED = 200, "reset", "goaway"
BASE = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "h")]


def base(**changed):
    return [(n, changed.get(n[1:], v)) for n, v in BASE if changed.get(n[1:], v) is not None]


H2_MATRIX = {
    "control": (BASE, OK),
    "regular field": (BASE + [("a", "b")], OK),
    # authority
    "host as well, the same": (BASE + [("host", "h")], OK),
    "host as well, other case": (BASE + [("host", "H")], OK),
    "host as well, different": (BASE + [("host", "g")], 400),
    "host alone": (base(authority=None) + [("host", "h")], OK),
    "no host at all": (base(authority=None), (400, RESET)),
    "two hosts": (base(authority=None) + [("host", "h"), ("host", "h")], (400, RESET)),
    "empty authority": (base(authority=""), (400, RESET)),
    "user info": (base(authority="u@h"), (400, RESET)),
    "path in the authority": (base(authority="h/p"), (400, RESET)),
    "bad port": (base(authority="h:x"), (400, RESET)),
    "port": (base(authority="h:8443"), OK),
    # path
    "fragment": (base(path="/p#f"), (400, RESET)),
    "no path": (base(path=None), RESET),
    "empty path": (base(path=""), (400, RESET)),
    "no slash": (base(path="p"), (400, RESET)),
    "absolute form": (base(path="http://h/"), (400, RESET)),
    "asterisk": (base(path="*"), (400, RESET)),
    "asterisk for OPTIONS": (base(path="*", method="OPTIONS"), OK),
    "space in the path": (base(path="/a b"), (400, RESET)),
    "byte above ASCII in the path": (base(path=b"/\xe4"), (400, RESET)),
    "control character in the path": (base(path="/\x01"), (400, RESET)),
    # scheme and method
    "scheme of another transport": (base(scheme="https"), 400),
    "unknown scheme": (base(scheme="ftp"), 400),
    "no scheme": (base(scheme=None), RESET),
    "lower-case method": (base(method="get"), (501, RESET)),
    "method with a space": (base(method="G T"), (501, RESET)),
    "unknown method": (base(method="BREW"), OK),
    "no method": (base(method=None), RESET),
    "CONNECT": (base(method="CONNECT"), (400, RESET)),
    # pseudo fields
    "unknown pseudo field": (BASE + [(":x", "y")], RESET),
    "protocol": (BASE + [(":protocol", "websocket")], RESET),
    "status": (BASE + [(":status", "200")], RESET),
    "pseudo field twice": (BASE + [(":path", "/")], RESET),
    "pseudo field late": (base(path=None) + [("a", "b"), (":path", "/")], RESET),
    # HTTP/1.1's own
    "connection": (BASE + [("connection", "close")], RESET),
    "keep-alive": (BASE + [("keep-alive", "timeout=5")], RESET),
    "proxy-connection": (BASE + [("proxy-connection", "close")], RESET),
    "upgrade": (BASE + [("upgrade", "h2c")], RESET),
    "transfer-encoding": (BASE + [("transfer-encoding", "chunked")], RESET),
    "http2-settings": (BASE + [("http2-settings", "AAMAAABk")], 400),
    "te: trailers": (BASE + [("te", "trailers")], OK),
    "te: gzip": (BASE + [("te", "gzip")], RESET),
    # names and values
    "capital letter in a name": (BASE + [("Ab", "c")], RESET),
    "space in a name": (BASE + [("a b", "c")], RESET),
    "colon in a name": (BASE + [("a:b", "c")], RESET),
    "empty name": (BASE + [("", "c")], RESET),
    "NUL in a name": (BASE + [("a\0", "c")], RESET),
    "underscore in a name": (BASE + [("a_b", "c")], OK),
    "line feed in a value": (BASE + [("a", "b\nc")], RESET),
    "carriage return in a value": (BASE + [("a", "b\rc")], RESET),
    "NUL in a value": (BASE + [("a", "b\0c")], RESET),
    "control character in a value": (BASE + [("a", "b\x01c")], (400, RESET)),
    "space before a value": (BASE + [("a", " b")], (OK, RESET)),
    "byte above ASCII in a value": (BASE + [("a", b"\xe4")], OK),
    "empty value": (BASE + [("a", "")], OK),
    "many cookies": (BASE + [("cookie", "a=b"), ("cookie", "c=d")], OK),
    # fields that decide
    "credential twice": (BASE + [("authorization", "Bearer a"), ("authorization", "Bearer b")], 400),
    "key twice": (BASE + [("idempotency-key", "a"), ("idempotency-key", "a")], 400),
    "content type twice": (BASE + [("content-type", "a/b"), ("content-type", "a/b")], 400),
    "length twice": (BASE + [("content-length", "0"), ("content-length", "0")], RESET),
    "length with plus": (BASE + [("content-length", "+0")], RESET),
    "length with minus": (BASE + [("content-length", "-1")], RESET),
    "length as a list": (BASE + [("content-length", "0, 0")], RESET),
    "length without body": (BASE + [("content-length", "5")], RESET),
    "expectation": (BASE + [("expect", "tea")], 417),
}


def outcome(c, stream):
    c.until(lambda: stream in c.ended or stream in c.resets or c.goaways)
    if stream in c.ended:
        return int(c.headers[stream][":status"])
    return RESET if stream in c.resets else DROPPED


@pytest.mark.parametrize("case", H2_MATRIX)
def test_h2(echo, case):
    fields, expected = H2_MATRIX[case]
    before = echo.counts()["requests"]
    with H2(echo.connect()) as c:
        stream, data = c.request_bytes(fields)
        c.send(data)
        result = outcome(c, stream)
        assert result in allowed(expected)
        if result == RESET:
            assert c.resets[stream] == PROTOCOL_ERROR
        assert c.get("/after").status == 200, "other streams go on"
    assert echo.counts()["requests"] == before + 2 + (result == OK), "the handler never saw it"


def test_h2_over_tls_wants_https(echo):
    with H2(echo.connect_tls(["h2"]), scheme="http") as c:
        assert c.get("/").status == 400
    with H2(echo.connect_tls(["h2"]), scheme="https") as c:
        assert c.get("/").status == 200


@pytest.mark.parametrize("told, sent", [(5, b"hell"), (5, b"hello!"), (0, b"x")])
def test_h2_length_must_be_the_bodys(echo, told, sent):
    with H2(echo.connect()) as c:
        s = c.stream()
        c.send(frame(HEADERS, END_HEADERS, s,
                     c.block(base(method="POST") + [("content-length", str(told))])) +
               frame(DATA, END_STREAM, s, sent))
        assert c.reset_of(s) == PROTOCOL_ERROR


def test_h2_trailers(echo):
    for trailer, expected in (([("a", "b")], 200), ([(":path", "/")], RESET),
                              ([("A", "b")], RESET)):
        with H2(echo.connect()) as c:
            s = c.stream()
            c.send(frame(HEADERS, END_HEADERS, s, c.block(base(method="POST"))) +
                   frame(DATA, 0, s, b"hello") +
                   frame(HEADERS, END_HEADERS | END_STREAM, s, c.block(trailer)))
            assert outcome(c, s) == expected
            if expected == 200:
                said = [n for n, _ in json.loads(c.bodies[s])["headers"]]
                assert "a" not in said, "trailers are not headers"


def test_h2_indexed_and_huffman_coded_fields_arrive(echo):
    """The matrix speaks in literals; this is how clients really speak."""
    with H2(echo.connect()) as c:
        for n in range(3):
            s = c.stream()
            block = c.encoder.encode([*BASE, ("authorization", "Bearer secret"), ("x", "y" * 50)])
            c.send(frame(HEADERS, END_HEADERS | END_STREAM, s, block))
            assert ["x", "y" * 50] in c.answer(s).json()["headers"]


CONNECTION_ERRORS = {
    "DATA on stream 0": frame(DATA, 0, 0, b"x"),
    "HEADERS on an even stream": frame(HEADERS, END_HEADERS | END_STREAM, 2, b"\x82"),
    "SETTINGS of odd length": frame(4, 0, 0, b"12345"),
    "PING of odd length": frame(6, 0, 0, b"123"),
    "WINDOW_UPDATE of nothing": frame(8, 0, 0, struct.pack(">I", 0)),
    "RST_STREAM of an idle stream": frame(RST, 0, 99, struct.pack(">I", 8)),
    "CONTINUATION out of nowhere": frame(9, END_HEADERS, 1, b""),
    "PUSH_PROMISE": frame(5, END_HEADERS, 1, struct.pack(">I", 2)),
    "a frame too large": struct.pack(">I", 16385)[1:] + b"\0\0\0\0\0\1" + b"x" * 16385,
    "a broken header block": frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff\xff\xff\xff"),
    "a table update out of bounds": frame(HEADERS, END_HEADERS | END_STREAM, 1,
                                          b"\x3f\xff\xff\xff\x0f"),
}


@pytest.mark.parametrize("case", CONNECTION_ERRORS)
def test_h2_connection_errors_end_it_with_a_goaway(echo, case):
    with H2(echo.connect()) as c:
        c.send(CONNECTION_ERRORS[case])
        assert c.goaway().code != 0
        c.until(lambda: False, seconds=2)
        assert c.over
