"""Peers that mean harm: each is ended, costs little, disturbs nobody, and is told no lie.

The law under all of it: the GOAWAY's last stream id is never below a request that was handed over,
because a merchant may send again what it leaves out, and would pay twice.
"""
import random
import struct
import threading
import time

import pytest

from echo import (ACK, CANCEL, CONTINUATION, DATA, END_STREAM, ENHANCE_YOUR_CALM, H1, H2, HEADERS,
                  PING, PRIORITY, REFUSED_STREAM, RST, SETTINGS, WINDOW, Echo, frame, head_frames, literal)

MANY = 6000
RSS_MAX_KB = 8 * 1024


@pytest.fixture
def echo(tmp_path):
    e = Echo(tmp_path)
    yield e
    e.stop()


def get(c, path="/", more=(), stream=None):
    stream = stream or c.stream()
    return stream, head_frames(stream, c.block(c.head(path, extra=[("x-stream", str(stream)),
                                                                   *more])))


def rapid_reset(c):
    for _ in range(MANY):
        s, data = get(c, "/slow?ms=100")
        yield data + frame(RST, 0, s, struct.pack(">I", CANCEL))


def rapid_reset_after_the_work_began(c):
    for _ in range(MANY):
        s, data = get(c, "/slow?ms=100")
        yield data
        yield frame(RST, 0, s, struct.pack(">I", CANCEL))


def made_reset_by_window(c):
    for _ in range(MANY):
        s, data = get(c, "/slow?ms=100")
        yield data + frame(WINDOW, 0, s, struct.pack(">I", 2**31 - 1))


def made_reset_by_zero_window(c):
    for _ in range(MANY):
        s, data = get(c, "/slow?ms=100")
        yield data + frame(WINDOW, 0, s, struct.pack(">I", 0))


def made_reset_by_bad_field(c):
    for _ in range(MANY):
        yield get(c, more=[("connection", "close")])[1]


def made_reset_by_invalid_field(c):
    for _ in range(MANY):
        yield get(c, more=[("a b", "c")])[1]


def made_reset_by_length(c):
    for _ in range(MANY):
        yield get(c, more=[("content-length", "7")])[1]


def refused_requests(c):
    for _ in range(MANY):
        yield get(c, "/p#f")[1]


def headers_on_a_finished_stream(c):
    s, data = get(c, "/slow?ms=500")
    yield data
    for _ in range(MANY):
        yield frame(DATA, 0, s, b"")


def continuation(c):
    yield frame(HEADERS, END_STREAM, c.stream(), c.block(c.head()))
    for _ in range(MANY):
        yield frame(CONTINUATION, 0, 1, literal("a", "b" * 100))


def continuation_empty(c):
    yield frame(HEADERS, END_STREAM, c.stream(), c.block(c.head()))
    for _ in range(MANY):
        yield frame(CONTINUATION, 0, 1, b"")


def header_bomb(c):
    """A field of 4,000 bytes in the table, then one byte for each time it is said again."""
    first = c.stream()
    yield head_frames(first, c.block(c.head()) + literal("a", "b" * 4000, 0x40))
    for _ in range(200):
        yield head_frames(c.stream(), c.block(c.head()) + b"\xbe" * 16000)


def header_bomb_on_refused_streams(c):
    yield head_frames(c.stream(), c.block(c.head()) + literal("a", "b" * 4000, 0x40))
    for _ in range(200):
        yield get(c, "/slow?ms=2000")[1]
    for _ in range(200):
        yield head_frames(c.stream(), c.block(c.head("/slow?ms=2000")) + b"\xbe" * 8000)


def trailer_bomb(c):
    yield head_frames(c.stream(), c.block(c.head()) + literal("a", "b" * 4000, 0x40))
    for _ in range(200):
        s = c.stream()
        yield head_frames(s, c.block(c.head("/", "POST")), 0) + head_frames(s, b"\xbe" * 16000)


def ping(c):
    for _ in range(MANY * 10):
        yield frame(PING, 0, 0, b"12345678")


def ping_answers(c):
    for _ in range(MANY * 10):
        yield frame(PING, ACK, 0, b"12345678")


def settings(c):
    for _ in range(MANY * 10):
        yield frame(SETTINGS, 0, 0)


def settings_big(c):
    for _ in range(MANY):
        yield frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65535) * 2000)


def settings_table_size(c):
    for n in range(MANY):
        yield frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 4096 * (n % 2)))


def empty_data(c):
    yield head_frames(c.stream(), c.block(c.head("/", "POST")), 0)
    for _ in range(MANY * 10):
        yield frame(DATA, 0, 1, b"")


def drip_data(c):
    yield head_frames(c.stream(), c.block(c.head("/", "POST")), 0)
    for _ in range(MANY * 10):
        yield frame(DATA, 0, 1, b"x")


def priority(c):
    for n in range(MANY * 10):
        yield frame(PRIORITY, 0, 2 * n + 1, struct.pack(">IB", 0, 16))


def priority_update(c):
    for _ in range(MANY * 10):
        yield frame(16, 0, 0, struct.pack(">I", 1) + b"u=1")


def window_update(c):
    for _ in range(MANY * 10):
        yield frame(WINDOW, 0, 0, struct.pack(">I", 1))


def unknown_frames(c):
    for _ in range(MANY * 10):
        yield frame(0x42, 0, 0, b"")


def goaways(c):
    c.request("/slow?ms=300")
    for _ in range(MANY):
        yield frame(7, 0, 0, struct.pack(">II", 0, 0))


FLOODS = [rapid_reset, rapid_reset_after_the_work_began, made_reset_by_window,
          made_reset_by_zero_window, made_reset_by_bad_field, made_reset_by_invalid_field,
          made_reset_by_length, refused_requests, headers_on_a_finished_stream, continuation,
          continuation_empty, header_bomb, header_bomb_on_refused_streams, trailer_bomb, ping,
          ping_answers, settings, settings_big, settings_table_size, empty_data, drip_data, priority,
          priority_update, window_update, unknown_frames, goaways]


class Bystander(threading.Thread):
    """Somebody else's connection, all the while; the slowest of its answers."""

    def __init__(self, echo):
        super().__init__()
        self.echo, self.stopping, self.worst, self.answers = echo, False, 0.0, 0

    def run(self):
        with H1(self.echo.connect()) as c:
            while not self.stopping:
                start = time.monotonic()
                assert c.get("/bystander").status == 200
                self.worst = max(self.worst, time.monotonic() - start)
                self.answers += 1
                time.sleep(0.001)

    def served(self):
        """Waits for one more answer."""
        seen, ends = self.answers, time.monotonic() + 3
        while self.answers == seen and self.is_alive() and time.monotonic() < ends:
            time.sleep(0.001)
        assert self.answers > seen


@pytest.mark.parametrize("flood", FLOODS, ids=lambda f: f.__name__)
def test_flood(echo, flood):
    before = echo.counts()["rss_kb"]
    bystander = Bystander(echo)
    bystander.start()
    bystander.served()
    with H2(echo.connect()) as c:
        c.stingy = True
        sent = c.flood(flood(c))
        assert sent is not None, "the connection is still open"
        ends = time.monotonic() + 3
        while not c.over and time.monotonic() < ends:
            c.until(lambda: False, seconds=0.2)
        assert c.over, "it said GOAWAY and went on"
        goaways = list(c.goaways)
    bystander.served()
    bystander.stopping = True
    bystander.join()
    counts = echo.await_counts(open=1, connections=1)
    for g in goaways:
        assert g.last >= counts["stream_max"], "a request that was handed over, called unprocessed"
    assert counts["false_claims"] == 0
    assert counts["rss_kb"] - before < RSS_MAX_KB
    assert counts["calmed"] + counts["broken"] + len(goaways) > 0
    assert bystander.worst < 0.5


def test_requests_that_never_end_cost_little(echo):
    """As many as are allowed, each with the largest head and as much body as the window gives."""
    before = echo.counts()["rss_kb"]
    with H2(echo.connect()).greeted() as c:
        c.stingy = True
        for _ in range(256):
            c.send(head_frames(c.stream(), c.block(c.head("/", "POST", [("x", "y" * 16000)])), 0))
        for s in range(1, 128, 2):
            c.send(frame(DATA, 0, s, b"x" * 16384))
        c.send(frame(PING, 0, 0, b"all read"))
        c.until(lambda: any(f.kind == PING for f in c.heard))
        assert echo.counts()["rss_kb"] - before < RSS_MAX_KB
        assert not c.goaways and set(c.resets.values()) <= {REFUSED_STREAM}
        assert len(c.resets) < 128, "so many may come at once"


def test_resets_bring_no_more_work_than_the_budget(echo):
    with H2(echo.connect()) as c:
        c.flood(rapid_reset_after_the_work_began(c))
        assert c.goaways[-1].code == ENHANCE_YOUR_CALM
    assert echo.await_counts(open=1)["requests"] < 900


def test_resets_in_the_same_breath_bring_no_work_at_all(echo):
    before = echo.counts()["requests"]
    with H2(echo.connect()) as c:
        data = b""
        for _ in range(100):
            s, one = get(c, "/slow?ms=1")
            data += one + frame(RST, 0, s, struct.pack(">I", CANCEL))
        c.send(data)
        assert c.get("/after").status == 200
    assert echo.counts()["requests"] - before < 100


def test_a_busy_client_is_not_taken_for_a_flood(echo):
    """Pings, window updates, priorities and some cancelled requests beside real work."""
    with H2(echo.connect()) as c:
        for n in range(600):
            s = c.request("/", extra=[("x-stream", "1")])
            c.send(frame(PING, 0, 0, b"12345678") + frame(WINDOW, 0, 0, struct.pack(">I", 100)) +
                   frame(PRIORITY, 0, s + 1000, struct.pack(">IB", 0, 16)))
            assert c.answer(s).status == 200
            if n % 10 == 0:
                s, data = get(c, "/slow?ms=1")
                c.send(data + frame(RST, 0, s, struct.pack(">I", CANCEL)))
    assert echo.counts()["calmed"] == 0


# ---- the law, at random ----

def something(c, rng):
    """A few frames: work, cancelled work, nonsense."""
    kind = rng.randrange(10)
    if kind < 4:
        return get(c, rng.choice(["/", "/slow?ms=1", "/slow?ms=30", "/big?n=3000"]))[1]
    s, data = get(c, "/slow?ms=%d" % rng.choice([0, 5, 50]))
    if kind < 6:
        return data + frame(RST, 0, s, struct.pack(">I", CANCEL))
    if kind == 6:
        return data + frame(WINDOW, 0, s, struct.pack(">I", 2**31 - 1))
    if kind == 7:
        return data + frame(PING, 0, 0, b"12345678") * rng.randrange(60)
    if kind == 8:
        return get(c, "/", more=[("connection", "x")])[1]
    return rng.choice([frame(DATA, 0, s, b"late"), frame(PRIORITY, 0, s, b"12345"), b"",
                       frame(SETTINGS, 0, 0)])


@pytest.mark.parametrize("seed", range(25))
def test_goaways_never_leave_out_what_was_handed_over(echo, seed):
    rng = random.Random(seed)
    with H2(echo.connect()) as c:
        c.stingy = rng.random() < 0.3
        try:
            for _ in range(400):
                data = b"".join(something(c, rng) for _ in range(rng.randrange(1, 12)))
                while data:
                    n = rng.randrange(1, 4000)
                    c.send(data[:n])
                    data = data[n:]
                if c.goaways or c.over:
                    break
                if rng.random() < 0.3:
                    c.sock.settimeout(0.002)
                    try:
                        c.read()
                    except TimeoutError:
                        pass
                    c.sock.settimeout(4)
        except OSError:
            pass
        c.until(lambda: False, seconds=0.3)
        goaways = list(c.goaways)
        refused = [s for s, code in c.resets.items() if code == 7]
    counts = echo.await_counts(open=1, connections=1)
    assert counts["false_claims"] == 0, f"seed {seed}"
    for g in goaways:
        assert g.last >= counts["stream_max"], f"seed {seed}"
    assert not refused or counts["stream_max"] not in refused, f"seed {seed}"
