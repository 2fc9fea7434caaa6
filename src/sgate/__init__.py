"""sGate: a self-hosted payment gateway for sBTC that holds no keys and is right about money."""

__version__ = "0.1.0"
