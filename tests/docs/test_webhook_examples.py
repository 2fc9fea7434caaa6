"""The code that docs/webhooks.md shows verifies what we send, and nothing else."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from sgate.core.signature import headers_of

TEXT = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"id":"evt_1","note":"Zoë"}'.encode()
NODE = shutil.which("node")


def example(language, word):
    return next(block for block in re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL) if word in block)


def signed(at):
    return headers_of([SECRET, "whsec_AAAA"], "evt_1", int(at), BODY)["X-sGate-Signature"]


def cases():
    now = time.time()
    return [(signed(now), BODY, True), (signed(now), BODY + b" ", False), (signed(now - 400), BODY, False)]


def test_the_python_example_verifies():
    names = {}
    exec(example("python", "hmac.new"), names)  # noqa: S102 - what we tell people to write
    for header, body, genuine in cases():
        assert names["verify"](SECRET, header, body) is genuine


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
def test_the_node_example_verifies():
    calls = [f"verify({SECRET!r}, {header!r}, Buffer.from('{body.hex()}', 'hex'))" for header, body, _ in cases()]
    script = example("js", "createHmac") + f"\nconsole.log(JSON.stringify([{','.join(calls)}]))"
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[true,false,false]"
