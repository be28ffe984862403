"""pspsim judges the gateway, so it is judged first: shapes, memory for keys, and that every fault
executes exactly as often as it says. Clients: python3-h2 and raw sockets (psp.py)."""
import json
import socket
import ssl
import threading
import time

import pytest

from psp import (CARD, H1, H2, PAYMENT, PROVIDERS, Ask, Sim, authorize, connect, modify, reference,
                 until)

long = pytest.mark.long
CLIENTS = (H2, H1)
WIRES = [(H2, False), (H1, False), (H2, True), (H1, True)]
WIRE_IDS = ["h2", "h1", "h2-tls", "h1-tls"]
H2_FIRST = WIRES[:1] + [pytest.param(*w, marks=long) for w in WIRES[1:]]
CANCEL, REFUSED_STREAM = 8, 7
ID = {"stripe": lambda a: a.json["id"], "adyen": lambda a: a.json["pspReference"],
      "checkoutcom": lambda a: a.json["id"]}


@pytest.fixture(scope="module")
def shared():
    sim = Sim()
    yield sim
    code, _, err = sim.stop()
    assert code in (0, 1) and err == ""


@pytest.fixture
def sim(shared):
    shared.reset()
    return shared


@pytest.fixture(params=PROVIDERS)
def psp(request):
    return request.param


def ask(sim, psp, request, client=H2, tls=False):
    c = client(sim, psp, tls)
    try:
        return c.ask(request)
    finally:
        c.close()


def approved(answer):
    body = answer.json
    return (body.get("status") in ("requires_capture", "succeeded", "Authorized", "Captured") or
            body.get("resultCode") == "Authorised")


# ---- shapes ----

@pytest.mark.parametrize("client,tls", WIRES, ids=WIRE_IDS)
def test_approves_over_every_wire(sim, psp, client, tls):
    answer = ask(sim, psp, authorize(psp), client, tls)
    assert answer.status == {"stripe": 200, "adyen": 200, "checkoutcom": 201}[psp]
    assert approved(answer)
    (charge,) = sim.ledger()
    assert (charge["provider"], charge["reference"], charge["payment"], charge["amount"],
            charge["currency"], charge["state"], charge["last4"], charge["copies"]) == (
        psp, reference(), PAYMENT, 1099, "EUR", "authorized", "4242", 1)
    assert charge["id"] == ID[psp](answer)


def test_stripe_shapes(sim):
    answer = ask(sim, "stripe", authorize("stripe"))
    intent = answer.json
    assert intent["object"] == "payment_intent" and intent["currency"] == "eur"
    assert (intent["amount"], intent["amount_capturable"], intent["amount_received"]) == (1099, 1099, 0)
    assert intent["metadata"] == {"gw_attempt": reference()}
    assert intent["latest_charge"].startswith("ch_") and intent["last_payment_error"] is None
    assert answer.headers["request-id"].startswith("req_")
    assert answer.headers["idempotency-key"] == "key-1"
    assert answer.headers["stripe-version"] == "2026-10-28.endive"
    declined = ask(sim, "stripe", authorize("stripe", key="k2", card="4000000000009995"))
    error = declined.json["error"]
    assert declined.status == 402
    assert (error["type"], error["code"], error["decline_code"]) == (
        "card_error", "card_declined", "insufficient_funds")
    assert error["payment_intent"]["status"] == "requires_payment_method"
    assert error["payment_intent"]["last_payment_error"]["decline_code"] == "insufficient_funds"


def test_adyen_shapes(sim):
    answer = ask(sim, "adyen", authorize("adyen"))
    assert answer.json["amount"] == {"currency": "EUR", "value": 1099}
    assert answer.json["merchantReference"] == reference()
    assert answer.headers["pspreference"] == answer.json["pspReference"]
    assert len(answer.json["pspReference"]) == 16
    named = authorize("adyen", key="k2", more={"paymentMethod": {"holderName": "DECLINED : 12"}})
    refused = ask(sim, "adyen", named)
    assert refused.status == 200 and refused.json["resultCode"] == "Refused"
    assert refused.json["refusalReasonCode"] == "12"
    assert refused.json["additionalData"]["refusalReasonRaw"].startswith("51 : ")
    action = ask(sim, "adyen", authorize("adyen", key="k3", amount=19930))
    assert action.json["resultCode"] == "RedirectShopper" and "pspReference" not in action.json


def test_checkoutcom_shapes(sim):
    answer = ask(sim, "checkoutcom", authorize("checkoutcom"))
    assert answer.json["approved"] is True and answer.json["response_code"] == "10000"
    assert answer.json["balances"]["available_to_capture"] == 1099
    assert answer.json["source"]["last4"] == "4242" and "cko-request-id" in answer.headers
    declined = ask(sim, "checkoutcom", authorize("checkoutcom", key="k2", amount=120051))
    assert declined.status == 201 and declined.json["approved"] is False
    assert declined.json["response_code"] == "20051"
    action = ask(sim, "checkoutcom", authorize("checkoutcom", key="k3", amount=19930))
    assert action.status == 202 and action.json["_links"]["redirect"]["href"].startswith("https://")


GENERIC = [  # amount, stripe decline code, adyen reason, checkout.com code
    (9901, "generic_decline", "2", "20046"), (19905, "do_not_honor", "27", "20005"),
    (9951, "insufficient_funds", "12", "20051"), (9941, "lost_card", "5", "30041"),
    (9954, "expired_card", "6", "20054"), (9959, "fraudulent", "31", "20059"),
    (9965, "authentication_required", "38", "20154"), (9991, "issuer_not_available", "9", "20091"),
    (9982, "incorrect_cvc", "24", "20082"), (9996, "processing_error", "4", "20096"),
]


@pytest.mark.parametrize("amount,stripe,adyen,checkoutcom", GENERIC, ids=[str(g[0]) for g in GENERIC])
def test_amounts_decline_alike_at_all_three(sim, amount, stripe, adyen, checkoutcom):
    answers = {p: ask(sim, p, authorize(p, amount=amount)).json for p in PROVIDERS}
    assert answers["stripe"]["error"]["decline_code"] == stripe
    assert answers["adyen"]["refusalReasonCode"] == adyen
    assert answers["checkoutcom"]["response_code"] == checkoutcom
    assert [c["state"] for c in sim.ledger()] == ["declined"] * 3
    assert sim.summary()["live"] == 0


def test_stripe_test_cards_are_ordinary_elsewhere(sim):
    for p in PROVIDERS:
        ask(sim, p, authorize(p, card="4000000000000002"))
    assert [c["state"] for c in sim.ledger()] == ["declined", "authorized", "authorized"]


def test_action_and_off_session_at_stripe(sim):
    card = "4000002760003184"
    on = ask(sim, "stripe", authorize("stripe", card=card, more={"return_url": "https://shop.example/r"}))
    assert on.status == 200 and on.json["status"] == "requires_action"
    assert on.json["next_action"]["redirect_to_url"]["return_url"] == "https://shop.example/r"
    off = ask(sim, "stripe", authorize("stripe", key="k2", card=card, more={"off_session": True}))
    assert off.status == 402 and off.json["error"]["code"] == "authentication_required"


def test_pending(sim, psp):
    answer = ask(sim, psp, authorize(psp, amount=9997))
    said = {"stripe": answer.json.get("status"), "adyen": answer.json.get("resultCode"),
            "checkoutcom": answer.json.get("status")}[psp]
    assert said == {"stripe": "processing", "adyen": "Pending", "checkoutcom": "Pending"}[psp]
    assert sim.ledger()[0]["state"] == "pending"


def created(sim, psp, capture=False, **more):
    return ID[psp](ask(sim, psp, authorize(psp, capture=capture, **more)))


def test_capture_full_then_refund_in_parts(sim, psp):
    id = created(sim, psp)
    captured = ask(sim, psp, modify(psp, "capture", id, 1099 if psp == "adyen" else None, ref="c"))
    assert captured.status == {"stripe": 200, "adyen": 201, "checkoutcom": 202}[psp]
    assert sim.ledger()[0]["state"] == "captured"
    for n, amount in enumerate((500, 599)):
        refund = ask(sim, psp, modify(psp, "refund", id, amount, ref=f"r{n}", key=f"r{n}"))
        assert refund.status == {"stripe": 200, "adyen": 201, "checkoutcom": 202}[psp]
    (charge,) = sim.ledger()
    assert (charge["state"], charge["refunded"]) == ("refunded", 1099)
    assert [a["did"] for a in charge["acts"]] == ["capture", "refund", "refund"]
    assert sim.summary()["double_refunds"] == 0


def test_capture_of_a_part_gives_the_rest_back(sim, psp):
    id = created(sim, psp)
    ask(sim, psp, modify(psp, "capture", id, 500))
    (charge,) = sim.ledger()
    assert (charge["state"], charge["captured"]) == ("partially_captured", 500)
    again = ask(sim, psp, modify(psp, "capture", id, 599, key="k9"))
    # Adyen may capture again and again; the two others have let the rest go.
    assert again.status == {"stripe": 400, "adyen": 201, "checkoutcom": 403}[psp]


def test_void_and_then_capture(sim, psp):
    id = created(sim, psp)
    void = ask(sim, psp, modify(psp, "void", id))
    assert void.status == {"stripe": 200, "adyen": 201, "checkoutcom": 202}[psp]
    assert sim.ledger()[0]["state"] == "voided"
    late = ask(sim, psp, modify(psp, "capture", id, 1099, key="k9"))
    assert late.status == {"stripe": 400, "adyen": 201, "checkoutcom": 403}[psp]
    assert (late.body == b"") == (psp == "checkoutcom")
    if psp == "stripe":
        assert late.json["error"]["code"] == "payment_intent_unexpected_state"
        assert late.json["error"]["payment_intent"]["status"] == "canceled"
    assert sim.ledger()[0]["captured"] == 0


def test_reversal_fits_what_is_there(sim):
    for p in ("adyen", "checkoutcom"):
        voided, refunded = created(sim, p), created(sim, p, capture=True, key="k2", ref="two")
        ask(sim, p, modify(p, "reversal", voided, key="a"))
        ask(sim, p, modify(p, "reversal", refunded, key="b"))
    assert [c["state"] for c in sim.ledger()] == ["voided", "refunded"] * 2


def test_adyen_cancels_by_our_reference(sim):
    created(sim, "adyen")
    body = {"merchantAccount": "ExampleMerchantECOM", "paymentReference": reference(), "reference": "x"}
    answer = ask(sim, "adyen", Ask("adyen", "/v72/cancels", body, "k"))
    assert answer.status == 201 and answer.json["status"] == "received"
    assert answer.json["paymentReference"] == reference()
    assert sim.ledger()[0]["state"] == "voided"
    nothing = ask(sim, "adyen", Ask("adyen", "/v72/cancels", dict(body, paymentReference="no"), "k2"))
    assert nothing.status == 201  # received says nothing


def test_inquiries(sim):
    stripe, cko = created(sim, "stripe"), created(sim, "checkoutcom")
    read = ask(sim, "stripe", Ask("stripe", f"/v1/payment_intents/{stripe}", method="GET"))
    assert read.json["id"] == stripe and read.json["status"] == "requires_capture"
    query = "/v1/payment_intents/search?query=metadata%5B%27gw_attempt%27%5D%3A%27" + reference() + "%27"
    found = ask(sim, "stripe", Ask("stripe", query, method="GET"))
    assert [i["id"] for i in found.json["data"]] == [stripe]
    listed = ask(sim, "stripe", Ask("stripe", "/v1/payment_intents?created[gte]=1&limit=100", method="GET"))
    assert [i["id"] for i in listed.json["data"]] == [stripe]
    read = ask(sim, "checkoutcom", Ask("checkoutcom", f"/payments/{cko}", method="GET"))
    assert read.json["id"] == cko and read.json["approved"] is True
    by = ask(sim, "checkoutcom",
             Ask("checkoutcom", f"/payments?limit=10&skip=0&reference={reference()}", method="GET"))
    assert by.json["total_count"] == 1 and by.json["data"][0]["id"] == cko
    actions = ask(sim, "checkoutcom", Ask("checkoutcom", f"/payments/{cko}/actions", method="GET"))
    assert [a["type"] for a in actions.json] == ["Authorization"]
    for p, path in (("stripe", "/v1/payment_intents/pi_none"), ("checkoutcom", "/payments/pay_none")):
        assert ask(sim, p, Ask(p, path, method="GET")).status == 404


def test_search_may_lag_behind(sim):
    sim.set("checkoutcom", index_delay_ms=60000)
    created(sim, "checkoutcom")
    path = f"/payments?reference={reference()}"
    assert ask(sim, "checkoutcom", Ask("checkoutcom", path, method="GET")).json["total_count"] == 0
    sim.control("POST", "/clock", {"advance_s": 61})
    assert ask(sim, "checkoutcom", Ask("checkoutcom", path, method="GET")).json["total_count"] == 1


def test_stripe_stores_a_card(sim):
    card = {"type": "card", "card": {"number": "4000000000000002", "exp_month": 1, "exp_year": 2040}}
    token = ask(sim, "stripe", Ask("stripe", "/v1/payment_methods", card, "t")).json["id"]
    request = authorize("stripe", more={"payment_method": token, "payment_method_data": None})
    assert ask(sim, "stripe", request).status == 402


def test_tokens(sim):
    tokens = {"stripe": {"payment_method": "pm_1Q0v3bLkd7Rq9aPZ0zYxWvUt", "payment_method_data": None},
              "adyen": {"shopperReference": "shopper_17", "paymentMethod": {
                  "storedPaymentMethodId": "M5N7TQ4TG5PFWR50", "number": None, "cvc": None}},
              "checkoutcom": {"source": {"type": "token", "token": "tok_ubfj2q76miwundwlk72vxt2i7q",
                                         "number": None, "expiry_month": None, "expiry_year": None,
                                         "cvv": None, "name": None}}}
    for p in PROVIDERS:
        assert approved(ask(sim, p, authorize(p, more=tokens[p])))
    replay = ask(sim, "checkoutcom", authorize("checkoutcom", more=tokens["checkoutcom"]))
    assert approved(replay)  # the same key is answered from memory ...
    used = ask(sim, "checkoutcom", authorize("checkoutcom", key="k2", more=tokens["checkoutcom"]))
    assert used.status == 422 and used.json["error_codes"] == ["token_used"]  # ... a new one is not


def test_network_tokens(sim):
    more = {"stripe": {"payment_method_data": {"card": {
                "number": None, "exp_month": None, "exp_year": None, "cvc": None, "network_token": {
                    "number": "4895370012003478", "exp_month": 12, "exp_year": 2040}}},
                       "payment_method_options": {"card": {"network_token": {
                           "cryptogram": "AgAAAAAABk4DWZ4C28yUQAAAAAA=",
                           "electronic_commerce_indicator": "05"}}}},
            "adyen": {"paymentMethod": {"type": "networkToken", "number": "4895370012003478", "cvc": None},
                      "mpiData": {"tokenAuthenticationVerificationValue": "AgAA", "eci": "07"}},
            "checkoutcom": {"source": {"type": "network_token", "token": "4895370012003478",
                                       "number": None, "cvv": None, "name": None, "token_type": "vts",
                                       "cryptogram": "AgAA", "eci": "05"}}}
    for p in PROVIDERS:
        assert approved(ask(sim, p, authorize(p, more=more[p])))
    assert {c["last4"] for c in sim.ledger()} == {"3478"}


# ---- what adapters get wrong ----

MISTAKES = [
    ("stripe", {"frobnicate": "1"}, 400, "parameter_unknown"),
    ("stripe", {"payment_method_data": {"card": {"zip": "1"}}}, 400, "parameter_unknown"),
    ("stripe", {"amount": "10.99"}, 400, "parameter_invalid_integer"),
    ("stripe", {"amount": 49}, 400, "amount_too_small"),
    ("stripe", {"amount": 100000000}, 400, "amount_too_large"),
    ("stripe", {"currency": None}, 400, "parameter_missing"),
    ("stripe", {"currency": "xxx"}, 400, None),
    ("stripe", {"amount": 1001, "currency": "kwd"}, 400, None),
    ("stripe", {"amount": 510, "currency": "isk"}, 400, None),
    ("stripe", {"confirm": "yes"}, 400, None),
    ("stripe", {"payment_method_data": None}, 400, "parameter_missing"),
    ("stripe", {"statement_descriptor": "SHOP"}, 400, "payment_intent_invalid_parameter"),
    ("stripe", {"payment_method_data": {"card": {"number": "4242424242424241"}}}, 402, "incorrect_number"),
    ("stripe", {"payment_method_data": {"card": {"exp_year": 2019}}}, 402, "invalid_expiry_year"),
    ("stripe", {"payment_method": "pm_unknown", "payment_method_data": None}, 400, "resource_missing"),
    ("adyen", {"frobnicate": "1"}, 400, "702"),
    ("adyen", {"paymentMethod": {"expiryMonth": 3}}, 400, "702"),
    ("adyen", {"amount": {"value": "1099"}}, 400, "702"),
    ("adyen", {"additionalData": {"manualCapture": True}}, 400, "702"),
    ("adyen", {"shopperInteraction": "ecommerce"}, 400, "702"),
    ("adyen", {"amount": None}, 422, "100"),
    ("adyen", {"reference": None}, 422, "130"),
    ("adyen", {"returnUrl": None}, 422, "14_030"),
    ("adyen", {"merchantAccount": ""}, 403, "901"),
    ("adyen", {"amount": {"currency": "eur"}}, 422, "138"),
    ("adyen", {"paymentMethod": {"number": "4242424242424241"}}, 422, "101"),
    ("adyen", {"paymentMethod": {"cvc": "12"}}, 422, "103"),
    ("adyen", {"paymentMethod": {"expiryYear": "40"}}, 422, "141"),
    ("adyen", {"billingAddress": {"city": "Amsterdam"}}, 422, None),
    ("adyen", {"metadata": {"a name of more than twenty": "x"}}, 422, "177"),
    ("adyen", {"paymentMethod": {"storedPaymentMethodId": "UNKNOWN000000000"},
               "shopperReference": "abc"}, 422, "800"),
    ("checkoutcom", {"frobnicate": "1"}, 422, "unknown_member"),
    ("checkoutcom", {"amount": "1099"}, 422, "request_json_invalid"),
    ("checkoutcom", {"amount": 1000000000}, 422, "amount_invalid"),
    ("checkoutcom", {"amount": 1001, "currency": "KWD"}, 422, "amount_invalid"),
    ("checkoutcom", {"currency": "eur"}, 422, "currency_invalid"),
    ("checkoutcom", {"source": {"expiry_month": "12"}}, 422, "request_json_invalid"),
    ("checkoutcom", {"source": {"expiry_year": 2019}}, 422, "card_expired"),
    ("checkoutcom", {"source": {"number": "4242424242424241"}}, 422, "card_number_invalid"),
    ("checkoutcom", {"source": {"cvv": "12"}}, 422, "cvv_invalid"),
    ("checkoutcom", {"payment_type": "regular"}, 422, "payment_type_invalid"),
    ("checkoutcom", {"processing_channel_id": "pc_x"}, 422, "processing_channel_id_invalid"),
    ("checkoutcom", {"source": {"type": "id", "id": "src_none"}}, 422, "source_id_unknown"),
]


def code_of(psp, body):
    if psp == "stripe":
        return body["error"].get("code")
    return body["errorCode"] if psp == "adyen" else body["error_codes"][0]


@pytest.mark.parametrize("psp,more,status,code", MISTAKES,
                         ids=[f"{m[0]}-{list(m[1])[0]}-{m[3]}" for m in MISTAKES])
def test_mistakes_are_refused_and_not_executed(sim, psp, more, status, code):
    answer = ask(sim, psp, authorize(psp, more=more))
    assert answer.status == status, answer
    assert code is None or code_of(psp, answer.json) == code, answer
    assert sim.ledger() == [] and sim.counters(psp)["refused"] == 1
    assert approved(ask(sim, psp, authorize(psp)))  # nothing was stored under the key


def test_broken_bodies(sim, psp):
    for broken in (b"{", b"{}x", b'{"a":1,"a":2}', b'{"a":"\xff"}', b'{"a":"\\ud800"}', b"a=%zz",
                   b"a=1&a=2", b"a[=1", b"[1]"):
        request = authorize(psp)
        request.body = broken
        assert ask(sim, psp, request).status in (400, 422)
    assert sim.ledger() == []


def test_credentials(sim, psp):
    request = authorize(psp)
    for name in ("authorization", "x-api-key"):
        request.headers.pop(name, None)
    answer = ask(sim, psp, request)
    assert answer.status == 401 and (answer.body == b"") == (psp == "checkoutcom")
    sim.set(psp, keys=["sk_another_one"])
    assert ask(sim, psp, authorize(psp)).status == 401
    assert sim.ledger() == [] and sim.counters(psp)["unauthorized"] == 2


def test_unknown_paths(sim, psp):
    assert ask(sim, psp, Ask(psp, "/v1/elsewhere", {}, "k")).status == 404


def test_http_is_read_strictly(sim):
    head = b"POST /payments HTTP/1.1\r\n"
    for bad in (head + b"content-length: 2\r\n\r\n{}",                        # no host
                head + b"host: a\r\nhost: b\r\ncontent-length: 2\r\n\r\n{}",
                head + b"host: a\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}",
                head + b"host: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
                head + b"host : a\r\ncontent-length: 2\r\n\r\n{}",
                head + b"host: a\r\n folded: x\r\ncontent-length: 2\r\n\r\n{}",
                b"POST payments HTTP/1.1\r\nhost: a\r\n\r\n",
                b"POST /payments HTTP/1.0\r\nhost: a\r\n\r\n"):
        c = H1(sim, "checkoutcom")
        c.raw(bad)
        assert c.hear().status == 400, bad
        c.close()
    assert sim.counters("checkoutcom")["malformed"] == 8


# ---- memory for keys ----

def test_same_key_same_answer(sim, psp):
    first, second = ask(sim, psp, authorize(psp)), ask(sim, psp, authorize(psp), H1)
    assert first.body == second.body and first.status == second.status
    (charge,) = sim.ledger()
    assert (charge["copies"], charge["executions"]) == (2, 1)
    if psp == "stripe":
        assert second.headers["idempotent-replayed"] == "true"
        assert second.headers["original-request"] == first.headers["request-id"]
        assert "idempotent-replayed" not in first.headers


def test_a_replay_is_a_snapshot(sim, psp):
    id = created(sim, psp)
    before = ask(sim, psp, authorize(psp)).body
    ask(sim, psp, modify(psp, "void", id))
    assert ask(sim, psp, authorize(psp)).body == before


def test_declines_are_remembered(sim, psp):
    first = ask(sim, psp, authorize(psp, amount=9951))
    assert ask(sim, psp, authorize(psp, amount=9951)).body == first.body
    assert len(sim.ledger()) == 1


def test_same_key_other_body(sim, psp):
    first = ask(sim, psp, authorize(psp))
    other = ask(sim, psp, authorize(psp, amount=2000))
    if psp == "stripe":
        assert other.status == 400 and other.json["error"]["type"] == "idempotency_error"
    else:
        assert other.body == first.body
    assert len(sim.ledger()) == 1 and sim.counters(psp)["key_conflicts"] == 1


def test_same_key_while_the_first_runs(sim, psp):
    sim.set(psp, latency={"ms": 120})
    c = H2(sim, psp)
    one, two = c.send(authorize(psp), flush=False), c.send(authorize(psp))
    busy, first = c.hear(two), c.hear(one)
    assert approved(first)
    assert busy.status == {"stripe": 409, "adyen": 422, "checkoutcom": 429}[psp]
    if psp == "stripe":
        assert busy.json["error"]["code"] == "idempotency_key_in_use"
        assert busy.headers["stripe-should-retry"] == "true"
    if psp == "adyen":
        assert busy.json["errorCode"] == "704" and busy.headers["transient-error"] == "true"
    sim.set(psp, latency={})
    assert ask(sim, psp, authorize(psp)).body == first.body
    assert len(sim.ledger()) == 1


@long
def test_keys_expire(sim, psp):
    day = 24 * 3600
    ask(sim, psp, authorize(psp))
    sim.control("POST", "/clock", {"advance_s": (7 if psp == "adyen" else 1) * day - 60})
    ask(sim, psp, authorize(psp))
    assert len(sim.ledger()) == 1
    sim.control("POST", "/clock", {"advance_s": 120})
    ask(sim, psp, authorize(psp))
    assert len(sim.ledger()) == 2 and sim.summary()["doubles"] == 1


def test_keys_belong_to_the_credential(sim):
    ask(sim, "stripe", authorize("stripe"))
    other = authorize("stripe")
    other.headers["authorization"] = "Bearer sk_test_another"
    ask(sim, "stripe", other)
    assert len(sim.ledger()) == 2


def test_without_a_key_every_copy_executes(sim, psp):
    for _ in range(2):
        ask(sim, psp, authorize(psp, key=None))
    assert len(sim.ledger()) == 2 and sim.counters(psp)["key_missing"] == 2


def test_500_behind_the_execution(sim, psp):
    """Stripe remembers the 500, Adyen the result, Checkout.com nothing: there a repeat charges."""
    sim.fault(psp, {"fault": "500", "when": "after_execute", "count": 1})
    assert ask(sim, psp, authorize(psp)).status == 500
    assert [c["state"] for c in sim.ledger()] == ["authorized"]
    again = ask(sim, psp, authorize(psp))
    assert again.status == {"stripe": 500, "adyen": 200, "checkoutcom": 201}[psp]
    assert len(sim.ledger()) == (2 if psp == "checkoutcom" else 1)
    assert sim.summary()["doubles"] == (1 if psp == "checkoutcom" else 0)
    if psp == "stripe":
        assert again.headers["idempotent-replayed"] == "true"


def test_500_before_the_execution_is_not_remembered(sim, psp):
    sim.fault(psp, {"fault": "500", "count": 1})
    assert ask(sim, psp, authorize(psp)).status == 500
    assert sim.ledger() == []
    assert approved(ask(sim, psp, authorize(psp)))


def test_a_refused_state_is_remembered_by_stripe_only(sim):
    for p in ("stripe", "checkoutcom"):
        id = created(sim, p, key=f"{p}-a")
        request = modify(p, "refund", id, 100, key=f"{p}-r")
        assert ask(sim, p, request).status in (400, 403)
        ask(sim, p, modify(p, "capture", id, key=f"{p}-c"))
        again = ask(sim, p, request)
        assert again.status == {"stripe": 400, "checkoutcom": 202}[p]


# ---- faults: what the client sees, and how often it was executed ----

BEFORE, AFTER = "before_execute", "after_execute"
ENDS = [  # rule, what h2 sees, what h1 sees, executions
    ({"fault": "refused_stream"}, ("rst", REFUSED_STREAM), ("eof", 0), 0),
    ({"fault": "refused_stream", "when": "headers"}, ("rst", REFUSED_STREAM), ("eof", 0), 0),
    ({"fault": "goaway_below"}, ("goaway", 0), ("eof", 0), 0),
    ({"fault": "goaway_below", "when": "headers"}, ("goaway", 0), ("eof", 0), 0),
    ({"fault": "goaway_above", "then": "close"}, ("eof", 0), ("eof", 0), 0),
    ({"fault": "goaway_above", "then": "close", "when": AFTER}, ("eof", 0), ("eof", 0), 1),
    ({"fault": "rst", "code": "CANCEL"}, ("rst", CANCEL), ("reset", 0), 0),
    ({"fault": "rst", "code": "INTERNAL_ERROR", "when": AFTER}, ("rst", 2), ("reset", 0), 1),
    ({"fault": "rst", "code": "NO_ERROR", "when": AFTER}, ("rst", 0), ("reset", 0), 1),
    ({"fault": "rst", "code": 77, "when": "headers"}, ("rst", 77), ("reset", 0), 0),
    ({"fault": "rst", "when": "mid_answer"}, ("rst", CANCEL), ("reset", 0), 1),
    ({"fault": "close", "when": "headers"}, ("eof", 0), ("eof", 0), 0),
    ({"fault": "close", "when": BEFORE}, ("eof", 0), ("eof", 0), 0),
    ({"fault": "close", "when": AFTER}, ("eof", 0), ("eof", 0), 1),
    ({"fault": "close", "when": "mid_answer"}, ("eof", 0), ("eof", 0), 1),
    ({"fault": "reset", "when": BEFORE}, ("reset", 0), ("reset", 0), 0),
    ({"fault": "reset", "when": AFTER}, ("reset", 0), ("reset", 0), 1),
    ({"fault": "reset", "when": "mid_answer"}, ("reset", 0), ("reset", 0), 1),
    ({"fault": "cut", "when": BEFORE}, ("eof", 0), ("eof", 0), 0),
    ({"fault": "cut", "when": AFTER}, ("eof", 0), ("eof", 0), 1),
]


@pytest.mark.parametrize("client,tls", H2_FIRST, ids=WIRE_IDS)
@pytest.mark.parametrize("rule,h2,h1,executions", ENDS,
                         ids=[f"{e[0]['fault']}-{e[0].get('when', 'usual')}-{e[0].get('code', '')}" for e in ENDS])
def test_endings(sim, rule, h2, h1, executions, client, tls):
    psp = "checkoutcom"
    sim.fault(psp, dict(rule, count=1))
    heard = ask(sim, psp, authorize(psp), client, tls)
    want = h2 if client is H2 else h1
    if tls and want[0] == "reset":
        assert heard.kind in ("reset", "eof"), heard
    else:
        assert (heard.kind, heard.code) == want, heard
    if rule.get("when") == "mid_answer" and heard.body:
        assert heard.status in (0, 201) and not heard.body.endswith(b"}}}")
    assert len(sim.ledger()) == executions
    again = ask(sim, psp, authorize(psp), client, tls)
    assert approved(again)
    assert len(sim.ledger()) == 1  # a repeat under the key executes exactly what had not run
    assert sim.control("GET", f"/faults/{psp}")[0]["struck"] == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_unread_bytes(sim, psp, client):
    c = client(sim, psp, tls=True)
    assert approved(c.ask(authorize(psp)))
    sim.fault(psp, {"fault": "reset", "when": "read", "match": {"reused": True}})
    assert c.ask(authorize(psp, key="k2", ref="two")).kind in ("reset", "eof")
    assert len(sim.ledger()) == 1
    sim.fault(psp, {"fault": "close", "when": "read"})
    assert ask(sim, psp, authorize(psp, key="k3", ref="three"), client).kind in ("reset", "eof")
    assert len(sim.ledger()) == 1


@long
def test_a_connection_that_goes_stale(sim, psp):
    sim.fault(psp, {"fault": "close", "when": "after_answer", "ms": 1})
    c = H1(sim, psp)
    assert approved(c.ask(authorize(psp)))
    assert c.hear().kind == "eof"
    assert len(sim.ledger()) == 1


@long
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("status", (401, 429, 500, 502, 503, 504))
@pytest.mark.parametrize("body", ("native", "html", "empty"))
def test_statuses(sim, psp, client, status, body):
    sim.fault(psp, {"fault": "status", "status": status, "body": body})
    answer = ask(sim, psp, authorize(psp), client)
    assert answer.status == status and sim.ledger() == []
    assert answer.body.startswith({"html": b"<!DOCTYPE", "empty": b"", "native": b""}[body])
    if body == "empty":
        assert answer.body == b""
    if body == "native" and answer.body:
        assert answer.json
    if psp == "stripe" and status == 429 and body == "native":
        assert answer.headers["stripe-rate-limited-reason"] == "global-rate"


def test_early_answer_to_a_head(sim):
    """A status before the body is read: the rest of the body must not become a request."""
    sim.fault("adyen", {"fault": "503", "when": "headers", "count": 1})
    c = H1(sim, "adyen")
    assert c.ask(authorize("adyen")).status == 503
    assert c.hear().kind in ("eof", "reset")
    assert sim.counters("adyen")["malformed"] == 0 and sim.ledger() == []


BODIES = ("truncated", "garbage", "empty", "html", "big_head", "big_body", "interim", "trickle",
          "wrong_amount", "wrong_currency", "wrong_reference")


@long
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("kind", BODIES)
def test_bodies(sim, psp, client, kind):
    honest = ask(sim, psp, authorize(psp, key="k0", ref="other"))
    sim.fault(psp, dict({"fault": kind, "count": 1}, **({"bytes": 30000} if kind == "big_head" else {})))
    answer = ask(sim, psp, authorize(psp), client)
    assert answer.kind == "answer" and len(sim.ledger()) == 2
    if kind in ("truncated", "garbage", "empty", "html"):
        with pytest.raises(ValueError):
            json.loads(answer.body)
        assert (answer.headers["content-type"] == "text/html") == (kind == "html")
    else:
        assert approved(answer)
    if kind == "big_head":
        assert sum(len(v) for v in answer.headers.values()) > 2500  # one of several of that name
    if kind == "big_body":
        assert len(answer.body) == 1024 * 1024
    truth = ask(sim, psp, authorize(psp))
    if kind.startswith("wrong_"):
        assert truth.body != answer.body
        if kind == "wrong_amount":
            said = answer.json["amount"]
            assert (said["value"] if psp == "adyen" else said) == 2099
    assert approved(truth) and len(sim.ledger()) == 2
    assert honest.status == truth.status


@pytest.mark.parametrize("framing", ("length_long", "length_twice", "length_and_chunked", "bad_chunk",
                                     "no_length", "surplus"))
def test_framing(sim, framing):
    sim.fault("stripe", {"fault": "framing", "framing": framing, "count": 1})
    c = H1(sim, "stripe")
    c.send(authorize("stripe"))
    data = b""
    c.sock.settimeout(0.2)
    try:
        while chunk := c.sock.recv(65536):
            data += chunk
    except socket.timeout:
        assert framing == "surplus"
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [int(l.split(b":")[1]) for l in head.split(b"\r\n") if l.startswith(b"content-length")]
    wrong = {"length_long": lengths and lengths[0] == len(body) + 10, "length_twice": len(lengths) == 2,
             "length_and_chunked": lengths and b"transfer-encoding: chunked" in head,
             "bad_chunk": not lengths and body.startswith(b"zz"), "no_length": not lengths,
             "surplus": body.count(b"HTTP/1.1 200") == 1}
    assert wrong[framing], data
    assert len(sim.ledger()) == 1
    assert ask(sim, "stripe", authorize("stripe")).headers["idempotent-replayed"] == "true"


def test_informational_answers(sim):
    sim.fault("stripe", {"fault": "interim", "bytes": 3})
    c = H1(sim, "stripe")
    c.send(authorize("stripe"))
    assert approved(c.hear())
    raw = H1(sim, "stripe")
    raw.send(authorize("stripe"))
    until(lambda: raw.data.count(b"\r\n\r\n") >= 4 or raw._more())
    assert raw.data.count(b"HTTP/1.1 103") == 3


@long
def test_hang_before_never_executes(sim, psp):
    sim.fault(psp, {"fault": "hang"})
    c = H2(sim, psp, timeout=0.2)
    assert c.ask(authorize(psp)).kind == "timeout"
    c.close()
    sim.control("DELETE", "/faults")
    assert sim.ledger() == []
    assert approved(ask(sim, psp, authorize(psp)))


@long
def test_hang_after_executed_once(sim, psp):
    sim.fault(psp, {"fault": "hang", "when": "after_execute", "count": 1})
    c = H1(sim, psp, timeout=0.2)
    assert c.ask(authorize(psp)).kind == "timeout"
    assert len(sim.ledger()) == 1
    assert approved(ask(sim, psp, authorize(psp))) and len(sim.ledger()) == 1


def test_the_client_gives_up_and_the_charge_happens(sim, psp):
    """Execution takes its time and does not notice that nobody waits any more."""
    sim.set(psp, latency={"ms": 150})
    for client in CLIENTS:
        c = client(sim, psp)
        c.send(authorize(psp, ref=client.protocol, key=client.protocol))
        until(lambda: sim.counters(psp)["requests"] == CLIENTS.index(client) + 1)
        c.close()
    assert sim.ledger() == []
    until(lambda: len(sim.ledger()) == 2)
    assert sim.counters(psp)["unheard"] == 2


@long
def test_a_reset_stream_executes_anyway(sim, psp):
    sim.set(psp, latency={"ms": 100})
    c = H2(sim, psp)
    stream = c.send(authorize(psp))
    until(lambda: sim.counters(psp)["requests"] == 1)
    c.h2.reset_stream(stream, CANCEL)
    c.flush()
    until(lambda: len(sim.ledger()) == 1)
    assert approved(c.ask(authorize(psp)))  # the connection lives


def test_late_copy(sim, psp):
    """The answer says broken, the client is told nothing, and later the charge is there."""
    sim.fault(psp, {"fault": "close", "late_ms": 150, "count": 1})
    assert ask(sim, psp, authorize(psp)).kind == "eof"
    assert sim.ledger() == []
    until(lambda: len(sim.ledger()) == 1)
    assert approved(ask(sim, psp, authorize(psp)))
    assert len(sim.ledger()) == 1 and sim.counters(psp)["late_copies"] == 1


@long
def test_late_copy_behind_a_repeat_changes_nothing(sim, psp):
    sim.fault(psp, {"fault": "rst", "late_ms": 100, "count": 1})
    ask(sim, psp, authorize(psp))
    assert approved(ask(sim, psp, authorize(psp)))
    until(lambda: sim.counters(psp)["late_copies"] == 1)
    assert len(sim.ledger()) == 1 and sim.ledger()[0]["executions"] == 1


def test_late_copy_of_an_abandoned_attempt_is_a_double(sim):
    """What a gateway does that takes a broken connection for a refusal: the ledger must see it."""
    sim.fault("stripe", {"fault": "reset", "late_ms": 50, "count": 1})
    assert ask(sim, "stripe", authorize("stripe")).kind == "reset"
    assert approved(ask(sim, "adyen", authorize("adyen", ref=reference(1))))
    assert sim.summary()["doubles"] == 0
    until(lambda: sim.summary()["doubles"] == 1)
    (payment,) = sim.control("GET", "/ledger/doubles")["payments"]
    assert payment["payment"] == PAYMENT and payment["live"] == 2
    assert {c["provider"] for c in payment["charges"]} == {"stripe", "adyen"}
    ask(sim, "adyen", modify("adyen", "void", payment["charges"][0]["id"]
                             if payment["charges"][0]["provider"] == "adyen"
                             else payment["charges"][1]["id"]))
    summary = sim.summary()
    assert (summary["doubles"], summary["doubles_ever"]) == (0, 1)


def test_duplicate_delivery(sim, psp):
    sim.fault(psp, {"fault": "duplicate"})
    assert approved(ask(sim, psp, authorize(psp)))
    until(lambda: sim.counters(psp)["late_copies"] == 1)
    assert len(sim.ledger()) == 1
    ask(sim, psp, authorize(psp, key=None, ref="without"))
    until(lambda: sim.counters(psp)["late_copies"] == 2)
    assert len(sim.ledger()) == 3  # without a key both copies charge


@long
def test_slow(sim, psp):
    sim.fault(psp, {"fault": "slow", "ms": 120})
    start = time.monotonic()
    assert approved(ask(sim, psp, authorize(psp)))
    assert time.monotonic() - start >= 0.12
    sim.fault(psp, {"fault": "slow", "ms": 120, "when": "after_execute"})
    c = H2(sim, psp)
    stream = c.send(authorize(psp, key="k2", ref="two"))
    until(lambda: len(sim.ledger()) == 2)
    assert approved(c.hear(stream))


def test_goaway_above_lets_the_stream_finish(sim, psp):
    sim.fault(psp, {"fault": "goaway_above", "count": 1})
    c = H2(sim, psp)
    stream = c.send(authorize(psp))
    assert approved(c.hear(stream))
    assert c.goaway.last >= stream
    while c.end is None:
        c._turn()
    assert c.end.kind == "eof"


@pytest.mark.parametrize("latency", (0, pytest.param(80, marks=long)))
@pytest.mark.parametrize("place", (0, 3, 9))
def test_goaway_below_is_true(sim, latency, place):
    """Many streams at once: whatever GOAWAY or REFUSED_STREAM calls unprocessed was not executed,
    and everything else was answered."""
    sim.set("stripe", latency={"ms": latency})
    sim.fault("stripe", {"fault": "goaway_below", "skip": place, "count": 1})
    c = H2(sim, "stripe")
    sent = {c.send(authorize("stripe", ref=f"r{i}", key=f"k{i}"), flush=False): f"r{i}" for i in range(10)}
    c.flush()
    heard = {s: c.hear(s) for s in sent}
    unprocessed = {r for s, r in sent.items()
                   if heard[s].kind == "goaway" or (heard[s].kind, heard[s].code) == ("rst", REFUSED_STREAM)}
    executed = {x["reference"] for x in sim.ledger()}
    assert len(unprocessed) >= 1
    assert executed.isdisjoint(unprocessed)
    assert executed | unprocessed == set(sent.values())


def test_refused_stream_beside_others(sim):
    sim.fault("adyen", {"fault": "refused_stream", "match": {"reference": "r5"}})
    c = H2(sim, "adyen")
    sent = {c.send(authorize("adyen", ref=f"r{i}", key=f"k{i}"), flush=False): f"r{i}" for i in range(10)}
    c.flush()
    refused = [r for s, r in sent.items() if c.hear(s).code == REFUSED_STREAM]
    assert refused == ["r5"] and len(sim.ledger()) == 9


def test_matching(sim):
    sim.fault("stripe", {"fault": "503", "match": {"op": "capture"}},
              {"fault": "502", "match": {"amount": 1500}}, {"fault": "504", "match": {"amount_ending": "77"}},
              {"fault": "429", "match": {"copy": 2}}, {"fault": "500", "match": {"protocol": "http/1.1"}})
    id = created(sim, "stripe", key="a")
    assert ask(sim, "stripe", modify("stripe", "capture", id)).status == 503
    assert ask(sim, "stripe", authorize("stripe", key="b", amount=1500)).status == 502
    assert ask(sim, "stripe", authorize("stripe", key="c", amount=1577)).status == 504
    assert ask(sim, "stripe", authorize("stripe", key="a")).status == 429
    assert ask(sim, "stripe", authorize("stripe", key="a")).status == 200
    assert ask(sim, "stripe", authorize("stripe", key="d", ref="d"), H1).status == 500


@long
def test_rate_and_count(sim):
    sim.fault("adyen", {"fault": "503", "rate": 0.5})
    c = H2(sim, "adyen")
    statuses = [c.ask(authorize("adyen", key=f"k{i}", ref=f"r{i}")).status for i in range(200)]
    assert 60 <= statuses.count(503) <= 140
    sim.fault("adyen", {"fault": "503", "skip": 2, "count": 3})
    statuses = [c.ask(authorize("adyen", key=f"x{i}", ref=f"x{i}")).status for i in range(8)]
    assert statuses == [200, 200, 503, 503, 503, 200, 200, 200]


@long
def test_random_declines(sim, psp):
    sim.set(psp, decline_permille=1000, decline="do_not_honor")
    assert not approved(ask(sim, psp, authorize(psp))) if psp != "stripe" else \
        ask(sim, psp, authorize(psp)).status == 402


# ---- faults of the connection ----

def test_refuse(sim, psp):
    idle = H2(sim, psp)
    assert approved(idle.ask(authorize(psp)))
    sim.fault(psp, {"fault": "refuse"})
    for tls in (False, True):
        with pytest.raises(ConnectionRefusedError):
            connect(sim, psp, tls, "h2")
    while idle.end is None:
        idle._turn()
    assert idle.end.kind == "eof"  # open connections end in good order
    sim.control("DELETE", f"/faults/{psp}")
    assert approved(ask(sim, psp, authorize(psp, key="k2", ref="two"), tls=True))


@pytest.mark.parametrize("kind", ("reset", "close", pytest.param("hang", marks=long)))
def test_accept(sim, psp, kind):
    sim.fault(psp, {"fault": kind, "when": "accept"})
    with pytest.raises((ConnectionResetError, ssl.SSLError, socket.timeout, TimeoutError, BrokenPipeError,
                        OSError)):
        connect(sim, psp, True, "h2", timeout=0.3)
    assert ask_quickly(sim, psp).kind in ("reset", "eof", "timeout")
    assert sim.ledger() == []


def ask_quickly(sim, psp):
    try:
        c = H1(sim, psp, timeout=0.3)
        return c.ask(authorize(psp))
    except (ConnectionResetError, BrokenPipeError):
        from psp import Heard
        return Heard("reset")


CERTIFICATES = {"wrong_host": "mismatch", "expired": "expired", "untrusted": "unable to get local issuer"}


@pytest.mark.parametrize("how", ("alert", "close", "reset", "garbage",
                                 pytest.param("hang", marks=long)) + tuple(CERTIFICATES))
def test_tls_failures(sim, how):
    sim.fault("stripe", {"fault": "tls_fail", "tls": how})
    with pytest.raises((ssl.SSLError, ConnectionResetError, socket.timeout, OSError)) as e:
        connect(sim, "stripe", True, "h2", timeout=0.5)
    if how in CERTIFICATES:
        assert isinstance(e.value, ssl.SSLCertVerificationError) and CERTIFICATES[how] in str(e.value)
    sim.control("DELETE", "/faults")
    assert approved(ask(sim, "stripe", authorize("stripe"), tls=True))


def test_alpn(sim):
    assert connect(sim, "adyen", True, "h2").selected_alpn_protocol() == "h2"
    assert connect(sim, "adyen", True, "http/1.1").selected_alpn_protocol() == "http/1.1"
    sim.fault("adyen", {"fault": "tls_fail", "tls": "no_alpn"})
    assert connect(sim, "adyen", True, "h2").selected_alpn_protocol() is None
    sim.control("DELETE", "/faults")
    sim.set("adyen", alpn=["http/1.1"])
    with pytest.raises((ssl.SSLError, OSError)):
        connect(sim, "adyen", True, "h2")


# ---- the judge itself ----

def test_control_explains_mistakes(sim):
    for rule in ({"fault": "nonsense"}, {}, {"fault": "rst", "when": "accept"}, {"fault": "rst", "x": 1},
                 {"fault": "close", "when": "headers", "late_ms": 1}, {"fault": "rst", "code": "NOPE"},
                 {"fault": "rst", "rate": 2}, {"fault": "rst", "match": {"op": "steal"}},
                 {"fault": "status", "status": 1000}):
        status, body = sim.refused("PUT", "/faults/stripe", rule)
        assert status == 400 and body["error"], rule
    assert sim.refused("PUT", "/faults/paypal", [])[0] == 404
    assert sim.refused("PUT", "/settings/stripe", {"speed": 1})[0] == 400
    assert sim.refused("GET", "/nowhere")[0] == 404
    assert sim.control("GET", "/faults") == {p: [] for p in PROVIDERS}


def test_double_refunds_are_seen(sim, psp):
    id = created(sim, psp, capture=True)
    for n in range(2):
        ask(sim, psp, modify(psp, "refund", id, 100, ref="same", key=f"key{n}"))
    assert sim.summary()["double_refunds"] == 1


def test_numbers_of_cards_stay_inside(sim, psp):
    ask(sim, psp, authorize(psp))
    ask(sim, psp, authorize(psp, key="k2", more={"frobnicate": CARD}))
    for path in ("/ledger", "/ledger/payments", "/ledger/summary", "/stats"):
        assert CARD not in json.dumps(sim.control("GET", path))


def test_end_and_verdict():
    sim = Sim("--seed", "7", tls=False)
    ask(sim, "stripe", authorize("stripe", key=None))
    ask(sim, "stripe", authorize("stripe", key=None))
    code, out, err = sim.stop()
    assert code == 1 and json.loads(out)["doubles"] == 1 and err == ""
    assert json.loads(out)["providers"]["stripe"]["counters"]["executed"] == 2


@long
def test_the_seed_decides():
    def ids(seed):
        sim = Sim("--seed", seed, tls=False)
        got = [ID[p](ask(sim, p, authorize(p))) for p in PROVIDERS]
        sim.stop()
        return got
    assert ids("11") == ids("11") != ids("12")


@long
def test_many_at_once(sim):
    """Eight threads, every fault rolling: no more than one charge a key where keys are kept."""
    for p in PROVIDERS:
        sim.fault(p, *[{"fault": f, "when": w, "rate": 0.06} for f in ("close", "rst", "reset", "hang")
                       for w in (BEFORE, AFTER)], {"fault": "duplicate", "rate": 0.1})

    def work(n):
        for i in range(20):
            p = PROVIDERS[(n + i) % 3]
            for _ in range(30):
                c = (H1 if i % 2 else H2)(sim, p, timeout=0.1)
                heard = c.ask(authorize(p, ref=f"w{n}-{i}", key=f"w{n}-{i}"))
                c.close()
                if heard.kind == "answer" and heard.status < 300:
                    break
    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    sim.control("DELETE", "/faults")
    summary = sim.summary()
    assert (summary["payments"], summary["charges"], summary["doubles"]) == (160, 160, 0)
