"""sGate: a self-hosted payment gateway for sBTC that never holds private keys."""

__version__ = "0.1.0"
