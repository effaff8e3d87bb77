"""What the signed doors share: those of phones (app_door) and of devices (devices).

door.py     one request: whose key, which signature, when; one signed answer
fields.py   reading a body's fields, strictly
"""
