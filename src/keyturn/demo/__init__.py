"""What only the demo and the tests have: the far sides of mail and texts."""
