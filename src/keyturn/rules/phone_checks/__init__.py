"""Check my phone: what a phone has tried and seen, and what keeps the app from working on it.

seen         what the app's script found out, as it says it
platforms    which system and browser that is: client hints first, else the user agent
checks       the checks in their order: well, a cause, or "cannot tell"
vectors      examples with their answers, for the copy of these rules in the app
"""
