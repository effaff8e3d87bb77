"""The rules of Keyturn: pure functions and value types, standard library only.

Nothing here reads a clock, draws a random number or touches a file or socket:
time (integer milliseconds since the epoch, UTC) and chance are arguments.
"""
