"""OpenLDAP 2.5 and later with slapo-ppolicy, over LDAPS (extra `keyturn[agent]`).

settings.py    where, who, how long, and what slapd cannot say
connection.py  LDAP to slapd, with what its password policy says beside its answers
values.py      how slapd writes times, change numbers, UUIDs and names
stamps.py      moments for stamps
accounts.py    one account, read
policies.py    what binds it
writing.py     one change
trying.py      a password tried once
topology.py    providers
reading/       everybody: read once, then followed
driver.py      the port
"""

from keyturn.agent.directories.openldap.driver import OpenLdap
from keyturn.agent.directories.openldap.settings import Settings
from keyturn.rules.directories.ppolicy import LIMITS

__all__ = ["LIMITS", "OpenLdap", "Settings"]
