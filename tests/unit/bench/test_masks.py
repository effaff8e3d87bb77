"""What may differ between answers, and what may not."""

from __future__ import annotations

import pytest

from keyturn.bench.masks import masked


def answer(body: bytes, *, date: bytes = b"Sun", cookie: bytes = b"one") -> tuple[bytes, bytes]:
    """An answer with this body."""
    head = b"HTTP/1.1 401 x\r\ndate: %s\r\nset-cookie: kt-browser=%s; Path=/\r\ncontent-length: %d"
    return head % (date, cookie, len(body)), body


def page(token: bytes, now: bytes, name: bytes, left: bytes) -> bytes:
    """A page with everything that may differ."""
    return (
        b'<html data-now="%s"><input name="csrf" value="%s"><b>%s</b><p>in %s</p>'
        b'<time datetime="x" data-ms="%s">14:07</time>' % (now, token, name, left, now)
    )


def test_declared_fields_may_differ() -> None:
    one = answer(page(b"aaa", b"1700000000001", b"ada", b"10 minutes"))
    other = answer(page(b"b", b"1700000000999", b"eve", b"1 minute"), date=b"Mon", cookie=b"two")
    one_left = masked(*one, "ada").replace(b"minutes", b"minute")
    assert (
        masked(*other, "eve").replace(b"minutes", b"minute").split(b"\n\n")[1]
        == (one_left.split(b"\n\n")[1])
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (answer(b"<p>wrong</p>"), answer(b"<p>Wrong</p>")),
        (answer(b"<p>wrong</p>"), answer(b"<p>wrong</p> ")),
        (answer(b"x"), (answer(b"x")[0].replace(b"401", b"403"), b"x")),
        (answer(b"x"), (answer(b"x")[0].replace(b"Path=/", b"Path=/a"), b"x")),
        (answer(b"x"), (answer(b"x")[0] + b"\r\nx-account: no", b"x")),
    ],
)
def test_any_other_byte_tells(one: tuple[bytes, bytes], other: tuple[bytes, bytes]) -> None:
    assert masked(*one, "ada") != masked(*other, "ada")


def test_a_length_that_is_wrong_is_no_answer() -> None:
    head, body = answer(b"body")
    with pytest.raises(ValueError, match="content-length"):
        masked(head, body + b"!", "ada")
