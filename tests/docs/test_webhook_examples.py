"""The code that docs/webhooks.md shows verifies what we send, and nothing else."""

import shutil
import subprocess
import time

import pytest

from docs.pages import blocks_of
from sgate.core.signature import headers_of

BLOCKS = blocks_of("docs/webhooks.md")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"id":"evt_1","note":"Zoë"}'.encode()
NODE = shutil.which("node")


def example(language, word):
    return next(block.code for block in BLOCKS if block.language == language and word in block.code)


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
