"""What decisions are made from, changed under a running gateway: BIN table, country database, prices."""
import json
import os
import signal
import subprocess
import time

import pytest

from town import Town, wait_for

SIGNALBOX = os.environ["SIGNALBOX"]
BINS = "prefix,brand,type,category,issuer,country\n424242,visa,debit,classic,Bank One,DE\n"
FEES = "brand,region,percent,fixed,fee_currency\nvisa,domestic,0.4%,0.05,EUR\n,,2.9%,0.25,EUR\n"


class Tables(Town):
    """A town whose gateway looks things up."""
    read = 0

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.events = []

    def write_config(self):
        super().write_config()
        self.build_bins(BINS)
        (self.tmp / "fees.csv").write_text(FEES)
        (self.tmp / "rates.csv").write_text("currency,rate\nEUR,1\nUSD,1.1\n")
        subprocess.run([os.environ["MMDB_MAKE"], str(self.tmp / "country.mmdb"), "192.0.2.0/24=DE"], check=True)
        path = self.tmp / "signalbox.yaml"
        config = json.loads(path.read_text())
        config.update({"bins": "cards.bins", "country_db": "country.mmdb", "rates": "rates.csv"})
        config["providers"]["stripe"].update({"fees": "fees.csv", "acquirer_country": "DE", "settles": "EUR"})
        path.write_text(json.dumps(config, indent=1))

    def build_bins(self, text):
        (self.tmp / "bins.csv").write_text(text)
        return subprocess.run([SIGNALBOX, "bins", "build", str(self.tmp / "bins.csv"), "-o", str(self.tmp / "cards.bins")],
                              check=True, capture_output=True, text=True).stdout

    def log(self, event):
        """Under load most of the log is about payments: only what is new is read, and only ours kept."""
        with (self.tmp / "gateway.log").open() as f:
            f.seek(self.read)
            new = f.read()
        new = new[:new.rfind("\n") + 1]
        self.read += len(new.encode())
        self.events += [json.loads(x) for x in new.splitlines() if '"snapshot.' in x]
        return [x["attributes"] for x in self.events if x["body"] == event]

    def renew(self, event):
        """SIGHUP, and what came of it."""
        before = len(self.log(event))
        self.gateway.send_signal(signal.SIGHUP)
        wait_for(lambda: len(self.log(event)) > before)
        return self.log(event)[-1]


@pytest.fixture
def town(tmp_path):
    with Tables(tmp_path) as t:
        yield t


def check(town):
    return subprocess.run([SIGNALBOX, "config", "check", str(town.tmp / "signalbox.yaml")], capture_output=True, text=True)


def test_a_mistake_keeps_what_is_in_force(town):
    assert town.pay("k1").status in (200, 201)
    assert town.renew("snapshot.in_force")["number"] == 2
    (town.tmp / "fees.csv").write_text(FEES.replace("2.9%", "2.9&"))
    refused = town.renew("snapshot.refused")
    assert refused["mistakes"] == 1 and refused["in_force"] == 2
    assert 'fees.csv:3:3: error[B110]: "2.9&" is no percentage' in town.log("snapshot.mistake")[-1]["why"]
    assert town.pay("k2").status in (200, 201)
    assert "fees.csv:3:3" in check(town).stderr
    (town.tmp / "fees.csv").write_text(FEES)
    assert town.renew("snapshot.in_force")["number"] == 3
    assert check(town).returncode == 0


def test_a_file_that_vanished_or_shrank_is_refused(town):
    (town.tmp / "fees.csv").write_text(FEES + "".join("amex,uk,2.%d%%,,\n" % n for n in range(100)))
    town.renew("snapshot.in_force")
    (town.tmp / "fees.csv").write_text(FEES.split("\n", 1)[0] + "\nvisa,,1%,,\n")
    town.renew("snapshot.refused")
    assert "B121" in town.log("snapshot.mistake")[-1]["why"]
    (town.tmp / "fees.csv").unlink()
    (town.tmp / "cards.bins").write_bytes(b"SBBINS1\n")  # in place: only a reload looks at it
    town.renew("snapshot.refused")
    assert town.pay("k0").status in (200, 201)  # the table in force is nobody's file
    said = " ".join(x["why"] for x in town.log("snapshot.mistake")[-2:])
    assert "fees.csv" in said and "cards.bins" in said and "B120" in said
    town.build_bins(BINS)
    (town.tmp / "fees.csv").write_text(FEES + "amex,uk,2.1%,,\n" * 50)
    town.renew("snapshot.in_force")
    assert town.pay("k1").status in (200, 201)


def test_a_gateway_does_not_start_on_a_broken_table(tmp_path):
    t = Tables(tmp_path)
    t.start_sim()
    try:
        t.write_config()
        t.new_token()
        (tmp_path / "country.mmdb").write_text("no database")
        r = subprocess.run([SIGNALBOX, "serve", "-c", str(tmp_path / "signalbox.yaml")], capture_output=True, text=True, timeout=20)
        assert r.returncode == 1
        assert "country.mmdb: error[B120]" in r.stderr
    finally:
        t.sim.send_signal(signal.SIGTERM)
        t.sim.wait(20)


POLICY = """policy "Checkout"
list near from "near.csv"
rule "German debit"
  when issuer_country is DE and funding is debit and amount < EUR 500
  use  adyen then stripe
rule "Too much"
  when amount >= EUR 9000
  use  decline "above what we take"
default use only stripe
"""


@pytest.fixture
def ruled(tmp_path):
    class Ruled(Tables):
        def write_config(self):
            super().write_config()
            (self.tmp / "rules").mkdir()
            (self.tmp / "rules/checkout.route").write_text(POLICY)
            (self.tmp / "rules/near.csv").write_text("AT\nCH\n")
            path = self.tmp / "signalbox.yaml"
            path.write_text(json.dumps(dict(json.loads(path.read_text()), policy="rules/checkout.route")))

    with Ruled(tmp_path) as t:
        yield t


def test_a_policy_decides_and_every_answer_says_by_which_rule(ruled):
    answer = ruled.pay("k1")
    decision = answer.body["decision"]
    assert (answer.body["provider"], decision["plan"]) == ("adyen", ["adyen", "stripe"])
    assert (decision["rule"], decision["at"]) == ("German debit", "checkout.route:3")
    assert len(decision["policy"]) == 16 and decision["policy_revision"] == int(decision["policy"], 16) >> 11
    other = ruled.pay("k2", amount=60000).body["decision"]
    assert other["plan"] == ["stripe"] and other["at"].startswith("checkout.route:9")
    refused = ruled.pay("k3", amount=900000)
    assert refused.status == 422 and "above what we take" in refused.body["detail"]


def try_it(town, *args):
    return subprocess.run([SIGNALBOX, "route", "try", "-c", str(town.tmp / "signalbox.yaml"), *args], capture_output=True, text=True)


def test_route_try_decides_as_the_gateway_does(ruled):
    said = json.loads(try_it(ruled, "--amount", "EUR 10.99", "--bin", "424242", "--json").stdout)
    decision = ruled.pay("k1").body["decision"]
    assert [x["provider"] for x in said["plan"]] == decision["plan"]
    assert (said["rule"], said["policy"]) == (decision["rule"], decision["policy"])
    cost = {x["provider"]: x["cost"] for x in said["plan"] + said["left_out"]}
    assert cost["stripe"] == {"minor": 10, "ppm": 8550, "line": 2}  # 0.4% of 10.99 and 5 ct, up
    assert cost["adyen"] == {"unknown": "the provider has no price list"}
    assert [x["match"] for x in said["rules"]] == ["yes", "not asked", "not asked"]
    text = try_it(ruled, "--amount", "EUR 600", "--bin", "42424200").stdout
    assert 'rule     "' in text and "no         German debit  (checkout.route:4:" in text and "is not named by the policy" in text
    declined = try_it(ruled, "--amount", "EUR 9000.00")
    assert declined.returncode == 1 and "declines: above what we take" in declined.stdout
    for wrong in (["--amount", "EUR"], ["--amount", "EUR 1.999"], ["--amount", "20"], ["--amount", "EUR 1", "--bin", "4242"],
                  ["--amount", "EUR 1", "--country", "de"], ["--amount", "EUR 1", "--brand", "vsia"], []):
        assert try_it(ruled, *wrong).returncode == 2, wrong


def test_another_policy_is_obeyed_at_once_and_a_broken_one_never(ruled):
    route = ruled.tmp / "rules/checkout.route"
    first = ruled.pay("k1").body["decision"]["policy"]
    route.write_text(POLICY.replace("adyen then stripe", "only checkoutcom"))
    assert ruled.renew("snapshot.in_force")["policy"] != first
    assert ruled.pay("k2").body["provider"] == "checkoutcom"
    assert ruled.pay("k1").body["provider"] == "adyen"  # decided once
    route.write_text(POLICY.replace("adyen then", "adjen then"))
    ruled.renew("snapshot.refused")
    assert "checkout.route:5:8: error[E101]" in ruled.log("snapshot.mistake")[-1]["why"]
    assert "did you mean" in check(ruled).stderr
    assert ruled.pay("k3").body["provider"] == "checkoutcom"
    route.write_text(POLICY)
    (ruled.tmp / "rules/near.csv").unlink()
    ruled.renew("snapshot.refused")
    assert "near.csv" in ruled.log("snapshot.mistake")[-1]["why"]
    (ruled.tmp / "rules/near.csv").write_text("AT\nCH\n")
    assert ruled.renew("snapshot.in_force")["policy"] == first


@pytest.mark.long
def test_fifty_reloads_under_load_fail_no_payment(tmp_path):
    with Tables(tmp_path, workers=2) as t:
        (tmp_path / "token").write_text(t.token)
        fire = subprocess.Popen([os.environ["FIRE"], "--url", "https://localhost:" + t.address[1], "--ca", str(tmp_path / "certs/ca.pem"),
                                 "--token", str(tmp_path / "token"), "--duration", "15", "--json"],
                                stdout=subprocess.PIPE, text=True)
        for n in range(50):
            t.build_bins(BINS + "4242421%d,visa,credit,gold,Bank %d,FR\n" % (n % 10, n))
            if n % 5 == 4:  # every fifth has a mistake, and changes nothing
                (tmp_path / "fees.csv").write_text("percent\nx\n" * 20)
                t.renew("snapshot.refused")
                (tmp_path / "fees.csv").write_text(FEES)
            else:
                t.renew("snapshot.in_force")
            time.sleep(0.1)
        assert fire.poll() is None, "the load ended before the reloads did"
        result = json.loads(fire.communicate(timeout=60)[0])
        print(json.dumps(result))
        assert fire.returncode == 0
        assert result["approved"] == result["due"] > 1000 and result["gave_up"] == result["repeats"] == 0, result
        assert t.summary()["doubles"] == 0
