#!/usr/bin/env python3
"""The demo itself; deploy/demo builds and calls it. Standard library only."""
import http.client
import json
import os
import pathlib
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import time

HOME = pathlib.Path("build/demo")
SOCKET = str(HOME.resolve() / "admin.sock")
if len(SOCKET) > 100:  # the kernel takes 107
    SOCKET = "/tmp/signalbox-demo-%d.sock" % os.getuid()
PROVIDERS = {"stripe": "sk_test_demo", "adyen": "AQEdemo_key_of_a_simulated_provider", "checkoutcom": "sk_sbox_demo"}
VISA = "4242424242424242"
SOFT_AT_STRIPE = "4000000000000002"  # public test card: generic decline at Stripe, ordinary elsewhere


def stop():
    """Ends what an earlier demo started: by process id, and only if it is still that program."""
    found = False
    for name in ("signalbox", "pspsim"):
        at = HOME / (name + ".pid")
        if not at.exists():
            continue
        pid = int(at.read_text())
        try:
            if running(pid, name):
                os.kill(pid, signal.SIGTERM)
                found = True
                for _ in range(300):
                    if not running(pid, name):
                        break
                    time.sleep(0.05)
        except OSError:
            pass
        at.unlink()
    return found


def running(pid, name):
    """By its name in stat: the gateway leaves no core, so its exe link is for root alone to read."""
    try:
        called, rest = open("/proc/%d/stat" % pid).read().split("(", 1)[1].rsplit(")", 1)
        return called == name and rest.split()[0] != "Z"
    except OSError:
        return False


def start_providers():
    args = ["build/loadtest/pspsim", "--control", "0", "--tls", "--certs", str(HOME / "certs"), "--latency", "15+20"]
    for name in PROVIDERS:
        args += ["--" + name, "0"]
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=open(HOME / "pspsim.log", "w"),
                               stdin=subprocess.DEVNULL, start_new_session=True)
    (HOME / "pspsim.pid").write_text(str(process.pid))
    return json.loads(process.stdout.readline())


def private(path, text):
    path.write_text(text)
    path.chmod(0o600)


# Who is asked first is a matter of health and cost (`best value of any`) until a policy pins the order, as here.
POLICY = """policy "demo"

default
  use  %s
""" % " then ".join(PROVIDERS)


def write_config(ports):
    (HOME / "demo.route").write_text(POLICY)
    private(HOME / "derivation.key", secrets.token_hex(32))
    lines = ["# Written by deploy/demo.", "listen:", "  payments:", '    address: "127.0.0.1:0"',
             "    tls: { certificate: certs/server.pem, key: certs/server.key }",
             '  admin: { address: "unix:%s" }' % SOCKET, "workers: 1",
             'journal: "sqlite:journal.db"', "secrets: { key_derivation_file: derivation.key }",
             "credentials: credentials", "payments: { patience: 2s, attach_wait: 1s, repeat_first: 200ms }", "log: { file: signalbox.log }",
             "policy: demo.route", "providers:"]
    for name, key in PROVIDERS.items():
        private(HOME / (name + ".key"), key)
        lines += ["  %s:" % name, '    base_url: "https://localhost:%d%s"' % (ports[name], "/v72" if name == "adyen" else ""),
                  "    api_key_file: %s.key" % name, "    tls: { ca_file: certs/ca.pem }",
                  "    timeouts: { connect: 1s, response: 3s }"]
        if name == "adyen":
            lines.append("    merchant_account: DemoShop")
    (HOME / "signalbox.yaml").write_text("\n".join(lines) + "\n")
    out = subprocess.run(["build/proxy/signalbox", "credential", "new", "demo-shop", "--file", str(HOME / "credentials"), "--json"],
                         check=True, capture_output=True, text=True).stdout
    return json.loads(out)["token"]


def start_gateway():
    process = subprocess.Popen(["build/proxy/signalbox", "serve", "-c", str(HOME / "signalbox.yaml")],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(HOME / "signalbox.err", "w"),
                               start_new_session=True)
    (HOME / "signalbox.pid").write_text(str(process.pid))
    log = HOME / "signalbox.log"
    for _ in range(400):
        if process.poll() is not None:
            sys.exit("demo: the gateway did not start:\n" + (HOME / "signalbox.err").read_text())
        lines = [json.loads(x) for x in log.read_text().splitlines()] if log.exists() else []
        if any(x["body"] == "gateway.ready" for x in lines):
            return next(x["attributes"]["address"] for x in lines if x["body"] == "gateway.listens")
        time.sleep(0.025)
    sys.exit("demo: the gateway is not ready after 10 s; see %s" % log)


class Shop:
    """A checkout: one API, whatever provider answers."""

    def __init__(self, address, token, control):
        self.port, self.token, self.control_port = int(address.rsplit(":", 1)[1]), token, control
        self.trust = ssl.create_default_context(cafile=str(HOME / "certs" / "ca.pem"))

    def call(self, method, path, body=None, key=None):
        link = http.client.HTTPSConnection("localhost", self.port, context=self.trust, timeout=30)
        head = {"Authorization": "Bearer " + self.token}
        if body is not None:
            head.update({"Content-Type": "application/json", "Idempotency-Key": key})
        link.request(method, path, body=None if body is None else json.dumps(body), headers=head)
        answer = link.getresponse()
        body = json.loads(answer.read())
        link.close()
        return answer.status, body

    def control(self, method, path, body=None):
        link = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=10)
        link.request(method, path, body=None if body is None else json.dumps(body))
        answer = link.getresponse()
        raw = answer.read()
        link.close()
        if answer.status >= 300:
            sys.exit("demo: the simulator refused %s %s: %s" % (method, path, raw.decode()))
        return json.loads(raw) if raw else None

    def wish(self, amount, number=VISA, capture="manual", token=None):
        card = {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123", "name": "Ada Example"}}
        saved = {"type": "provider_token", "provider_token": token}
        return {"amount": amount, "currency": "EUR", "capture": capture, "payment_method": saved if token else card}


class Demo:
    def __init__(self, shop):
        self.shop, self.rows, self.wrong = shop, [], 0

    def row(self, what, path, body, key, expect, provider=None, fault=None):
        """One request, with a fault set before it and cleared after."""
        for name, rule in (fault or {}).items():
            self.shop.control("PUT", "/faults/" + name, rule)
        began = time.monotonic()
        status, answer = self.shop.call("POST", path, body, key)
        took = time.monotonic() - began
        for name in fault or {}:
            self.shop.control("DELETE", "/faults/" + name)
        word = answer.get("status")
        self.note(what, status, word, answer, took, (status, word) == expect and provider in (None, answer.get("provider")))
        return answer

    def note(self, what, status, word, answer, took, good):
        self.wrong += not good
        path = " → ".join("%s%s" % (a["provider"], "" if a.get("copies", 1) < 2 else " ×%d" % a["copies"])
                          for a in answer.get("attempts", [])) or answer.get("provider", "")
        self.rows.append((what, status, word, path, "%4.0f ms" % (took * 1e3), "" if good else "UNEXPECTED"))

    def operate(self, *words):
        """As whoever is on call."""
        done = subprocess.run(["build/proxy/signalbox", "provider", *words, "--reason", "demo", "--socket", SOCKET, "--yes"],
                              capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit("demo: provider %s: %s" % (" ".join(words), done.stderr))

    def left_alone(self, payments=20):
        """A provider that stays down is asked a few times, and then no more; it says how often."""
        self.shop.control("PUT", "/faults/stripe", {"fault": "refuse"})
        began, asked, approved, answer = time.monotonic(), 0, 0, {}
        for i in range(payments):
            status, answer = self.shop.call("POST", "/v1/payments", self.shop.wish(5000 + i), "demo-down-%d" % i)
            asked += any(a["provider"] == "stripe" for a in answer.get("attempts", []))
            approved += status == 201
        self.shop.control("DELETE", "/faults/stripe")
        self.note("Stripe stays down: asked by %d of %d payments, then left alone" % (asked, payments), status, answer["status"],
                  answer, time.monotonic() - began, approved == payments and asked < payments / 2)

    def run(self):
        # each row is about one fault: the breaker is not to come between
        self.operate("force-on", "stripe", "--for", "10m")
        pay = "/v1/payments"
        shop = self.shop
        first = self.row("a payment", pay, shop.wish(1299), "demo-1", (201, "approved"), "stripe")
        self.row("the same request again, same key: nothing new", pay, shop.wish(1299), "demo-1", (201, "approved"), "stripe")
        self.row("no money on the card: final, nobody else is asked", pay, shop.wish(29951), "demo-2", (402, "declined"), "stripe")
        self.row("a soft decline: the next provider is asked", pay, shop.wish(4200, SOFT_AT_STRIPE), "demo-3", (201, "approved"), "adyen")
        void = self.row("nobody listens at Stripe: provably not sent", pay, shop.wish(1500), "demo-4", (201, "approved"), "adyen",
                        {"stripe": {"fault": "refuse"}})
        self.row("Stripe refuses the stream: provably not processed", pay, shop.wish(1600), "demo-5", (201, "approved"), "adyen",
                 {"stripe": {"fault": "refused_stream", "count": 1}})
        self.row("Stripe charges and hangs up: same words again, one charge", pay, shop.wish(1700), "demo-6", (201, "approved"), "stripe",
                 {"stripe": {"fault": "close", "when": "after_execute", "count": 1}})
        self.row("Checkout.com charges and says 500: asked, not repeated", pay, shop.wish(1800, token={"checkoutcom": "src_nwd3m4in3hkuddfpjsaevunhdy"}),
                 "demo-7", (201, "approved"), "checkoutcom", {"checkoutcom": {"fault": "status", "status": 500, "when": "after_execute", "count": 1}})
        doubt = self.row("Stripe charges and falls silent: told “processing” …", pay, shop.wish(1900), "demo-8", (202, "processing"), "stripe",
                         {"stripe": {"fault": "hang", "when": "after_execute", "count": 1}})
        began = time.monotonic()
        while True:
            status, answer = shop.call("GET", pay + "/" + doubt["id"])
            if answer["status"] != "processing" or time.monotonic() - began > 10:
                break
            time.sleep(0.1)
        self.note("  … and resolved behind, without the checkout", status, answer["status"], answer, time.monotonic() - began,
                  answer["status"] == "approved")
        self.row("capture 10.00 of the first", pay + "/" + first["id"] + "/capture", {"amount": 1000}, "demo-9", (200, "captured"))
        self.row("give 2.50 of it back", pay + "/" + first["id"] + "/refunds", {"amount": 250}, "demo-10", (201, "refunded"))
        self.row("void the one at Adyen (accepted, told later)", pay + "/" + void["id"] + "/void", {}, "demo-11", (202, "processing"))
        self.operate("resume", "stripe")
        self.left_alone()
        return first

    def show(self):
        wide = max(len(r[0]) for r in self.rows)
        way = max(len(r[3]) for r in self.rows)
        print("\n  %-*s  HTTP  %-10s  %-*s  time" % (wide, "what was tried", "status", way, "who was asked"))
        print("  " + "─" * (wide + way + 33))
        for what, status, word, path, took, remark in self.rows:
            print("  %-*s  %4d  %-10s  %-*s  %s  %s" % (wide, what, status, word, way, path, took, remark))

    def verdict(self):
        s = self.shop.control("GET", "/ledger/summary")
        print("\n  The providers' own ledger: %d payments reached them, %d approved, %d charged twice, %d captured, %d refunded."
              % (s["payments"], s["approved"], s["doubles_ever"], s["captured"], s["refunds"]))
        # demo-1, 3, 4, 5, 6, 7, 8 and those while Stripe is down, whatever was lost on the way
        good = s["doubles_ever"] == 0 and s["approved"] == 27 and self.wrong == 0
        print("  " + ("Every payment ended as it should; nobody was charged twice."
                      if good else "%d outcomes were not the expected ones." % max(1, self.wrong)))
        return good


def main():
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    stopped = stop()
    if mode == "--stop":
        print("demo: stopped" if stopped else "demo: nothing was running")
        return 0
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    ports = start_providers()
    token = write_config(ports)
    address = start_gateway()
    demo = Demo(Shop(address, token, ports["control"]))
    first = demo.run()
    demo.show()
    good = demo.verdict()
    print()
    subprocess.run(["build/proxy/signalbox", "status", "--socket", SOCKET], check=False)
    if mode == "--once":
        stop()
        return 0 if good else 1
    private(HOME / "token", token)
    print("""
  It is still running. Try:
    export SIGNALBOX_ADMIN=%s
    build/proxy/signalbox status --watch
    build/proxy/signalbox provider stop adyen --for 5m --reason "to see it"     # then pay, then: provider resume adyen
    build/proxy/signalbox payment show %s --journal build/demo/journal.db
    build/proxy/signalbox payment unresolved --journal build/demo/journal.db
    curl --http2 --cacert build/demo/certs/ca.pem -H "Authorization: Bearer $(cat build/demo/token)" \\
      -H 'Content-Type: application/json' -H "Idempotency-Key: mine-$RANDOM" \\
      -d '{"amount":999,"currency":"EUR","payment_method":{"type":"card","card":
           {"number":"%s","exp_month":12,"exp_year":2034,"cvc":"123"}}}' https://localhost:%s/v1/payments
    curl -X PUT localhost:%d/faults/stripe -d '{"fault":"hang"}'      # then pay again
    curl localhost:%d/ledger/summary
    tail -f build/demo/signalbox.log
    ./deploy/demo --stop""" % (SOCKET, first["id"], VISA, address.rsplit(":", 1)[1], ports["control"], ports["control"]))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
