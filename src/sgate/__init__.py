"""sGate: a self-hosted payment gateway for sBTC that never holds private keys."""

__version__ = "0.2.0"
