"""Crash test of servers: `python -m benchmarks.reliability.crash`."""
