"""One module per intent. Flows import rules, ports and steps, and never each other."""
