"""Web Push: encryption, the key that names us, and the way to push services.

Own code on `cryptography` and `httpx`, because the library for it (pywebpush) brings two more
HTTP clients (requests and aiohttp), follows where an endpoint redirects to, and would have to be
fenced in all the same; its parts (http-ece, py-vapid) save some forty lines that the RFCs'
own examples check.
"""
