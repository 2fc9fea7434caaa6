"""Ask which known vulnerabilities are in what is locked: Python packages (pip-audit) and those that build the pages (npm).

Exit status 0: nothing known. 1: something is known. 2: an advisory service could not be asked, so nothing is known
either way; that is said plainly, and never taken for a clean result.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-tracing.lock", "requirements-dev.lock", "requirements-uv.lock")
WEB = ROOT / "web"
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2


def main() -> None:
    results = [audit_python(lock) for lock in LOCKS] + [audit_npm()]
    if VULNERABLE in results:
        sys.exit(VULNERABLE)
    if UNKNOWN in results:
        print("\nNOT AUDITED in full: see above. Run this where the advisory services can be reached.")
        sys.exit(UNKNOWN)


def audit_python(lock: str) -> int:
    """Known vulnerabilities of a lock file, by PyPI's advisories."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--format", "json", "-r", lock]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"{lock}: could not be audited: {last_line(done.stderr)}")
        return UNKNOWN
    return tell_python(lock, packages)


def tell_python(lock: str, packages: list[dict]) -> int:
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    vulnerable = [package for package in packages if package.get("vulns")]
    for package in vulnerable:
        for problem in package["vulns"]:
            mended = ", ".join(problem["fix_versions"]) or "no version yet"
            print(f"{lock}: {package['name']} {package['version']}: {problem['id']}, mended in {mended}")
    print(f"{lock}: {len(packages) - len(skipped)} of {len(packages)} packages audited, {len(vulnerable)} vulnerable")
    if vulnerable:
        return VULNERABLE
    return UNKNOWN if skipped else CLEAN


def audit_npm() -> int:
    """Known vulnerabilities of web/package-lock.json, by the registry's advisories."""
    try:
        done = subprocess.run(["npm", "audit", "--json"], cwd=WEB, capture_output=True, text=True, check=False)
        answer = json.loads(done.stdout)
    except (OSError, ValueError) as error:
        print(f"web/package-lock.json: could not be audited: {error}")
        return UNKNOWN
    if "vulnerabilities" not in answer:
        print(f"web/package-lock.json: could not be audited: {answer.get('message', 'no answer')}")
        return UNKNOWN
    return tell_npm(answer["vulnerabilities"])


def tell_npm(vulnerabilities: dict[str, dict]) -> int:
    for name, problem in vulnerabilities.items():
        print(f"web/package-lock.json: {name}: {problem['severity']}")
    print(f"web/package-lock.json: {len(vulnerabilities)} vulnerable")
    return VULNERABLE if vulnerabilities else CLEAN


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]


if __name__ == "__main__":
    main()
