"""Sick providers, dear ones and such that decline: where payments go, and how they come back.

The gateway learns from its own payments alone here: one worker, nobody else to hear from.
"""
import json
import signal
import threading
import time

import pytest

from town import PROVIDERS, Town, wait_for

QUICK = {"routing": {"breaker": {"open_first": "400ms", "open_max": "2s", "ramp": "2s"}}}
SLOW = {"routing": {"breaker": {"open_first": "60s"}}}


def moves(town, psp):
    """What the log says of a provider's breaker: [(from, to)]."""
    lines = [json.loads(x) for x in (town.tmp / "gateway.log").read_text().splitlines() if "breaker.moved" in x]
    return [(x["attributes"]["from"], x["attributes"]["to"]) for x in lines if x["attributes"]["provider"] == psp]


def stopped(town, psp):
    return ("serving", "stopped") in moves(town, psp)


def gone(town, psp="stripe"):
    """The open connection ends with its next answer, no new one comes about."""
    town.control("PUT", "/faults/" + psp, [dict(fault="close", when="after_answer"), dict(fault="tls_fail", tls="close")])


def asked(answer):
    """Whom bytes were sent to."""
    return [a["provider"] for a in answer.body["attempts"] if a["copies"] > 0]


def pay_many(town, n, prefix):
    """Different amounts: what the schemes allow of one card and amount is another test."""
    return [town.pay("%s-%d" % (prefix, i), amount=1000 + 100 * i) for i in range(n)]


def test_a_provider_that_errors_is_left_and_comes_back_with_care(tmp_path):
    with Town(tmp_path, extra=QUICK) as town:
        assert asked(town.pay("before")) == ["stripe"]
        gone(town)
        paid = pay_many(town, 20, "sick")
        assert {a.status for a in paid} == {201}, "adyen could have taken each of them"
        felt = sum("stripe" in asked(a) for a in paid)
        assert felt <= 6 and stopped(town, "stripe"), (felt, moves(town, "stripe"))
        assert asked(paid[-1]) == ["adyen"] and paid[-1].body["attempts"][0]["provider"] == "adyen", "it is not even tried"
        town.calm()

        def back():
            town.pay("back-%d" % time.monotonic_ns())
            return ("probing", "serving") in moves(town, "stripe")

        wait_for(back, 30)
        first = pay_many(town, 30, "ramp")
        assert any(asked(a) == ["adyen"] for a in first), "not all at once"
        wait_for(lambda: all(asked(a) == ["stripe"] for a in pay_many(town, 5, "full-%d" % time.monotonic_ns())), 30)
        assert town.summary()["doubles_ever"] == 0


@pytest.mark.long
def test_few_payments_feel_a_hanging_provider(tmp_path):
    with Town(tmp_path, extra=SLOW) as town:
        pay_many(town, 30, "well")
        town.fault("stripe", fault="hang")
        answers, threads = [], []
        for i in range(24):  # six a second
            t = threading.Thread(target=lambda i=i: answers.append(town.pay("hang-%d" % i)))
            t.start()
            threads.append(t)
            time.sleep(1 / 6)
        for t in threads:
            t.join()
        felt = sum(any(a["provider"] == "stripe" and a["copies"] > 0 for a in x.body["attempts"]) for x in answers)
        assert stopped(town, "stripe") and 0 < felt <= 10, (felt, moves(town, "stripe"))
        town.calm()
        assert town.summary()["doubles_ever"] == 0


@pytest.mark.parametrize("all_of_it", (False, True), ids=("gateway", "machine"))
def test_a_pause_of_our_own_is_no_fault_of_a_provider(tmp_path, all_of_it):
    with Town(tmp_path, extra=SLOW) as town:
        town.control("PUT", "/settings/stripe", {"latency": {"ms": 400}})
        pay_many(town, 5, "well")
        still = [town.gateway] + ([town.sim] if all_of_it else [])
        answers, threads = [], []
        for i in range(8):
            threads.append(threading.Thread(target=lambda i=i: answers.append(pay_many(town, 1, "still-%d" % i)[0])))
            threads[-1].start()
        time.sleep(0.2)  # they are on their way
        for p in still:
            p.send_signal(signal.SIGSTOP)
        time.sleep(2.5)  # longer than providers have for an answer
        for p in reversed(still):
            p.send_signal(signal.SIGCONT)
        for t in threads:
            t.join()
        assert not moves(town, "stripe"), moves(town, "stripe")
        assert asked(town.pay("next")) == ["stripe"]
        if not all_of_it:  # the answers were there when it awoke
            assert [a.status for a in answers] == [201] * 8, answers
        assert town.summary()["doubles_ever"] == 0


def test_a_payment_at_a_stopped_provider_is_still_captured(tmp_path):
    with Town(tmp_path, extra=SLOW) as town:
        paid = town.pay("paid")
        assert asked(paid) == ["stripe"]
        gone(town)
        pay_many(town, 10, "sick")
        wait_for(lambda: stopped(town, "stripe"))
        town.calm()
        assert asked(town.pay("elsewhere")) == ["adyen"]
        captured = town.call("POST", "/v1/payments/%s/capture" % paid.body["id"], {}, "capture")
        assert captured.status == 200 and captured.body["provider"] == "stripe", captured


def test_with_everybody_stopped_the_answer_is_quick_and_nothing_is_sent(tmp_path):
    with Town(tmp_path, order=("stripe",), extra=SLOW) as town:
        gone(town)
        pay_many(town, 8, "sick")
        wait_for(lambda: stopped(town, "stripe"))
        town.calm()
        before = len(town.ledger()["charges"]) if "charges" in town.ledger() else None
        began = time.monotonic()
        refused = town.pay("none")
        assert refused.status == 503 and refused.body["outcome"] == "not_sent" and refused.body["retry_safe"] is True, refused
        assert int(refused.headers["retry-after"]) > 0 and "breaker is open" in refused.body["detail"], refused
        assert time.monotonic() - began < 1
        assert before is None or len(town.ledger()["charges"]) == before


class Priced(Town):
    """Without a policy, all prices known."""
    fees = {"stripe": "2.9%", "adyen": "0.4%", "checkoutcom": "1.9%"}

    def __init__(self, *args, **more):
        super().__init__(*args, policy=None, **more)

    def write_config(self):
        super().write_config()
        path = self.tmp / "signalbox.yaml"
        config = json.loads(path.read_text())
        for name in PROVIDERS:
            (self.tmp / (name + ".csv")).write_text("percent\n%s\n" % self.fees[name])
            config["providers"][name].update({"fees": name + ".csv", "acquirer_country": "DE", "settles": "EUR"})
        path.write_text(json.dumps(config, indent=1))


def test_best_value_takes_the_cheaper_of_equals_and_leaves_who_declines(tmp_path):
    # one attempt each: where a soft decline is free and may be followed by another provider, asking the cheap one first is right
    with Priced(tmp_path, extra={"payments": {"moves_max": 0}}) as town:
        first = [asked(a)[0] for a in pay_many(town, 60, "equal")]
        assert first.count("adyen") >= 45, first  # now and then another one, to learn
        # an issuer that says no at adyen alone
        town.control("PUT", "/settings/adyen", {"decline_permille": 950, "decline": "generic_decline"})
        pay_many(town, 80, "drop")
        last = [asked(a)[0] for a in pay_many(town, 40, "after")]
        assert last.count("adyen") <= 10, last
        assert town.summary()["doubles_ever"] == 0


@pytest.mark.parametrize("known", (True, False))
def test_the_reason_stands_in_the_trial(tmp_path, known):
    """`route try` knows no health: prices decide, or the configured order."""
    import os
    import subprocess
    with (Priced if known else Town)(tmp_path, **({} if known else {"policy": None})) as town:
        out = subprocess.run([os.environ["SIGNALBOX"], "route", "try", "-c", str(town.tmp / "signalbox.yaml"), "--amount", "EUR 20", "--bin",
                              "424242", "--json"], capture_output=True, text=True, check=True).stdout
        said = json.loads(out)
        assert said["name"] == "builtin" and said["file"] == "builtin.route" and said["rule"] == "default"
        assert [x["provider"] for x in said["plan"]] == (["adyen", "checkoutcom", "stripe"] if known else list(PROVIDERS))


COMMITTED = '''policy "promised"
providers stripe, adyen, checkoutcom
commit promised to adyen at least 3 per day
rule "What was promised" when commitment promised is not reached use adyen then stripe
default use stripe then adyen
'''


def test_what_was_promised_is_counted_over_a_restart(tmp_path):
    with Town(tmp_path, policy=COMMITTED) as town:
        first = town.pay("one")
        assert first.body["decision"]["rule"] == "What was promised" and asked(first) == ["adyen"], first
        assert asked(town.pay("two", amount=1200)) == ["adyen"]
        town.control("PUT", "/settings/adyen", {"decline_permille": 1000, "decline": "generic_decline"})
        assert asked(town.pay("declined", amount=1300)) == ["adyen", "stripe"]  # only who approved it
        town.control("PUT", "/settings/adyen", {"decline_permille": 0})
        wait_for(lambda: [x["payments"] for x in kept(town)] == [2])
        town.stop_gateway()
        town.start_gateway()
        assert asked(town.pay("three", amount=1400)) == ["adyen"]
        wait_for(lambda: town.pay("more-%d" % time.monotonic_ns(), amount=1500).body["decision"]["rule"] == "default")


def kept(town):
    """What is on disk of the commitments."""
    at = town.tmp / "volumes.json"
    return json.loads(at.read_text())["commitments"] if at.exists() else []
