"""A real Redis on a free loopback port, which can be killed, started again, and made to hang."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time

from servers.patience import patient

START_S = patient(10.0)


class RedisServer:
    """Use as a context manager. Nothing is kept between a stop and a start."""

    def __init__(self, directory):
        self._directory = directory
        self._process = None
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            self.port = listening.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        executable = shutil.which("redis-server")
        assert executable, "there is no redis-server; `make system-packages` installs it"
        self._process = subprocess.Popen(
            [executable, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            cwd=self._directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_S
        while self.ask("PING") != b"+PONG\r\n":
            assert time.monotonic() < deadline, "redis-server did not start"
            assert self._process.poll() is None, "redis-server ended"
            time.sleep(0.01)

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait(START_S)
            self._process = None

    def hang(self):
        """It still takes connections and bytes, and says nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        """After `hang`: it answers what it was asked."""
        self._process.send_signal(signal.SIGCONT)

    def ask(self, command):
        """The first bytes of the answer to an inline command; none if nobody listens."""
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", self.port), 1) as line:
            line.sendall(command.encode() + b"\r\n")
            return line.recv(4096)
        return b""
