"""The story of a world: a log of its steps."""

LINES_KEPT = 60


class Story:
    """Collects the lines of a story. The last ones explain a failure; with `loud` every line is printed at once."""

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
