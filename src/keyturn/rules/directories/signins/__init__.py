"""Signing in with a directory password: what may be tried, and what an answer leads to.

budget     how many tries an account bears, so that nobody locks it from the internet
tries      the way of one try, from the page to its answer
spellings  what people type for their directory account
answers    what the directory's answer leads to, and when it is shown
"""
