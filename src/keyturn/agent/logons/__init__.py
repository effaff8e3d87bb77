"""Bad logons as the controllers' own logs tell of them: `ports` says what a log is, `audit_file`
reads Samba's, `events` Windows', `memory` is the tests'; `gathering` answers a look with them.
"""
