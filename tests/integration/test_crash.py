"""kill -9 at random moments under load; clients retry with their keys. Nothing is charged twice, no approval is
lost, and every payment is accounted for: ledger against journal against what the checkouts were told."""
import os
import random
import signal
import sqlite3
import threading
import time

from town import Town, wait_for

SEED = int(os.environ.get("SEED", "20261121"))
CHECKOUTS, KILLS = 12, 8


class Checkout(threading.Thread):
    """Pays again and again; each key is retried until there is an answer that a shop can act on."""

    def __init__(self, town, n, stop):
        super().__init__(daemon=True)
        self.town, self.n, self.stop, self.told = town, n, stop, {}

    def run(self):
        turn = 0
        while not self.stop.is_set():
            turn += 1
            self.pay("c%d-%d" % (self.n, turn), 1000 + self.n * 97 + turn % 50)

    def pay(self, key, amount):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                answer = self.town.pay(key, amount=amount)
            except OSError:
                time.sleep(0.02)  # nobody listens: the gateway is down
                continue
            except Exception:  # cut off in the middle of an answer
                continue
            self.told[key] = answer
            if answer.status in (200, 201, 402):
                return
            time.sleep(0.05)


def charged(town):
    """Payment id -> live charges, by the providers' word."""
    groups = town.control("GET", "/ledger/payments?limit=100000")["payments"]
    return {g["payment"]: [c for c in g["charges"] if c["live"]] for g in groups}


def test_kill_9_under_load(tmp_path):
    dice = random.Random(SEED)
    print("seed", SEED)
    with Town(tmp_path, workers=2, order=("stripe", "adyen", "checkoutcom")) as town:
        for name in ("stripe", "adyen", "checkoutcom"):
            town.control("PUT", "/settings/" + name, {"latency": {"ms": 5, "jitter_ms": 25}})
        town.fault("stripe", fault="refused_stream", rate=0.1, match={"op": "authorize"})
        stop = threading.Event()
        checkouts = [Checkout(town, n, stop) for n in range(CHECKOUTS)]
        for c in checkouts:
            c.start()
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.05, 0.9))
            town.stop_gateway(signal.SIGKILL)
            town.start_gateway()
        time.sleep(1)
        town.calm()
        stop.set()
        for c in checkouts:
            c.join(40)
        told = {key: a for c in checkouts for key, a in c.told.items()}
        assert len(told) > 200, "the load was too small to mean anything"

        # let the network deliver what it holds and reconciliation look once more
        wait_for(lambda: town.summary()["open"] == 0)
        time.sleep(1.5)
        assert town.summary()["doubles_ever"] == 0
        ledger = charged(town)
        db = sqlite3.connect("file:%s?mode=ro" % (town.tmp / "journal.db"), uri=True)
        journal = {i: (o, s) for i, o, s in db.execute("select id, outcome, standing from payments_readable")}
        listed = town.unresolved()

        for key, answer in told.items():
            if answer.status == 201:
                assert len(ledger[answer.body["id"]]) == 1, (key, "told approved", ledger.get(answer.body["id"]))
                assert journal[answer.body["id"]][0] == "approved"
            elif answer.status == 402:
                assert not ledger.get(answer.body["id"]), (key, "told declined, and charged")
            elif answer.status != 202:
                assert answer.body.get("retry_safe") is not None, (key, answer)
        for payment, charges in ledger.items():
            if charges:
                outcome, standing = journal[payment]
                assert outcome == "approved" or payment in listed, (payment, outcome, standing, "charged, and not accounted for")
        approvals = sum(a.status == 201 for a in told.values())
        print(len(told), "payments,", approvals, "approved,", len(listed), "listed as unresolved")
        assert approvals > 0.9 * len(told)


def test_a_second_gateway_can_not_have_the_journal(tmp_path):
    with Town(tmp_path) as town:
        first = town.gateway
        import subprocess
        second = subprocess.run([os.environ["SIGNALBOX"], "serve", "-c", str(town.tmp / "signalbox.yaml")],
                                capture_output=True, text=True, timeout=20)
        assert second.returncode == 1, second
        assert "journal" in second.stderr
        assert first.poll() is None and town.pay("still").status == 201


def test_sigterm_lets_payments_land(tmp_path):
    with Town(tmp_path) as town:
        town.control("PUT", "/settings/stripe", {"latency": {"ms": 600}})
        box = {}
        payer = threading.Thread(target=lambda: box.update(answer=town.pay("landing")))
        payer.start()
        wait_for(lambda: town.control("GET", "/stats")["stripe"]["requests"] > 0 if "stripe" in town.control("GET", "/stats") else True)
        time.sleep(0.2)
        assert town.stop_gateway() == 0
        payer.join(10)
        assert box["answer"].status == 201, box
        town.start_gateway()
        assert town.pay("landing").headers["idempotent-replayed"] == "true"
