"""The memory twin of the directory driver: a pretend domain of several controllers.

accounts.py     one account as one controller holds it
controllers.py  a controller: writes, stamps, binds
domain.py       the domain: replication when told to, changes by hand, faults
tree.py         OUs, groups, who was deleted or moved
driver.py       the port's `Driver` on it
reading.py      the port's `Source` on it
inspecting.py   the port's `Inspector` on it
"""

from keyturn.agent.directories.memory.accounts import Held
from keyturn.agent.directories.memory.controllers import MemoryController
from keyturn.agent.directories.memory.domain import MemoryDomain
from keyturn.agent.directories.memory.driver import MemoryDriver
from keyturn.agent.directories.memory.faults import Fault
from keyturn.agent.directories.memory.inspecting import MemoryInspector
from keyturn.agent.directories.memory.reading import MemorySource

__all__ = [
    "Fault", "Held", "MemoryController", "MemoryDomain", "MemoryDriver", "MemoryInspector",
    "MemorySource",
]  # fmt: skip
