"""Every fault x every provider x both protocols, through real processes: the simulator's ledger judges.

  provably not processed   the next provider takes the payment, always
  in doubt                 no other provider hears of it; it ends resolved, or pending and listed
  and never, anywhere      two charges for one payment
"""
import pytest

from town import NO_BREAKERS, PROVIDERS, Town, wait_for

NOT_SENT = [dict(fault="tls_fail", tls=how) for how in ("alert", "close", "reset", "garbage", "wrong_host", "expired", "untrusted")]
REFUSED = [dict(fault="401"), dict(fault="429")]
UNPROCESSED = [dict(fault="refused_stream"), dict(fault="refused_stream", when="headers"), dict(fault="goaway_below")]
DOUBT = (
    [dict(fault=how, when=when) for how in ("close", "reset", "cut") for when in ("headers", "before_execute", "after_execute", "mid_answer")]
    + [dict(fault="status", status=s, when=when) for s in (500, 502, 503, 504) for when in ("before_execute", "after_execute")]
    + [dict(fault="hang", when="before_execute"), dict(fault="hang", when="after_execute")]
    + [dict(fault="truncated"), dict(fault="garbage"), dict(fault="empty"), dict(fault="html"), dict(fault="big_head", bytes=100_000),
       dict(fault="big_body", bytes=600_000), dict(fault="wrong_amount"), dict(fault="wrong_currency"), dict(fault="wrong_reference")]
    # the network keeps a copy and delivers it when we have long given up
    + [dict(fault="reset", when="before_execute", late_ms=400), dict(fault="hang", when="before_execute", late_ms=1700)]
)
DOUBT_H2 = [dict(fault="rst", code=code, when=when) for code in ("CANCEL", "INTERNAL_ERROR", "PROTOCOL_ERROR", "ENHANCE_YOUR_CALM")
            for when in ("before_execute", "after_execute")] + [dict(fault="goaway_above", then="close")]
DOUBT_H1 = [dict(fault="framing", framing=how) for how in ("length_long", "length_twice", "bad_chunk")]
FINE = [dict(fault="slow", ms=120), dict(fault="trickle", bytes=40, ms=2), dict(fault="interim", bytes=3), dict(fault="goaway_above", then="answer")]


def name_of(rule):
    return "-".join(str(v) for v in rule.values())


@pytest.fixture(scope="module", params=[(h, p) for h in ("h2", "http1") for p in PROVIDERS], ids=lambda x: "%s-%s" % x)
def town(request, tmp_path_factory):
    http, first = request.param
    order = (first,) + tuple(p for p in PROVIDERS if p != first)
    with Town(tmp_path_factory.mktemp("town"), http=http, order=order, extra=NO_BREAKERS) as t:
        t.first, t.keys = first, 0
        yield t


def struck(town, rule, amount):
    """One payment whose authorisation meets the fault."""
    town.keys += 1
    town.calm()
    # with the head alone read, the simulator can not know what is asked
    this = {} if rule.get("when") == "headers" else {"match": {"op": "authorize", "amount": amount}}
    town.fault(town.first, **dict(rule, count=1, **this))
    answer = town.pay("key-%d" % town.keys, amount=amount)
    rules = town.control("GET", "/faults/" + town.first)
    town.calm()
    assert rules[0]["struck"] >= 1, (rule, "the fault was never met")
    return answer


def struck_by_tls(town, rule, amount):
    """TLS faults strike new connections: the open one is closed first."""
    town.fault(town.first, fault="close", when="after_answer", count=1)
    town.pay("warm-%d" % amount, amount=amount)
    town.calm()
    town.fault(town.first, **rule)
    answer = town.pay("tls-%d" % amount, amount=amount)
    town.calm()
    return answer


def charges(town, answer):
    groups = town.control("GET", "/ledger/payments?payment=" + answer.body["id"])
    return [c for g in groups["payments"] for c in g["charges"]]


def live(town, answer):
    return [c for c in charges(town, answer) if c["live"]]


def test_what_provably_did_not_happen_goes_to_the_next_provider(town):
    rules = NOT_SENT + REFUSED + (UNPROCESSED if town.http == "h2" else [])
    for i, rule in enumerate(rules):
        answer = (struck_by_tls if rule["fault"] == "tls_fail" else struck)(town, rule, 1000 + i)
        assert answer.status == 201, (name_of(rule), answer)
        assert answer.body["provider"] != town.first, (name_of(rule), answer)
        assert len(live(town, answer)) == 1, name_of(rule)
    assert town.summary()["doubles_ever"] == 0


def test_a_provider_that_listens_nowhere_is_passed_over(town):
    town.fault(town.first, fault="refuse")
    for i in range(20):
        answer = town.pay("refuse-%d" % i, amount=1300 + i)
        assert answer.status == 201 and answer.body["provider"] != town.first, answer
        assert answer.body["attempts"][0]["evidence"] == "not_sent"
    town.calm()
    wait_for(lambda: town.pay("back-%d" % town.keys, amount=1399).status == 201)
    assert town.summary()["doubles_ever"] == 0


def test_doubt_never_moves_on(town):
    rules = DOUBT + (DOUBT_H2 if town.http == "h2" else DOUBT_H1)
    pending = []
    for i, rule in enumerate(rules):
        answer = struck(town, rule, 2000 + i)
        assert answer.status in (201, 202), (name_of(rule), answer)
        assert {a["provider"] for a in answer.body["attempts"]} == {town.first}, (name_of(rule), answer)
        if answer.status == 201:
            assert len(live(town, answer)) == 1, name_of(rule)
        else:
            assert answer.body["status"] == "processing"
            pending.append((rule, answer))
    listed = town.unresolved()
    for rule, answer in pending:
        now = town.call("GET", "/v1/payments/" + answer.body["id"])
        if now.body["status"] == "processing":
            assert answer.body["id"] in listed, (name_of(rule), "neither resolved nor listed")
        else:
            assert len(live(town, now)) == (1 if now.body["status"] in ("approved", "captured") else 0), name_of(rule)
        assert {c["provider"] for c in charges(town, answer)} <= {town.first}, name_of(rule)
    assert town.summary()["doubles_ever"] == 0


def test_slow_and_chatty_is_no_doubt(town):
    for i, rule in enumerate(FINE if town.http == "h2" else FINE[:3]):
        answer = struck(town, rule, 3000 + i)
        assert answer.status == 201, (name_of(rule), answer)
        assert answer.body["provider"] == town.first, (name_of(rule), answer)
        assert answer.body["attempts"][0]["copies"] == 1, (name_of(rule), answer)


def test_the_same_key_again_gives_the_same_answer(town):
    first = town.pay("again", amount=4000)
    second = town.pay("again", amount=4000)
    assert first.status == second.status == 201
    assert first.raw == second.raw
    assert second.headers["idempotent-replayed"] == "true"
    assert town.pay("again", amount=4001).status == 422
    assert len(charges(town, first)) == 1


def test_operations_in_doubt_move_money_once(town):
    """Capture, void and refund meet the same doubts; the ledger counts what moved."""
    faults = [dict(fault="close", when="after_execute"), dict(fault="reset", when="before_execute"), dict(fault="hang", when="after_execute")]
    for i, rule in enumerate(faults):
        paid = town.pay("ops-%d" % i, amount=5000 + i)
        assert paid.status == 201 and paid.body["provider"] == town.first, paid
        town.fault(town.first, **dict(rule, count=1, match={"op": "capture"}))
        captured = town.call("POST", "/v1/payments/%s/capture" % paid.body["id"], {"amount": 700}, "ops-c-%d" % i)
        town.calm()
        assert captured.status in (200, 202), (name_of(rule), captured)
        again = town.call("POST", "/v1/payments/%s/capture" % paid.body["id"], {"amount": 700}, "ops-c-%d" % i)
        assert again.status in (200, 202), (name_of(rule), again)
    s = town.summary()
    assert s["double_captures"] == 0 and s["doubles_ever"] == 0
