"""The payments listener's clock: every phase of a request has a deadline, and draining has one, too."""
import socket
import ssl
import struct
import time

import pytest

from echo import (CANCEL, DATA, END_HEADERS, END_STREAM, H1, H2, HEADERS, NOBODY, NO_ERROR, PREFACE,
                  WINDOW, Echo, frame)

SHORT = dict(tls_ms=150, first_request_ms=150, headers_ms=150, body_ms=150, idle_ms=150,
             write_ms=150)


@pytest.fixture
def hasty(tmp_path):
    e = Echo(tmp_path, **SHORT)
    yield e
    e.stop()


def elapsed_until(closed):
    start = time.monotonic()
    closed()
    return time.monotonic() - start


def test_h1_slow_heads_and_bodies_are_told_408(hasty):
    for start in (b"GET /", b"GET / HTTP/1.1\r\nHost: h\r\nX: ",
                  b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc"):
        with H1(hasty.connect()) as c:
            c.send(start)
            assert c.answer().status == 408
            assert c.ends()


def test_h1_dripping_does_not_extend_the_deadline(hasty):
    with H1(hasty.connect()) as c:
        c.send(b"GET / HTTP/1.1\r\n")
        c.sock.settimeout(0.02)
        for _ in range(40):
            c.send(b"X: y\r\n")
            try:
                assert c.answer().status == 408
                return
            except socket.timeout:
                pass
        pytest.fail("still waiting for the rest")


def test_silent_connections_are_closed(hasty):
    with H1(hasty.connect()) as c:  # not a byte
        assert elapsed_until(c.ends) < 1
    with H1(hasty.connect()) as c:  # half a preface
        c.send(PREFACE[:10])
        assert elapsed_until(c.ends) < 1
    with H1(socket.create_connection(("127.0.0.1", hasty.tls), timeout=5)) as c:  # no hello
        assert elapsed_until(c.ends) < 1
    with H2(hasty.connect(), greet=False) as c:  # preface, no SETTINGS
        c.send(PREFACE)
        c.until(lambda: False, seconds=1)
        assert c.over
    assert hasty.await_counts(connections=1)["not_opened"] == 1


def test_idle_connections_are_closed_with_a_goaway(hasty):
    with H1(hasty.connect()) as c:
        c.get("/")
        assert elapsed_until(c.ends) < 1
    with H2(hasty.connect()) as c:
        c.get("/")
        g = c.goaway()
        assert (g.code, g.last) == (NO_ERROR, 1)
        c.until(lambda: False)
        assert c.over


def test_a_request_at_work_is_not_idle(hasty):
    with H1(hasty.connect()) as c:
        assert c.get("/slow?ms=300").status == 200
    with H2(hasty.connect()) as c:
        assert c.get("/slow?ms=300").status == 200


def test_h2_slow_bodies_are_told_408_and_the_rest_goes_on(hasty):
    with H2(hasty.connect()) as c:
        s = c.stream()
        c.send(frame(HEADERS, END_HEADERS, s, c.block(c.head("/", "POST"))) +
               frame(DATA, 0, s, b"some of it, long enough not to count as a drip"))
        assert c.answer(s).status == 408
        assert c.get("/after").status == 200


def test_h2_headers_that_never_end_end_the_connection(hasty):
    with H2(hasty.connect()) as c:
        c.send(frame(HEADERS, END_STREAM, c.stream(), c.block(c.head())))
        c.until(lambda: False)
        assert c.over


def test_h1_a_client_that_does_not_read_is_dropped(hasty):
    sock = hasty.connect()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.sendall(b"GET /big?n=50000000 HTTP/1.1\r\nHost: h\r\n\r\n")
    hasty.await_counts(connections=1)
    sock.close()


def test_h2_a_stream_without_window_is_reset_alone(hasty):
    none = struct.pack(">HI", 4, 0)
    with H2(hasty.connect(), settings=none) as c:
        c.stingy = True
        s = c.request("/big?n=1000")
        assert c.reset_of(s) == CANCEL
        s = c.request("/again")
        c.until(lambda: s in c.headers)
        c.send(frame(WINDOW, 0, s, struct.pack(">I", 65535)))
        assert c.answer(s).status == 200


def test_ticket_keys_are_renewed(tmp_path):
    """A ticket is good under the key that sealed it and under the one after; then it is not."""
    e = Echo(tmp_path, ticket_ms=700)
    context = ssl.create_default_context(cafile=e.ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def resumed(session):
        with socket.create_connection(("127.0.0.1", e.tls), timeout=5) as s:
            with context.wrap_socket(s, server_hostname="localhost", session=session) as t:
                t.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                while t.recv(65536):
                    pass
                return t.session, t.session_reused

    session, _ = resumed(None)
    assert resumed(session)[1]
    time.sleep(0.8)
    assert resumed(session)[1]
    time.sleep(0.8)
    assert not resumed(session)[1]
    e.stop()


# ---- draining ----

def test_h2_drains_in_two_phases(tmp_path):
    e = Echo(tmp_path)
    with H2(e.connect()) as c:
        first = c.request("/slow?ms=400")
        e.await_counts(open=2)
        c.deaf = True  # answers no PING: as if it were far away
        e.drain()
        c.until(lambda: c.goaways)
        assert (c.goaways[0].last, c.goaways[0].code) == (NOBODY, NO_ERROR)
        between = c.request("/between")
        assert c.answer(between).status == 200, "on its way when the first GOAWAY left"
        ping = next(f for f in c.heard if f.kind == 6 and not f.flags)
        c.send(frame(6, 1, 0, ping.payload))
        c.until(lambda: len(c.goaways) == 2)
        assert (c.goaways[1].last, c.goaways[1].code) == (between, NO_ERROR)
        assert c.answer(first).status == 200
        c.until(lambda: False)
        assert c.over
    e.stop()


def test_h2_drain_names_a_stream_that_comes_with_the_ping_answer(tmp_path):
    """The law: what is handed over is never called unprocessed."""
    e = Echo(tmp_path)
    with H2(e.connect()) as c:
        c.get("/")
        c.deaf = True
        e.drain()
        c.until(lambda: any(f.kind == 6 for f in c.heard))
        ping = next(f for f in c.heard if f.kind == 6)
        stream, data = c.request_bytes(c.head("/slow?ms=50"))
        c.send(frame(6, 1, 0, ping.payload) + data)
        c.until(lambda: len(c.goaways) == 2)
        assert c.goaways[1].last == stream
        assert c.answer(stream).status == 200
    e.stop()


def test_h2_drain_does_not_wait_for_a_peer_without_ping(tmp_path):
    e = Echo(tmp_path, drain_ms=8000)
    with H2(e.connect()) as c:
        c.get("/")
        c.deaf = True
        e.drain()
        start = time.monotonic()
        c.until(lambda: c.over)
        assert [g.last for g in c.goaways] == [NOBODY, 1]
        assert time.monotonic() - start < 3
    e.stop()


def test_h1_drains(tmp_path):
    e = Echo(tmp_path)
    idle, busy = H1(e.connect()), H1(e.connect())
    idle.get("/")
    busy.send(b"GET /slow?ms=200 HTTP/1.1\r\nHost: h\r\n\r\n")
    e.await_counts(open=2)
    e.drain()
    with idle:
        assert idle.ends()
    with busy:
        a = busy.answer()
        assert a.status == 200 and a.headers["connection"] == "close"
        assert busy.ends()
    with pytest.raises(OSError):
        e.connect().recv(1)
    e.stop()


def test_drain_has_a_deadline(tmp_path):
    e = Echo(tmp_path, drain_ms=200)
    with H1(e.connect()) as c:
        c.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
        with H2(e.connect_tls(["h2"]), scheme="https") as d:
            d.get("/")
            d.send(frame(HEADERS, END_HEADERS, d.stream(), d.block(d.head("/", "POST"))))
            e.drain()
            start = time.monotonic()
            assert e.process.wait(timeout=5) == 0
            assert time.monotonic() - start < 2
    e.stop()


def test_a_drain_begun_by_a_request_still_answers_it(tmp_path):
    e = Echo(tmp_path)
    with H2(e.connect()) as c, H1(e.connect()) as d:
        d.get("/")
        assert c.get("/quit").status == 200
        c.until(lambda: c.over)
        assert d.ends()
    assert e.process.wait(timeout=5) == 0
    e.stop()
