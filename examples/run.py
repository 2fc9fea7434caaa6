"""Run one of the shops: `python examples/run.py flask-shop`, or `make example-flask`.

It sets up what the shop needs: a merchant with an API key, a webhook endpoint with its secret, and permission to embed
the checkout. If no sGate server responds at SGATE_API_BASE_URL (http://localhost:4000), it starts one and stops it with
the shop.
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
        sys.exit(f"usage: run.py {'|'.join(COMMANDS)}")
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
        print(f"The shop is at {SHOP_URL}. Press Ctrl+C to stop it.", flush=True)
        with running(COMMANDS[name], cwd=EXAMPLES / name, env=environment) as shop:
            sys.exit(shop.wait())


@contextlib.contextmanager
def running(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, and terminate it at the end of the `with` block."""
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def gateway() -> Iterator[None]:
    """Use the running sGate server, or start one for the duration of the `with` block."""
    if answers():
        yield
        return
    print(f"No sGate server responds at {BASE_URL}; starting one.", flush=True)
    environment = {"SGATE_PORT": BASE_URL.rpartition(":")[2], "SGATE_LOG_LEVEL": "error"} | os.environ
    with running([sys.executable, "-m", "sgate", "run"], env=environment) as process:
        deadline = time.monotonic() + START_S
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit("sGate did not start; its output is above.")
            time.sleep(0.2)
        yield


def answers() -> bool:
    try:
        return httpx2.get(f"{BASE_URL}/health/ready", timeout=2).is_success
    except httpx2.HTTPError:
        return False


def api_key() -> str:
    """Return SGATE_API_KEY, or the key of a new merchant on the local server (`sgate run` or `sgate demo`)."""
    given = os.environ.get("SGATE_API_KEY")
    if given:
        return given
    default = Path(os.environ.get("SGATE_DATA_DIR") or default_directory())
    for directory in (default, default / "demo"):
        key = new_key(directory)
        with SGate(key, base_url=BASE_URL) as sgate, contextlib.suppress(SGateError):
            sgate.merchants.me()
            return key
    sys.exit(f"The sGate server at {BASE_URL} has another data directory: set SGATE_API_KEY or SGATE_DATA_DIR.")


def new_key(directory: Path) -> str:
    command = [sys.executable, "-m", "sgate", "merchants", "create", "--name", "Corner Coffee", "--json"]
    environment = os.environ | {"SGATE_DATA_DIR": str(directory)}
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)["api_key"]


@contextlib.contextmanager
def endpoint(sgate: SGate) -> Iterator[str]:
    """Create a webhook endpoint for the shop and delete it at the end. Yields its secret."""
    created = sgate.webhook_endpoints.create(url=f"{SHOP_URL}/webhooks")
    try:
        yield created.secret
    finally:
        sgate.webhook_endpoints.delete(created.id)


if __name__ == "__main__":
    main()
