"""Logs, metrics and traces for the operator. The logs contain no secrets."""
