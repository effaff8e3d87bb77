"""Windows' and Samba's Active Directory, over LDAPS (extra `keyturn[agent]`).

settings.py    where, who, how long
channel.py     TLS to a controller (ldap/)
connection.py  LDAP to a controller, with what its rootDSE says
service.py     connections of the delegated account, kept and renewed
values.py      how the directory writes times, SIDs, GUIDs
metadata.py    stamps, from replication metadata
rights.py      access control lists: "cannot change the password", what is delegated on an OU
replicating.py whom a controller takes changes from, and how that goes
accounts.py    one account, read
policies.py    what binds it
writing.py     one change
topology.py    sites, controllers, links
reading/       everybody: read once, then followed
driver.py      the port
"""

from keyturn.agent.directories.active_directory.driver import ActiveDirectory
from keyturn.agent.directories.ldap.settings import Settings

__all__ = ["ActiveDirectory", "Settings"]
