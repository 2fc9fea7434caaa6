"""A pool whose connection dies at the k-th statement, before it reaches the server or right after a commit."""

import contextlib


class Killed(BaseException):
    """The process is killed: none of its code runs any further."""


class Countdown:
    """Counts the statements, begins and commits of all connections; the connection dies at number `at`.

    Attributes:
        seen: the statements so far, for the message of a failing test.
        after: die right after a successful COMMIT, not before the statement.
    """

    def __init__(self, at=None, *, error=ConnectionResetError, after=False):
        self.at, self.error, self.after = at, error, after
        self.seen = []
        self.died_at = None

    def step(self, connection, what, *, done=False):
        if done:
            if self.after and self.at == len(self.seen):
                self._die(connection, what)
            return
        self.seen.append(what)
        if not self.after and self.at == len(self.seen):
            self._die(connection, what)

    def _die(self, connection, what):
        self.died_at = what
        connection.terminate()
        raise self.error(f"died at {what}")


class CrashingPool:
    """A pool whose connections are subject to a countdown."""

    def __init__(self, pool, countdown):
        self._pool, self._countdown = pool, countdown

    @contextlib.asynccontextmanager
    async def acquire(self):
        async with self._pool.acquire() as connection:
            yield _Connection(connection, self._countdown)


class _Connection:
    def __init__(self, connection, countdown):
        self._connection, self._countdown = connection, countdown

    def __getattr__(self, name):
        method = getattr(self._connection, name)

        async def counted(statement, *arguments):
            self._countdown.step(self._connection, " ".join(statement.split())[:60])
            return await method(statement, *arguments)

        return counted

    @contextlib.asynccontextmanager
    async def transaction(self):
        transaction = self._connection.transaction()
        self._countdown.step(self._connection, "BEGIN")
        await transaction.start()
        try:
            yield
            self._countdown.step(self._connection, "COMMIT")
        except BaseException:
            if self._countdown.died_at is None:
                await transaction.rollback()
            raise
        await transaction.commit()
        self._countdown.step(self._connection, "COMMIT", done=True)
