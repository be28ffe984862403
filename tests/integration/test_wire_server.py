"""The payments listener over real sockets: both protocols, their limits, clients that leave."""
import json
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import time

import h2.connection
import h2.events
import pytest

from echo import (CANCEL, DATA, END_HEADERS, END_STREAM, H1, H2, HEADERS, PREFACE, RST, SETTINGS,
                  Echo, frame)

@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    e = Echo(tmp_path_factory.mktemp("echo"))
    yield e
    e.stop()


@pytest.fixture
def own(tmp_path):
    e = Echo(tmp_path)
    yield e
    e.stop()


# ---- both protocols, clients that are not ours ----

WAYS = {
    "clear http/1.1": (["--http1.1"], False, "http/1.1"),
    "clear h2 by prior knowledge": (["--http2-prior-knowledge"], False, "h2"),
    "clear, upgrade ignored": (["--http2"], False, "http/1.1"),
    "tls http/1.1": (["--http1.1"], True, "http/1.1"),
    "tls h2": (["--http2"], True, "h2"),
}


def curl(echo, flags, tls, path, *args):
    base = f"https://localhost:{echo.tls}" if tls else f"http://127.0.0.1:{echo.clear}"
    return subprocess.run(["curl", "-sS", "-m", "10", "--cacert", echo.ca, *flags, base + path,
                           *args], capture_output=True, text=True)


@pytest.mark.parametrize("way", WAYS)
def test_curl_speaks_it(echo, way):
    flags, tls, protocol = WAYS[way]
    said = json.loads(curl(echo, flags, tls, "/v1/payments?a=b", "-d", '{"amount":1}').stdout)
    assert said["protocol"] == protocol and said["tls"] is tls
    assert (said["method"], said["path"], said["query"]) == ("POST", "/v1/payments", "a=b")
    assert said["body"] == '{"amount":1}' and said["peer"] == "127.0.0.1"
    assert ["content-type", "application/x-www-form-urlencoded"] in said["headers"]


@pytest.mark.parametrize("way", WAYS)
def test_curl_hears_why_a_large_body_is_refused(echo, way, tmp_path):
    flags, tls, _ = WAYS[way]
    body = tmp_path / "body"
    body.write_bytes(b"x" * 900_000)
    r = curl(echo, flags, tls, "/", "--data-binary", f"@{body}", "-w", "\n%{http_code}")
    problem, code = r.stdout.rsplit("\n", 1)
    assert code == "413", r.stderr
    problem = json.loads(problem)
    assert problem["error"]["code"] == "body_too_large"
    assert problem["outcome"] == "not_sent" and problem["retry_safe"] is True


def test_python_h2_makes_many_requests_at_once(echo):
    sock = echo.connect_tls()
    assert sock.selected_alpn_protocol() == "h2"
    c = h2.connection.H2Connection()
    c.initiate_connection()
    bodies, want = {}, 50
    for n in range(want):
        stream = c.get_next_available_stream_id()
        c.send_headers(stream, [(":method", "POST"), (":path", f"/{n}"), (":scheme", "https"),
                                (":authority", "localhost")])
        c.send_data(stream, b"%d" % n * 100, end_stream=True)
    sock.sendall(c.data_to_send())
    ended = set()
    while len(ended) < want:
        for event in c.receive_data(sock.recv(65536)):
            if isinstance(event, h2.events.DataReceived):
                bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                c.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                ended.add(event.stream_id)
            assert not isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated))
        sock.sendall(c.data_to_send())
    for n, stream in enumerate(sorted(bodies)):
        said = json.loads(bodies[stream])
        assert said["path"] == f"/{n}" and said["body"] == str(n) * 100
    sock.close()


@pytest.mark.parametrize("args", [["-c", "8", "-m", "16"], ["-c", "8", "-m", "1"],
                                  ["-c", "4", "--h1"]])
def test_h2load_meets_no_failure(echo, args, tmp_path):
    if shutil.which("h2load") is None:
        pytest.skip("no h2load")
    body = tmp_path / "body"
    body.write_bytes(b"a" * 719)
    r = subprocess.run(["h2load", "-n", "4000", *args, "-d", str(body),
                        f"https://localhost:{echo.tls}/v1/payments"], capture_output=True,
                       text=True, timeout=30)
    assert "4000 succeeded, 0 failed, 0 errored, 0 timeout" in r.stdout, r.stdout
    assert "4000 2xx" in r.stdout


def test_tls_is_1_2_or_better_and_wants_a_common_protocol(echo):
    def handshake(**kw):
        context = ssl.create_default_context(cafile=echo.ca)
        for name, value in kw.items():
            if name == "alpn":
                context.set_alpn_protocols(value)
            elif name == "ciphers":
                context.set_ciphers(value)
            else:
                setattr(context, name, value)
        with socket.create_connection(("127.0.0.1", echo.tls), timeout=5) as s:
            with context.wrap_socket(s, server_hostname="localhost") as t:
                return t.version(), t.cipher()[0], t.selected_alpn_protocol()

    assert handshake(alpn=["h2"])[0] == "TLSv1.3"
    version, cipher, alpn = handshake(maximum_version=ssl.TLSVersion.TLSv1_2,
                                      alpn=["http/1.1", "h2"])
    assert version == "TLSv1.2" and "ECDHE" in cipher and ("GCM" in cipher or "POLY" in cipher)
    assert alpn == "h2", "ours is the choice, and it prefers HTTP/2"
    assert handshake()[2] is None
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(alpn=["spdy/3"])
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(maximum_version=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-AES128-SHA256")


def test_tls_sessions_are_resumed(echo):
    context = ssl.create_default_context(cafile=echo.ca)

    def once(session):
        with socket.create_connection(("127.0.0.1", echo.tls), timeout=5) as s:
            with context.wrap_socket(s, server_hostname="localhost", session=session) as t:
                t.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                while t.recv(65536):
                    pass
                return t.session, t.session_reused

    session, _ = once(None)
    assert once(session)[1] is True


def test_certificates_are_replaced_while_connections_go_on(own):
    old = own.connect_tls(["http/1.1"])
    with open(own.ca) as f:
        before = f.read()
    own.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 3
    while open(own.ca).read() in (before, "") and time.monotonic() < deadline:
        time.sleep(0.01)
    with H1(own.connect_tls(["http/1.1"])) as c:
        assert c.get("/new").status == 200
    context = ssl.create_default_context(cadata=before)
    with socket.create_connection(("127.0.0.1", own.tls), timeout=5) as s:
        with pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(s, server_hostname="localhost")
    with H1(old) as c:
        assert c.get("/old").status == 200


# ---- HTTP/1.1 ----

def test_h1_keeps_the_connection(echo):
    with H1(echo.connect()) as c:
        for n in range(3):
            assert c.get(f"/{n}").json()["path"] == f"/{n}"


def test_h1_pipelined_answers_are_in_order(echo):
    with H1(echo.connect()) as c:
        c.send(b"GET /slow?ms=80 HTTP/1.1\r\nHost: h\r\n\r\n"
               b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
               b"POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"2\r\nde\r\n1;x=y\r\nf\r\n0\r\nTrailer: t\r\n\r\n"
               b"\r\n\r\nGET /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert c.answer().json() == {"slow": True}
        a, b = c.answer().json(), c.answer().json()
        assert (a["path"], a["body"], b["path"], b["body"]) == ("/a", "abc", "/b", "def")
        last = c.answer()
        assert last.json()["path"] == "/c" and last.headers["connection"] == "close"
        assert c.ends()


def test_h1_deep_pipelines_are_answered(echo):
    with H1(echo.connect()) as c:
        one = b"GET /slow?ms=0 HTTP/1.1\r\nHost: h\r\n\r\n"
        many = 5000
        c.sock.settimeout(20)
        sent = 0
        for _ in range(many // 100):
            c.send(one * 100)  # more than the server lets wait: it stops reading meanwhile
            sent += 100
        for _ in range(sent):
            assert c.answer().status == 200


def test_bytes_may_come_one_at_a_time(echo):
    with H1(echo.connect()) as c:
        for byte in b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi":
            c.send(bytes([byte]))
        assert c.answer().json()["body"] == "hi"
    with H2(echo.connect(), greet=False) as c:
        _, data = c.request_bytes(c.head("/q", "POST"), b"ho")
        for byte in PREFACE + frame(SETTINGS, 0, 0) + data:
            c.send(bytes([byte]))
        assert c.answer(1).json()["body"] == "ho"


def test_h1_expect_continue(echo):
    with H1(echo.connect()) as c:
        c.send(b"POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert c.answer().status == 100
        c.send(b"hi")
        assert c.answer().json()["body"] == "hi"
    with H1(echo.connect()) as c:
        c.send(b"POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
               b"Content-Length: 70000\r\n\r\n")
        assert c.answer().status == 413, "the body is not asked for first"
    with H1(echo.connect()) as c:
        c.send(b"POST /e HTTP/1.1\r\nHost: h\r\nExpect: tea\r\nContent-Length: 2\r\n\r\n")
        assert c.answer().status == 417


def test_h2_expect_continue(echo):
    with H2(echo.connect()) as c:
        s = c.stream()
        c.send(frame(HEADERS, END_HEADERS, s,
                     c.block(c.head("/", "POST", [("expect", "100-continue")]))))
        c.until(lambda: any(f.kind == HEADERS for f in c.heard))
        assert s not in c.headers, "only the 100 yet"
        c.send(frame(DATA, END_STREAM, s, b"hi"))
        assert c.answer(s).json()["body"] == "hi"


def test_h1_1_0_and_head(echo):
    with H1(echo.connect()) as c:
        c.send(b"GET /old HTTP/1.0\r\n\r\n")
        a = c.answer()
        assert a.json()["path"] == "/old" and a.headers["connection"] == "close"
        assert c.ends()
    with H1(echo.connect()) as c:
        c.send(b"GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert c.answer().headers["connection"] == "keep-alive"
        c.send(b"HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n")
        a = c.answer(bodiless=True)
        assert a.status == 200 and int(a.headers["content-length"]) > 0
        assert c.get("/after").json()["path"] == "/after"


def test_large_answers_arrive_whole(echo):
    with H1(echo.connect()) as c:
        assert c.get("/big?n=3000000").body == b"x" * 3000000
    with H2(echo.connect()) as c:
        assert c.get("/big?n=3000000").body == b"x" * 3000000
    with H2(echo.connect_tls(["h2"]), scheme="https") as c:
        assert c.get("/big?n=3000000").body == b"x" * 3000000


def test_h2_answers_as_they_are_ready(echo):
    with H2(echo.connect()) as c:
        slow, fast = c.request("/slow?ms=100"), c.request("/fast")
        c.answer(fast)
        assert slow not in c.ended
        assert c.answer(slow).json() == {"slow": True}


def test_a_handler_may_be_done_long_after_its_answer(own):
    with H2(own.connect()) as c:
        assert c.get("/twice?ms=50").status == 200
        assert c.get("/").status == 200
    with H1(own.connect()) as c:
        assert c.get("/twice?ms=50").status == 200
        assert c.get("/").status == 200
    own.await_counts(open=1, gone=0)


def test_a_handler_that_forgets_answers_500_unknown(own):
    for c in (H1(own.connect()), H2(own.connect())):
        with c:
            a = c.get("/forget")
            assert a.status == 500 and a.json()["outcome"] == "unknown"
            assert a.json()["retry_safe"] is False
    assert own.logged().count("server.unanswered") == 2


# ---- limits ----

def test_body_limit_is_exact(echo):
    for n, status in ((65536, 200), (65537, 413)):
        body = b"x" * n
        with H1(echo.connect()) as c:
            c.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % n + body)
            a = c.answer()
            assert a.status == status
            assert status == 200 or (a.headers["connection"] == "close" and c.ends())
        with H1(echo.connect()) as c:
            c.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                   b"%x\r\n%s\r\n0\r\n\r\n" % (n, body))
            assert c.answer().status == status
        with H2(echo.connect()).greeted() as c:
            assert c.get("/", method="POST", body=body).status == status
            extra = [("content-length", str(n))]
            assert c.get("/", method="POST", extra=extra, body=body).status == status
            assert c.get("/after").status == 200, "the connection goes on"


def test_h1_chunk_overhead_is_bounded(echo):
    with H1(echo.connect()) as c:
        c.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"1;" + b"x" * 4000 + b"\r\na\r\n"
        with pytest.raises((ConnectionError, socket.timeout)):
            for _ in range(2000):
                c.send(chunk)
            raise ConnectionError
        assert c.answer().status == 413


def test_header_limits(echo):
    def both(extra, path="/"):
        with H1(echo.connect()) as c:
            c.send(b"GET %s HTTP/1.1\r\nHost: h\r\n" % path.encode())
            for name, value in extra:
                c.send(f"{name}: {value}\r\n".encode())
            c.send(b"\r\n")
            one = c.answer().status
        with H2(echo.connect()) as c:
            two = c.get(path, extra=extra).status
            assert c.get("/after").status == 200
        return one, two

    assert both([(f"x-{n}", "v") for n in range(99)]) == (200, 200)
    assert both([(f"x-{n}", "v") for n in range(101)]) == (431, 431)
    assert both([("x-long", "v" * 16000)]) == (200, 200)
    assert both([("x-long", "v" * 16380)]) == (431, 431)
    assert both([], "/" + "p" * 2047) == (200, 200)
    assert both([], "/" + "p" * 2048) == (414, 414)


def test_h1_endless_heads_are_refused(echo):
    for piece, status in ((b"GET /" + b"x" * 30000, 414),
                          (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"x: y\r\n" * 5000, 431)):
        with H1(echo.connect()) as c:
            c.send(piece)
            assert c.answer().status == status
            assert c.ends()


def test_h2_refuses_more_streams_than_allowed_and_says_unprocessed(own):
    with H2(own.connect()) as c:
        data, streams = b"", []
        for _ in range(300):
            s = c.stream()
            streams.append(s)
            data += c.request_bytes(c.head("/slow?ms=300"), stream=s)[1]
        c.send(data)
        c.until(lambda: c.over or c.goaways or len(c.ended) + len(c.resets) >= 300)
        refused = [s for s in streams if s in c.resets]
        if not c.goaways:  # before our SETTINGS are acknowledged it is a matter of the stream
            assert len(refused) == 44 and set(c.resets.values()) == {7}
    counts = own.await_counts(open=1)
    assert counts["false_claims"] == 0


def test_h2_place_is_held_until_the_handler_is_done(own):
    """A reset frees nothing: the charge goes on, so its place is taken."""
    with H2(own.connect()) as c:
        data = b""
        for _ in range(256):
            s, d = c.request_bytes(c.head("/slow?ms=400"))
            data += d
        c.send(data)
        own.await_counts(open=257)
        c.send(b"".join(frame(RST, 0, s, struct.pack(">I", CANCEL)) for s in range(1, 512, 2)))
        own.await_counts(told_gone=256)
        late = c.request("/late")
        assert c.reset_of(late) == 7
        own.await_counts(open=1)
        assert c.get("/again").status == 200


# ---- clients that leave ----

def test_the_handler_hears_that_the_client_left(own):
    with H1(own.connect()) as c:
        c.send(b"GET /slow?ms=300 HTTP/1.1\r\nHost: h\r\n\r\n")
        own.await_counts(open=2)
    own.await_counts(told_gone=1)
    with H2(own.connect()) as c:
        s = c.request("/slow?ms=300")
        own.await_counts(open=3)
        c.send(frame(RST, 0, s, struct.pack(">I", CANCEL)))
        own.await_counts(told_gone=2)
        assert c.get("/").status == 200
        c.request("/slow?ms=300")
        own.await_counts(open=4)
    own.await_counts(told_gone=3)
    assert own.await_counts(open=1)["gone"] == 3
