"""`keyturn bench sync`, with few people: it measures what it says. Times say nothing here."""

from __future__ import annotations

from tests.lab.domains import ROOT
from tests.lab.test_bench import bench, broken


def test_everybody_is_read_followed_and_after_ten_crashes_nobody_is_lost_or_twice() -> None:
    document = bench("sync")
    samba = document["engines"].get("samba")
    if samba is None and not ROOT:
        (failed,) = document["checks"]
        assert "failed to run" in failed["value"]
        return
    assert broken(document, "over a bare one", "slowest") == []
    assert samba["read"]["peak_mib"] > samba["read"]["rss_mib"][0] > 0
    assert samba["change"]["rounds"] == 2
    crash = samba["crash"]
    assert crash["accounts"] > samba["users"] == 400
    assert crash["pages"] > 40
    assert [crash[what] for what in ("lost", "too many", "wrong", "told twice")] == [0, 0, 0, 0]
