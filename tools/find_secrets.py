"""Search for secrets that must not be published: cloud and service keys, private keys, and sGate's own secrets.

It scans every file tracked by git, or the files given as arguments. Only patterns with few false positives are used;
entropy and keyword detectors are off, because hashes and tests would trigger both. Exits with status 1 if it finds one.
"""

import re
import subprocess
import sys
from pathlib import Path

from detect_secrets import SecretsCollection
from detect_secrets.settings import default_settings

ROOT = Path(__file__).parent.parent
SKIPPED = re.compile(
    r"\.(png|lock|po)$|^tests/chain/recorded/|^docs/openapi\.json$|^docs/reference/|package-lock\.json$"
)
NOISY = ["KeywordDetector", "HexHighEntropyString", "Base64HighEntropyString", "IPPublicDetector"]
EXPECTED = {"Basic Auth Credentials": re.compile(r"^tests/|^deploy/prepare\.sh$")}
"""Findings to ignore where the path matches: tests of refused or redacted URLs, and the script that creates secrets."""

OURS = {
    "sGate API key": re.compile(r"sk_(?:live|test)_[0-9a-f]{64}"),
    "sGate client secret": re.compile(r"pi_[0-9a-f]{24}_secret_[0-9a-f]{29}"),
}
EXAMPLES = re.compile(r"(?:0a|0b|01|ab|[0-9a-f])(?P<pair>[0-9a-f]{2})(?P=pair){8}|0123456789abcdef")
"""Example secrets repeat a byte or count up; random ones do not."""


def main() -> None:
    names = (
        sys.argv[1:]
        or subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    )
    found = [line for name in names if not SKIPPED.search(name) for line in findings(name)]
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


def findings(name: str) -> list[str]:
    path = ROOT / name
    if not path.is_file():
        return []
    secrets = SecretsCollection(root=str(ROOT))
    with default_settings() as settings:
        settings.disable_plugins(*NOISY)
        settings.disable_filters("detect_secrets.filters.common.is_ignored_due_to_verification_policies")
        secrets.scan_file(name)
    lines = [
        f"{name}:{secret.line_number}: {secret.type}"
        for _, secret in secrets
        if not (secret.type in EXPECTED and EXPECTED[secret.type].search(name))
    ]
    text = path.read_text("utf-8", "replace")
    for kind, form in OURS.items():
        lines += [
            f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {kind}"
            for match in form.finditer(text)
            if not EXAMPLES.search(match[0])
        ]
    return lines


if __name__ == "__main__":
    main()
