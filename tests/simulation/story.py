"""What happens, told line by line."""

LINES_KEPT = 60


class Story:
    """The last lines are kept for whoever wants to know how it came to a failure; `loud` tells all of them at once."""

    def __init__(self, *, loud=False):
        self._loud = loud
        self.lines = []

    def tell(self, line):
        self.lines.append(line)
        if self._loud:
            print(line)

    @property
    def ending(self):
        return "\n".join(self.lines[-LINES_KEPT:])
