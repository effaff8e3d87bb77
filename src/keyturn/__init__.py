"""Keyturn gets people back into their accounts, safely, and says why they could not get in."""

import gc

__version__ = "0.1.0"


def patient_gc() -> None:
    """Look for cycles less often than every 700 objects: imports make many objects and no
    cycles, which costs a tenth of a server's start, and a request makes few.
    """
    gc.set_threshold(50_000, 20, 20)
