"""Scripted providers for the wire tests: a listener that does what a function says, connection by
connection, in HTTP/2 or HTTP/1.1, in clear or in TLS; and the program that asks them.

A script gets a peer (H2Peer or H1Peer) and may do anything to it: answer, reset, say goodbye,
write nonsense, vanish. What arrived is kept, so that a test can ask whether a request was seen.
"""
import datetime
import ipaddress
import json
import os
import pathlib
import queue
import socket
import ssl
import struct
import subprocess
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.settings
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PATIENCE_S = 10  # nothing here takes so long; a wait that does is a failure


class Gone(Exception):
    """The other side closed the connection."""


# ---- certificates ----

def _name(cn):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])


class Authority:
    """A CA of our own, and what it signs."""

    def __init__(self, directory, cn="test CA"):
        self.directory = pathlib.Path(directory)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.cert = self._sign(cn, self.key.public_key(), _name(cn), ca=True)
        self.file = self.directory / (cn.replace(" ", "_") + ".pem")
        self.file.write_bytes(self.cert.public_bytes(serialization.Encoding.PEM))

    def _sign(self, cn, public, issuer, ca=False, san=(), days=(-1, 30)):
        now = datetime.datetime.utcnow()
        b = (x509.CertificateBuilder().subject_name(_name(cn)).issuer_name(issuer)
             .public_key(public).serial_number(x509.random_serial_number())
             .not_valid_before(now + datetime.timedelta(days=days[0]))
             .not_valid_after(now + datetime.timedelta(days=days[1]))
             .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
        if san:
            names = [x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() or ":" in n
                     else x509.DNSName(n) for n in san]
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
            b = b.add_extension(x509.SubjectAlternativeName(names), critical=False)
            b = b.add_extension(usage, critical=False)
        return b.sign(self.key, hashes.SHA256())

    def leaf(self, name, san, days=(-1, 30)):
        """A server context holding a new certificate for these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        cert = self._sign(name, key.public_key(), self.cert.subject, san=san, days=days)
        file = self.directory / f"{name}.pem"
        file.write_bytes(cert.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


# ---- peers ----

class Peer:
    """One accepted connection."""

    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.requests = []  # (headers as dict, body), in the order they were complete

    def read(self, n=65536):
        data = self.sock.recv(n)
        if not data:
            raise Gone()
        self.server.bytes_seen += len(data)
        return data

    def raw(self, data):
        self.sock.sendall(data)

    def close(self):
        """A decent end: close_notify in TLS, then FIN; no waiting for the other side's."""
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.setblocking(False)
            try:
                self.sock.unwrap()
            except OSError:
                pass  # it wants to read theirs: ours is out
        self.cut()

    def cut(self):
        """FIN without close_notify."""
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock = socket.socket(fileno=self.sock.detach())
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.sock.detach())

    def hold(self):
        """Read and say nothing until the client leaves."""
        while True:
            self.read()


class H2Peer(Peer):
    kind = "h2"

    def __init__(self, server, sock):
        super().__init__(server, sock)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, validate_outbound_headers=False,
            normalize_outbound_headers=False, header_encoding="utf-8"))
        self.done = []  # streams whose request is complete
        self.begun, self.resets, self.goaway_seen, self.remote = {}, {}, False, {}

    def start(self, settings=None, greet=True):
        if settings:
            self.h2.local_settings = h2.settings.Settings(
                client=False, initial_values={3: 100, 6: 65536, **settings})
        self.h2.initiate_connection()
        data = self.h2.data_to_send()
        if greet:
            self.raw(data)

    def flush(self):
        self.raw(self.h2.data_to_send())

    def take(self):
        """One read and what it means."""
        for e in self.h2.receive_data(self.read()):
            if isinstance(e, h2.events.RequestReceived):
                self.begun[e.stream_id] = (e.headers, bytearray())
            elif isinstance(e, h2.events.DataReceived):
                self.begun[e.stream_id][1].extend(e.data)
                self.h2.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
            elif isinstance(e, h2.events.StreamEnded):
                headers, body = self.begun[e.stream_id]
                self.requests.append((dict(headers), bytes(body)))
                self.server.requests.append((dict(headers), bytes(body)))
                self.done.append(e.stream_id)
            elif isinstance(e, h2.events.StreamReset):
                self.resets[e.stream_id] = e.error_code
            elif isinstance(e, h2.events.ConnectionTerminated):
                self.goaway_seen = True
            elif isinstance(e, h2.events.RemoteSettingsChanged):
                self.remote.update({k: v.new_value for k, v in e.changed_settings.items()})
        data = self.h2.data_to_send()
        if data:
            self.raw(data)

    def await_requests(self, n=1):
        """The stream ids of the next n complete requests."""
        while len(self.done) < n:
            self.take()
        got, self.done = self.done[:n], self.done[n:]
        return got

    def request(self):
        return self.await_requests(1)[0]

    def head(self, stream, status=200, fields=(), end=False):
        self.h2.send_headers(stream, [(":status", str(status)), *fields], end_stream=end)
        self.flush()

    def body(self, stream, data, end=True):
        self.h2.send_data(stream, data, end_stream=end)
        self.flush()

    def answer(self, stream, body=b'{"ok":true}', status=200):
        self.head(stream, status, [("content-length", str(len(body)))])
        self.body(stream, body)

    def frame(self, kind, flags, stream, payload=b""):
        self.raw(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) +
                 struct.pack(">I", stream) + payload)

    def rst(self, stream, code):
        self.h2.reset_stream(stream, code)
        self.flush()

    def goaway(self, last, code=0):
        self.frame(7, 0, 0, struct.pack(">II", last, code))

    def serve(self):
        """Answers everything until the client leaves."""
        while True:
            self.answer(self.request())


class H1Peer(Peer):
    kind = "http/1.1"

    def __init__(self, server, sock):
        super().__init__(server, sock)
        self.rest = b""

    def start(self, settings=None, greet=True):
        pass

    def request(self):
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.read()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        headers[":method"], headers[":path"], version = lines[0].split(" ")
        assert version == "HTTP/1.1"
        n = int(headers.get("content-length", 0))
        while len(self.rest) < n:
            self.rest += self.read()
        body, self.rest = self.rest[:n], self.rest[n:]
        self.requests.append((headers, body))
        self.server.requests.append((headers, body))
        return 1

    def head(self, stream, status=200, fields=(), end=False):
        self.raw(b"HTTP/1.1 %d Status\r\n" % status +
                 b"".join(f"{k}: {v}\r\n".encode() for k, v in fields) + b"\r\n")

    def body(self, stream, data, end=True):
        self.raw(data)

    def answer(self, stream, body=b'{"ok":true}', status=200):
        self.raw(b"HTTP/1.1 %d Status\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)

    def serve(self):
        while True:
            self.answer(self.request())


class Server:
    """Listens; gives the n-th connection to the n-th script (the last one repeats)."""

    def __init__(self, peer, scripts, tls=None, alpn=True, settings=None, greet=True,
                 host="127.0.0.1"):
        self.peer, self.scripts, self.tls = peer, list(scripts), tls
        self.settings, self.greet = settings, greet
        self.requests, self.connections, self.bytes_seen = [], 0, 0
        self.errors, self.live = [], []
        if tls and alpn:
            tls.set_alpn_protocols([peer.kind])
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.sock.bind((host, 0))
        self.sock.listen(64)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            script = self.scripts[min(self.connections, len(self.scripts) - 1)]
            self.connections += 1
            threading.Thread(target=self._talk, args=(sock, script), daemon=True).start()

    def _talk(self, sock, script):
        try:
            sock.settimeout(PATIENCE_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if getattr(script, "raw_socket", False):
                self.live.append(sock)
                script(sock)
                return
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            peer = self.peer(self, sock)
            self.live.append(peer)
            peer.start(self.settings, self.greet)
            script(peer)
        except (Gone, OSError):
            pass  # the client left, or a script vanished: its test says whether that was right
        except Exception as e:  # a script that is wrong must not pass for a peer that is
            self.errors.append(e)

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        for p in self.live:
            try:
                (p.sock if isinstance(p, Peer) else p).close()
            except OSError:
                pass
        if self.errors:
            raise self.errors[0]


def raw_socket(script):
    """Marks a script that wants the bare socket, before TLS and greeting."""
    script.raw_socket = True
    return script


# ---- the program that asks ----

class Asker:
    def __init__(self, program, port, host="127.0.0.1", options=()):
        self.process = subprocess.Popen([program, *map(str, options), host, str(port)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.lines, self.heard, self.log = queue.Queue(), {}, ""
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()
        self._stderr = threading.Thread(target=self._drain, daemon=True)
        self._stderr.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def _drain(self):
        self.log = self.process.stderr.read()

    def tell(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def _keep(self, line):
        key = line.get("id", "in_flight")
        assert key not in self.heard or key == "in_flight", f"{key} was told twice"
        self.heard[key] = line

    def hear(self, name, timeout=PATIENCE_S):
        """The event of one ask; others are kept for their turn."""
        until = time.monotonic() + timeout
        while name not in self.heard:
            line = self.lines.get(timeout=max(0.01, until - time.monotonic()))
            if line is None:
                self.ended = True
                raise AssertionError(f"ask_client ended: {self.process.wait()} {self.log}")
            self._keep(line)
        return self.heard[name]

    def ask(self, name="a", *args):
        self.tell(" ".join(["ask", name, *map(str, args)]))
        return self.hear(name)

    def in_flight(self):
        self.heard.pop("in_flight", None)
        self.tell("idle")
        return self.hear("in_flight")["in_flight"]

    def finish(self):
        """Ends the program; it must end well. Returns everything that was heard."""
        if self.process.poll() is None:
            try:
                self.tell("quit")
            except OSError:
                pass
        code = self.process.wait(timeout=PATIENCE_S)
        self._stderr.join(PATIENCE_S)
        while not self.ended:
            line = self.lines.get(timeout=PATIENCE_S)
            if line is None:
                self.ended = True
            else:
                self._keep(line)
        assert code == 0, f"ask_client: exit {code}\n{self.log}"
        return self.heard


def wait_until(what, timeout=PATIENCE_S):
    until = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.002)
