"""The reference device: a believable camera on a terminal, for trying out and for makers to read.

folder.py   what it keeps: its key, its number, whose it is
link.py     one signed request, one answer that is believed
camera.py   what it does: is set up, beats, shows its code, is pressed

It speaks docs/design/18-devices.md and knows nothing of the server but wire.
"""
