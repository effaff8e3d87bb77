"""What every directory that speaks LDAP shares (extra `keyturn[agent]`).

settings.py    where, who, how long
channel.py     TLS to a server, and what went wrong with it
connection.py  LDAP through a channel: bind, search, modify
service.py     connections of the agent's account, kept and renewed
calls.py       calls to one server, each with its time
values.py      attributes as text and numbers
"""
