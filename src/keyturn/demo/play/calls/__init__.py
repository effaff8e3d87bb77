"""Callers at the help desk: impostors who know everything that is public, and honest people.

Tom answers the telephone and does only what the pages of a case let him do.  What a caller has in
hand (a mailbox, a number, a phone, a camera at home, a colleague who knows them) is real: mails
and texts are read from the far side of the demo, phones and cameras are programs with their keys.
"""
