"""Logs without secrets, metrics and traces, for the operator."""
