"""Health: what is well, what is not, why, and how to mend it. Pure.

    probes (adapters) --> sights --> judges --> findings --> report: roots, consequences
    DNS questions <-- judge_sender --^                          |
                                                     catalogue: words, what needs what

Another part of the house joins by three additions: a sight (what its probe brings back), a
judge (sights to findings), and a room of the catalogue (checks with what they need, causes
with their words).  Nothing else changes: order, nesting, pages and commands follow.
"""
