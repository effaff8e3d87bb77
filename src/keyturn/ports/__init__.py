"""What Keyturn needs of the outside, as Protocols. Adapters implement them.

A port's docstring says what None and each error mean, with units and source.
Each port has a memory twin in `adapters/memory.py` that passes the same contract
tests; the store's twin is the real store on an in-memory SQLite database.
"""

from keyturn.ports.delivery import (
    Letters,
    Mail,
    Mailer,
    NotDelivered,
    NumberingPlan,
    PhoneNumber,
    Receipt,
    Text,
    Texter,
)
from keyturn.ports.secrets import Busy, Hasher, OneTimePasswords, Sealer, Unsealable
from keyturn.ports.store import Store, StoreUnavailable, Taken, Tx
from keyturn.ports.system import Clock, Random

__all__ = [
    "Busy",
    "Clock",
    "Hasher",
    "Letters",
    "Mail",
    "Mailer",
    "NotDelivered",
    "NumberingPlan",
    "OneTimePasswords",
    "PhoneNumber",
    "Random",
    "Receipt",
    "Sealer",
    "Store",
    "StoreUnavailable",
    "Taken",
    "Text",
    "Texter",
    "Tx",
    "Unsealable",
]
