"""loadtest/policy_changes.py, short: policies change under load and no payment fails."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["SOURCE"]) / "loadtest"))
import policy_changes  # noqa: E402


def test_policies_change_under_load_and_no_payment_fails(tmp_path):
    o = policy_changes.options(["--rate", "300", "--changes", "50", "--seconds", "20"])
    result = policy_changes.drill(o, tmp_path)
    print(result)
    assert result["held"], result
    assert result["payments"] == 6000 and result["revisions_answered"] > 30
