"""Shared pieces of flows: functions that take an open `tx` and never open one."""
