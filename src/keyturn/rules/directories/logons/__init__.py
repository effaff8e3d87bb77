"""Bad logons: what one is, how logs tell of it, and which source locks an account again.

`logon` is one bad logon; `samba` and `windows` read it out of a line of Samba's audit log and out
of an event of Windows' security log; `ranking` says which sources they come from and how certain
that is; `source` is what is told to the server.
"""
