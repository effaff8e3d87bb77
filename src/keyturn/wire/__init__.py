"""What server and agent say to each other: messages, signatures, certificates, seals.

Bytes in, frozen values out. No sockets, no clock, no chance; keys are arguments.
"""
