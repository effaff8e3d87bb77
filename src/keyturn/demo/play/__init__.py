"""The play: every behaviour of the demo lived through from outside.

A demo runs as a process of its own.  The play knows what a person knows: pages and what
their forms hold, the JSON API, the mails and texts that arrived on the far side.  Time
passes through the demo's clock page.
"""
