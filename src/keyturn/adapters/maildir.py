"""A Maildir (https://cr.yp.to/proto/maildir.html) that a mail system delivers into.

Only `new` is looked at: what is there is whole, because mail systems write it elsewhere and
link it in.  Whoever may write there is trusted with no more than mail: names lead nowhere
else, and what is no plain file is not opened.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

_log = logging.getLogger("keyturn.maildir")
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Maildir:
    """The Postbag port. `folder` holds new, cur and tmp."""

    def __init__(self, folder: Path) -> None:
        self._new = folder / "new"
        self._stuck: set[str] = set()
        self._complained = False

    def waiting(self, limit: int) -> Sequence[str]:
        """Names in `new`, without those that could not be removed."""
        try:
            with os.scandir(self._new) as found:
                mails = (entry.name for entry in found if entry.name not in self._stuck)
                return tuple(islice((name for name in mails if not name.startswith(".")), limit))
        except OSError as error:
            self._complain("%s cannot be read: %s", error.strerror)
            return ()

    def read(self, name: str, most: int) -> bytes | None:
        """The first `most` bytes."""
        try:
            handle = os.open(self._new / name, _FLAGS)
        except OSError:  # another process was faster, or it is a link
            return None
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None
            with os.fdopen(handle, "rb", closefd=False) as file:
                return file.read(most)
        finally:
            os.close(handle)

    def remove(self, name: str) -> bool:
        """Remove it; one that cannot be removed is not offered again by this process."""
        try:
            (self._new / name).unlink(missing_ok=True)
        except OSError as error:
            self._stuck.add(name)
            self._complain("mail in %s cannot be removed: %s", error.strerror)
            return False
        return True

    def _complain(self, words: str, why: str | None) -> None:
        """Once: the loop looks every few seconds."""
        if not self._complained:
            self._complained = True
            _log.error(words, self._new, why)
