"""The echo server of tests/wire, and clients that say exactly the bytes a test means."""
import json
import os
import socket
import ssl
import struct
import subprocess
import time

import hpack

ECHO = os.environ.get("ECHO_SERVER", "build/tests/wire/echo_server")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR = 0, 1, 2
REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 7, 8, 11
NOBODY = 2**31 - 1


class Echo:
    """One echo_server; options are its own, underscores for hyphens."""

    def __init__(self, tmp_path, **options):
        self.ca = str(tmp_path / "ca.pem")
        self.log = open(tmp_path / "echo.log", "w+b")
        args = [ECHO, "--ca-file", self.ca]
        for name, value in options.items():
            args += ["--" + name.replace("_", "-"), str(value)]
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=self.log)
        self.draining = False
        ports = json.loads(self.process.stdout.readline())
        self.clear, self.tls = ports["clear"], ports["tls"]

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.clear), timeout=5)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def connect_tls(self, alpn=("h2", "http/1.1")):
        context = ssl.create_default_context(cafile=self.ca)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        s = socket.create_connection(("127.0.0.1", self.tls), timeout=5)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(s, server_hostname="localhost")

    def counts(self):
        with H1(self.connect()) as c:
            return c.get("/counts").json()

    def await_counts(self, **wanted):
        deadline = time.monotonic() + 3
        while True:
            counts = self.counts()
            if all(counts[k] == v for k, v in wanted.items()):
                return counts
            assert time.monotonic() < deadline, (counts, wanted)
            time.sleep(0.01)

    def logged(self):
        self.log.seek(0)
        return self.log.read().decode()

    def drain(self):
        self.draining = True
        self.process.terminate()

    def stop(self):
        """Ends it; the exit code and a clean log are part of every test."""
        if self.process.poll() is None and not self.draining:
            self.drain()
        code = self.process.wait(timeout=10)
        log = self.logged()
        self.log.close()
        assert code == 0, log
        assert "runtime error" not in log and "Sanitizer" not in log, log
        assert "false_claim" not in log, log


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class H1:
    """HTTP/1.1 as bytes."""

    def __init__(self, sock):
        self.sock, self.buffer = sock, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def get(self, path):
        self.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return self.answer()

    def _more(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError(self.buffer)
        self.buffer += data

    def answer(self, bodiless=False):
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        version, status = lines[0].split(" ")[:2]
        assert version == "HTTP/1.1", lines
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        status = int(status)
        n = 0 if bodiless or status < 200 else int(headers["content-length"])
        while len(self.buffer) < n:
            self._more()
        body, self.buffer = self.buffer[:n], self.buffer[n:]
        return Answer(status, headers, body)

    def ends(self):
        """True once the server has closed, with nothing said before it."""
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            return True
        assert data == b"", data
        return True


class Frame:
    def __init__(self, kind, flags, stream, payload):
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload

    @property
    def code(self):
        at = 4 if self.kind == GOAWAY else 0
        return struct.unpack(">I", self.payload[at:at + 4])[0]

    @property
    def last(self):
        return struct.unpack(">I", self.payload[:4])[0] & 0x7FFFFFFF

    def __repr__(self):
        return f"<{self.kind} flags={self.flags} stream={self.stream} {self.payload[:20]!r}>"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(
        ">I", stream) + payload


def head_frames(stream, block, flags=END_STREAM):
    """HEADERS, and CONTINUATION for what does not fit."""
    pieces = [block[at:at + 16384] for at in range(0, max(len(block), 1), 16384)]
    out = b""
    for n, piece in enumerate(pieces):
        last = END_HEADERS if n == len(pieces) - 1 else 0
        out += frame(CONTINUATION, last, stream, piece) if n else frame(HEADERS, flags | last,
                                                                        stream, piece)
    return out


class H2:
    """HTTP/2 as frames: says anything, in any order; remembers what it heard."""

    def __init__(self, sock, greet=True, settings=b"", scheme="http"):
        self.sock, self.buffer, self.heard = sock, b"", []
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.scheme, self.next, self.over = scheme, 1, False
        self.headers, self.bodies, self.ended, self.resets, self.goaways = {}, {}, set(), {}, []
        if greet:
            self.send(PREFACE + frame(SETTINGS, 0, 0, settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def stream(self):
        self.next += 2
        return self.next - 2

    def head(self, path="/", method="GET", extra=()):
        return [(":method", method), (":scheme", self.scheme), (":path", path),
                (":authority", "localhost"), *extra]

    def block(self, fields):
        """Literal, not indexed: the encoder's rules (lower case, order) do not apply."""
        return b"".join(literal(n, v) for n, v in fields)

    def request_bytes(self, fields, body=None, stream=None):
        stream = stream or self.stream()
        data = head_frames(stream, self.block(fields), END_STREAM if body is None else 0)
        if body is not None:
            for at in range(0, max(len(body), 1), 16384):
                piece = body[at:at + 16384]
                data += frame(DATA, END_STREAM if at + 16384 >= len(body) else 0, stream, piece)
        return stream, data

    def request(self, path="/", method="GET", extra=(), body=None):
        stream, data = self.request_bytes(self.head(path, method, extra), body)
        self.send(data)
        return stream

    def _take(self, f):
        self.heard.append(f)
        if f.kind == HEADERS:
            assert f.flags & END_HEADERS
            fields = {n: v for n, v in self.decoder.decode(f.payload)}
            if fields.get(":status") != "100":
                self.headers[f.stream] = fields
        elif f.kind == DATA:
            self.bodies[f.stream] = self.bodies.get(f.stream, b"") + f.payload
            if f.payload and not getattr(self, "stingy", False):
                grant = struct.pack(">I", len(f.payload))
                self.send(frame(WINDOW, 0, 0, grant) + (
                    b"" if f.flags & END_STREAM else frame(WINDOW, 0, f.stream, grant)))
        elif f.kind == RST:
            self.resets[f.stream] = f.code
        elif f.kind == GOAWAY:
            self.goaways.append(f)
        elif f.kind == SETTINGS and not f.flags & ACK:
            self.send(frame(SETTINGS, ACK, 0))
        elif f.kind == PING and not f.flags & ACK and not getattr(self, "deaf", False):
            self.send(frame(PING, ACK, 0, f.payload))
        if f.kind in (HEADERS, DATA) and f.flags & END_STREAM:
            self.ended.add(f.stream)

    def read(self):
        """One recv and the frames in it; False when the server has closed."""
        try:
            data = self.sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        if not data:
            self.over = True
            return False
        self.buffer += data
        while len(self.buffer) >= 9:
            n = int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < 9 + n:
                break
            kind, flags = self.buffer[3], self.buffer[4]
            stream = struct.unpack(">I", self.buffer[5:9])[0]
            payload, self.buffer = self.buffer[9:9 + n], self.buffer[9 + n:]
            try:
                self._take(Frame(kind, flags, stream, payload))
            except (ConnectionResetError, BrokenPipeError):
                pass
        return True

    def until(self, done, seconds=4):
        """Reads until done(), or the server has closed, or it has taken too long."""
        deadline = time.monotonic() + seconds
        while not done() and not self.over and time.monotonic() < deadline:
            self.sock.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                self.read()
            except socket.timeout:
                pass
        self.sock.settimeout(5)
        return self

    def greeted(self):
        """Once the server's SETTINGS (and its larger window) are acknowledged."""
        return self.until(lambda: any(f.kind == WINDOW for f in self.heard))

    def answer(self, stream):
        self.until(lambda: stream in self.ended or stream in self.resets)
        assert stream in self.ended, (self.resets, self.goaways, self.over)
        fields = self.headers[stream]
        return Answer(int(fields[":status"]), fields, self.bodies.get(stream, b""))

    def reset_of(self, stream):
        self.until(lambda: stream in self.ended or stream in self.resets)
        return self.resets.get(stream)

    def goaway(self):
        self.until(lambda: self.goaways)
        assert self.goaways, "the server closed without GOAWAY"
        return self.goaways[-1]

    def get(self, path="/", **kw):
        return self.answer(self.request(path, **kw))

    def flood(self, pieces):
        """Sends until the server ends the connection; how many pieces that took, or None if it took
        all of them and goes on."""
        sent = 0
        for piece in pieces:
            try:
                self.send(piece)
            except OSError:
                return sent
            sent += 1
            if sent % 64 == 0:
                self.until(lambda: self.goaways, seconds=0.001)
            if self.over or self.goaways:
                return sent
        self.until(lambda: self.goaways, seconds=1.5)
        return sent if self.over or self.goaways else None


def integer(value, prefix, first=0):
    """RFC 7541 section 5.1."""
    most = (1 << prefix) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + [value])


def literal(name, value, first=0):
    name = name if isinstance(name, bytes) else name.encode()
    value = value if isinstance(value, bytes) else value.encode()
    return bytes([first]) + integer(len(name), 7) + name + integer(len(value), 7) + value
