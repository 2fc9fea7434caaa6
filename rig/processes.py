"""sGate's processes, and a supervisor that starts again what dies, as systemd does."""

import asyncio
import contextlib
import signal
import sys

import aiohttp

from logs import log_lines, look_through
from servers.patience import patient
from servers.processes import SOURCES, environment, free_port, until

RESTART_AFTER_S = 0.1
"""systemd's default (RestartSec=100ms)."""

STOP_S = 40.0
"""As docs/production.md asks supervisors to wait."""

START_S = patient(60.0)


class Supervised:
    """`sgate run --role ROLE`, again and again until it is told to stop.

    Attributes:
        sources: the directory with the code that the next start runs.
        extra: more of the environment of the next start.
    """

    def __init__(self, directory, name, role, settings):
        self.name, self.role = name, role
        self.port, self.metrics_port = free_port(), free_port()
        self.sources, self.extra = SOURCES, {}
        self.deaths = 0
        self.output = directory / f"{name}.log"
        self._directory = directory
        self._settings = {"host": "127.0.0.1", "port": self.port, "metrics_port": self.metrics_port, **settings}
        self._process = None
        self._supervising = None
        self._wanted = False

    async def start(self):
        """Start, and from now on start again whatever dies."""
        self._wanted = True
        await self._launch()
        self._supervising = asyncio.create_task(self._supervise())

    async def _launch(self):
        with self.output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "sgate", "run", "--role", self.role),
                cwd=self._directory,
                env={**environment(**self._settings), "PYTHONPATH": self.sources, **self.extra},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    async def _supervise(self):
        while self._wanted:
            await self._process.wait()
            if self._wanted:
                self.deaths += 1
                await asyncio.sleep(RESTART_AFTER_S)
                await self._launch()

    def kill(self):
        """kill -9; the supervisor brings it back."""
        self._process.kill()

    def freeze(self):
        """SIGSTOP: as a virtual machine that is paused."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        """SIGCONT."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGCONT)

    async def stop(self):
        """SIGTERM, and wait: the exit status. The supervisor lets it rest."""
        self._wanted = False
        if self._process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            return await self._process.wait()
        finally:
            await asyncio.gather(self._supervising, return_exceptions=True)

    async def close(self):
        """End it at once, for good, and look through its log for secrets."""
        self._wanted = False
        if self._supervising is not None:
            self._supervising.cancel()
            await asyncio.gather(self._supervising, return_exceptions=True)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            look_through(log_lines(self.output.read_text(errors="replace")))

    async def ready(self):
        """Until it says so itself."""
        await until(self.is_ready, f"{self.name} is ready", START_S)

    async def is_ready(self):
        answer = await self._look("/health/ready")
        return answer is not None

    async def metric(self, name):
        """The value of a metric for the test mode or without labels, or None."""
        text = await self._look("/metrics") or ""
        for line in text.splitlines():
            label, _, value = line.rpartition(" ")
            if label in {name, f'{name}{{mode="test"}}'}:
                return float(value)
        return None

    async def _look(self, path):
        """What its own port for operators answers, or None."""
        timeout = aiohttp.ClientTimeout(total=2)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"http://127.0.0.1:{self.metrics_port}{path}") as answer,
            ):
                return await answer.text() if answer.status == 200 else None
        return None
