"""The JSON API under /api/v1: the same flows as the pages, without cookies."""
