"""Look for secrets that somebody is about to publish: keys of clouds and services, private keys, and our own.

Looks at every file that git knows, or at those named. Only forms with few false alarms are looked for; entropy and
keywords are not, as hashes and tests are full of both. Exit status 1 if something is found.
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
MADE_UP = {"Basic Auth Credentials": re.compile(r"^tests/|^deploy/prepare\.sh$")}
"""Kinds of findings that are none where the path matches: tests of what is refused or redacted, and what makes secrets."""

OURS = {
    "API key of sGate": re.compile(r"sk_(?:live|test)_[0-9a-f]{64}"),
    "Client secret of sGate": re.compile(r"pi_[0-9a-f]{24}_secret_[0-9a-f]{29}"),
}
EXAMPLES = re.compile(r"(?:0a|0b|01|ab|[0-9a-f])(?P<pair>[0-9a-f]{2})(?P=pair){8}|0123456789abcdef")
"""Examples repeat themselves or count; random bytes do not."""


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
        if not (secret.type in MADE_UP and MADE_UP[secret.type].search(name))
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
