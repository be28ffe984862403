#!/usr/bin/env python3
"""Policies changed under load: by SIGHUP and `policy apply` in turns, while checkouts pay.

    loadtest/policy_changes.py [--rate 5000] [--changes 50] [--seconds 20] [--workers 2] [--light] [--json]

Every tenth change is first tried with a mistake in it. Claims: no payment failed; nobody was charged twice; every answer
names a revision that was in force while the payment was under way, or at most OBEYED_S before; a payment due OBEYED_S
after a change was decided by it (or a later one); a mistake changes nothing. Exit: 0 every claim held; 1 one did not; 3 it could not be run.
"""
import argparse
import bisect
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import fleetbed  # noqa: E402

OBEYED_S = 1.0
CHAINS = ("stripe then adyen then checkoutcom", "adyen then checkoutcom then stripe", "checkoutcom then stripe then adyen")


def policy(number, mistake=False):
    """Rules enough to be a policy of somebody's; each has a revision of its own."""
    rules = "".join('rule "r%d" when amount >= EUR %d.00 and country is DE and brand is visa use %s\n' % (i, 60 - i, CHAINS[(number + i) % 3])
                    for i in range(20))
    return 'policy "change %d"\n%sdefault use %s\n' % (number, rules, "nobody" if mistake else CHAINS[number % 3])


def in_force(node):
    """What the admin API says of the policy."""
    link = http.client.HTTPConnection("gateway", timeout=30)
    link.sock = socket.socket(socket.AF_UNIX)
    link.sock.settimeout(30)
    link.sock.connect(str(node.admin))
    link.request("GET", "/v1/policy")
    said = json.loads(link.getresponse().read())
    link.close()
    return said


def replace(path, text):
    beside = path.with_suffix(".new")
    beside.write_text(text)
    os.replace(beside, path)


class Changes:
    """What was done, and when: revision, the moment before it was asked for, the moment it was known to be in force."""

    def __init__(self, node):
        self.node, self.problems = node, []
        now = fleetbed.now_us()
        self.done = [(in_force(node)["revision"], now, now, "start")]

    def by_apply(self, number):
        path = self.node.dir / "change.route"
        replace(path, policy(number))
        began = fleetbed.now_us()
        said = self.node.run("policy", "apply", str(path), "--reason", "change %d" % number, "--json")
        self.done.append((said["revision"], began, fleetbed.now_us(), "apply"))

    def by_signal(self, number):
        before = in_force(self.node)
        replace(self.node.dir / "drill.route", policy(number))
        began = fleetbed.now_us()
        self.node.process.send_signal(signal.SIGHUP)
        fleetbed.wait_for(lambda: in_force(self.node)["revision"] != before["revision"], 20, "the reload")
        self.done.append((in_force(self.node)["revision"], began, fleetbed.now_us(), "SIGHUP"))

    def mistake(self, number):
        before = in_force(self.node)
        if number % 20 < 10:
            path = self.node.dir / "mistake.route"
            replace(path, policy(number, mistake=True))
            said = self.node.run("policy", "apply", str(path), "--reason", "mistake", "--json", check=False)
            refused = said["result"] == "broken"
        else:
            replace(self.node.dir / "drill.route", policy(number, mistake=True))
            self.node.process.send_signal(signal.SIGHUP)
            fleetbed.wait_for(lambda: in_force(self.node)["reloads_refused"] > before["reloads_refused"], 20, "the refusal")
            refused = True
        if not refused or in_force(self.node)["revision"] != before["revision"]:
            self.problems.append("a policy with a mistake came into force (%d)" % number)

    def run(self, count, seconds):
        start = time.monotonic()
        for number in range(1, count + 1):
            pause = start + 0.8 * number * seconds / (count + 1) - time.monotonic()
            time.sleep(max(0, pause))
            if number % 10 == 0:
                self.mistake(number)
            (self.by_signal if number % 2 else self.by_apply)(number)


def period(done, i):
    """From when on could it decide, and until when could it still? Microseconds. A busy worker finds the next one in its
    mailbox when it has dealt with what it had read."""
    return done[i][1], done[i + 1][2] + OBEYED_S * 1e6 if i + 1 < len(done) else float("inf")


def judge(payments, done):
    place = {}
    for i, d in enumerate(done):
        place.setdefault(d[0], []).append(i)
    known = [d[2] for d in done]  # when each was known to be in force
    wrong, late, lag_us = 0, 0, 0
    for p in payments:
        if p["policy"] is None:
            continue
        due, answered = p["due_us"], p["due_us"] + p["latency_us"]
        at = place.get(p["policy"], [])
        if not any(period(done, i)[0] <= answered and due <= period(done, i)[1] for i in at):
            wrong += 1
        i = max(at, default=-1)
        newest = bisect.bisect_right(known, due) - 1  # of the changes known to be done when it was due
        if i < newest:
            lag_us = max(lag_us, due - known[i + 1])
            late += due - known[i + 1] > OBEYED_S * 1e6
    return wrong, late, lag_us


def failed(p):
    return not p["answered"] or p["http"] not in (200, 201) or p["status"] not in ("approved", "captured")


def options(words):
    a = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    a.add_argument("--rate", type=int, default=5000)
    a.add_argument("--changes", type=int, default=50)
    a.add_argument("--seconds", type=float, default=20)
    a.add_argument("--light", action="store_true", help="journal in memory and no decision log: more payments a second")
    a.add_argument("--workers", type=int, default=2)
    a.add_argument("--build", default="build")
    a.add_argument("--keep", help="a folder for everything that was written")
    a.add_argument("--json", action="store_true")
    return a.parse_args(words)


def drill(o, folder):
    light = {"journal": "memory", "state": ".", "decisions": {"enabled": False}}
    with fleetbed.Fleet(folder, gateways=1, live="memory", policy=policy(0), workers=o.workers, tls=False, latency="2+3", build=o.build,
                        more=light if o.light else None) as fleet:
        load = fleet.fire(rate=o.rate, seconds=o.seconds, mix="visa:1")
        changes = Changes(fleet.nodes[0])
        changes.run(o.changes, o.seconds)
        if not load.running():
            changes.problems.append("the load ended before the changes did")
        payments = load.payments()
        doubles = fleet.summary()["doubles"]
        acts = fleet.nodes[0].run("policy", "history", "--most", "200", "--json")["acts"]
    bad = [p for p in payments if failed(p)]
    wrong, late, lag_us = judge(payments, changes.done)
    out = {"payments": len(payments), "rate": load.said[0]["rate"], "seconds": load.said[0]["seconds"], "latency_us": load.said[0]["latency_us"],
           "changes": len(changes.done) - 1, "revisions_answered": len({p["policy"] for p in payments}), "failed": len(bad), "doubles": doubles,
           "wrong_revision": wrong, "obeyed_late": late, "longest_lag_ms": round(lag_us / 1000, 1),
           "act_ms": {how: round(max(((d[2] - d[1]) / 1000 for d in changes.done if d[3] == how), default=0), 1) for how in ("apply", "SIGHUP")},
           "noted": len(acts), "problems": changes.problems}
    for p in bad[:5]:
        out["problems"].append("failed: " + json.dumps(p))
    out["held"] = not (bad or doubles or wrong or late or changes.problems) and len(payments) > 0 and len(acts) == o.changes + 1
    return out


def tell(r):
    print("%(payments)d payments, %(rate).0f a second over %(seconds).1f s; %(changes)d changes of policy, %(revisions_answered)d revisions seen" % r)
    print("failed %(failed)d, charged twice %(doubles)d, answers that name a revision not in force %(wrong_revision)d" % r)
    print("longest time an old policy still decided after the new one was known: %(longest_lag_ms).1f ms" % r)
    print("slowest act: apply %.1f ms, SIGHUP %.1f ms; latency p50 %d us, p99 %d us, max %d us" % (
        r["act_ms"]["apply"], r["act_ms"]["SIGHUP"], r["latency_us"]["p50"], r["latency_us"]["p99"], r["latency_us"]["max"]))
    for problem in r["problems"]:
        print("NOT SO: " + problem)
    print("every claim held" if r["held"] else "A CLAIM DID NOT HOLD")


def main(words):
    o = options(words)
    folder = pathlib.Path(o.keep or tempfile.mkdtemp(prefix="signalbox-changes-"))
    try:
        result = drill(o, folder)
    except (RuntimeError, OSError) as e:
        print(e, file=sys.stderr)
        return 3
    finally:
        if o.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if o.json:
        print(json.dumps(result))
    else:
        tell(result)
    return 0 if result["held"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
