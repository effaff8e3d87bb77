"""A network of this process's own, for as long as it runs.

Chromium gives up whatever it is loading, from this machine too, when an address of its network
comes or goes (ERR_NETWORK_CHANGED), and the labs of controllers make and remove addresses all the
time.  So every process that runs tests of the lab has a network that no other one changes
(network_namespaces(7)): this machine to itself, and one address as of a network at home.
"""

from __future__ import annotations

import ctypes
import subprocess
from shutil import which

#: <linux/sched.h>
CLONE_NEWNET = 0x40000000
#: of this machine, where others of its network reach it; behind it is nobody, and no way out
HOME = "192.168.117.2/24"
LINES = f"link set lo up\nlink add home type bridge\naddr add {HOME} dev home\nlink set home up\n"


def move() -> bool:
    """Go there, with every thread and process that is begun from now on.

    Returns: False without the right to (CAP_SYS_ADMIN; root has it) or without ip(8), and then
    nothing has changed.
    """
    if not which("ip") or ctypes.CDLL(None).unshare(CLONE_NEWNET):
        return False
    subprocess.run(["ip", "-batch", "-"], input=LINES, text=True, check=True)
    return True
