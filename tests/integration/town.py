"""A small town for tests: the real gateway, the simulated providers, a checkout.

    with Town(tmp) as town:
        answer = town.pay("key-1")
        assert town.summary()["doubles"] == 0

Everything is started on free loopback ports and ended by its own process id.
"""
import http.client
import json
import os
import pathlib
import signal
import sqlite3
import ssl
import subprocess
import time

PROVIDERS = ("stripe", "adyen", "checkoutcom")
CARD = "4242424242424242"
KEYS = {"stripe": "sk_test_integration", "adyen": "AQEyhmfxK4_integration_test_key",
        "checkoutcom": "sk_sbox_integration"}


# For tests about what one fault does: at their rate of faults a breaker would leave the provider alone.
NO_BREAKERS = {"routing": {"breaker": {"enabled": False}}}


def wait_for(what, seconds=10.0):
    """Polls until what() is true; its value. Fails the test by saying what it waited for."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %gs in vain for %s" % (seconds, getattr(what, "__name__", what)))
        time.sleep(0.02)


class Answer:
    def __init__(self, status, headers, raw):
        self.status, self.headers, self.raw = status, headers, raw
        self.body = json.loads(raw) if raw and "json" in headers.get("content-type", "") else None

    def __repr__(self):
        return "<%d %s>" % (self.status, self.raw[:400])


class Town:
    """policy: the text of a `.route` file. By default one that names the providers in `order`, so that a test knows
    whom it asks first; None leaves the choice to the built-in policy."""

    def __init__(self, tmp, tls=True, http="auto", order=PROVIDERS, workers=1, fast=True, extra=None, policy="order"):
        self.tmp = pathlib.Path(tmp)
        self.tls, self.http, self.order, self.workers = tls, http, order, workers
        self.fast, self.extra, self.policy = fast, extra or {}, policy
        self.sim = self.gateway = None
        self.token = None
        self.cards = {CARD}

    # -- the providers

    def start_sim(self):
        args = [os.environ["PSPSIM"], "--control", "0", "--quiet", "--certs", str(self.tmp / "certs")]
        for name in PROVIDERS:
            args += ["--" + name, "0"]
        if self.tls:
            args.append("--tls")
        else:
            subprocess.run([os.environ["PSPSIM"], "--make-certs", str(self.tmp / "certs")], check=True)
        self.sim = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=(self.tmp / "sim.err").open("a"))
        self.ports = json.loads(self.sim.stdout.readline())

    def control(self, method, path, body=None):
        link = http.client.HTTPConnection("127.0.0.1", self.ports["control"], timeout=10)
        link.request(method, path, body=None if body is None else json.dumps(body))
        answer = link.getresponse()
        raw = answer.read()
        link.close()
        assert answer.status < 300, (path, body, answer.status, raw)
        return json.loads(raw) if raw else None

    def fault(self, provider, **rule):
        return self.control("PUT", "/faults/" + provider, rule)

    def calm(self):
        for name in PROVIDERS:
            self.control("DELETE", "/faults/" + name)

    def summary(self):
        return self.control("GET", "/ledger/summary")

    def ledger(self):
        return self.control("GET", "/ledger")

    # -- the gateway

    def write_config(self):
        (self.tmp / "derivation").write_text("0123456789abcdef" * 4)
        providers = {}
        for name in self.order:
            scheme = "https" if self.tls else "http"
            entry = {"base_url": "%s://localhost:%d%s" % (scheme, self.ports[name], "/v72" if name == "adyen" else ""),
                     "api_key_file": name + ".key", "http": self.http,
                     "timeouts": {"connect": "1s", "response": "1500ms" if self.fast else "25s"}}
            (self.tmp / (name + ".key")).write_text(KEYS[name])
            if name == "adyen":
                entry["merchant_account"] = "ShopEU"
            if self.tls:
                entry["tls"] = {"ca_file": "certs/ca.pem"}
            providers[name] = entry
        config = {
            "listen": {"payments": {"address": "127.0.0.1:0", "tls": {"certificate": "certs/server.pem", "key": "certs/server.key"}}},
            "workers": self.workers, "journal": "sqlite:journal.db", "drain": "30s",
            "secrets": {"key_derivation_file": "derivation"}, "credentials": "credentials", "providers": providers,
            "payments": {"patience": "20s", "repeat_first": "50ms" if self.fast else "500ms"},
            "log": {"file": "gateway.log"},
        }
        config["payments"].update(self.extra.get("payments", {}))
        if "routing" in self.extra:
            config["routing"] = self.extra["routing"]
        if self.policy is not None:
            text = 'policy "order"\ndefault use %s\n' % " then ".join(self.order) if self.policy == "order" else self.policy
            (self.tmp / "town.route").write_text(text)
            config["policy"] = "town.route"
        for path in self.tmp.glob("*.key"):
            path.chmod(0o600)
        (self.tmp / "derivation").chmod(0o600)
        (self.tmp / "signalbox.yaml").write_text(json.dumps(config, indent=1))  # JSON is YAML

    def new_token(self, name="shop"):
        out = subprocess.run([os.environ["SIGNALBOX"], "credential", "new", name, "--file", str(self.tmp / "credentials"), "--json"],
                             check=True, capture_output=True, text=True).stdout
        return json.loads(out)["token"]

    def start_gateway(self):
        log = self.tmp / "gateway.log"
        seen = len(log.read_text().splitlines()) if log.exists() else 0
        self.gateway = subprocess.Popen([os.environ["SIGNALBOX"], "serve", "-c", str(self.tmp / "signalbox.yaml")],
                                        stderr=(self.tmp / "gateway.err").open("a"))

        def ready():
            assert self.gateway.poll() is None, (self.tmp / "gateway.err").read_text()
            lines = [json.loads(x) for x in log.read_text().splitlines()[seen:]] if log.exists() else []
            at = [x["attributes"]["address"] for x in lines if x["body"] == "gateway.listens"]
            return at and any(x["body"] == "gateway.ready" for x in lines) and at[0]

        self.address = wait_for(ready).rsplit(":", 1)

    def stop_gateway(self, how=signal.SIGTERM):
        if self.gateway is None:
            return None
        if self.gateway.poll() is None:
            self.gateway.send_signal(how)
        code = self.gateway.wait(60)
        self.gateway = None
        return code

    # -- the checkout

    def call(self, method, path, body=None, key=None, headers=None, timeout=30):
        context = ssl.create_default_context(cafile=str(self.tmp / "certs" / "ca.pem"))
        link = http.client.HTTPSConnection("localhost", int(self.address[1]), timeout=timeout, context=context)
        head = {"Authorization": "Bearer " + self.token}
        if body is not None:
            head["Content-Type"] = "application/json"
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        if key is not None:
            head["Idempotency-Key"] = key
        head.update(headers or {})
        head = {k: v for k, v in head.items() if v is not None}
        try:
            link.request(method, path, body=body, headers=head)
            answer = link.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            link.close()

    def wish(self, number=CARD, amount=1099, currency="EUR", capture="manual", **more):
        self.cards.add(number)
        body = {"amount": amount, "currency": currency, "capture": capture, "order": "order-1",
                "payment_method": {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2034,
                                                            "cvc": "737", "name": "Ada Example"}}}
        body.update(more)
        return body

    def pay(self, key, **wish):
        return self.call("POST", "/v1/payments", self.wish(**wish), key)

    def unresolved(self):
        """Ids the journal lists as unresolved, read beside the running gateway."""
        db = sqlite3.connect("file:%s?mode=ro" % (self.tmp / "journal.db"), uri=True)
        try:
            return {row[0] for row in db.execute("select id from unresolved")}
        finally:
            db.close()

    def written(self):
        """Every file that the run wrote, for looking for what must not be there."""
        return [p for p in self.tmp.rglob("*") if p.is_file() and p.parent.name != "certs"]

    def __enter__(self):
        self.tmp.mkdir(parents=True, exist_ok=True)
        try:
            self.start_sim()
            self.write_config()
            self.token = self.new_token()
            self.start_gateway()
        except BaseException:
            self.__exit__()  # nothing is left running when the town was never there
            raise
        return self

    def __exit__(self, *_):
        self.stop_gateway(signal.SIGKILL)
        if self.sim is not None:
            self.sim.send_signal(signal.SIGTERM)
            self.sim.wait(20)
