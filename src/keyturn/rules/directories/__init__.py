"""Directory passwords: who may set which, when a set counts, and what the directory says of it.

things.py     what exists: directory, agent, linked account, controller, lease
leases.py     one primary for a directory: lease by key and run, epoch, clone alarm
resets.py     the life of one job as a table, and what may be asked of it when
proofs.py     the stamp of a password, and what two of them say together
policies.py   the directory's password policy, and a password judged by it as it is typed
vectors.py    the same verdicts as JSON, for the browser's copy
answers.py    what a controller answers, as one reason each
ppolicy.py    OpenLDAP's password policy, in the same words
protected.py  accounts that are never set from here, and why
workgroup.py  machines without a domain: their answers, stamps and limits
topology.py   sites, controllers and what stands behind them
health/       how a directory is: checks, what explains what, when it counts
"""
