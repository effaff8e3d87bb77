"""What Check my phone has found has its words, and a mend for the phone's own system."""

from __future__ import annotations

import pytest

from keyturn.rules.diagnosis import Facts, diagnose
from keyturn.rules.diagnosis.catalogue import BY_ID
from keyturn.rules.diagnosis.cause import Symptom
from keyturn.rules.diagnosis.judge import placeholders
from keyturn.rules.diagnosis.phone_app import told
from keyturn.rules.diagnosis.phone_app_mends import MENDS
from keyturn.rules.phone_checks.checks import CAUSES, Check, Verdict, results
from keyturn.rules.phone_checks.platforms import SYSTEM_FLOOR, System
from keyturn.rules.phone_checks.seen import Seen
from keyturn.rules.phone_checks.vectors import WELL

from .snapshots import AGO, NOW

#: checks that find something on some systems alone
_ONLY = {Check.SYSTEM: tuple(SYSTEM_FLOOR), Check.HOME: (System.IOS,)}
FOUND = [
    (check, cause, system)
    for check, causes in CAUSES.items()
    for cause in causes
    for system in _ONLY.get(check, tuple(System))
]


@pytest.mark.parametrize(("check", "cause", "system"), FOUND)
def test_whatever_is_found_has_one_mend_on_each_system(
    check: Check, cause: str, system: System
) -> None:
    fits = [
        mend
        for mend in MENDS
        if (mend.check, mend.cause) == (check, cause) and mend.system in {None, system}
    ]
    assert len(fits) == 1
    words = told(check, cause, system)
    assert (words.what, words.do) == (BY_ID[words.id].person.what, BY_ID[words.id].person.do)
    assert not placeholders(words.title + words.what + words.do)


def test_no_mend_is_for_what_no_check_finds() -> None:
    assert {(mend.check, mend.cause) for mend in MENDS} == {(c, w) for c, w, _ in FOUND}


def test_what_does_not_happen_on_a_system_has_no_words_there() -> None:
    with pytest.raises(StopIteration):
        told(Check.HOME, "not-added", System.ANDROID)


def test_what_the_phone_found_is_told_in_the_order_in_which_it_is_mended() -> None:
    seen = Seen(**{**WELL, "permission": "denied", "camera": "refused", "online": False})
    facts: dict[str, object] = {"app.system": "android", "app.checked_at": AGO}
    for one in results(seen):
        facts[f"app.checks.{one.check}"] = one.cause or one.verdict
    assert all(Facts(facts).seen(name) for name in facts)
    found = [f.cause for f in diagnose(Facts(facts), NOW, Symptom.APP).findings]
    assert found == [
        "app.network-offline", "app.camera-refused-android", "app.notifications-denied-android",
    ]  # fmt: skip


def test_the_other_systems_mend_is_not_told() -> None:
    facts = {"app.system": "ios", "app.checked_at": AGO, "app.checks.camera": "refused"}
    found = [f.cause for f in diagnose(Facts(facts), NOW, Symptom.APP).findings]
    assert found == ["app.camera-refused-ios"]


def test_a_verdict_is_no_cause() -> None:
    assert not set(Verdict) & {word for words in CAUSES.values() for word in words}
