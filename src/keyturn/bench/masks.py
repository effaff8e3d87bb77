"""What may differ between two answers that say the same: declared here and nowhere else.

Each field is blanked, and the Content-Length, having been checked, is computed anew for
what is left: any other byte that differs tells something.
"""

from __future__ import annotations

import re

#: (what it is, where it stands, what is left)
RANDOM = (
    ("form token", rb'(name="csrf" value=")[^"]*', rb"\1"),
    ("a moment for the page's script", rb'( data-[a-z-]+=")\d{13}"', rb'\1"'),
    ("a time", rb"<time [^>]*>[^<]*</time>", rb"<time>"),
    ("time left", rb"\b\d+ (minute|second)s?\b", rb"N \1"),
    ("countdown", rb"\b\d+:\d\d\b", rb"N:NN"),
)
HEADERS = (
    ("date", rb"(\r\ndate:)[^\r]*", rb"\1"),
    ("cookie values", rb"(\r\nset-cookie: [^=]*=)[^;\r]*", rb"\1"),
)
_LENGTH = re.compile(rb"(\r\ncontent-length: )(\d+)")


def masked(head: bytes, body: bytes, name: str) -> bytes:
    """An answer to `name` without what may differ.

    Raises ValueError if its Content-Length is not its body's.
    """
    length = _LENGTH.search(head)
    if length is None or int(length[2]) != len(body):
        raise ValueError(head)
    body = body.replace(name.encode(), b"NAME")
    for _, pattern, rest in RANDOM:
        body = re.sub(pattern, rest, body)
    for _, pattern, rest in HEADERS:
        head = re.sub(pattern, rest, head)
    head = _LENGTH.sub(lambda found: found[1] + b"%d" % len(body), head)
    return head.replace(b"\r\n", b"\n") + b"\n\n" + body
