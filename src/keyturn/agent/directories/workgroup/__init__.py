"""Accounts of a machine without a domain, over SAMR (extra `keyturn[workgroup]`).

settings.py   where, who, how long
channel.py    SMB 3.1.1, encrypted: a pipe to SAMR, and a password tried
line.py       what one call waits on, and how it is ended
service.py    calls of the agent's account: in threads, bounded in number and time
ndr.py        how calls are written
rpc.py        how they travel
samr.py       the calls
records.py    what they carry
sealing.py    a new password inside one
values.py     SIDs
machine.py    the machine's domains, policy and accounts, as one call sees them
accounts.py   one account, read
writing.py    one change
driver.py     the port `Driver`
source.py     the port `Source`

SMB is smbprotocol's: it checks what it decrypts. (impacket, which would bring SAMR too, does
not: its SMB 3 ignores the tag of what it decrypts and takes nonces from `random`; and it would
bring a web server to the agent's host.)
"""

from keyturn.agent.directories.workgroup.driver import Workgroup
from keyturn.agent.directories.workgroup.settings import Settings
from keyturn.agent.directories.workgroup.source import WorkgroupSource
from keyturn.rules.directories.workgroup import LIMITS

__all__ = ["LIMITS", "Settings", "Workgroup", "WorkgroupSource"]
