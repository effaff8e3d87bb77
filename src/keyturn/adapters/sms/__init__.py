"""SMS gateways, one module each."""
