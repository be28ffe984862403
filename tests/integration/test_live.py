"""A fleet over a real Redis: what one node learns all know, once; what an operator says all hear;
and whatever Redis does, the nodes' loops never stand still.

The peers that misbehave in ways Redis does not (garbage, RESP3, a slow one) are scripted here.
"""
import json
import os
import queue
import signal
import socket
import subprocess
import threading
import time

import pytest

from wire_peer import Authority

LIVE_CLIENT = os.environ["LIVE_CLIENT"]
PATIENCE_S = 10
STALL_MS = 400  # busy cores; what waits for Redis waits for its deadline, 500 ms and more


def wait_for(what, look, patience=PATIENCE_S):
    """look() until it is true; a value never seen is a failure that shows the last one."""
    end = time.monotonic() + patience
    while not (seen := look()):
        assert time.monotonic() < end, f"{what}: not within {patience} s"
        time.sleep(0.02)
    return seen


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Redis:
    """A redis-server of our own, in a directory of its own."""

    def __init__(self, directory, *options, port=None, tls=None, conf=None):
        self.directory, self.port = directory, port or free_port()
        self.options = [str(o) for o in options]
        self.tls, self.conf = tls, conf
        self.process = None
        self.start()

    def start(self):
        port = ["--port", "0", "--tls-port", str(self.port)] if self.tls else ["--port", str(self.port)]
        kept = ["--save", "", "--appendonly", "no", "--dir", str(self.directory), *self.options]
        self.process = subprocess.Popen(
            ["redis-server", *([str(self.conf)] if self.conf else []), *port, "--bind", "127.0.0.1",
             *(["--sentinel"] if self.conf else kept)],
            stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        wait_for("redis-server listens", self.listens)

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def cli(self, *words):
        run = subprocess.run(["redis-cli", "-p", str(self.port), *map(str, words)], check=True,
                             capture_output=True, encoding="latin-1", timeout=PATIENCE_S)
        return run.stdout.strip()

    def hash(self, key):
        words = self.cli("HGETALL", key).split("\n")
        return dict(zip(words[::2], words[1::2]))

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Node:
    """live_client: one gateway of the fleet."""

    def __init__(self, port, name, *options, host="127.0.0.1"):
        self.process = subprocess.Popen(
            [LIVE_CLIENT, "--node", name, "--tick-ms", "50", *map(str, options), host, str(port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.events, self.words = queue.Queue(), []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == "word":
                self.words.append(event)
            else:
                self.events.put(event)

    def say(self, line):
        self.process.stdin.write(line + "\n")

    def ask(self, line):
        self.say(line)
        return self.events.get(timeout=PATIENCE_S)

    def facts(self):
        return self.ask("facts")

    def known(self):
        return self.ask("known")["n"]

    def is_open(self):
        f = self.facts()
        return f["redis"]["open"] and f["pubsub"]["open"]

    def heard(self, text):
        return [w for w in self.words if w["word"]["text"] == text]

    def held(self, field):
        return {w["field"]: w for w in self.ask("words")["words"]}.get(field)

    def stop(self):
        if self.process.poll() is None:
            self.say("quit")
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def town(tmp_path):
    """Makes servers and nodes that end with the test; a node that ends badly fails it."""
    class Town:
        servers, nodes = [], []

        def redis(self, *options, **more):
            server = Redis(tmp_path, *options, **more)
            self.servers.append(server)
            return server

        def sentinel(self, conf):
            server = Redis(conf.parent, conf=conf)
            self.servers.append(server)
            return server

        def node(self, server, name, *options, **more):
            node = Node(server.port, name, *options, **more)
            self.nodes.append(node)
            return node

        def pair(self, server):
            both = [self.node(server, "one"), self.node(server, "two")]
            for n in both:
                wait_for("connected", n.is_open)
            return both

    t = Town()
    t.servers, t.nodes = [], []
    yield t
    ends = [n.stop() for n in t.nodes]
    for s in t.servers:
        if isinstance(s, Redis):
            s.thaw()
        s.kill()
    assert ends == [0] * len(ends)


def knows(node, **cells):
    return lambda: node.known() == {k[1:]: v for k, v in cells.items()}


# ---- what is learned ----

def test_what_one_node_learns_the_other_knows_once(town):
    redis = town.redis()
    one, two = town.pair(redis)
    for _ in range(5):
        one.say("learn 7 10 6")
        two.say("learn 7 1 1")
        two.say("learn 9 4 2")
        two.say("tech 3 100 2")
        time.sleep(0.06)
    wait_for("one knows", knows(one, _7=55, _9=20))
    wait_for("two knows", knows(two, _7=55, _9=20))
    assert one.ask("known")["ok"] == 500 and two.ask("known")["ok"] == 0
    assert one.facts()["doubles"] == 0 and one.facts()["refused"] == 0
    stranger = town.node(redis, "late")  # no snapshot yet: the stream tells it all
    wait_for("late knows", knows(stranger, _7=55, _9=20))


def test_a_restarted_node_gets_its_own_past_back(town):
    redis = town.redis()
    one = town.node(redis, "one", "--epoch", 1)
    one.say("learn 7 10 6")
    wait_for("sent", lambda: one.facts()["sent"] == 1)
    one.stop()
    again = town.node(redis, "one", "--epoch", 2)
    wait_for("knows", knows(again, _7=10))


def test_the_same_entry_twice_counts_once_and_nonsense_not_at_all(town):
    redis = town.redis()
    one, _ = town.pair(redis)
    blob = "D\x01"  # too short to be a delta
    for _ in range(2):
        redis.cli("XADD", "rt:d:default", "*", "node", "x", "epoch", 1, "seq", 1, "t_ms", 1, "blob", blob)
    redis.cli("XADD", "rt:d:default", "*", "who", "knows")
    redis.cli("XADD", "rt:d:default", "*", "node", "x", "epoch", -1, "seq", 1, "t_ms", 1, "blob", blob)
    wait_for("refused", lambda: one.facts()["refused"] == 3)
    f = one.facts()
    assert (f["doubles"], f["applied"]) == (1, 0) and f["redis"]["open"]


def test_a_cold_node_reads_the_snapshot_then_the_stream(town):
    redis = town.redis()
    one = town.node(redis, "one", "--snapshot-ms", 200)
    one.say("learn 7 10 6")
    wait_for("a snapshot of it", lambda: one.facts()["snapshots"] > 0 and
             redis.cli("HGET", "rt:s:default", "blob0") != "" and one.facts()["waiting"] == 0)
    wait_for("another", lambda n=one.facts()["snapshots"]: one.facts()["snapshots"] > n)
    one.stop()
    redis.cli("XTRIM", "rt:d:default", "MAXLEN", 0)
    cold = town.node(redis, "cold")
    wait_for("knows", knows(cold, _7=10))
    assert int(redis.cli("PTTL", "rt:s:default")) > 6 * 86400 * 1000


# ---- what is said ----

def test_a_toggle_reaches_the_other_node_at_once(town):
    one, two = town.pair(town.redis())
    said = time.time() * 1000
    one.say("say toggles adyen 60000 stop anna gateway timeouts")
    heard = wait_for("heard", lambda: two.heard("stop anna gateway timeouts"))
    assert heard[0]["at_ms"] - said < 1000
    wait_for("confirmed", lambda: one.held("adyen")["local"] is False)


def test_a_later_word_wins_and_a_word_ends(town):
    one, two = town.pair(town.redis())
    one.say("say toggles adyen 0 stop anna")
    wait_for("heard", lambda: two.heard("stop anna"))
    two.say("say toggles adyen 300 resume ben")
    wait_for("heard", lambda: one.heard("resume ben"))
    wait_for("over", lambda: one.held("adyen")["expired"] and two.held("adyen")["expired"])
    assert one.heard("resume ben")[-1]["word"]["expired"]


def test_a_word_that_pubsub_lost_is_read(town):
    redis = town.redis()
    one = town.node(redis, "one", "--board-ms", 200)
    wait_for("connected", one.is_open)
    now = int(time.time() * 1000)
    redis.cli("HSET", "rt:toggles", "stripe", f"{now} 0 drain carl")
    wait_for("read", lambda: one.heard("drain carl"))
    redis.cli("HSET", "rt:toggles", "stripe", f"{now + 10 ** 9} 0 from the future")
    redis.cli("HSET", "rt:toggles", "x", "nonsense")
    wait_for("refused", lambda: one.facts()["refused"] >= 2)
    assert one.held("stripe")["text"] == "drain carl" and one.held("x") is None


def test_words_said_alone_are_told_when_redis_comes_back(town):
    redis = town.redis()
    one, two = town.pair(redis)
    one.say("say toggles adyen 0 stop anna")
    wait_for("heard", lambda: two.heard("stop anna"))
    redis.kill()
    wait_for("noticed", lambda: not one.is_open() and not two.is_open())
    one.say("say toggles stripe 0 drain anna")
    time.sleep(0.01)
    two.say("say toggles stripe 0 stop ben")
    assert wait_for("held", lambda: one.held("stripe"))["local"]
    redis.start()
    wait_for("the newer one wins", lambda: one.held("stripe")["text"] == "stop ben")
    wait_for("all told", lambda: not one.held("stripe")["local"] and not two.held("stripe")["local"])
    wait_for("an emptied Redis is told again", lambda: "stop anna" in redis.cli("HGET", "rt:toggles", "adyen"))


def test_scores_counters_leases_and_nodes_can_be_read_by_anybody(town):
    redis = town.redis()
    one, two = town.pair(redis)
    assert one.ask("show adyen approval 0.91")["event"] == "taken"
    assert one.ask("count adyen 29000000 approved 3")["event"] == "taken"
    assert two.ask("count adyen 29000000 approved 4")["event"] == "taken"
    wait_for("counted", lambda: redis.hash("rt:m:adyen:29000000") == {"approved": "7"})
    assert redis.hash("rt:p:adyen") == {"approval": "0.91"}
    assert 0 < int(redis.cli("TTL", "rt:m:adyen:29000000")) <= 48 * 3600
    one.say("lease probe:adyen 60000")
    assert [one.events.get(timeout=5)["event"], one.events.get(timeout=5)["got"]] == ["taken", "ours"]
    two.say("lease probe:adyen 60000")
    assert [two.events.get(timeout=5)["event"], two.events.get(timeout=5)["got"]] == ["taken", "taken"]
    two.say("release probe:adyen")  # not its own
    one.say("release probe:adyen")
    wait_for("released", lambda: redis.cli("EXISTS", "rt:l:probe:adyen") == "0")
    wait_for("listed", lambda: redis.cli("ZRANGE", "rt:nodes", 0, -1).split() == ["one", "two"])
    assert int(redis.hash("rt:n:one")["t_ms"]) > 0


# ---- ways to get there ----

def test_over_tls_with_a_user_of_an_acl(town, tmp_path):
    pki = Authority(tmp_path)
    pki.leaf("redis", ["127.0.0.1"])
    redis = town.redis("--tls-cert-file", tmp_path / "redis.pem", "--tls-key-file", tmp_path / "redis.pem",
                       "--tls-ca-cert-file", pki.file, "--tls-auth-clients", "no",
                       "--user", "box", "on", ">open-sesame", "~rt:*", "&rt:*", "+@all", tls=pki)
    (tmp_path / "password").write_text("open-sesame\n")
    (tmp_path / "wrong").write_text("sesame\n")
    user = ["--tls", pki.file, "--user", "box"]
    one = town.node(redis, "one", *user, "--password-file", tmp_path / "password")
    two = town.node(redis, "two", *user, "--password-file", tmp_path / "password", "--db", 0)
    one.say("learn 7 10 6")
    wait_for("two knows", knows(two, _7=10))
    bad = town.node(redis, "bad", *user, "--password-file", tmp_path / "wrong")
    wait_for("refused", lambda: bad.facts()["redis"]["why"] == "not_authorised")
    stranger = town.node(redis, "stranger", "--tls", Authority(tmp_path, "strange CA").file)
    wait_for("not trusted", lambda: stranger.facts()["redis"]["why"] == "tls_verify")


def test_over_a_unix_socket_by_name_and_in_another_database(town, tmp_path):
    path = tmp_path / "redis.sock"
    redis = town.redis("--unixsocket", path)
    one = town.node(redis, "one", "--db", 3, host=str(path))
    two = town.node(redis, "two", "--db", 3, host="localhost")
    one.say("learn 7 10 6")
    wait_for("two knows", knows(two, _7=10))
    assert redis.cli("-n", 3, "XLEN", "rt:d:default") == "1"


# ---- a Redis that is no help ----

def test_killed_and_back_nothing_is_lost_or_doubled(town):
    redis = town.redis()
    one, two = town.pair(redis)
    one.say("learn 7 10 6")
    wait_for("two knows", knows(two, _7=10))
    redis.kill()
    wait_for("noticed", lambda: not one.is_open())
    one.say("learn 7 5 5")
    wait_for("kept", lambda: one.facts()["waiting"] == 1)
    redis.start()
    wait_for("two knows", knows(two, _7=15))
    assert one.known() == {"7": 15}
    assert one.facts()["stall_ms"] < STALL_MS and two.facts()["stall_ms"] < STALL_MS


@pytest.mark.long
def test_frozen_commands_end_in_time_and_later_none_is_doubled(town):
    redis = town.redis()
    one, two = town.pair(redis)
    redis.freeze()
    one.say("learn 7 10 6")
    wait_for("late", lambda: one.facts()["redis"]["late"] > 0)
    wait_for("given up", lambda: not one.facts()["redis"]["open"])
    wait_for("and again", lambda: one.facts()["redis"]["why"] == "open_timeout")
    one.say("learn 7 5 5")
    redis.thaw()  # executes what was written before, and then what is sent again
    wait_for("two knows", knows(two, _7=15))
    wait_for("doubled in the stream, not in the counts", lambda: two.facts()["doubles"] > 0)
    assert two.known() == {"7": 15} == one.known()
    assert one.facts()["stall_ms"] < STALL_MS and two.facts()["stall_ms"] < STALL_MS


class Fake:
    """Listens, and does to every connection what a function says."""

    def __init__(self, script):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.script, self.accepted = self.socket.getsockname()[1], script, 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                sock = self.socket.accept()[0]
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        try:
            self.script(sock)
        except OSError:
            pass
        finally:
            sock.close()

    def kill(self):
        self.socket.close()


def after_greeting(then):
    """Greets as Redis would, then gives `then` instead of the first answer."""
    def script(sock):
        seen = b""
        while b"PING" not in seen:
            seen += sock.recv(65536)
        for _ in range(seen.count(b"SETNAME") + seen.count(b"SUBSCRIBE")):
            sock.sendall(b"+OK\r\n")
        sock.sendall(b"+PONG\r\n" + then)
        while sock.recv(65536):
            pass
    return script


@pytest.mark.parametrize("then, why", [
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not_resp2"),
    (b"%1\r\n+server\r\n+redis\r\n", "not_resp2"),  # RESP3
    (b"*2147483647\r\n", "reply_too_large"),
    (b"*100000\r\n*100000\r\n", "reply_too_large"),
    (b"$2000000000\r\n" + b"x" * 6000000, "reply_too_large"),
    (b"+OK\r\n" * 500, "answer_to_nothing"),
], ids=["http", "resp3", "huge_array", "nested", "huge_text", "too_many"])
def test_what_is_not_redis_is_left_and_tried_again(town, then, why):
    fake = Fake(after_greeting(then))
    town.servers.append(fake)
    one = town.node(fake, "one")
    wait_for("closed", lambda: one.facts()["redis"]["nonsense"] >= 2)
    f = one.facts()
    assert f["redis"]["why"] == why and f["stall_ms"] < STALL_MS
    assert fake.accepted < 40  # with pauses in between


@pytest.mark.long
def test_a_redis_that_never_answers_keeps_nobody(town):
    fake = Fake(lambda sock: sock.recv(1) and time.sleep(30))
    town.servers.append(fake)
    one = town.node(fake, "one")
    wait_for("given up", lambda: one.facts()["redis"]["why"] == "open_timeout")
    assert one.ask("show adyen approval 1")["event"] == "not_taken"
    assert one.ask("lease probe:adyen 100")["event"] == "not_taken"
    assert one.facts()["redis"]["dropped"] == 1 and one.facts()["stall_ms"] < STALL_MS


def slow_path(port, delay_s):
    """Carries bytes to a real Redis, and its answers back late."""
    def script(sock):
        there = socket.create_connection(("127.0.0.1", port))
        waiting = queue.Queue()

        def back():
            while (item := waiting.get()) is not None:
                time.sleep(max(0, item[0] - time.monotonic()))
                sock.sendall(item[1])

        def read():
            while data := there.recv(65536):
                waiting.put((time.monotonic() + delay_s, data))

        for f in (back, read):
            threading.Thread(target=lambda f=f: quiet(f), daemon=True).start()
        while data := sock.recv(65536):
            there.sendall(data)
        there.close()
        waiting.put(None)
    return script


def quiet(f):
    try:
        f()
    except OSError:
        pass


@pytest.mark.long
def test_a_slow_redis_answers_late_and_is_not_piled_upon(town):
    redis = town.redis()
    slow = Fake(slow_path(redis.port, 0.7))  # later than a command may be, in time for a greeting
    town.servers.append(slow)
    one = town.node(slow, "one")
    two = town.node(redis, "two")
    wait_for("connected", one.is_open)
    one.say("learn 7 10 6")
    two.say("learn 7 5 5")
    wait_for("two knows", knows(two, _7=15))
    wait_for("one knows", knows(one, _7=15))
    wait_for("late", lambda: one.facts()["redis"]["late"] > 0)
    f = one.facts()
    assert f["redis"]["open"] and f["redis"]["owed"] < 64 and f["stall_ms"] < STALL_MS
    assert redis.cli("XLEN", "rt:d:default") == "2"


# ---- several of them ----

@pytest.mark.long
def test_in_a_cluster_all_goes_where_the_tag_lives(town, tmp_path):
    for n in range(3):
        (tmp_path / str(n)).mkdir()
    servers = [town.redis("--cluster-enabled", "yes", "--dir", tmp_path / str(n), "--cluster-port",
                          free_port()) for n in range(3)]
    subprocess.run(["redis-cli", "--cluster", "create", *(f"127.0.0.1:{s.port}" for s in servers),
                    "--cluster-replicas", "0", "--cluster-yes"], check=True, capture_output=True)
    wait_for("a cluster", lambda: all("cluster_state:ok" in s.cli("CLUSTER", "INFO") for s in servers))
    nodes = [town.node(s, f"n{i}", "--prefix", "{signalbox}:") for i, s in enumerate(servers)]
    for n in nodes:
        wait_for("connected", n.is_open)
    nodes[0].say("learn 7 10 6")
    nodes[1].say("learn 7 5 5")
    nodes[2].say("say toggles adyen 0 stop anna")
    for n in nodes:
        wait_for("knows", knows(n, _7=15))
        wait_for("heard", lambda: n.heard("stop anna"))
    assert sorted(n.facts()["moves"] > 0 for n in nodes) == [False, True, True]


@pytest.mark.long
def test_while_a_slot_moves_commands_follow_its_keys(town, tmp_path):
    for n in range(2):
        (tmp_path / str(n)).mkdir()
    old, new = [town.redis("--cluster-enabled", "yes", "--dir", tmp_path / str(n), "--cluster-port",
                           free_port()) for n in range(2)]
    old.cli("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    bus = new.cli("CONFIG", "GET", "cluster-port").split()[-1]
    old.cli("CLUSTER", "MEET", "127.0.0.1", new.port, bus)
    wait_for("they know each other", lambda: "cluster_known_nodes:2" in new.cli("CLUSTER", "INFO") and
             "cluster_state:ok" in new.cli("CLUSTER", "INFO"))
    one, two = [town.node(old, n, "--prefix", "{signalbox}:") for n in ("one", "two")]
    for n in (one, two):
        wait_for("connected", n.is_open)
    one.say("say toggles adyen 0 stop anna")
    one.say("learn 7 10 6")
    wait_for("knows", knows(two, _7=10))
    slot = old.cli("CLUSTER", "KEYSLOT", "{signalbox}:rt:toggles")
    old_id, new_id = (s.cli("CLUSTER", "MYID") for s in (old, new))
    new.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", old_id)
    old.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", new_id)
    keys = old.cli("CLUSTER", "GETKEYSINSLOT", slot, 100).split()
    assert "{signalbox}:rt:toggles" in keys
    old.cli("MIGRATE", "127.0.0.1", new.port, "", 0, 5000, "KEYS", *keys)
    one.say("say toggles adyen 0 resume anna")  # its board is on the other node already
    wait_for("heard", lambda: two.heard("resume anna"))
    one.say("learn 7 5 5")
    wait_for("knows", knows(two, _7=15))
    assert one.facts()["asked_aside"] > 0 and one.facts()["moves"] == 0
    for s in (new, old):
        s.cli("CLUSTER", "SETSLOT", slot, "NODE", new_id)
    two.say("learn 9 4 2")
    wait_for("it moved as a whole", lambda: one.facts()["moves"] > 0)
    wait_for("knows", knows(one, _7=15, _9=4))


@pytest.mark.long
def test_sentinels_want_a_password_of_their_own(town, tmp_path):
    for name in "0a":
        (tmp_path / name).mkdir()
    master = town.redis("--dir", tmp_path / "0", "--requirepass", "of-redis")
    conf = tmp_path / "a" / "sentinel.conf"
    conf.write_text(f"sentinel monitor box 127.0.0.1 {master.port} 1\nsentinel auth-pass box of-redis\nrequirepass of-sentinels\n")
    sentinel = town.sentinel(conf)
    for name, text in (("r", "of-redis"), ("s", "of-sentinels")):
        (tmp_path / name).write_text(text)
    node = Node(0, "one", "--sentinel", sentinel.port, "--master", "box", "--password-file", tmp_path / "r",
                "--sentinel-password-file", tmp_path / "s", host="")
    blind = Node(0, "two", "--sentinel", sentinel.port, "--master", "box", "--password-file", tmp_path / "r", host="")
    town.nodes += [node, blind]
    wait_for("connected", node.is_open)
    assert not blind.is_open()


@pytest.mark.long
def test_sentinels_tell_who_the_master_is(town, tmp_path):
    for name in "01abc":
        (tmp_path / name).mkdir()
    master = town.redis("--dir", tmp_path / "0")
    replica = town.redis("--dir", tmp_path / "1", "--replicaof", "127.0.0.1", master.port)
    wait_for("replicates", lambda: "state=online" in master.cli("INFO", "replication"))
    sentinels = []
    for name in "abc":
        conf = tmp_path / name / "sentinel.conf"
        conf.write_text(f"sentinel monitor box 127.0.0.1 {master.port} 2\n"
                        "sentinel down-after-milliseconds box 300\n"
                        "sentinel failover-timeout box 2000\n")
        sentinels.append(town.sentinel(conf))
    wait_for("they know each other", lambda: all(
        len(s.cli("SENTINEL", "sentinels", "box").split("runid")) == 3 for s in sentinels))
    ports = [w for s in sentinels for w in ("--sentinel", s.port)]
    one, two = [Node(0, n, *ports, "--master", "box", host="") for n in ("one", "two")]
    town.nodes += [one, two]
    for n in (one, two):
        wait_for("connected", n.is_open)
    one.say("learn 7 10 6")
    wait_for("two knows", knows(two, _7=10))
    master.kill()
    sentinels[0].kill()  # the one they talk to goes with it: the next is asked
    one.say("learn 7 5 5")
    wait_for("promoted", lambda: "role:master" in replica.cli("INFO", "replication"), 30)
    wait_for("two knows", knows(two, _7=15), 30)
    assert one.facts()["switches"] == 2 and one.facts()["stall_ms"] < STALL_MS
