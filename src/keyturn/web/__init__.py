"""The doors a browser or a program comes through: pages, API, static files."""
