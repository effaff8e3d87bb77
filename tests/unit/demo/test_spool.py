"""What arrived at the far side, as others read it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from keyturn.demo.gateway import KeptText
from keyturn.demo.mailbox import KeptMail
from keyturn.demo.spool import KEPT, Spool
from keyturn.rules.messages import MessageState

MAIL = KeptMail(
    envelope="a@n.test", to="ada@p.test", sender="N <a@n.test>", subject="Grüße", date="today",
    message_id="<1@n.test>", text="Hello\n", html="<p>Hello</p>", signatures=1, genuine=True,
    raw=bytes(range(256)),
)  # fmt: skip


def text(to: str, words: str = "482913") -> KeptText:
    return KeptText(to=to, sender="N", text=words, coding="0")


def test_nothing_arrived_yet(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "arrived")
    assert spool.mails() == []
    assert spool.texts() == []


def test_mails_and_texts_are_numbered_in_the_order_of_arrival(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "arrived")
    spool.add_mail(5, MAIL)
    spool.add_text(6, text("+1"))
    spool.add_mail(7, MAIL)
    assert [(m.number, m.at, m.mail) for m in spool.mails()] == [(1, 5, MAIL), (2, 7, MAIL)]
    assert [(t.number, t.at, t.text.to) for t in spool.texts()] == [(1, 6, "+1")]


def test_a_report_is_on_the_newest_text_to_its_number(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "arrived")
    for to in ("+1", "+2", "+1"):
        spool.add_text(1, text(to))
    spool.add_report("+1", MessageState.DELIVERED)
    spool.add_report("+3", MessageState.BOUNCED)
    states = [t.state for t in spool.texts()]
    assert states == [MessageState.SENT, MessageState.SENT, MessageState.DELIVERED]


def test_a_line_that_is_still_being_written_is_not_read(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "arrived")
    spool.add_text(1, text("+1"))
    with (tmp_path / "arrived").open("ab") as file:
        file.write(b'{"text": {"to": "+2", "sen')
    assert [t.text.to for t in spool.texts()] == ["+1"]


def test_only_the_newest_are_kept_and_keep_their_numbers(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "arrived")
    for _ in range(KEPT + 3):
        spool.add_text(1, text("+1"))
    assert [t.number for t in spool.texts()] == list(range(4, KEPT + 4))


@given(words=st.text(max_size=40))
def test_whatever_was_written_comes_back(tmp_path_factory: object, words: str) -> None:
    folder = tmp_path_factory.mktemp("spool")  # type: ignore[attr-defined]
    spool = Spool(folder / "arrived")
    spool.add_text(1, text("+1", words))
    assert spool.texts()[0].text.text == words
