"""Published keys against the key in use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.sender import tags
from keyturn.rules.sender.dkim import OurKey, published
from keyturn.rules.sender.dns import ABSENT, EMPTY, SILENT, Answer, Reply

KEY = OurKey("north.test", "kt1", "ed25519", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")


def found(*records: str) -> str:
    return published(KEY, Answer(Reply.FOUND, records))


def test_the_record_that_belongs_there_is_right() -> None:
    assert KEY.name == "kt1._domainkey.north.test"
    assert found(KEY.record) == "right"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("; p=", "; t=y; p="), "testing"), (("; p=", "; t=s; p="), "right"),
        (("v=DKIM1; ", ""), "right"), (("p=11qYAYKx", "p=11qY AYKx"), "right"),
        (("HURo=", "HURo"), "right"), (("p=11q", "p=22q"), "other"),
        (("k=ed25519", "k=rsa"), "kind"), (("k=ed25519; ", ""), "kind"),
        (("; p=", "; h=sha1; p="), "hash"), (("; p=", "; h=sha1:sha256; p="), "right"),
        (("; p=", "; s=tlsrpt; p="), "service"), (("; p=", "; s=email:x; p="), "right"),
        (("v=DKIM1", "v=DKIM2"), "syntax"), (("; p=", "; q="), "syntax"),
        (("; p=", "; k=rsa; p="), "syntax"), (("; p=", "; 1=x; p="), "syntax"),
    ],
)  # fmt: skip
def test_every_way_in_which_it_may_be_otherwise_is_told(change: tuple[str, str], says: str) -> None:
    assert found(KEY.record.replace(*change)) == says


def test_revoked_missing_several_silent_are_told_apart() -> None:
    assert found("v=DKIM1; k=ed25519; p=") == "revoked"
    assert found(KEY.record, KEY.record) == "several"
    assert [published(KEY, answer) for answer in (SILENT, ABSENT, EMPTY)] == [
        "silent", "missing", "missing",
    ]  # fmt: skip


def test_a_huge_record_is_no_tag_list() -> None:
    assert found("v=DKIM1; p=" + "A" * 20_000) == "syntax"


@given(st.lists(st.text(max_size=60), min_size=1, max_size=3))
def test_no_record_makes_it_fail(records: list[str]) -> None:
    assert found(*records) in {
        "right", "testing", "several", "syntax", "revoked", "kind", "other", "hash", "service",
    }  # fmt: skip


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True),
                       st.from_regex(r"[a-zA-Z0-9+/=:*.@-]{0,9}", fullmatch=True)))  # fmt: skip
def test_tags_are_read_as_written(pairs: dict[str, str]) -> None:
    text = " ; ".join(f"{name} = {value}" for name, value in pairs.items())
    assert tags.parse(text) == pairs
