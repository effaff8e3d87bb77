"""The lab: real Samba domain controllers on this machine, with faults on demand.

commands.py      run a program and say what it said when it fails; wait for what must come true
processes.py     found, ended, weighed
instances.py     several labs at once: a number each, and what a dead one left is removed
network.py       a network of namespaces: nodes, names, links that are cut and healed
loopback.py      where namespaces are not allowed: one controller on 127.0.0.60
certificates.py  an authority, and certificates as servers should and should not have them
controllers.py   one Samba domain controller: its configuration, its life
provisioning.py  a domain made from nothing, with sites, joined controllers and names
people.py        who is in the domain, and the delegated account of the agents
bulk.py          people by the thousand
snapshots.py     prepared folders, made once
hand.py          what an administrator does by hand at one controller
faults.py        what goes wrong on demand
workgroup.py     a stand-alone machine with accounts of its own: smbd, no domain; who is
                 there and what is done by hand: workgroup_people.py
relay.py         a line from a namespace to a server on the host's loopback
domain.py        Lab: all of it, for a test or a play
able.py          whether this machine can
openldap.py      a real slapd on loopback; openldap_people.py: who is in it, and who may do what
"""
