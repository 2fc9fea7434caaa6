"""sGate as its users run it: real processes, started, watched, asked to stop, and killed."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp

import sgate
from logs import log_lines, look_through
from servers.patience import patient

SOURCES = str(Path(sgate.__file__).parents[1])
START_S = patient(60.0)
WAIT_S = patient(60.0)
POLL_S = 0.05


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


async def until(condition, what, timeout_s=WAIT_S):
    """Ask `condition`, an async function, again and again until its answer is true; returns the answer."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = await condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"within {timeout_s:.0f} s it did not happen that {what}")
        await asyncio.sleep(POLL_S)


def environment(**settings):
    """The environment of a process: nothing of sGate's but `settings` (`port=4001` is SGATE_PORT)."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("SGATE_", "COLUMNS"))}
    settings = {"exchange_rate_sources": "", **settings}  # no process of a test asks the public sources
    ours = {f"SGATE_{name.upper()}": str(value) for name, value in settings.items()}
    return {**plain, "PYTHONPATH": SOURCES, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", **ours}


def command(directory, *arguments, timeout_s=START_S, **settings):
    """Run a command to its end: (exit status, standard output, standard error)."""
    done = subprocess.run(
        [sys.executable, "-m", "sgate", *arguments],
        cwd=directory,  # where no .env of a developer lies
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    look_through(log_lines(done.stderr))
    return done.returncode, done.stdout, done.stderr


class Program:
    """A running `sgate ...`; its output goes to a file."""

    def __init__(self, directory, *arguments, **settings):
        self.output = Path(directory) / f"output-{time.monotonic_ns()}.txt"
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sgate", *arguments],
                cwd=directory,
                env=environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.pid = self._process.pid

    @property
    def text(self):
        return self.output.read_text()

    @property
    def ended(self):
        return self._process.poll() is not None

    def kill(self):
        """kill -9."""
        self._process.kill()
        self._process.wait(WAIT_S)

    def terminate(self):
        """SIGTERM."""
        self._process.send_signal(signal.SIGTERM)

    async def stop(self):
        """Ask it to end: (exit status, seconds it took)."""
        started = time.monotonic()
        self.terminate()
        status = await asyncio.to_thread(self._process.wait, WAIT_S)
        return status, time.monotonic() - started

    def close(self):
        if not self.ended:
            self.kill()
        look_through(log_lines(self.text))


@contextlib.contextmanager
def program(directory, *arguments, **settings):
    running = Program(directory, *arguments, **settings)
    try:
        yield running
    finally:
        running.close()


class Server:
    """`sgate run` on a port that stays the same over restarts."""

    def __init__(self, directory, **settings):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._directory = directory
        self._settings = {"host": "127.0.0.1", "port": self.port, "log_level": "info", **settings}
        self._program = None

    def start(self, *options):
        """`options` of `sgate run`, such as `--role api`."""
        self._program = Program(self._directory, "run", *options, **self._settings)
        return self._program

    async def ready(self):
        """Until it answers that it is ready."""

        async def answers():
            if self._program.ended:
                raise AssertionError(f"the server ended:\n{self._program.text}")
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                timeout = aiohttp.ClientTimeout(total=2)
                async with (
                    aiohttp.ClientSession(timeout=timeout) as session,
                    session.get(f"{self.url}/health/ready") as answer,
                ):
                    return answer.status == 200
            return False

        await until(answers, "the server is ready", START_S)

    async def __aenter__(self):
        self.start()
        await self.ready()
        return self

    async def __aexit__(self, *_):
        self.close()

    def close(self):
        if self._program is not None:
            self._program.close()

    def kill(self):
        self._program.kill()

    def terminate(self):
        """SIGTERM, without waiting for the end."""
        self._program.terminate()

    async def stop(self):
        """SIGTERM: (exit status, seconds it took)."""
        return await self._program.stop()

    @property
    def text(self):
        return self._program.text

    async def metric(self, name):
        """A metric's value, or None."""
        port = self._settings.get("metrics_port") or self.port
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            text = await answer.text()
        found = re.search(rf"^{re.escape(name)}(?:{{[^}}]*}})? ([0-9.e+-]+)$", text, re.MULTILINE)
        return float(found[1]) if found else None


class Simulator:
    """`sgate simulator` on a free port."""

    def __init__(self, directory, block_interval_s=0.3):
        self._arguments = (
            "simulator", "--port", "0", "--directory", str(directory / "chain"), "--block-interval", str(block_interval_s),
        )  # fmt: skip
        self._directory = directory
        self.url = ""

    async def __aenter__(self):
        self._program = Program(self._directory, *self._arguments)

        async def told():
            assert not self._program.ended, self._program.text
            return re.search(r"listening at (http://\S+)", self._program.text)

        self.url = (await until(told, "the simulator says where it is", START_S))[1]
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_):
        await self._session.close()
        self._program.close()

    async def pay(self, intent, amount_sats):
        """Pay; returns the transaction's id."""
        order = {"recipient": intent["pay_address"], "amount_sats": amount_sats, "memo": intent["id"]}
        async with self._session.post(f"{self.url}/simulator/transfer", json=order) as answer:
            assert answer.status == 200, await answer.text()
            return (await answer.json())["tx_id"]


class Merchant:
    """A merchant's server: calls the API."""

    def __init__(self, base_url, api_key):
        self._base_url = base_url
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {api_key}"}, timeout=aiohttp.ClientTimeout(total=10)
        )

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self._session.close()

    async def call(self, method, path, body=None, key=None):
        """(status, answer)."""
        headers = {"Idempotency-Key": key} if key else {}
        async with self._session.request(method, self._base_url + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def expect(self, status, method, path, body=None, key=None):
        """The answer, which must have this status."""
        found, answer = await self.call(method, path, body, key)
        assert found == status, answer
        return answer


def make_merchant(directory, **settings):
    """`sgate merchants create`: (merchant id, API key)."""
    status, output, errors = command(directory, "merchants", "create", "--name", "Shop", "--json", **settings)
    assert status == 0, errors
    answer = json.loads(output)
    return answer["merchant_id"], answer["api_key"]
