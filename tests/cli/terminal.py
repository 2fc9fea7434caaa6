"""A developer at a terminal: runs commands, reads what they print, and presses Ctrl+C."""

import asyncio
import contextlib
import json
import signal
import sys

from servers.patience import patient
from servers.processes import environment

WAIT_S = patient(60.0)


class Developer:
    """Runs `sgate` with these settings (`api_key` is SGATE_API_KEY) and a separate home directory."""

    def __init__(self, home, **settings):
        self.home, self.settings = home, settings

    @property
    def environment(self):
        found = environment(**self.settings)
        return found | {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / "config"), "COLUMNS": "200"}

    def but(self, **settings):
        """Return a developer with changed settings; None removes a setting."""
        merged = {name: value for name, value in (self.settings | settings).items() if value is not None}
        return Developer(self.home, **merged)

    async def run(self, *arguments, stdin=""):
        """Run a command to its end, and return exit status, standard output and standard error."""
        process = await self._start(arguments, stdin=asyncio.subprocess.PIPE)
        output, errors = await asyncio.wait_for(process.communicate(stdin.encode()), WAIT_S)
        return process.returncode, output.decode(), errors.decode()

    async def ok(self, *arguments, stdin=""):
        """Return the output of a command that must succeed."""
        status, output, errors = await self.run(*arguments, stdin=stdin)
        assert status == 0, (output, errors)
        return output

    async def json(self, *arguments):
        """Return the JSON that a command prints."""
        return json.loads(await self.ok(*arguments, "--json"))

    async def refused(self, *arguments, stdin=""):
        """Return the one sentence with which a command fails with exit status 1."""
        status, output, errors = await self.run(*arguments, stdin=stdin)
        assert (status, output) == (1, ""), (status, output, errors)
        assert errors.startswith("sgate: ")
        assert errors.count("\n") == 1, errors
        assert "Traceback" not in errors
        return errors

    @contextlib.asynccontextmanager
    async def started(self, *arguments):
        """Run a command that continues until Ctrl+C."""
        process = await self._start(arguments, stdin=asyncio.subprocess.DEVNULL)
        running = Command(process)
        try:
            yield running
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await running.close()

    async def _start(self, arguments, stdin):
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sgate",
            *arguments,
            cwd=self.home,
            env=self.environment,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=_heeds_ctrl_c,
        )


def _heeds_ctrl_c() -> None:
    """A test run in the background ignores SIGINT, and its children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Command:
    """A running command and its output."""

    def __init__(self, process):
        self._process = process
        self._changed = asyncio.Condition()
        self.output = self.errors = ""
        self._readers = [
            asyncio.create_task(self._read("output", process.stdout)),
            asyncio.create_task(self._read("errors", process.stderr)),
        ]

    @property
    def lines(self):
        return self.output.splitlines()

    async def printed(self, text):
        """Wait until it has printed this to standard output or standard error."""
        async with self._changed:
            try:
                await asyncio.wait_for(
                    self._changed.wait_for(lambda: text in self.output or text in self.errors), WAIT_S
                )
            except TimeoutError:
                raise AssertionError(f"{text!r} is not in\n{self.output}\n{self.errors}") from None

    async def ended(self):
        """Wait for its end and return the exit status."""
        status = await asyncio.wait_for(self._process.wait(), WAIT_S)
        await asyncio.gather(*self._readers)
        return status

    async def interrupted(self):
        """Press Ctrl+C and return the exit status."""
        self._process.send_signal(signal.SIGINT)
        return await self.ended()

    async def close(self):
        await asyncio.gather(*self._readers)

    async def _read(self, name, stream):
        while chunk := await stream.read(65536):
            async with self._changed:
                setattr(self, name, getattr(self, name) + chunk.decode())
                self._changed.notify_all()
