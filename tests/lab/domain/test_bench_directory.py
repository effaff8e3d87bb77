"""`keyturn bench directory`, quickly: it measures what it says. Times say nothing here."""

from __future__ import annotations

from tests.lab.test_bench import ENGINES, bench, broken


def test_idle_agents_hear_of_jobs_come_back_and_a_reset_is_proved() -> None:
    document = bench("directory")
    assert broken(document, "memory", "reconnect", "doorbell", "a proved reset") == []
    for engine in ENGINES:
        figures = document["engines"][engine]
        assert figures["agents"] == 40
        assert figures["doorbell"]["jobs"] == 10
        assert figures["doorbell"]["p50_ms"] > 0
        assert figures["restart"]["all_up_s"] > 0
    reset = next(check for check in document["checks"] if check["what"].startswith("a proved"))
    samba = document["engines"].get("samba", {"rounds": 0})
    assert samba["rounds"] == 2 or "failed to run" in reset["value"]
