"""Driving pspsim from tests: the process, its control port, and clients that see the wire.

The clients are python3-h2 and raw sockets, so that neither the gateway nor nghttp2 on this side can
hide what the simulator really does.
"""
import json
import os
import pathlib
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

# python3-h2 takes GOAWAY for the end of the connection; streams below its number go on, and here
# that is just what has to be seen.
_states = h2.connection.ConnectionState
h2.connection.H2ConnectionStateMachine._transitions[
    (_states.CLIENT_OPEN, h2.connection.ConnectionInputs.RECV_GOAWAY)] = (None, _states.CLIENT_OPEN)

PATIENCE_S = 10
PROVIDERS = ("stripe", "adyen", "checkoutcom")
PAYMENT = "01J9ZC3W5E7Q8R2T4V6X8Y0Z1A"
CARD = "4242424242424242"


class Sim:
    """One running pspsim."""

    def __init__(self, *args, tls=True, binary=None):
        self.dir = tempfile.TemporaryDirectory(prefix="pspsim")
        self.certs = pathlib.Path(self.dir.name) / "certs"
        command = [binary or os.environ["PSPSIM"]]
        if tls:
            command += ["--tls", "--certs", str(self.certs)]
        self.process = subprocess.Popen(command + list(args), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.stderr.read())
        self.ports = json.loads(line)

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['control']}{path}",
                                         data=data, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def refused(self, method, path, body=None):
        try:
            self.control(method, path, body)
        except urllib.error.HTTPError as e:
            return e.code, json.load(e)
        raise AssertionError("the control port accepted it")

    def fault(self, provider, *rules):
        return self.control("PUT", f"/faults/{provider}", list(rules))

    def set(self, provider, **settings):
        return self.control("PUT", f"/settings/{provider}", settings)

    def ledger(self, **want):
        return self.control("GET", "/ledger?" + urllib.parse.urlencode(want))["charges"]

    def summary(self):
        return self.control("GET", "/ledger/summary")

    def counters(self, provider):
        return self.control("GET", "/stats")[provider]

    def reset(self):
        until(lambda: self._begin_again())

    def _begin_again(self):
        try:
            return self.control("POST", "/reset") == {}
        except urllib.error.HTTPError as e:  # something is still being executed
            assert e.code == 409
            return False

    def stop(self):
        self.process.terminate()
        out, err = self.process.communicate(timeout=PATIENCE_S)
        self.dir.cleanup()
        return self.process.returncode, out, err


def until(what, seconds=PATIENCE_S):
    """Waits for what() to become true and gives its value."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


# ---- what each provider is asked ----

def flat(value, prefix=""):
    """Nested names as Stripe's forms write them."""
    if isinstance(value, dict):
        for k, v in value.items():
            yield from flat(v, f"{prefix}[{k}]" if prefix else k)
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from flat(v, f"{prefix}[{i}]")
    else:
        yield prefix, str(value).lower() if isinstance(value, bool) else str(value)


class Ask:
    """A request: method, path, headers, body."""

    def __init__(self, provider, path, body=None, key=None, method="POST"):
        self.provider, self.method, self.path = provider, method, path
        self.headers = {}
        self.body = b""
        self.tree = body
        if provider == "stripe":
            self.headers = {"authorization": "Bearer sk_test_simulated", "stripe-version":
                            "2026-10-28.endive"}
            key_name, kind = "idempotency-key", "application/x-www-form-urlencoded"
            if body is not None:
                self.body = urllib.parse.urlencode(list(flat(body))).encode()
        elif provider == "adyen":
            self.headers = {"x-api-key": "AQEsimulated"}
            key_name, kind = "idempotency-key", "application/json"
        else:
            self.headers = {"authorization": "Bearer sk_sbox_simulated"}
            key_name, kind = "cko-idempotency-key", "application/json"
        if provider != "stripe" and body is not None:
            self.body = json.dumps(body).encode()
        if method == "POST":
            self.headers["content-type"] = kind
        if key is not None:
            self.headers[key_name] = key


def reference(leg=0, payment=PAYMENT):
    return f"at{leg}_{payment}"


def merge(base, more):
    for k, v in more.items():
        if v is None:
            base.pop(k, None)
        elif isinstance(v, dict) and isinstance(base.get(k), dict):
            merge(base[k], v)
        else:
            base[k] = v
    return base


def authorize(provider, ref=None, key="key-1", amount=1099, currency="EUR", card=CARD, capture=False,
              more=None):
    ref = ref or reference()
    if provider == "stripe":
        body = {"amount": amount, "currency": currency.lower(), "confirm": True,
                "capture_method": "automatic" if capture else "manual",
                "payment_method_types": ["card"], "metadata": {"gw_attempt": ref},
                "payment_method_data": {"type": "card", "card": {
                    "number": card, "exp_month": 12, "exp_year": 2040, "cvc": "123"}}}
        path = "/v1/payment_intents"
    elif provider == "adyen":
        body = {"amount": {"currency": currency, "value": amount}, "reference": ref,
                "merchantAccount": "ExampleMerchantECOM", "returnUrl": "https://shop.example/return",
                "shopperInteraction": "Ecommerce", "additionalData": {"manualCapture": "true"},
                "paymentMethod": {"type": "scheme", "number": card, "expiryMonth": "03",
                                  "expiryYear": "2040", "cvc": "737", "holderName": "Ada Example"}}
        if capture:
            del body["additionalData"]
        path = "/v72/payments"
    else:
        body = {"amount": amount, "currency": currency, "reference": ref, "capture": capture,
                "payment_type": "Regular", "3ds": {"enabled": False},
                "source": {"type": "card", "number": card, "expiry_month": 12, "expiry_year": 2040,
                           "cvv": "100", "name": "Ada Example"}}
        path = "/payments"
    return Ask(provider, path, merge(body, more or {}), key)


def modify(provider, what, id, amount=None, ref="op-1", key="op-key-1", currency="EUR"):
    """what: capture, void, refund or reversal"""
    if provider == "stripe":
        if what == "refund":
            body = {"payment_intent": id, "metadata": {"gw_refund": ref}}
            if amount is not None:
                body["amount"] = amount
            return Ask(provider, "/v1/refunds", body, key)
        body = {} if amount is None else {"amount_to_capture": amount}
        verb = {"capture": "capture", "void": "cancel"}[what]
        return Ask(provider, f"/v1/payment_intents/{id}/{verb}", body, key)
    verb = {"capture": "captures", "refund": "refunds", "reversal": "reversals",
            "void": "cancels" if provider == "adyen" else "voids"}[what]
    body = {"reference": ref}
    if provider == "adyen":
        body["merchantAccount"] = "ExampleMerchantECOM"
        if what in ("capture", "refund"):
            body["amount"] = {"currency": currency, "value": amount}
        return Ask(provider, f"/v72/payments/{id}/{verb}", body, key)
    if amount is not None:
        body["amount"] = amount
    return Ask(provider, f"/payments/{id}/{verb}", body, key)


# ---- clients that see the wire ----

class Heard:
    """What came back: kind is answer, rst, goaway, eof, reset, timeout or broken."""

    def __init__(self, kind, status=0, headers=None, body=b"", code=0, last=None):
        self.kind, self.status, self.headers = kind, status, headers or {}
        self.body, self.code, self.last = body, code, last

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.kind} {self.status} code={self.code} last={self.last} {self.body[:200]!r}>"


def connect(sim, provider, tls, alpn, verify=True, timeout=PATIENCE_S):
    name = provider if tls or not sim.ports["tls"] else provider + "_clear"
    sock = socket.create_connection(("127.0.0.1", sim.ports[name]), timeout=timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not tls:
        return sock
    context = ssl.create_default_context(cafile=sim.ports["ca"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols([alpn])
    wrapped = context.wrap_socket(sock, server_hostname="localhost")
    return wrapped


class H1:
    """One HTTP/1.1 connection."""
    protocol = "http/1.1"

    def __init__(self, sim, provider, tls=False, timeout=PATIENCE_S):
        self.sock = connect(sim, provider, tls, "http/1.1", timeout=timeout)
        self.data = b""

    def send(self, ask, body=None):
        head = f"{ask.method} {ask.path} HTTP/1.1\r\nhost: localhost\r\n"
        head += "".join(f"{k}: {v}\r\n" for k, v in ask.headers.items())
        if ask.method == "POST":
            head += f"content-length: {len(ask.body)}\r\n"
        self.raw(head.encode() + b"\r\n" + (ask.body if body is None else body))

    def raw(self, data):
        self.sock.sendall(data)

    def _more(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self.data += data

    def _read(self):
        while True:
            while b"\r\n\r\n" not in self.data:
                self._more()
            head, _, self.data = self.data.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            status = int(lines[0].split()[1])
            if status >= 200:
                break
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), value.strip())
        need = int(headers.get("content-length", 0))
        while len(self.data) < need:
            self._more()
        body, self.data = self.data[:need], self.data[need:]
        return Heard("answer", status, headers, body)

    def hear(self):
        try:
            return self._read()
        except EOFError:
            return Heard("eof", body=self.data)
        except (ConnectionResetError, BrokenPipeError):
            return Heard("reset", body=self.data)
        except ssl.SSLError as e:
            return Heard("eof" if isinstance(e, ssl.SSLEOFError) else "broken", body=self.data)
        except socket.timeout:
            return Heard("timeout", body=self.data)

    def ask(self, ask):
        try:
            self.send(ask)
        except ssl.SSLError:
            return Heard("eof")
        except (ConnectionResetError, BrokenPipeError):
            return Heard("reset")
        return self.hear()

    def close(self):
        self.sock.close()


class H2:
    """One HTTP/2 connection with any number of streams."""
    protocol = "h2"

    def __init__(self, sim, provider, tls=False, timeout=PATIENCE_S):
        self.sock = connect(sim, provider, tls, "h2", timeout=timeout)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.heard = {}    # stream -> Heard
        self.parts = {}    # stream -> [status, headers, body]
        self.goaway = None
        self.end = None
        self.flush()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.sock.sendall(data)

    def send(self, ask, flush=True, body=None, end=True):
        stream = self.h2.get_next_available_stream_id()
        headers = [(":method", ask.method), (":scheme", "https"), (":authority", "localhost"),
                   (":path", ask.path)] + list(ask.headers.items())
        data = ask.body if body is None else body
        self.h2.send_headers(stream, headers, end_stream=not data and end)
        if data:
            self.h2.send_data(stream, data, end_stream=end)
        self.parts[stream] = [0, {}, b""]
        if flush:
            self.flush()
        return stream

    def _event(self, e):
        stream = getattr(e, "stream_id", None)
        if isinstance(e, h2.events.ResponseReceived):
            self.parts[stream][:2] = [int(dict(e.headers)[":status"]), dict(e.headers)]
        elif isinstance(e, h2.events.DataReceived):
            self.parts[stream][2] += e.data
            self.h2.acknowledge_received_data(e.flow_controlled_length, stream)
        elif isinstance(e, h2.events.StreamEnded):
            self.heard[stream] = Heard("answer", *self.parts[stream])
        elif isinstance(e, h2.events.StreamReset):
            self.heard[stream] = Heard("rst", *self.parts[stream], code=int(e.error_code))
        elif isinstance(e, h2.events.ConnectionTerminated):
            self.goaway = Heard("goaway", code=int(e.error_code), last=e.last_stream_id)

    def _turn(self):
        try:
            data = self.sock.recv(65536)
        except socket.timeout:
            self.end = Heard("timeout")
            return
        except (ConnectionResetError, BrokenPipeError):
            self.end = Heard("reset")
            return
        except ssl.SSLError:
            self.end = Heard("eof")
            return
        if not data:
            self.end = Heard("eof")
            return
        try:
            for e in self.h2.receive_data(data):
                self._event(e)
            self.flush()
        except h2.exceptions.ProtocolError:
            self.end = Heard("broken")
        except ssl.SSLError:
            self.end = Heard("eof")
        except (ConnectionResetError, BrokenPipeError):
            self.end = Heard("reset")

    def hear(self, stream):
        while stream not in self.heard and self.end is None:
            if self.goaway is not None and self.goaway.last < stream:
                return self.goaway
            self._turn()
        heard = self.heard.get(stream, self.end)
        if heard.kind != "answer" and not heard.body and stream in self.parts:
            heard = Heard(heard.kind, *self.parts[stream], code=heard.code)
        return heard

    def ask(self, ask):
        try:
            return self.hear(self.send(ask))
        except ssl.SSLError:
            return Heard("eof")
        except (ConnectionResetError, BrokenPipeError):
            return Heard("reset")

    def close(self):
        self.sock.close()
