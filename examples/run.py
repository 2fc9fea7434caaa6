"""Run one of the shops: `python examples/run.py flask-shop`; `make example-flask` says it for you.

It brings a shop what is set up once: a merchant with an API key, a webhook endpoint with its secret, and leave to
embed the checkout. If no sGate answers at SGATE_API_BASE_URL (http://localhost:4000), it runs one as long as the shop
is open.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from sgate.db.embedded import default_directory
from sgate_sdk import SGate, SGateError

EXAMPLES = Path(__file__).parent
COMMANDS = {
    "flask-shop": [sys.executable, "shop.py"],
    "express-shop": ["node", "shop.mjs"],
    "static-page": [sys.executable, "receiver.py"],
}
BASE_URL = os.environ.get("SGATE_API_BASE_URL", "http://localhost:4000").rstrip("/")
PORT = int(os.environ.get("SHOP_PORT", "8000"))
SHOP_URL = f"http://localhost:{PORT}"
START_S = 60


def main() -> None:
    name = sys.argv[1] if sys.argv[1:] else ""
    if name not in COMMANDS:
        sys.exit(f"say which: {', '.join(COMMANDS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with (
        contextlib.suppress(KeyboardInterrupt),
        gateway(),
        SGate(key := api_key(), base_url=BASE_URL) as sgate,
        endpoint(sgate) as secret,
        tempfile.TemporaryDirectory(prefix="shop-") as directory,
    ):
        sgate.merchants.update(frame_origins=[SHOP_URL])
        environment = os.environ | {
            "SGATE_API_KEY": key,
            "SGATE_API_BASE_URL": BASE_URL,
            "SGATE_WEBHOOK_SECRET": secret,
            "SHOP_PORT": str(PORT),
            "SHOP_DATABASE": str(Path(directory) / "orders"),
        }
        print(f"The shop opens at {SHOP_URL}. Ctrl+C closes it.", flush=True)
        with running(COMMANDS[name], cwd=EXAMPLES / name, env=environment) as shop:
            sys.exit(shop.wait())


@contextlib.contextmanager
def running(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A program, which is asked to end at the end of the block."""
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def gateway() -> Iterator[None]:
    """The sGate that is there, or one of our own."""
    if answers():
        yield
        return
    print(f"No sGate answers at {BASE_URL}, so one is started.", flush=True)
    environment = {"SGATE_PORT": BASE_URL.rpartition(":")[2], "SGATE_LOG_LEVEL": "error"} | os.environ
    with running([sys.executable, "-m", "sgate", "run"], env=environment) as process:
        deadline = time.monotonic() + START_S
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit("sGate did not start; what it says is above.")
            time.sleep(0.2)
        yield


def answers() -> bool:
    try:
        return httpx2.get(f"{BASE_URL}/health/ready", timeout=2).is_success
    except httpx2.HTTPError:
        return False


def api_key() -> str:
    """SGATE_API_KEY, or that of a new merchant of the server on this machine: `sgate run`, or else `sgate demo`."""
    given = os.environ.get("SGATE_API_KEY")
    if given:
        return given
    usual = Path(os.environ.get("SGATE_DATA_DIR") or default_directory())
    for directory in (usual, usual / "demo"):
        key = new_key(directory)
        with SGate(key, base_url=BASE_URL) as sgate, contextlib.suppress(SGateError):
            sgate.merchants.me()
            return key
    sys.exit(f"The sGate at {BASE_URL} keeps its data elsewhere: give SGATE_API_KEY, or SGATE_DATA_DIR as it has it.")


def new_key(directory: Path) -> str:
    command = [sys.executable, "-m", "sgate", "merchants", "create", "--name", "Corner Coffee", "--json"]
    environment = os.environ | {"SGATE_DATA_DIR": str(directory)}
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)["api_key"]


@contextlib.contextmanager
def endpoint(sgate: SGate) -> Iterator[str]:
    """A webhook endpoint at the shop, for as long as it is open. Yields its secret."""
    made = sgate.webhook_endpoints.create(url=f"{SHOP_URL}/webhooks")
    try:
        yield made.secret
    finally:
        sgate.webhook_endpoints.delete(made.id)


if __name__ == "__main__":
    main()
