"""The drills of loadtest/drills.py, short: what is counted, not how long it took."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(os.environ["SOURCE"]) / "loadtest"))
import drills  # noqa: E402


def drill(tmp_path, name, *more):
    o = drills.options([name, "--rate", "120", "--seconds", "6", "--keep", str(tmp_path), *more])
    o.folder = tmp_path
    c = drills.DRILLS[name](o)
    c.show()
    return {row["what"]: row for row in c.rows}


COUNTS = ("failures that a healthy provider could have taken", "charged twice (ledger)",
          "contradictions between checkouts and ledger", "requests that providers found wrong")


def assert_counts(rows):
    for what in COUNTS:
        assert rows[what]["value"] == 0, what


@pytest.mark.parametrize("fault", ("refuse", "hang", "errors", "reset"))
def test_a_provider_dies_and_no_customer_sees_it(tmp_path, fault):
    assert_counts(drill(tmp_path, "failover", "--fault", fault))


def test_a_provider_dies_and_comes_back(tmp_path):
    assert_counts(drill(tmp_path, "recovery"))


def test_a_provider_dies_again_and_again(tmp_path):
    assert_counts(drill(tmp_path, "flapping"))


def test_an_operator_stops_providers_on_all_nodes(tmp_path):
    rows = drill(tmp_path, "toggle", "--gateways", "4")
    assert_counts(rows)
    assert rows["until the last payment to a stopped provider was due, worst, ms"]["value"] < 2000  # never: 4000


def test_redis_is_killed_and_frozen_and_payments_go_on(tmp_path):
    assert_counts(drill(tmp_path, "redis", "--rate", "60", "--seconds", "4"))
