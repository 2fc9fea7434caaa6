"""The composition root: what is made from the settings, what each role of a process does, and what is measured."""
