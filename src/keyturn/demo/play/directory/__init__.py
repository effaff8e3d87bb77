"""The lab's play: a real domain of three controllers, lived through from outside.

People sign in with their second step and reset their Windows passwords; the play seals them
as the page's script does.  An administrator's hand (lab/hand.py) reads each controller's own
copy, so that what Keyturn says can be held against what is so.
"""
