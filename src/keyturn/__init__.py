"""Keyturn gets people back into their accounts, safely, and says why they could not get in."""

import gc

__version__ = "0.1.0"


def patient_gc() -> None:
    """For a start: do not look for cycles until twice as many objects are made as a server imports.
    Imports leave a few dozen objects in circles; to find them costs a sixth of a start.
    """
    gc.set_threshold(200_000, 20, 20)


def steady_gc() -> None:
    """For what runs for days, once it has started: what is there stays, and cycles among what comes
    are looked for often, as a page leaves some hundred objects in circles. To look seldom is no
    cheaper: fifty thousand, gone from the processor's caches, hold up everybody for a tenth of a
    second.
    """
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)
