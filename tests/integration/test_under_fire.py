"""Load, faults of every kind and kill -9, then the books: nobody is charged twice, and what checkouts
were told is what the providers did."""
import json
import os
import pathlib
import random
import subprocess
import sys
import time

import pytest

from town import PROVIDERS, Town

sys.path.insert(0, str(pathlib.Path(os.environ["SOURCE"]) / "loadtest"))
import report  # noqa: E402

pytestmark = pytest.mark.long
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
FAULTS = ([{"fault": f, "when": w, "rate": 0.01} for f in ("close", "reset", "rst", "500", "hang")
           for w in ("before_execute", "after_execute")] +
          [{"fault": "refused_stream", "rate": 0.02}, {"fault": "goaway_below", "rate": 0.01},
           {"fault": "close", "when": "mid_answer", "rate": 0.01}, {"fault": "truncated", "rate": 0.01},
           {"fault": "rst", "late_ms": 900, "rate": 0.02}, {"fault": "duplicate", "late_ms": 300, "rate": 0.02}])


def stay(town):
    """The port stays the same over restarts."""
    at = town.tmp / "signalbox.yaml"
    config = json.loads(at.read_text())
    config["listen"]["payments"]["address"] = "127.0.0.1:" + town.address[1]
    at.write_text(json.dumps(config))


@pytest.mark.parametrize("kills", (0, 4), ids=["steady", "killed"])
def test_the_books_agree(tmp_path, kills):
    print("SEED=%d" % SEED)  # shown when it fails
    dice = random.Random(SEED)
    with Town(tmp_path / "town") as town:
        stay(town)
        (tmp_path / "token").write_text(town.token)
        for name in PROVIDERS:
            town.control("PUT", "/faults/" + name, FAULTS)
        record = tmp_path / "record.jsonl"
        fire = subprocess.Popen(
            [os.environ["FIRE"], "--url", "https://localhost:" + town.address[1], "--ca",
             str(town.tmp / "certs/ca.pem"), "--token", str(tmp_path / "token"), "--rate", "100", "--duration", "10",
             "--connections", "4", "--retry", "60", "--give-up", "90", "--seed", str(SEED), "--manual", "--json",
             "--record", str(record), "--mix", "visa:85,mastercard:5,declined:5,9951:5"],
            stdout=subprocess.PIPE, text=True)
        for _ in range(kills):
            time.sleep(dice.uniform(1, 2))
            town.stop_gateway(9)
            town.start_gateway()
        said = json.loads(fire.communicate(timeout=200)[0])
        town.calm()
        assert said["gave_up"] == 0 and said["due"] >= 950
        assert kills == 0 or said["reconnects"] > 0
        time.sleep(1.5)  # copies that the network still holds land within 0.9 s
        summary = town.summary()
        assert (summary["doubles"], summary["doubles_ever"]) == (0, 0)
        wrong, _, _ = report.contradictions(report.read_record(record), town.ledger()["charges"])
        assert not wrong
        counters = [p["counters"] for p in summary["providers"].values()]
        assert sum(c["faults"] for c in counters) > 100
        assert sum(c["key_conflicts"] + c["key_missing"] + c["malformed"] + c["refused"] for c in counters) == 0
