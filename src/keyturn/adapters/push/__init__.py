"""Web Push: encryption, the key that names us, and the way to push services.

Own code on `cryptography` and `httpx`. The library for it, pywebpush, brings two more HTTP clients
(requests and aiohttp), follows where an endpoint redirects to, and would have to be fenced in all
the same. Its parts save some forty lines (http-ece, last released in 2024, is built from source
by a setup.py); the RFCs' own examples check those.
"""
