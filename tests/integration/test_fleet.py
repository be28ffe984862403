"""A fleet of real gateways over a real Redis: what an operator says holds everywhere within a second, and
whatever Redis does, payments go on and the status says so."""
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(os.environ["SOURCE"]) / "loadtest"))
import fleetbed  # noqa: E402

WITHIN_S = 1.0  # a word is in force on all nodes
PATIENCE_S = 15


def wait_for(why, look, patience=PATIENCE_S):
    return fleetbed.wait_for(look, patience, why)


class Admin(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


def ask(node, method, path, body=None):
    link = Admin(node.admin)
    link.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
    answer = link.getresponse()
    said = json.loads(answer.read())
    link.close()
    return answer.status, said


def act(node, provider, **body):
    body.setdefault("reason", "INC-4711")
    if body["act"] != "resume" and "for_s" not in body:
        body["until_resumed"] = True
    status, said = ask(node, "POST", f"/v1/providers/{provider}/toggle", body)
    assert status == 200, said
    return said


def provider(node, name="stripe"):
    status, said = ask(node, "GET", f"/v1/providers/{name}")
    assert status == 200, said
    return said


def admin_of(node, name="stripe"):
    return find(provider(node, name), "toggle")["admin"]


def holds(node, name="stripe"):
    return find(provider(node, name), "toggle")["holds"]


def find(said, key):
    """The first member of that name, however deep."""
    if isinstance(said, dict):
        if key in said:
            return said[key]
        said = list(said.values())
    for each in said if isinstance(said, list) else []:
        if (there := find(each, key)) is not None:
            return there
    return None


def status(node):
    return ask(node, "GET", "/v1/status")[1]


def link_up(node):
    return find(status(node), "live")["up"]


def nodes_seen(node):
    return [n["name"] for n in ask(node, "GET", "/v1/nodes")[1]["nodes"] if not n["stale"]]


def cli(fleet, *words):
    run = subprocess.run(["redis-cli", "-p", str(fleet.redis.port), *map(str, words)], check=True, capture_output=True, text=True, timeout=10)
    return run.stdout.strip()


def hash_of(fleet, key):
    words = cli(fleet, "HGETALL", key).split("\n")
    return dict(zip(words[::2], words[1::2]))


class Checkout:
    """Pays at one node, one payment after the other, until it is told to stop."""

    def __init__(self, fleet, node, pause_s=0.01):
        self.fleet, self.node, self.pause_s, self.paid, self.ended = fleet, node, pause_s, [], False
        self.token = (fleet.dir / "token").read_text()
        self.context = ssl.create_default_context(cafile=str(fleet.dir / "certs/ca.pem"))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def pay(self, link, n):
        body = {"amount": 1099, "currency": "EUR", "capture": "automatic", "order": f"o-{self.node.number}-{n}",
                "payment_method": {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "737"}}}
        begun = time.monotonic()
        link.request("POST", "/v1/payments", json.dumps(body), {"Authorization": "Bearer " + self.token, "Content-Type": "application/json",
                                                                "Idempotency-Key": f"k-{self.node.number}-{id(self)}-{n}"})
        answer = link.getresponse()
        said = json.loads(answer.read())
        self.paid.append({"begun": begun, "took": time.monotonic() - begun, "http": answer.status, "said": said, "provider": said.get("provider")})

    def run(self):
        link = http.client.HTTPSConnection("localhost", self.node.port, timeout=20, context=self.context)
        n = 0
        while not self.ended:
            n += 1
            self.pay(link, n)
            time.sleep(self.pause_s)
        link.close()

    def end(self):
        self.ended = True
        self.thread.join(30)
        return self.paid

    def last_at(self, name):
        return max((p["begun"] for p in list(self.paid) if p["provider"] == name), default=0)


def all_well(checkouts):
    paid = [p for c in checkouts for p in c.end()]
    bad = [p for p in paid if p["http"] != 201]
    assert not bad, bad[:3]
    return paid


@pytest.fixture
def fleet(tmp_path, request):
    with fleetbed.Fleet(tmp_path / "fleet", gateways=getattr(request, "param", 2), live="redis", workers=2) as f:
        for node in f.nodes:
            wait_for("a fleet", lambda: len(nodes_seen(node)) == len(f.nodes))
        yield f
        assert f.summary()["doubles_ever"] == 0


# ---- words ----

@pytest.mark.parametrize("fleet", [2, 4], indirect=True)
def test_a_stop_is_in_force_everywhere_within_a_second(fleet, record_property):
    checkouts = [Checkout(fleet, n) for n in fleet.nodes]
    for c in checkouts:
        wait_for("payments at stripe", lambda: c.last_at("stripe") > 0)
    said_at = time.monotonic()
    said = act(fleet.nodes[0], "stripe", act="stop", for_s=60)
    stamp = said["toggle"]["set_ms"]
    confirmed = f"/v1/providers/stripe/confirmed?set_ms={stamp}"
    wait_for("confirmed", lambda: ask(fleet.nodes[0], "GET", confirmed)[1]["confirmed"] ==
             {"nodes": len(fleet.nodes), "of": len(fleet.nodes)}, 5)
    confirmed_s = time.monotonic() - said_at
    time.sleep(WITHIN_S + 0.3)
    late_s = max(c.last_at("stripe") for c in checkouts) - said_at
    paid = all_well(checkouts)
    assert late_s < WITHIN_S, late_s
    assert confirmed_s < WITHIN_S + 0.5, confirmed_s
    assert {p["provider"] for p in paid if p["begun"] > said_at + WITHIN_S} == {"adyen"}
    record_property("last_payment_after_ms", round(late_s * 1000))
    record_property("confirmed_after_ms", round(confirmed_s * 1000))
    print(f"{len(fleet.nodes)} nodes: the last payment went there after {late_s * 1000:.0f} ms, confirmed after {confirmed_s * 1000:.0f} ms")


def test_words_outlive_the_process_and_the_redis(fleet):
    one, two = fleet.nodes
    act(one, "stripe", act="stop", for_s=600)
    wait_for("heard", lambda: admin_of(two) == "stop")
    one.stop(signal.SIGKILL)
    cli(fleet, "FLUSHALL")
    one.start()
    assert admin_of(one) == "stop"
    checkout = Checkout(fleet, one)
    wait_for("payments", lambda: len(checkout.paid) > 20)
    assert {p["provider"] for p in all_well([checkout])} == {"adyen"}
    wait_for("told again", lambda: hash_of(fleet, "rt:toggles").get("stripe", "").find(" stop authorize ") > 0)
    act(two, "stripe", act="resume")
    wait_for("taken back", lambda: admin_of(one) == "auto")


def test_a_stop_that_ends_leads_to_probing(fleet):
    checkouts = [Checkout(fleet, n) for n in fleet.nodes]
    wait_for("payments at stripe", lambda: checkouts[0].last_at("stripe") > 0)
    act(fleet.nodes[0], "stripe", act="stop", for_s=2)
    wait_for("heard", lambda: all(admin_of(n) == "stop" for n in fleet.nodes))
    wait_for("over", lambda: not any(holds(n) for n in fleet.nodes))
    over = time.monotonic()
    time.sleep(2)
    paid = [p for p in all_well(checkouts) if p["begun"] > over + 0.3]
    share = sum(p["provider"] == "stripe" for p in paid) / len(paid)
    assert share < 0.5, share  # never straight to full


def test_a_limit_holds_on_every_node(fleet):
    act(fleet.nodes[1], "stripe", act="limit", limit_permille=200)
    wait_for("heard", lambda: holds(fleet.nodes[0]))
    checkouts = [Checkout(fleet, n, pause_s=0) for n in fleet.nodes]
    wait_for("payments", lambda: sum(len(c.paid) for c in checkouts) > 400, 60)
    paid = all_well(checkouts)
    share = sum(p["provider"] == "stripe" for p in paid) / len(paid)
    assert 0.1 < share < 0.3, share


def test_no_route_is_refused_unless_it_is_meant(fleet):
    one = fleet.nodes[0]
    for name in ("adyen", "checkoutcom"):
        act(one, name, act="stop", for_s=60)
    code, said = ask(one, "POST", "/v1/providers/stripe/toggle", {"act": "stop", "for_s": 60, "reason": "x"})
    assert code == 409 or code == 422, said
    assert admin_of(one) == "auto"
    act(one, "stripe", act="stop", for_s=60, allow_no_route=True)
    assert admin_of(one) == "stop"


# ---- Redis goes its own ways ----

def away(fleet, how):
    if how == "killed":
        fleet.redis.kill()
    else:
        fleet.redis.freeze()


def back(fleet, how):
    if how == "killed":
        fleet.redis.start()
    else:
        fleet.redis.thaw()


@pytest.mark.parametrize("how", ("killed", "frozen"))
def test_without_redis_payments_go_on_and_words_hold_here(fleet, how):
    one, two = fleet.nodes
    checkouts = [Checkout(fleet, n) for n in fleet.nodes]
    wait_for("payments", lambda: all(len(c.paid) > 20 for c in checkouts))
    away(fleet, how)
    try:
        wait_for("the status says so", lambda: not link_up(one) and not link_up(two))
        code, said = ask(one, "POST", "/v1/providers/stripe/toggle", {"act": "stop", "for_s": 60, "reason": "x"})
        assert code == 503, said
        act(one, "stripe", act="stop", for_s=60, local=True)
        assert find(provider(one), "toggle")["local"] is True
        wait_for("here", lambda: checkouts[0].last_at("adyen") > 0)
        assert admin_of(two) == "auto"
    finally:
        back(fleet, how)
    wait_for("reconciled", lambda: admin_of(two) == "stop")
    wait_for("known to all", lambda: find(provider(one), "toggle")["local"] is False)
    all_well(checkouts)


def test_the_newer_of_two_local_words_holds_and_the_conflict_is_listed(fleet):
    one, two = fleet.nodes
    fleet.redis.kill()
    wait_for("both alone", lambda: not link_up(one) and not link_up(two))
    act(one, "stripe", act="stop", for_s=60, local=True, reason="mine")
    time.sleep(0.05)
    act(two, "stripe", act="limit", limit_permille=100, local=True, reason="theirs")
    fleet.redis.start()
    wait_for("the newer one", lambda: find(provider(one), "toggle")["reason"] == "theirs")
    wait_for("told", lambda: one.events("override.conflict"))
    said = one.events("override.conflict")[0]["attributes"]
    assert said["provider"] == "stripe" and said["reason"] == "theirs"
    assert find(provider(two), "toggle")["reason"] == "theirs"
    assert not two.events("override.conflict")


def test_a_gateway_starts_and_pays_without_its_redis(tmp_path):
    with fleetbed.Fleet(tmp_path / "fleet", gateways=1, live="redis") as f:
        node = f.nodes[0]
        node.stop()
        f.redis.kill()
        node.start()
        checkout = Checkout(f, node)
        wait_for("payments", lambda: len(checkout.paid) > 20)
        all_well([checkout])
        assert not link_up(node)
        f.redis.start()
        wait_for("it is found", lambda: link_up(node))


def reconfigure(node, change):
    """Another configuration from its next start on."""
    settings = json.loads(node.config.read_text())
    change(settings)
    node.config.write_text(json.dumps(settings))


class Babbler:
    """Somebody in Redis' place who says the same to everything."""

    def __init__(self, words):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port, self.words, self.heard = self.server.getsockname()[1], words, 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                sock, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(sock,), daemon=True).start()

    def talk(self, sock):
        try:
            while sock.recv(65536):
                self.heard += 1
                sock.sendall(self.words)
        except OSError:
            pass


@pytest.mark.parametrize("words", (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"%1\r\n+server\r\n+redis\r\n", b"*2000000000\r\n", b"-LOADING later\r\n", b":9999999999999999999999\r\n"))
def test_what_is_no_redis_is_told_and_does_no_harm(tmp_path, words):
    babbler = Babbler(words)
    with fleetbed.Fleet(tmp_path / "fleet", gateways=1, live="memory") as f:
        node = f.nodes[0]
        node.stop()
        reconfigure(node, lambda s: s.update(live=f"redis://127.0.0.1:{babbler.port}"))
        node.start()
        checkout = Checkout(f, node, pause_s=0)
        wait_for("payments and talk", lambda: len(checkout.paid) > 100 and babbler.heard > 1)
        paid = all_well([checkout])
        live = find(status(node), "live")
        assert live["configured"] and not live["up"] and live["why"] != ""
        assert sorted(p["took"] for p in paid)[len(paid) // 2] < 0.5
        act(node, "stripe", act="stop", for_s=60, local=True)
        assert admin_of(node) == "stop"


# ---- how to get there ----

@pytest.fixture
def servers():
    """redis-server processes that end with the test."""
    running = []

    def start(*words):
        running.append(subprocess.Popen(["redis-server", *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return running[-1]
    yield start
    for process in running:
        process.kill()
        process.wait()


def run_with(fleet, change):
    node = fleet.nodes[0]
    node.stop()
    reconfigure(node, change)
    node.start()
    return node


def test_redis_over_tls_with_a_user_of_its_own(tmp_path, servers):
    with fleetbed.Fleet(tmp_path / "fleet", gateways=1, live="memory") as f:
        port, certs = fleetbed.free_port(), f.dir / "certs"
        servers("--port", 0, "--tls-port", port, "--bind", "127.0.0.1", "--save", "", "--dir", tmp_path, "--tls-auth-clients", "no",
                "--tls-cert-file", certs / "server.pem", "--tls-key-file", certs / "server.key", "--tls-ca-cert-file", certs / "ca.pem",
                "--user", "default", "off", "--user", "box", "on", ">sesame", "~rt:*", "&rt:*", "+@all")
        fleetbed.private(f.dir / "sesame", "sesame\n")
        node = run_with(f, lambda s: s.update(live=f"rediss://box@localhost:{port}", redis={"password_file": str(f.dir / "sesame"),
                                                                                           "ca_file": str(certs / "ca.pem")}))
        wait_for("up", lambda: link_up(node))
        act(node, "stripe", act="stop", for_s=60)
        assert "sesame" not in node.log.read_text() + (node.dir / "stderr").read_text()
        fleetbed.private(f.dir / "sesame", "wrong")
        node.stop()
        node.start()
        time.sleep(2)
        live = find(status(node), "live")
        assert not live["up"] and live["why"] != ""


def test_sentinels_lead_a_gateway_to_the_master(tmp_path, servers):
    with fleetbed.Fleet(tmp_path / "fleet", gateways=1, live="memory") as f:
        master, sentinel = fleetbed.free_port(), fleetbed.free_port()
        servers("--port", master, "--bind", "127.0.0.1", "--save", "", "--dir", tmp_path)
        conf = tmp_path / "sentinel.conf"
        conf.write_text(f"port {sentinel}\nbind 127.0.0.1\ndir {tmp_path}\nsentinel monitor box 127.0.0.1 {master} 1\n")
        servers(conf, "--sentinel")
        node = run_with(f, lambda s: s.update(live=f"redis+sentinel://127.0.0.1:{sentinel}/box"))
        wait_for("up", lambda: link_up(node))


# ---- breakers ----

def serving(node, name="stripe"):
    return find(provider(node, name), "health")["state"]


@pytest.mark.parametrize("fleet", [3], indirect=True)
def test_a_node_with_a_broken_network_stops_nobody_else(fleet):
    sick, *well = fleet.nodes
    sick.stop()
    reconfigure(sick, lambda s: s["providers"]["stripe"].update(base_url=f"https://localhost:{fleetbed.free_port()}"))
    sick.start()
    checkouts = [Checkout(fleet, n) for n in fleet.nodes]
    wait_for("the sick one stops it", lambda: serving(sick) == "stopped")
    wait_for("the others hear of it", lambda: find(provider(well[0]), "nodes_open") == 1)
    seen = [len(c.paid) for c in checkouts]
    wait_for("payments", lambda: all(len(c.paid) > n + 50 for c, n in zip(checkouts, seen)), 30)
    assert [serving(n) for n in well] == ["serving", "serving"]
    for c in checkouts[1:]:
        assert c.paid[-1]["provider"] == "stripe"
    assert checkouts[0].paid[-1]["provider"] == "adyen"
    all_well(checkouts)


def test_a_dead_provider_is_probed_by_one_node_at_a_time_and_comes_back(fleet):
    checkouts = [Checkout(fleet, n) for n in fleet.nodes]
    wait_for("payments", lambda: all(len(c.paid) > 20 for c in checkouts))
    fleet.fault("stripe", {"fault": "refuse"})
    wait_for("both stop it", lambda: all(serving(n) == "stopped" for n in fleet.nodes), 30)
    wait_for("one has the lease", lambda: cli(fleet, "GET", "rt:l:probe:stripe") != "", 30)
    fleet.calm("stripe")
    wait_for("it serves again", lambda: all(serving(n) == "serving" for n in fleet.nodes), 90)
    all_well(checkouts)
    said = ask(fleet.nodes[0], "GET", "/v1/providers/stripe/history")[1]
    moves = find(said, "moves")
    assert {m["node"] for m in moves} == {"node1", "node2"}
    fleet.nodes[0].stop()
    fleet.nodes[0].start()
    kept = find(ask(fleet.nodes[0], "GET", "/v1/providers/stripe/history")[1], "moves")
    assert len(kept) >= len(moves)


# ---- what is shown ----

def test_scores_nodes_and_counters_stand_in_redis(fleet):
    checkouts = [Checkout(fleet, n) for n in fleet.nodes]
    wait_for("payments", lambda: all(len(c.paid) > 50 for c in checkouts), 30)
    all_well(checkouts)
    assert sorted(cli(fleet, "ZRANGE", "rt:nodes", 0, -1).split()) == ["node1", "node2"]
    node = hash_of(fleet, "rt:n:node2")
    assert {"epoch", "t_ms", "policy", "config", "view", "uptime_s", "p:stripe"} <= set(node)
    wait_for("scores", lambda: hash_of(fleet, "rt:p:stripe").get("breaker") == "serving")
    assert hash_of(fleet, "rt:p:stripe")["admin"] == "auto"


def test_a_node_learns_and_counts_with_the_others(fleet):
    one, two = fleet.nodes
    checkout = Checkout(fleet, one, pause_s=0)
    wait_for("payments", lambda: len(checkout.paid) > 100, 30)
    all_well([checkout])
    wait_for("counters", lambda: sum(int(hash_of(fleet, k).get("approved", 0)) for k in cli(fleet, "KEYS", "rt:m:stripe:*").split()) > 100)
    wait_for("two knows", lambda: find(provider(two), "believed_latency_ms") < 200)  # by hearsay: nothing was paid there
    assert find(provider(two), "since_start")["attempts"] == 0 and find(provider(one), "since_start")["attempts"] > 100
    assert int(cli(fleet, "XLEN", "rt:d:default")) > 3
    assert find(provider(two), "fleet_share_permille") == 1000
    late = Checkout(fleet, two)
    wait_for("payments", lambda: len(late.paid) > 5)
    all_well([late])


COMMITS = '''policy "drill"
commit adyen_day to adyen at least EUR 2_000 per day
rule "Keep it"
  when commitment adyen_day is not reached
  use adyen then stripe
default use stripe then adyen then checkoutcom
'''


def volumes(fleet):
    keys = cli(fleet, "KEYS", "rt:c:default:adyen_day@*").split()
    return {node: int(v.split()[0]) for node, v in hash_of(fleet, keys[0]).items()} if keys else {}


def test_a_commitment_is_reached_by_the_fleet_together(tmp_path):
    with fleetbed.Fleet(tmp_path / "fleet", gateways=2, live="redis", workers=2, policy=COMMITS) as f:
        one, two = f.nodes
        checkouts = [Checkout(f, n) for n in f.nodes]
        wait_for("reached", lambda: all(c.last_at("stripe") > 0 for c in checkouts), 60)
        time.sleep(1.5)
        all_well(checkouts)
        paid = {n: sum(p["said"]["amount"] for p in c.paid if p["provider"] == "adyen") for n, c in zip(("node1", "node2"), checkouts)}
        wait_for("the sums", lambda: volumes(f) == paid)
        assert 200000 <= sum(paid.values()) < 300000  # and what was decided before the news came round
        one.stop()
        f.redis.kill()
        f.redis.start()  # it forgot all
        one.start()
        wait_for("told again", lambda: volumes(f) == paid)
        again = Checkout(f, one)
        wait_for("it knows", lambda: again.last_at("stripe") > 0)
        assert again.last_at("adyen") - again.paid[0]["begun"] < 2.5  # heard within two seconds
        all_well([again])


@pytest.mark.parametrize("fleet", [3], indirect=True)
def test_breakers_of_others_are_heard_and_only_two_make_a_rumour(fleet):
    def say(node, text):
        now = int(time.time() * 1000)
        word = f"{now} {now + 20000} {text}"
        cli(fleet, "HSET", "rt:breakers", f"adyen@{node}", word)
        cli(fleet, "PUBLISH", "rt:said", f"1 adyen@{node} {word}")

    one = fleet.nodes[0]
    say("far1", "stopped 0 failures")
    wait_for("one", lambda: find(provider(one, "adyen"), "nodes_open") == 1)
    say("far2", "stopped 0 failures")
    wait_for("two", lambda: find(provider(one, "adyen"), "nodes_open") == 2)
    say("far1", "serving 1000 ")
    wait_for("one again", lambda: find(provider(one, "adyen"), "nodes_open") == 1)
    code, said = ask(one, "GET", "/v1/providers/adyen/history")
    assert code == 200
    assert [m["node"] for m in find(said, "moves")] == ["far1", "far2", "far1"]


# ---- clocks and nonsense ----

def far_node(fleet, ahead_ms, **fields):
    """An entry of a node that is not there, as its clock has it."""
    t_ms = int(time.time() * 1000) + ahead_ms
    cli(fleet, "HSET", "rt:n:far", "t_ms", t_ms, *(x for pair in fields.items() for x in pair))
    cli(fleet, "ZADD", "rt:nodes", t_ms, "far")


def test_clocks_that_are_seconds_apart_do_no_harm(fleet):
    one = fleet.nodes[0]
    now = int(time.time() * 1000)
    word = f"{now + 5000} 0 stop authorize 1000 bert clock-ahead"
    cli(fleet, "HSET", "rt:toggles", "stripe", word)
    wait_for("heard", lambda: admin_of(one) == "stop")
    assert act(one, "stripe", act="resume")["toggle"]["set_ms"] > now + 5000
    wait_for("taken back", lambda: all(admin_of(n) == "auto" for n in fleet.nodes))
    far_node(fleet, 5000)
    wait_for("there", lambda: "far" in nodes_seen(one))
    for ahead in (5100, 5200):
        far_node(fleet, ahead)
        time.sleep(0.3)
    far = next(n for n in ask(one, "GET", "/v1/nodes")[1]["nodes"] if n["name"] == "far")
    assert 2500 < far["skew_ms"] < 5500 and not far["stale"]
    cli(fleet, "HSET", "rt:toggles", "stripe", f"{now + 3600000} 0 stop authorize 1000 eve next-hour")
    time.sleep(2.5)
    assert admin_of(one) == "auto"  # it would win for ever


def test_nonsense_on_the_boards_changes_nothing(fleet):
    one = fleet.nodes[0]
    now = int(time.time() * 1000)
    checkout = Checkout(fleet, one)
    for field, word in (("stripe", "now 0 stop authorize 1000 eve x"), ("adyen", f"{now} 0 explode all 1000 eve x"),
                        ("nobody", f"{now} 0 stop authorize 1000 eve x"), ("checkoutcom", f"{now} -1 stop all 1000 eve x")):
        cli(fleet, "HSET", "rt:toggles", field, word)
    cli(fleet, "HSET", "rt:breakers", "adyen", f"{now} 0 stopped 0 x", "@", f"{now} 0 stopped 0 x", "adyen@far", f"{now} 0 sideways 5 x")
    far_node(fleet, 0, policy="x" * 500, view="99999999999999999999", started_ms="-7", pay_milli_s="many",
             **{"p:stripe": "-1 -2 -3 -4", "p:adyen": "99999999999999999999 1 1 1", "p:nobody": "1 1 1 1", "": ""})
    cli(fleet, "PUBLISH", "rt:said", "9 stripe " + "x" * 5000)
    wait_for("there", lambda: "far" in nodes_seen(one))
    time.sleep(2.5)
    assert [admin_of(one, p) for p in fleetbed.PROVIDERS] == ["auto"] * 3
    assert find(provider(one, "adyen"), "nodes_open") == 0
    share = find(provider(one), "fleet_in_flight")
    assert share is None or 0 <= share < 1000
    assert link_up(one)
    all_well([checkout])
