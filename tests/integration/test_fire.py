"""fire measures and keeps the books of others, so its own are looked at: same key on every repeat,
one line a payment, latency from the moment due. And report.py must see each contradiction."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest

SOURCE = pathlib.Path(os.environ["SOURCE"])
sys.path.insert(0, str(SOURCE / "loadtest"))
import report  # noqa: E402


class Gateway:
    """A scripted server: act(number of this request) -> what to do with it."""

    def __init__(self, act):
        self.act, self.requests, self.lock = act, [], threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(c,), daemon=True).start()

    def _serve(self, c):
        link = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        link.initiate_connection()
        open_ = {}
        try:
            c.sendall(link.data_to_send())
            while data := c.recv(65536):
                for e in link.receive_data(data):
                    if isinstance(e, h2.events.RequestReceived):
                        open_[e.stream_id] = [dict(e.headers), b""]
                    elif isinstance(e, h2.events.DataReceived):
                        open_[e.stream_id][1] += e.data
                        link.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
                    elif isinstance(e, h2.events.StreamEnded):
                        if not self._answer(c, link, e.stream_id, *open_.pop(e.stream_id)):
                            return
                c.sendall(link.data_to_send())
        except (OSError, h2.exceptions.ProtocolError):
            pass
        finally:
            c.close()

    def _answer(self, c, link, stream, headers, body):
        with self.lock:
            n = len(self.requests)
            self.requests.append((headers, json.loads(body)))
        what = self.act(n)
        if what == "close":
            return False
        if what == "hang":
            return True
        if what == "refuse":
            link.reset_stream(stream, 7)
        elif what == "goaway":
            link.close_connection(last_stream_id=stream - 2)
            c.sendall(link.data_to_send())
            return False
        else:
            status, payment = what
            link.send_headers(stream, [(":status", str(status)), ("content-type", "application/json")])
            link.send_data(stream, json.dumps(payment).encode(), end_stream=True)
        c.sendall(link.data_to_send())
        return True


GOOD = (201, {"id": "01J9ZC3W5E7Q8R2T4V6X8Y0Z1A", "status": "approved", "provider": "stripe",
              "attempts": [{"provider": "adyen", "evidence": "not_sent", "reason": "connect"}, {"provider": "stripe", "evidence": "answered"}]})


def fire(gateway, tmp_path, *options, token="secret-token"):
    record = tmp_path / "record.jsonl"
    (tmp_path / "token").write_text(token + "\n")
    out = subprocess.run([os.environ["FIRE"], "--url", f"http://127.0.0.1:{gateway.port}", "--json", "--token",
                          str(tmp_path / "token"), "--record", str(record), "--backoff", "5", "--seed", "7", *options],
                         capture_output=True, text=True, timeout=50)
    assert out.stderr == ""
    return json.loads(out.stdout), [json.loads(x) for x in record.read_text().splitlines()], out.returncode


def test_a_payment(tmp_path):
    gateway = Gateway(lambda n: GOOD)
    said, lines, code = fire(gateway, tmp_path, "--count", "5", "--connections", "2", "--streams", "2", "--size", "719")
    assert code == 0 and said["answered"] == 5 and said["status"] == {"201": 5} and said["approved"] == 5
    headers, body = gateway.requests[0]
    assert (headers[":method"], headers[":path"], headers["authorization"]) == ("POST", "/v1/payments", "Bearer secret-token")
    assert body["payment_method"]["card"]["number"] == "4242424242424242" and body["currency"] == "EUR"
    assert len({h["idempotency-key"] for h, _ in gateway.requests}) == 5
    assert {line["key"] for line in lines} == {h["idempotency-key"] for h, _ in gateway.requests}
    assert {int(h["content-length"]) for h, _ in gateway.requests} == {719}
    first = lines[0]
    assert first["id"] == GOOD[1]["id"] and first["status"] == "approved" and first["last4"] == "4242"
    assert first["attempts"] == [{"provider": "adyen", "evidence": "not_sent", "reason": "connect"},
                                 {"provider": "stripe", "evidence": "answered", "reason": None}]
    assert 0 <= time.monotonic() - first["due_us"] / 1e6 < 60
    assert "4242424242424242" not in json.dumps(lines)


@pytest.mark.parametrize("trouble", ("close", "refuse", "goaway", "hang", (409, {}), (429, {}), (503, {})))
def test_again_with_the_same_key(tmp_path, trouble):
    gateway = Gateway(lambda n: trouble if n < 2 else GOOD)
    said, lines, code = fire(gateway, tmp_path, "--count", "1", "--connections", "1", "--streams", "1", "--retry", "5",
                             "--timeout", "200")
    assert code == 0 and len(lines) == 1 and lines[0]["tries"] == 3 and lines[0]["answered"]
    (a, one), (b, two), (c, three) = gateway.requests
    assert a["idempotency-key"] == b["idempotency-key"] == c["idempotency-key"] == lines[0]["key"]
    assert one == two == three
    assert said["repeats"] == 2
    assert lines[0]["lost"] == (2 if trouble in ("close", "goaway", "hang") else 0)


def test_without_retries_a_loss_is_the_end(tmp_path):
    gateway = Gateway(lambda n: "close")
    said, lines, code = fire(gateway, tmp_path, "--count", "1", "--connections", "1", "--streams", "1")
    assert code == 1 and said["gave_up"] == 1
    assert lines[0]["answered"] is False and lines[0]["http"] == 0 and lines[0]["id"] is None


def test_a_last_answer_is_an_answer(tmp_path):
    """After the retries a 503 is what the checkout knows."""
    gateway = Gateway(lambda n: (503, {"error": {"code": "overloaded"}, "outcome": "not_sent"}))
    _, lines, code = fire(gateway, tmp_path, "--count", "1", "--retry", "1", "--connections", "1", "--streams", "1")
    assert code == 0 and lines[0]["http"] == 503 and lines[0]["tries"] == 2
    assert (lines[0]["error"], lines[0]["outcome"]) == ("overloaded", "not_sent")


def test_open_loop_counts_from_the_moment_due(tmp_path):
    """A server that stops for 200 ms delays everything that falls due meanwhile: that must show."""
    def act(n):
        if n == 10:
            time.sleep(0.2)
        return GOOD
    gateway = Gateway(act)
    said, lines, _ = fire(gateway, tmp_path, "--rate", "200", "--duration", "0.5", "--connections", "1", "--streams", "1")
    assert 90 <= len(lines) <= 101
    slow = [line for line in lines if line["latency_us"] > 50000]
    assert len(slow) >= 20, "coordinated omission"
    assert said["latency_us"]["max"] >= 190000


def test_mix_and_amounts(tmp_path):
    gateway = Gateway(lambda n: GOOD)
    _, lines, _ = fire(gateway, tmp_path, "--count", "300", "--mix", "visa:8,declined:1,9951:1", "--amount", "100-20000")
    amounts = [b["amount"] for _, b in gateway.requests]
    assert 5 <= sum(a % 10000 == 9951 for a in amounts) <= 60
    assert not any(a % 10000 >= 9900 and a % 10000 != 9951 for a in amounts)
    assert {line["last4"] for line in lines} == {"4242", "0002"}


@pytest.mark.parametrize("options", (["--url", "ftp://x"], [], ["--url", "https://x"], ["--url", "http://x", "--mix", "gold"],
                                     ["--url", "http://x", "--rate", "fast"], ["--url", "http://x", "more"]))
def test_usage(options):
    out = subprocess.run([os.environ["FIRE"], *options], capture_output=True, text=True)
    assert out.returncode == 2 and out.stderr.startswith("fire: ")


def test_help():
    out = subprocess.run([os.environ["FIRE"], "--help"], capture_output=True, text=True)
    assert out.returncode == 0 and "--rate" in out.stdout


# ---- report.py ----

PAYMENT = "01J9ZC3W5E7Q8R2T4V6X8Y0Z1A"


def line(**more):
    base = {"key": "k", "amount": 1099, "currency": "EUR", "tries": 1, "answered": True, "http": 201, "id": PAYMENT,
            "status": "approved", "outcome": None, "error": None}
    return dict(base, **more)


def charge(**more):
    base = {"payment": PAYMENT, "provider": "stripe", "amount": 1099, "currency": "EUR", "state": "authorized",
            "live": True, "copies": 1}
    return dict(base, **more)


@pytest.mark.parametrize("lines,charges,wrong", [
    ([line()], [charge()], None),
    ([line(http=202, status="processing")], [charge()], None),
    ([line(http=402, status="declined", outcome="declined")], [charge(live=False, state="declined")], None),
    ([line(answered=False, http=0, id=None, status=None)], [charge()], None),
    ([line()], [], "told approved, but no provider holds it"),
    ([line()], [charge(live=False, state="declined")], "told approved, but no provider holds it"),
    ([line()], [charge(), charge(provider="adyen")], "charged twice"),
    ([line()], [charge(amount=1)], "another amount was charged"),
    ([line(http=402, status="declined")], [charge()], "told that nothing was charged, but a provider holds it"),
    ([line(http=503, outcome="not_sent")], [charge()], "told that nothing was charged, but a provider holds it"),
    ([line()], [charge(), charge(payment="somebody")], "charges that no checkout asked for"),
])
def test_report(lines, charges, wrong, capsys):
    found, _, _ = report.contradictions(lines, charges)
    assert list(found) == ([] if wrong is None else [wrong])
    report.table(lines, charges)
    assert "payments" in capsys.readouterr().out
