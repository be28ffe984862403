"""What nobody waits for any more: doubts are looked at again until they are resolved, the young ones too."""
from town import NO_BREAKERS, Town, wait_for

STUCK = 70  # more than one page of the journal's list


def test_old_doubts_do_not_starve_young_ones(tmp_path):
    with Town(tmp_path, order=("adyen", "checkoutcom"), extra=NO_BREAKERS) as town:
        # Adyen can not be asked how things stand: these stay in doubt for good
        town.fault("adyen", fault="wrong_amount", match={"op": "authorize"})
        for i in range(STUCK):
            assert town.pay("stuck-%d" % i, amount=1000 + i).status == 202
        # Checkout.com can, but its list lags behind: the checkout has gone before it shows the charge
        town.control("PUT", "/settings/checkoutcom", {"index_delay_ms": 2500})
        town.fault("checkoutcom", fault="close", when="after_execute", count=1, match={"op": "authorize"})
        wish = {"amount": 4200, "currency": "EUR", "capture": "manual",
                "payment_method": {"type": "provider_token", "provider_token": {"checkoutcom": "src_nwd3m4in3hkuddfpjsaevunhdy"}}}
        young = town.call("POST", "/v1/payments", wish, "young")
        assert young.status == 202, young
        at = "/v1/payments/" + young.body["id"]
        wait_for(lambda: town.call("GET", at).body["status"] == "approved", 20)
        assert young.body["id"] not in town.unresolved()
        assert len(town.unresolved()) == STUCK
        assert town.summary()["doubles_ever"] == 0
        # the key gives the answer that was found
        assert town.call("POST", "/v1/payments", wish, "young").status == 201
