"""What stands around sGate in production, from Debian's packages, on loopback ports: with the files of `deploy`."""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

from servers.patience import patient
from servers.processes import free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
START_S = patient(60.0)
STOP_S = patient(20.0)
POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")
POSTGRES_USER = "postgres"
"""PostgreSQL and PgBouncer refuse to run as root, as which tests may run; Debian's packages bring this user."""


def shell(script, *arguments, **environment):
    """Run one of the scripts of `deploy`."""
    subprocess.run(
        ["sh", str(DEPLOY / script), *map(str, arguments)],
        env={"PATH": os.environ["PATH"], **{name: str(value) for name, value in environment.items()}},
        check=True,
        timeout=60,
        capture_output=True,
    )


def self_signed(directory):
    """A certificate for localhost: (certificate, key)."""
    certificate, key = directory / "tls_certificate", directory / "tls_key"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
            ),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return certificate, key


class Daemon:
    """A server that listens on a port; its output goes to a file."""

    def __init__(self, directory, name, command, port, *, user=None, environment=None):
        self._command, self._port, self._environment = command, port, environment or {}
        self._user = user if os.geteuid() == 0 else None
        self._directory = directory
        self.output = directory / f"{name}.txt"
        self._process = None

    def start(self):
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                list(map(str, self._command)),
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
                env={"PATH": f"{POSTGRES_BIN}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", **self._environment},
            )
        deadline = time.monotonic() + START_S
        while not listens(self._port):
            assert self._process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, f"it did not start to listen: {self.output.read_text()}"
            time.sleep(0.02)

    @property
    def pid(self):
        return self._process.pid

    def running(self):
        return self._process is not None and self._process.poll() is None

    def signal(self, number):
        self._process.send_signal(number)

    def stop(self, number=None):
        """Ask it to end, or send it another signal, and wait."""
        if self._process is None or self._process.poll() is not None:
            return
        if number is None:
            self._process.terminate()
        else:
            self._process.send_signal(number)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_S)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Nginx:
    """Debian's nginx with our configuration; `serve` says in front of which ports."""

    def __init__(self, directory, certificate, **settings):
        self._directory = directory
        directory.mkdir()
        directory.chmod(0o755)
        self.http_port, self.https_port = free_port(), free_port()
        self.url = f"https://localhost:{self.https_port}"
        self.access_log, self.error_log = directory / "access.log", directory / "error.log"
        (directory / "run").mkdir()
        self._settings = {
            "SGATE_PUBLIC_URL": self.url,
            "NGINX_CERTIFICATE": certificate[0],
            "NGINX_CERTIFICATE_KEY": certificate[1],
            "NGINX_HTTP_LISTEN": f"127.0.0.1:{self.http_port}",
            "NGINX_HTTPS_LISTEN": f"127.0.0.1:{self.https_port}",
            "NGINX_RUN_DIR": directory / "run",
            "NGINX_ACCESS_LOG": self.access_log,
            "NGINX_ERROR_LOG": self.error_log,
            "NGINX_API_RATE": "10000r/s",
            "NGINX_PUBLIC_RATE": "10000r/s",
        } | settings
        self.checked = None
        self._configuration = directory / "conf" / "nginx.conf"
        self._daemon = Daemon(
            directory,
            "nginx",
            ["/usr/sbin/nginx", "-c", self._configuration, "-g", "daemon off;"],
            self.https_port,
        )
        self.certificate = certificate[0]
        self.tls = ssl.create_default_context(cafile=certificate[0])

    @contextlib.contextmanager
    def serve(self, ports):
        """Render the configuration, have nginx check it, and run it in front of api processes on these ports."""
        servers = " ".join(f"127.0.0.1:{port}" for port in ports)
        shell("nginx/render.sh", self._configuration.parent, **self._settings, NGINX_API_SERVERS=servers)
        self.checked = subprocess.run(
            ["/usr/sbin/nginx", "-t", "-c", str(self._configuration)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        self._daemon.start()
        try:
            yield self
        finally:
            self._daemon.stop(signal.SIGQUIT)  # which lets it write its last lines

    @property
    def lines(self):
        """The access log."""
        return [json.loads(line) for line in self.access_log.read_text().splitlines()]


def owned(path, user=POSTGRES_USER):
    """Give a directory, and what is in it, to a server's user, if we are root and could not start it otherwise."""
    if os.geteuid() == 0:
        for each in [path, *path.rglob("*")]:
            shutil.chown(each, user, user)
    return path
