"""What an administrator types. Each command is a door: it parses, calls a flow, prints."""
