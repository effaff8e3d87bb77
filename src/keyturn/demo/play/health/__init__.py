"""The play of a directory's health: a real domain, faults from outside, and what the doctor says.

ward.py      the domain under observation: three controllers, an agent beside each, the doctor
faults.py    every fault, how it is done and undone, and what has to be said of it
pairs.py     two at a time
playing.py   one after the other: done, seen, undone, healthy again; silence; the table

A fault is right when the doctor names exactly its roots, the right one first, and what comes of
it beneath.  Nothing is told to Keyturn: faults are done to controllers, networks, folders and
clocks, and to one row of the database that no command would write any more.
"""
