"""The program beside a directory. Imports only `wire` and `rules` of ours, so that it installs
without the server's libraries (extra `keyturn[agent]`).
"""
