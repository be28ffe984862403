"""What operators say on one node of a fleet: the others hear it, or are told to have not."""
import json
import shutil
import signal
import socket
import subprocess
import time

import pytest

from box import Box
from town import wait_for

HOLD = ("--for", "30m", "--reason", "timeouts, INC-4711")


class Redis:
    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        folder.mkdir()
        self.start()

    def start(self):
        self.process = subprocess.Popen(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                                         "--appendonly", "no", "--dir", str(self.folder)], stdout=subprocess.DEVNULL)

        def answers():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.port)) == 0
        wait_for(answers)

    def stop(self):
        self.process.kill()
        self.process.wait(10)


class Node(Box):
    """A gateway of a fleet: the providers of the first node, a journal and a state of its own."""

    def __init__(self, tmp, name, redis, first=None):
        super().__init__(tmp, workers=1)
        self.name, self.redis, self.first = name, redis, first

    def start_sim(self):
        if self.first is None:
            super().start_sim()
        else:
            self.ports = self.first.ports
            shutil.copytree(self.first.tmp / "certs", self.tmp / "certs")

    def write_config(self):
        super().write_config()
        path = self.tmp / "signalbox.yaml"
        config = json.loads(path.read_text())
        config.update(live="redis://127.0.0.1:%d" % self.redis.port, node=self.name)
        path.write_text(json.dumps(config, indent=1))

    def node(self, name):
        return {n["name"]: n for n in self.box("status", "--json")["nodes"]}.get(name)

    def stopped(self):
        return {p["name"]: p["toggle"]["actor"] for p in self.box("status", "--json")["providers"] if p["toggle"]["holds"]}


@pytest.fixture
def fleet(tmp_path):
    redis = Redis(tmp_path / "redis")
    try:
        with Node(tmp_path / "one", "one", redis) as one, Node(tmp_path / "two", "two", redis, one) as two:
            def meet():
                return all(n.node(x) and not n.node(x)["stale"] for n in (one, two) for x in ("one", "two"))
            wait_for(meet, 20)
            yield one, two, redis
    finally:
        redis.stop()


def test_a_word_is_heard_by_every_node(fleet):
    one, two, _ = fleet
    doc = one.box("provider", "stop", "stripe", *HOLD, "--json")
    assert doc["confirmed"] == {"nodes": 2, "of": 2}
    assert two.stopped() == {"stripe": "root"}
    wait_for(lambda: "nodes 2/2 in sync" in two.box("status"))
    two.box("nodes")
    said = two.box("provider", "resume", "stripe")
    assert "resumed, probing first on 2/2 nodes" in said
    assert one.stopped() == {}


def test_a_node_that_does_not_answer_is_told(fleet):
    one, two, _ = fleet
    two.gateway.send_signal(signal.SIGSTOP)
    try:
        one.box("provider", "stop", "stripe", *HOLD, "--wait", "1s", code=5)
        assert "not every node has confirmed it" in one.said
        assert one.stopped() == {"stripe": "root"}
    finally:
        two.gateway.send_signal(signal.SIGCONT)
    wait_for(lambda: two.stopped() == {"stripe": "root"}, 15)


def test_what_is_unresolved_is_counted(fleet):
    one, _, _ = fleet
    for name in one.order:
        one.fault(name, fault="hang", when="after_execute")
    answer = one.pay("doubt")
    assert answer.status == 202, answer
    count = wait_for(lambda: (one.box("status", "--json")["unresolved"] or {}).get("count"), 20)
    assert count == 1 and "1 payment unresolved" in one.box("status")


def test_with_redis_away_only_local_words(fleet):
    one, two, redis = fleet
    redis.stop()
    wait_for(lambda: not one.box("status", "--json")["live"]["up"], 15)
    assert "Redis is not heard" in one.box("status")
    one.box("provider", "stop", "stripe", *HOLD, code=3)
    assert "--local" in one.said
    assert one.stopped() == {}
    assert [e["result"] for e in one.audit()] == ["refused"]  # it was never done
    began = time.monotonic()
    said = one.box("provider", "stop", "stripe", *HOLD, "--local")
    assert "LOCAL ONLY on one" in said and "LOCAL ONLY" in one.box("status")
    said = one.box("provider", "resume", "stripe", "--local")
    assert "LOCAL ONLY on one" in said
    one.box("provider", "stop", "stripe", *HOLD, "--local")
    assert time.monotonic() - began < 4, said  # nobody is waited for who can not hear it
    assert two.stopped() == {}
    redis.start()
    wait_for(lambda: two.stopped() == {"stripe": "root"}, 30)
    wait_for(lambda: "LOCAL ONLY" not in one.box("status"), 30)
