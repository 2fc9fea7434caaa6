"""The rig: production on one machine, broken under load, its books compared at the end. docs/rig.md tells it."""
