"""Check the locked dependencies for known vulnerabilities: Python packages (pip-audit) and the pages' npm packages.

Exit status 0: none found. 1: some found. 2: an advisory service could not be queried, so the result is unknown, which
is never reported as clean.
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
        print("\nAUDIT INCOMPLETE, see above. Run this where the advisory services can be reached.")
        sys.exit(UNKNOWN)


def audit_python(lock: str) -> int:
    """Check a lock file against PyPI's advisories. Returns an exit status."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--format", "json", "-r", lock]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"{lock}: could not be audited: {last_line(done.stderr)}")
        return UNKNOWN
    return report_python(lock, packages)


def report_python(lock: str, packages: list[dict]) -> int:
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    vulnerable = [package for package in packages if package.get("vulns")]
    for package in vulnerable:
        for problem in package["vulns"]:
            fixed_in = ", ".join(problem["fix_versions"]) or "no release yet"
            print(f"{lock}: {package['name']} {package['version']}: {problem['id']}, fixed in {fixed_in}")
    print(f"{lock}: {len(packages) - len(skipped)} of {len(packages)} packages audited, {len(vulnerable)} vulnerable")
    if vulnerable:
        return VULNERABLE
    return UNKNOWN if skipped else CLEAN


def audit_npm() -> int:
    """Check web/package-lock.json against the npm registry's advisories. Returns an exit status."""
    try:
        done = subprocess.run(["npm", "audit", "--json"], cwd=WEB, capture_output=True, text=True, check=False)
        report = json.loads(done.stdout)
    except (OSError, ValueError) as error:
        print(f"web/package-lock.json: could not be audited: {error}")
        return UNKNOWN
    if "vulnerabilities" not in report:
        print(f"web/package-lock.json: could not be audited: {report.get('message', 'no report')}")
        return UNKNOWN
    return report_npm(report["vulnerabilities"])


def report_npm(vulnerabilities: dict[str, dict]) -> int:
    for name, problem in vulnerabilities.items():
        print(f"web/package-lock.json: {name}: {problem['severity']}")
    print(f"web/package-lock.json: {len(vulnerabilities)} vulnerable")
    return VULNERABLE if vulnerabilities else CLEAN


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no output"])[-1]


if __name__ == "__main__":
    main()
