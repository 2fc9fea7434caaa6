"""Somebody who does what a page says, block by block, in a folder and a home of their own, against a running server."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import httpx2

from docs.pages import ROOT
from sgate_sdk import SGate
from sgate_sdk.testing import TEST_SECRET, webhook_body, webhook_headers

RUN_S = 150.0
POLL_S = 0.05
PRELUDE = Path(__file__).parent / "prelude.mjs"
MODULES = {"@sgate/sdk": "sdk/js", "express": "examples/express-shop/node_modules/express"}
IN_THE_CHECKOUT = {"docs/quickstart.md", "README.md"}
"""Pages that say "in the folder of sGate's source"; others are followed in a folder of the reader's own."""


class Reader:
    """Runs blocks in the order of their page; they share variables, the folder, and what goes on."""

    def __init__(self, page, home, server, shop_port):
        self.home, self.server = home, server
        self._folder = ROOT if page in IN_THE_CHECKOUT else home
        self._state = home / ".state.sh"
        self._going_on = {}
        self._names = {"__name__": "page", "request": _genuine_request()}
        api_key = server.merchant()
        self._replaced = {
            "http://localhost:4000": server.url,
            "https://pay.example.com": server.url,
            "localhost:8000": f"localhost:{shop_port}",
            "port=8000": f"port={shop_port}",
            "listen(8000,": f"listen({shop_port},",
            "sk_test_...": api_key,
            "whsec_...": TEST_SECRET,
        }
        self.environment = server.environment | {
            "HOME": str(home),
            "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}",
            "SGATE_API_BASE_URL": server.url,
            "SGATE_API_KEY": api_key,
            "SGATE_WEBHOOK_SECRET": TEST_SECRET,
            "SGATE_TEST_WEBHOOK": json.dumps(
                {"body": self._names["request"].body.decode(), "headers": self._names["request"].headers}
            ),
        }
        for name, place in MODULES.items():
            link = home / "node_modules" / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(ROOT / place)

    def run(self, block):
        """Run a block; an AssertionError tells what it printed if it fails."""
        code = self.as_here(block.code)
        if block.title:
            path = Path(block.title.replace("~", str(self.home), 1))
            (path if path.is_absolute() else self.home / path).write_text(code)
        elif block.language == "sh" and block.keeps_running is not None:
            self._start(code, self.as_here(block.keeps_running), block.place)
        elif block.language == "sh":
            self._shell(code, block.place)
        elif block.language == "python":
            self._python(code, block.place)
        elif block.language == "js":
            command = ["node", f"--import={PRELUDE.as_uri()}", "--input-type=module", "--eval", code]
            self._command(command, block.place)
        else:
            raise AssertionError(f"{block.place}: nobody knows how to run {block.language!r}")

    def as_here(self, text):
        """The text with the addresses, ports and keys of this test."""
        for example, ours in self._replaced.items():
            text = text.replace(example, ours)
        return text

    def wait_for(self, url, words):
        """Until the program that goes on at this URL has printed these words."""
        _, output, place = self._going_on[self.as_here(url)]
        deadline = time.monotonic() + RUN_S
        while words not in output.read_text():
            assert time.monotonic() < deadline, f"{place} did not say {words!r}:\n{output.read_text()}"
            time.sleep(POLL_S)

    def close(self):
        for each in self._names.values():
            if isinstance(each, SGate | httpx2.Client):
                each.close()
        for url in list(self._going_on):
            self._end(url)

    def _shell(self, code, place):
        keep = f"\n{{ export -p; printf 'cd %q\\n' \"$PWD\"; }} > {self._state}"
        self._command(["bash", "-euo", "pipefail", "-c", self._resumed(code) + keep], place)

    def _resumed(self, code):
        """The code, after what the blocks before it exported, in the folder where they were left."""
        return f"if test -f {self._state}; then . {self._state}; fi\n{code}"

    def _command(self, command, place):
        done = subprocess.run(
            command, cwd=self._folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=RUN_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{place} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"

    def _python(self, code, place):
        with _environ(self.environment), contextlib.chdir(self.home):
            exec(compile(code, place, "exec"), self._names)  # noqa: S102 - what we tell people to write

    def _start(self, code, url, place):
        """Start what goes on; what was at the same URL before is ended first, as a reader would."""
        self._end(url)
        output = self.home / f"output-{len(self._going_on)}-{time.monotonic_ns()}.txt"
        with output.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", self._resumed(code)], cwd=self._folder, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._going_on[url] = (process, output, place)
        if url:
            self._until_it_answers(url, process, output, place)

    @staticmethod
    def _until_it_answers(url, process, output, place):
        deadline = time.monotonic() + RUN_S
        while True:
            with contextlib.suppress(httpx2.HTTPError):
                httpx2.get(url, timeout=2)
                return
            assert process.poll() is None, f"{place} ended:\n{output.read_text()}"
            assert time.monotonic() < deadline, f"{place} does not answer at {url}:\n{output.read_text()}"
            time.sleep(POLL_S)

    def _end(self, url):
        if url not in self._going_on:
            return
        process, output, place = self._going_on.pop(url)
        ended = process.poll()
        if ended is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(RUN_S)
        assert ended is None, f"{place} should go on but ended with {ended}:\n{output.read_text()}"


def _genuine_request():
    """What a web framework would hand to a receiver."""
    body = webhook_body("payment_intent.succeeded", metadata={"order_id": "17"})
    return SimpleNamespace(body=body, headers=webhook_headers(body))


@contextlib.contextmanager
def _environ(values):
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
