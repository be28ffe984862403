"""What operators do to providers, by the commands, at a real gateway: it holds, it ends, it is written down."""
import json
import os
import pty
import signal
import subprocess
import time

import pytest

from box import ROOT, SIGNALBOX, Box, ask, box  # noqa: F401 (box is a fixture)
from town import wait_for

HOLD = ("--for", "30m", "--reason", "timeouts, INC-4711")


@pytest.fixture
def town(tmp_path):
    with Box(tmp_path, workers=2) as b:
        yield b


def holder(answer):
    assert answer.status == 201, answer
    return answer.body["provider"]


def test_a_stop_holds_from_the_next_payment_on_and_over_a_restart(town):
    first = holder(town.pay("before"))
    said = town.box("provider", "stop", first, *HOLD)
    assert "no route for: none" in said and "stopped on 1/1 nodes" in said
    assert "undo: signalbox provider resume " + first in said
    assert first not in {holder(town.pay("after-%d" % i)) for i in range(10)}

    doc = town.box("status", "--json")
    word = {p["name"]: p["toggle"] for p in doc["providers"]}[first]
    assert (word["admin"], word["holds"], word["reason"]) == ("stop", True, "timeouts, INC-4711")
    assert 1790 < (word["until_ms"] - doc["now_ms"]) / 1000 <= 1800
    assert first in town.box("override", "list") and "INC-4711" in town.box("provider", "show", first)
    assert "! %s: stopped, root, ends " % first in town.box("status")
    row = {p["name"]: p for p in doc["providers"]}[first]
    assert row["since_start"]["approved"] == 1 and row["approval_ppm_15m"] == 1000000 and row["p99_ms"] >= 0

    town.stop_gateway(signal.SIGKILL)
    town.start_gateway()
    assert first not in {holder(town.pay("again-%d" % i)) for i in range(10)}
    assert [o["provider"] for o in town.box("override", "list", "--json")["overrides"]] == [first]

    town.box("override", "extend", first, "--for", "2h", "--reason", "still sick")
    until = town.box("override", "list", "--json")["overrides"][0]["toggle"]["until_ms"]
    assert until > word["until_ms"] + 3600_000
    town.box("provider", "resume", first)
    assert town.box("override", "list", "--json")["overrides"] == []
    town.box("provider", "resume", first, code=1)  # nothing to take back
    assert [e["what"] for e in town.audit() if e["result"] == "done"] == [
        "provider.stop", "provider.extend", "provider.resume"]
    town.box("audit", "--verify")


def test_a_capture_goes_on_where_new_payments_do_not(town):
    answer = town.pay("one")
    first = holder(answer)
    town.box("provider", "stop", first, *HOLD)
    captured = town.call("POST", answer.headers["location"] + "/capture", {}, "capture-1")
    assert captured.status in (200, 202), captured
    town.box("provider", "stop", first, *HOLD, "--ops", "all")
    refused = town.call("POST", answer.headers["location"] + "/refunds", {}, "refund-1")
    assert (refused.status, refused.body["outcome"]) == (503, "not_sent")
    town.box("provider", "resume", first)
    assert town.call("POST", answer.headers["location"] + "/refunds", {}, "refund-1").status in (201, 202)


def test_a_repetition_is_answered_though_nobody_may_be_asked(town):
    """The first one charged the customer: "not sent" would be a lie that costs a second charge."""
    first = town.pay("paid", amount=1200)
    declined = town.pay("declined", amount=29951)
    captured = town.call("POST", first.headers["location"] + "/capture", {}, "capture-1")
    assert (first.status, declined.status) == (201, 402) and captured.status in (200, 202)
    for provider in ("stripe", "adyen", "checkoutcom"):
        town.box("provider", "stop", provider, *HOLD, "--allow-no-route", "--ops", "all")
    for key, amount, then in (("paid", 1200, first), ("declined", 29951, declined)):
        again = town.pay(key, amount=amount)
        assert (again.status, again.raw) == (then.status, then.raw) and again.headers["idempotent-replayed"] == "true"
    again = town.call("POST", first.headers["location"] + "/capture", {}, "capture-1")
    assert (again.status, again.raw) == (captured.status, captured.raw)
    assert town.pay("paid", amount=1300).status == 422  # the key belongs to another wish
    fresh = town.pay("fresh", amount=1400)
    assert (fresh.status, fresh.body["outcome"]) == (503, "not_sent")
    other = town.call("POST", first.headers["location"] + "/refunds", {}, "refund-1")
    assert (other.status, other.body["outcome"]) == (503, "not_sent")
    assert town.summary()["payments"] == 2


def test_a_payment_in_doubt_stays_so_though_nobody_may_be_asked(town):
    town.fault("stripe", fault="hang", when="after_execute")
    town.fault("adyen", fault="hang", when="after_execute")
    town.fault("checkoutcom", fault="hang", when="after_execute")
    before = town.pay("doubt", amount=1500)
    assert (before.status, before.body["status"]) == (202, "processing")
    for provider in ("stripe", "adyen", "checkoutcom"):
        town.box("provider", "stop", provider, *HOLD, "--allow-no-route")
    again = town.pay("doubt", amount=1500)
    assert again.status in (202, 409), again  # never "nothing was sent"
    town.calm()
    wait_for(lambda: town.pay("doubt", amount=1500).status == 201, 30)
    assert town.summary()["doubles"] == 0 and town.summary()["payments"] == 1


def test_a_dry_run_changes_nothing(town):
    before = (town.tmp / "state" / "audit.jsonl").read_bytes()
    said = town.box("provider", "stop", "adyen", *HOLD, "--dry-run")
    assert "About to stop NEW payments to adyen" in said and "Nothing was done" in said
    doc = town.box("provider", "limit", "adyen", "20%", *HOLD, "--dry-run", "--json")
    assert doc["dry_run"] and doc["blast"]["no_route_kinds"] == 0 and not doc["toggle"]["holds"]
    assert town.box("override", "list", "--json")["overrides"] == []
    assert (town.tmp / "state" / "audit.jsonl").read_bytes() == before


def test_the_last_provider_is_not_stopped_by_accident(town):
    town.box("provider", "stop", "stripe", *HOLD)
    town.box("provider", "drain", "adyen", *HOLD)
    town.box("provider", "stop", "checkoutcom", *HOLD, code=4)
    assert "no provider" in town.said
    status, doc = ask(town, "POST", "/v1/providers/checkoutcom/toggle", {"act": "stop", "reason": "x", "for_s": 60})
    assert (status, doc["error"]["code"]) == (409, "guard_rail")
    assert holder(town.pay("still")) == "checkoutcom"
    assert town.audit()[-1]["result"] == "refused"
    town.box("provider", "stop", "checkoutcom", *HOLD, "--allow-no-route")
    assert town.pay("none").status == 503
    town.box("breaker", "reset", "stripe")
    assert holder(town.pay("one")) == "stripe"


def test_who_is_sick_is_no_way_out(tmp_path):
    with Box(tmp_path, extra={"routing": {"breaker": {"open_first": "60s", "open_max": "60s"}}}) as b:
        b.box("provider", "stop", "checkoutcom", *HOLD)
        b.fault("stripe", fault="500", when="before_execute")

        def down():
            b.pay("sick-%d" % time.monotonic_ns())
            return {p["name"]: p["health"]["state"] for p in b.box("status", "--json")["providers"]}["stripe"] == "stopped"
        wait_for(down, 20)
        b.box("provider", "stop", "adyen", *HOLD, code=4)
        assert "no provider" in b.said and holder(b.pay("still")) == "adyen"
        b.box("provider", "stop", "stripe", *HOLD)  # it takes nothing anyhow
        b.box("provider", "force-on", "stripe", *HOLD)
        b.box("provider", "stop", "adyen", *HOLD)  # who forces it on knows better


def test_what_an_adapter_could_take_is_no_reason_to_refuse(tmp_path):
    with Box(tmp_path, narrow=False) as b:
        assert "no route for: none" in b.box("provider", "stop", "stripe", *HOLD)


@pytest.mark.parametrize("args, code, says", [
    (("provider", "stop", "strype", *HOLD), 1, "did you mean stripe?"),
    (("provider", "stop", "stripe", "--for", "30m"), 2, "needs --reason"),
    (("provider", "stop", "stripe", "--for", "30m", "--reason", " "), 2, "needs --reason"),
    (("provider", "stop", "stripe", "--reason", "x"), 2, "needs --for"),
    (("provider", "stop", "stripe", "--for", "0", "--reason", "x"), 2, "no unit"),
    (("provider", "stop", "stripe", "--for", "0m", "--reason", "x"), 2, "no time at all"),
    (("provider", "stop", "stripe", "--for", "30", "--reason", "x"), 2, "30m for minutes"),
    (("provider", "stop", "stripe", "--for", "1y", "--reason", "x"), 2, "no unit of time"),
    (("provider", "stop", "stripe", *HOLD, "--ops", "some"), 2, "--ops takes"),
    (("provider", "stop", "stripe", *HOLD, "--until-resumed"), 2, "not both"),
    (("provider", "stop", "stripe", *HOLD[:2], "--reason", "card 4242 4242 4242 4242"), 2, "card number"),
    (("provider", "limit", "stripe", "100%", *HOLD), 2, "0.1% to 99.9%"),
    (("provider", "limit", "stripe", "0", *HOLD), 2, "0% is a stop"),
    (("provider", "limit", "stripe", "many", *HOLD), 2, "not \"many\""),
    (("provider", "limit", "stripe", *HOLD), 2, "needs NAME PERCENT"),
    (("override", "extend", "stripe", *HOLD), 1, "no override"),
    (("breaker", "history", "strype"), 1, "did you mean stripe?"),
])
def test_what_makes_no_sense_is_told(box, args, code, says):
    box.box(*args, code=code)
    assert says in box.said
    assert box.box("override", "list", "--json")["overrides"] == []


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_a_viewer_sees_and_an_operator_acts(box):
    os.chmod(box.sock, 0o666)
    try:
        box.box("status", uid=65534)
        box.box("provider", "stop", "adyen", *HOLD, uid=65534, code=4)
        assert "nobody is viewer, and this takes operator" in box.said
        assert box.audit()[-1]["object"] == "POST /v1/providers/adyen/toggle"
        box.box("provider", "stop", "adyen", *HOLD, uid=1)
        line = box.audit()[-1]
        assert (line["actor"], line["role"], line["what"], line["object"]) == ("daemon", "operator", "provider.stop", "adyen")
        box.box("provider", "resume", "adyen", uid=1)
    finally:
        os.chmod(box.sock, 0o660)


def test_two_at_once(town):
    argv = [SIGNALBOX, "provider", "stop", "stripe", *HOLD, "--socket", town.sock]
    both = [subprocess.Popen(argv, stdout=subprocess.DEVNULL) for _ in range(4)]
    assert [p.wait(30) for p in both] == [0, 0, 0, 0]
    assert len(town.box("override", "list", "--json")["overrides"]) == 1
    assert "none changed" in town.box("audit", "--verify")


def test_a_watch_is_a_line_each_time_until_ctrl_c(town):
    watch = subprocess.Popen([SIGNALBOX, "status", "--watch", "--json", "--socket", town.sock], stdout=subprocess.PIPE, text=True)
    docs = [json.loads(watch.stdout.readline()) for _ in range(2)]
    assert docs[1]["now_ms"] - docs[0]["now_ms"] >= 1900
    watch.send_signal(signal.SIGINT)
    assert watch.wait(10) == 130
    watch.stdout.close()


def test_a_terminal_is_asked_for_the_name(town):
    def typed(text, *more):
        master, slave = pty.openpty()
        done = subprocess.Popen([SIGNALBOX, "provider", "stop", "adyen", *HOLD, "--socket", town.sock, *more], stdin=slave,
                                stdout=slave, stderr=slave, env=os.environ | {"TERM": "xterm", "LC_ALL": "C.UTF-8"})
        os.close(slave)
        os.write(master, text.encode() + b"\n")
        said = b""
        while True:
            try:
                piece = os.read(master, 4096)
            except OSError:
                break
            if not piece:
                break
            said += piece
        os.close(master)
        return done.wait(10), said.decode()

    code, said = typed("stripe")
    assert code == 4 and "nothing was done" in said
    assert town.box("override", "list", "--json")["overrides"] == []
    code, said = typed("adyen")
    assert code == 0 and "Type the provider's name" in said and "\033[32m" in said
    assert typed("", "--yes")[0] == 0
    assert all(len(x) <= 100 for x in town.box("status").splitlines())
