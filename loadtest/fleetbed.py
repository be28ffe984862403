"""A fleet on one machine for drills: gateways with a journal each, simulated providers, a Redis, checkouts.

    with Fleet(folder, gateways=2, live="redis") as fleet:
        load = fleet.fire(rate=1000, seconds=10)
        fleet.fault("stripe", fault="refuse")
        payments = load.payments()

Everything runs on free loopback ports and is ended by its own process id.
"""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

PROVIDERS = ("stripe", "adyen", "checkoutcom")
KEYS = {"stripe": "sk_test_drill", "adyen": "AQEdrill_key_of_a_simulated_provider", "checkoutcom": "sk_sbox_drill"}
ORDER = 'policy "drill"\ndefault use stripe then adyen then checkoutcom\n'
START_S = 15.0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def now_us():
    """The clock that fire's record uses."""
    return time.monotonic_ns() // 1000


def wait_for(what, seconds, why):
    end = time.monotonic() + seconds
    while not (value := what()):
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds:g} s in vain for {why}")
        time.sleep(0.01)
    return value


def private(path, text):
    path.write_text(text)
    path.chmod(0o600)


class Programs:
    """Where the programs are: what a test run names, or a build folder."""

    def __init__(self, build="build"):
        at = pathlib.Path(build).resolve()
        self.signalbox = os.environ.get("SIGNALBOX", str(at / "proxy/signalbox"))
        self.pspsim = os.environ.get("PSPSIM", str(at / "loadtest/pspsim"))
        self.fire = os.environ.get("FIRE", str(at / "loadtest/fire"))
        self.redis = shutil.which("redis-server")


class Redis:
    def __init__(self, program, folder):
        self.program, self.folder, self.port, self.process = program, folder, free_port(), None
        folder.mkdir()
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                                         "--dir", str(self.folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def answers():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as s:
                    s.sendall(b"PING\r\n")
                    return s.recv(16).startswith(b"+PONG")
            except OSError:
                return False
        wait_for(answers, START_S, "redis-server")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


class Admin(http.client.HTTPConnection):
    """HTTP over a node's admin socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


class Node:
    """One gateway: its folder, process and address."""

    def __init__(self, fleet, number):
        self.fleet, self.number, self.process = fleet, number, None
        self.dir = fleet.dir / f"node{number}"
        self.dir.mkdir()
        self.config = self.dir / "signalbox.yaml"
        self.log = self.dir / "gateway.log"
        self.admin = self.dir / "admin.sock"
        for name in PROVIDERS:
            private(self.dir / (name + ".key"), KEYS[name])
        private(self.dir / "derivation", "0123456789abcdef" * 4)
        (self.dir / "drill.route").write_text(fleet.policy or "")
        self.config.write_text(json.dumps(self.settings(), indent=1))  # JSON is YAML

    def settings(self):
        f, certs = self.fleet, self.fleet.dir / "certs"
        scheme, suffix = ("https", "") if f.tls else ("http", "_clear" if f.sim_tls else "")
        providers = {}
        for name in PROVIDERS:
            path = "/v72" if name == "adyen" else ""
            providers[name] = {"base_url": f"{scheme}://localhost:{f.ports[name + suffix]}{path}", "api_key_file": name + ".key",
                               "timeouts": {"connect": "1s", "response": f"{f.response_ms}ms"}}
            if f.tls:
                providers[name]["tls"] = {"ca_file": str(certs / "ca.pem")}
        providers["adyen"]["merchant_account"] = "DrillShop"
        config = {"node": f"node{self.number}",
                  "listen": {"payments": {"address": "127.0.0.1:0", "tls": {"certificate": str(certs / "server.pem"),
                                                                           "key": str(certs / "server.key")}},
                             "admin": {"address": f"unix:{self.admin}"}},
                  "workers": f.workers, "journal": "sqlite:journal.db", "drain": "30s", "secrets": {"key_derivation_file": "derivation"},
                  "credentials": str(f.dir / "credentials"), "providers": providers,
                  "payments": {"patience": "3s", "attach_wait": "2s", "repeat_first": "100ms"}, "log": {"file": "gateway.log", "level": f.log_level}}
        if f.policy is not None:
            config["policy"] = "drill.route"
        if f.redis is not None:
            config["live"] = f"redis://127.0.0.1:{f.redis.port}"
            config["node"] = f"node{self.number}"
        config.update(f.more)
        return config

    def events(self, word=""):
        """The log's lines that begin with this word."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [x for x in map(json.loads, (line for line in lines if f'"{word}' in line)) if x["body"].startswith(word)]

    def start(self):
        seen = len(self.events("gateway.ready"))
        self.process = subprocess.Popen([self.fleet.programs.signalbox, "serve", "-c", str(self.config)],
                                        stderr=(self.dir / "stderr").open("a"))

        def ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"node {self.number} did not start:\n" + (self.dir / "stderr").read_text())
            return len(self.events("gateway.ready")) > seen
        wait_for(ready, START_S, f"node {self.number}")
        listens = [x["attributes"]["address"] for x in self.events("gateway.listens")]
        self.port = int(next(a for a in reversed(listens) if not a.startswith("unix:") and "/" not in a).rsplit(":", 1)[1])

    def run(self, *words, check=True):
        """An operator's command at this node; what it printed as JSON, or None."""
        said = subprocess.run([self.fleet.programs.signalbox, *words, "-c", str(self.config)], capture_output=True, text=True, timeout=20)
        if check and said.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {said.returncode}: {said.stderr.strip()}")
        return json.loads(said.stdout) if said.stdout[:1] in ("{", "[") else None

    def operate(self, provider, **act):
        """An operator's word, at this node's admin socket."""
        link = Admin(self.admin)
        link.request("POST", f"/v1/providers/{provider}/toggle", json.dumps(act), {"Content-Type": "application/json"})
        answer = link.getresponse()
        raw = answer.read()
        link.close()
        if answer.status != 200:
            raise RuntimeError(f"{act} of {provider}: {answer.status} {raw.decode()}")
        return json.loads(raw)

    def stop(self, how=signal.SIGTERM):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)


class Load:
    """fire at every node; the record of every payment when it is over."""

    def __init__(self, fleet, rate, seconds, seed, nodes, mix):
        self.parts, self.seconds = [], seconds
        for node in nodes:
            record = node.dir / f"record{seed}.jsonl"
            command = [fleet.programs.fire, "--url", f"https://localhost:{node.port}", "--ca", str(fleet.dir / "certs/ca.pem"), "--token",
                       str(fleet.dir / "token"), "--rate", str(rate / len(nodes)), "--duration", str(seconds), "--connections", "8",
                       "--streams", "64", "--seed", str(seed * 100 + node.number), "--order", f"n{node.number}", "--record", str(record), "--json",
                       "--mix", mix]
            self.parts.append((node, record, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))

    def running(self):
        return any(p.poll() is None for _, _, p in self.parts)

    def payments(self):
        """Every payment, ordered by the moment it was due, with `node`; waits for the end."""
        all_of_them, self.said = [], []
        for node, record, process in self.parts:
            self.said.append(json.loads(process.communicate(timeout=self.seconds + 90)[0]))
            for line in record.read_text().splitlines():
                all_of_them.append(dict(json.loads(line), node=node.number))
        return sorted(all_of_them, key=lambda p: p["due_us"])


class Fleet:
    """policy: a `.route` text; None leaves the choice to the built-in one. live: "redis" or "memory"."""

    def __init__(self, folder, gateways=2, live="redis", policy=ORDER, workers=1, tls=True, latency="10+10", response_ms=1500,
                 build="build", log_level="info", more=None):
        self.dir = pathlib.Path(folder)
        self.programs = Programs(build)
        self.count, self.live, self.policy, self.workers, self.tls = gateways, live, policy, workers, tls
        self.latency, self.response_ms, self.log_level, self.sim_tls = latency, response_ms, log_level, True
        self.more = more or {}  # settings of every node, over the usual ones
        self.sim = self.redis = None
        self.nodes, self.seed = [], 0

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        self.dir.mkdir(parents=True, exist_ok=True)
        command = [self.programs.pspsim, "--control", "0", "--quiet", "--tls", "--certs", str(self.dir / "certs"), "--latency", self.latency]
        for name in PROVIDERS:
            command += ["--" + name, "0"]
        self.sim = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=(self.dir / "pspsim.err").open("w"), text=True)
        self.ports = json.loads(self.sim.stdout.readline())
        if self.live == "redis":
            self.redis = Redis(self.programs.redis, self.dir / "redis")
        made = subprocess.run([self.programs.signalbox, "credential", "new", "drill", "--file", str(self.dir / "credentials"), "--json"],
                              check=True, capture_output=True, text=True).stdout
        private(self.dir / "token", json.loads(made)["token"])
        self.nodes = [Node(self, n + 1) for n in range(self.count)]
        for node in self.nodes:
            node.start()

    def __exit__(self, *_):
        for node in self.nodes:
            node.stop(signal.SIGKILL)
        for process in (self.sim, self.redis.process if self.redis else None):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                process.wait(20)

    # -- the providers

    def control(self, method, path, body=None):
        link = http.client.HTTPConnection("127.0.0.1", self.ports["control"], timeout=30)
        link.request(method, path, body=None if body is None else json.dumps(body))
        answer = link.getresponse()
        raw = answer.read()
        link.close()
        if answer.status >= 300:
            raise RuntimeError(f"pspsim refused {method} {path}: {raw.decode()}")
        return json.loads(raw) if raw else None

    def fault(self, provider, rules):
        """From now on; gives the moment."""
        self.control("PUT", "/faults/" + provider, rules)
        return now_us()

    def calm(self, provider):
        self.control("DELETE", "/faults/" + provider)
        return now_us()

    def summary(self):
        return self.control("GET", "/ledger/summary")

    def charges(self):
        return self.control("GET", "/ledger")["charges"]

    # -- the checkouts

    def fire(self, rate, seconds, nodes=None, mix="visa:90,mastercard:10"):
        self.seed += 1
        return Load(self, rate, seconds, self.seed, nodes or self.nodes, mix)
