"""The card schemes' rules on trying a card again: kept by the real gateway, seen in the providers' ledger.

Amounts that end in 99xx are declined by the simulated providers (loadtest/README.md).
"""
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import threading

import pytest

from town import CARD, Town, wait_for

MASTERCARD, DISCOVER = "5555555555554444", "6011111111111117"
NO_MONEY, SOFT, NEVER, STOLEN, WRONG_CODE = 29951, 9901, 29903, 29943, 29982
DAY = 24 * 3600


@pytest.fixture
def town(tmp_path):
    with Town(tmp_path / "town") as t:
        yield t


def charges(town):
    return town.summary()["charges"]


def assert_refused(town, key, rule, within_s, **wish):
    """Nothing left for any provider, and the checkout hears why and until when."""
    before = town.summary()["providers"]
    answer = town.pay(key, **wish)
    assert answer.status == 422 and answer.headers["content-type"] == "application/problem+json"
    body = answer.body
    assert (body["error"]["type"], body["error"]["code"], body["error"]["reason"]) == ("scheme_rule", "reattempt_not_allowed", rule)
    assert (body["outcome"], body["retry_safe"]) == ("not_sent", False)
    assert within_s - 60 <= body["retry_after"] <= within_s
    assert answer.headers["retry-after"] == str(body["retry_after"])
    assert body["detail"].endswith("; ask the payer for another card")
    after = town.summary()["providers"]
    assert {p: v["counters"]["requests"] for p, v in after.items()} == {p: v["counters"]["requests"] for p, v in before.items()}


def declines(town, query="select count(*) from decline"):
    db = sqlite3.connect("file:%s?mode=ro" % (town.tmp / "journal.db"), uri=True)
    try:
        return db.execute(query).fetchone()[0]
    finally:
        db.close()


def test_the_sixteenth_attempt_of_a_visa_card_never_leaves(town):
    for i in range(15):
        assert town.pay("k%d" % i, amount=NO_MONEY).status == 402
    assert_refused(town, "k15", "visa_30_days", 30 * DAY, amount=NO_MONEY)
    assert charges(town) == 15
    # a replay is no attempt; another amount, another card and an approval are none of the rule's business
    assert town.pay("k3", amount=NO_MONEY).headers["idempotent-replayed"] == "true"
    assert declines(town) == 15
    assert town.pay("other", amount=NO_MONEY - 2000).status == 201
    assert town.pay("mc", number=MASTERCARD, amount=NO_MONEY).status == 402
    # what was counted outlives the process
    town.stop_gateway(signal.SIGKILL)
    town.start_gateway()
    assert_refused(town, "k15", "visa_30_days", 30 * DAY, amount=NO_MONEY)


def test_mastercard_has_a_day_and_discover_a_shorter_one(town):
    for i in range(10):
        assert town.pay("m%d" % i, number=MASTERCARD, amount=NO_MONEY + 10000 * i).status == 402
    assert_refused(town, "m10", "mastercard_24_hours", DAY, number=MASTERCARD, amount=1099)
    for i in range(5):
        assert town.pay("a%d" % i, number=DISCOVER, amount=NO_MONEY + 10000 * i).status == 402
    assert_refused(town, "a5", "others_24_hours", DAY, number=DISCOVER, amount=1099)


def test_never_again_is_kept_and_told(town):
    answer = town.pay("first", amount=NEVER)
    rule = answer.body["decline"]["scheme_rule"]
    assert answer.status == 402 and rule["rule"] == "never_again" and rule["not_before"].endswith("Z")
    assert (answer.body["retry_safe"], answer.body["decline"]["retry_later"]) == (False, False)
    assert [a["provider"] for a in answer.body["attempts"]] == ["stripe"]
    assert_refused(town, "second", "never_again", 30 * DAY, amount=NEVER)
    assert town.pay("smaller", amount=1099).status == 201
    assert town.pay("stolen", amount=STOLEN).status == 402
    assert_refused(town, "stolen again", "never_again", 30 * DAY, amount=STOLEN)
    told = subprocess.run([os.environ["SIGNALBOX"], "payment", "show", answer.body["id"], "-c", str(town.tmp / "signalbox.yaml")],
                          capture_output=True, text=True, check=True).stdout
    assert "scheme_rule: not again before " in told
    assert declines(town, "select count(*) from declines_readable where rule = 'never_again'") == 2


def test_a_mistyped_code_may_be_corrected(town):
    for i in range(3):
        assert town.pay("k%d" % i, amount=WRONG_CODE).status == 402
    assert town.pay("k9", amount=WRONG_CODE).body["decline"].get("scheme_rule") is None


POLICY = """policy "eager"
providers stripe, adyen, checkoutcom
default
  use stripe then adyen then checkoutcom
retry
  on soft_decline
  at most 7 times
"""


def test_no_policy_moves_further_than_the_scheme_allows(tmp_path):
    with Town(tmp_path / "town", policy=POLICY, extra={"payments": {"reattempts": {"visa_30_days": 4}}}) as town:
        assert len(town.pay("k0", amount=SOFT).body["attempts"]) == 3
        assert len(town.pay("k1", amount=SOFT).body["attempts"]) == 1
        assert_refused(town, "k2", "visa_30_days", 30 * DAY, amount=SOFT)
        assert charges(town) == 4 == declines(town)


def test_a_policy_that_asks_for_it_does_not_compile(tmp_path):
    for word in ("hard_decline", "fraud_suspected", "do_not_retry", "stolen_card", "recurring_revoked"):
        path = tmp_path / "p.route"
        path.write_text(POLICY.replace("soft_decline", word))
        done = subprocess.run([os.environ["SIGNALBOX"], "policy", "check", str(path)], capture_output=True, text=True)
        assert done.returncode == 1 and "E203" in done.stdout + done.stderr and "the card schemes forbid it" in done.stdout + done.stderr


def test_workers_share_one_budget(tmp_path):
    with Town(tmp_path / "town", workers=2) as town:
        assert town.pay("first", number=MASTERCARD, amount=NO_MONEY).status == 402
        told = [None] * 40

        def run(i):
            told[i] = town.pay("k%d" % i, number=MASTERCARD, amount=NO_MONEY + 10000 * i).status

        threads = [threading.Thread(target=run, args=(i,)) for i in range(len(told))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sorted(set(told)) == [402, 422]
        assert told.count(402) <= 9 and charges(town) == told.count(402) + 1
        # those that had to make way for attempts under way are let in now, up to the scheme's number
        for i in range(40, 60):
            town.pay("k%d" % i, number=MASTERCARD, amount=NO_MONEY)
        assert charges(town) == 10 == declines(town)


def test_a_doubt_that_ends_declined_counts_once(town):
    town.fault("stripe", fault="close", when="after_execute")
    key = "doubt"
    first = town.pay(key, amount=NO_MONEY)
    town.calm()
    wait_for(lambda: town.pay(key, amount=NO_MONEY).status == 402, 30)
    assert first.status in (202, 402) and declines(town) == 1 and charges(town) == 1
    assert declines(town, "select count(*) from record where card is not null") == 0


def test_all_of_it_can_be_switched_off(tmp_path):
    off = {"visa_30_days": "off", "mastercard_24_hours": "off", "mastercard_30_days": "off", "others_24_hours": "off", "stops": False}
    with Town(tmp_path / "town", extra={"payments": {"reattempts": off}}) as town:
        for i in range(17):
            assert town.pay("k%d" % i, amount=NO_MONEY).status == 402
        for i in range(2):
            assert town.pay("n%d" % i, amount=NEVER).status == 402
        assert declines(town) == 0


def test_a_guard_by_the_hour_is_there_for_who_wants_it(tmp_path):
    with Town(tmp_path / "town", extra={"payments": {"reattempts": {"card_1_hour": 4}}}) as town:
        for i in range(4):  # payments, not the providers each of them asks
            assert len(town.pay("k%d" % i, amount=SOFT + 10000 * i).body["attempts"]) == 3
        assert_refused(town, "k4", "card_1_hour", 3600, amount=1099)


def test_the_journal_knows_no_card(town):
    for i, number in enumerate((CARD, MASTERCARD, DISCOVER)):
        assert town.pay("k%d" % i, number=number, amount=NO_MONEY).status == 402
    assert declines(town) == 3
    town.stop_gateway()
    for path in town.written():
        raw = path.read_bytes()
        for number in (CARD, MASTERCARD, DISCOVER):
            digest = hashlib.sha256(number.encode()).digest()
            assert number.encode() not in raw and b"".join(b"%c" % (ord(c) - 48) for c in number) not in raw, path
            assert digest[:16] not in raw and digest.hex()[:32].encode() not in raw.lower(), path


def test_explain_knows_the_rules(tmp_path):
    for word, part in (("visa_30_days", "Visa bills each further attempt"), ("mastercard_24_hours", "within 24 hours"),
                       ("never_again", "never to try this card"), ("not_before", "named a time"), ("reattempt_not_allowed", "422")):
        done = subprocess.run([os.environ["SIGNALBOX"], "explain", word], capture_output=True, text=True)
        assert done.returncode == 0 and part in done.stdout, (word, done)
        told = json.loads(subprocess.run([os.environ["SIGNALBOX"], "explain", word, "--json"], capture_output=True, text=True).stdout)
        assert told["code"] == word and told["kind"] in ("scheme_rule", "problem")
