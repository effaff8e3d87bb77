"""How a directory is: what is wrong with it, the one true cause first. Pure.

    facts (by who saw them) --> view --> checks --> findings --> settled --> forest
                                                       |
                                             catalogue: words, order

Findings, causes, words and reports are those of rules/health; new here are places (a
directory's controllers, agents, OUs), what explains what at a place (forest.py), and that a
finding counts only after it stood (settled.py).  A check is a function of a room (agents,
controllers, certificates, replication, whole) that says exactly one thing of each of its places.
"""
