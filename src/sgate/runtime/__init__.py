"""The composition root. It builds the components from the settings, runs the roles of a process, and measures them."""
