"""Check the locked dependencies for known vulnerabilities: Python packages (pip-audit) and npm packages (npm audit).

Every lock file in the repository is checked. Exit status 0: none found. 1: some found. 2: an advisory service could not
be queried for some packages, so the result is unknown, which is never reported as clean.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHON_LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))
NPM_LOCKS = sorted(
    str(path.relative_to(ROOT)) for path in ROOT.rglob("package-lock.json") if "node_modules" not in path.parts
)
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2
TIMEOUT_S = 600
MAX_LISTED = 10


def main() -> None:
    results = {lock: audit_python(lock) for lock in PYTHON_LOCKS} | {lock: audit_npm(lock) for lock in NPM_LOCKS}
    status = verdict(results)
    unknown = [lock for lock, found in results.items() if UNKNOWN in found]
    if unknown:
        print(
            f"\nAUDIT INCOMPLETE: no complete answer from the advisory services for {', '.join(unknown)} (see above)."
        )
        print("This is not a clean result. Run the audit where PyPI's and npm's advisory services can be reached.")
    print(f"Exit status {status}: {MEANINGS[status]}.")
    sys.exit(status)


MEANINGS = {
    CLEAN: "all locked packages were audited, and no vulnerability is known",
    VULNERABLE: "vulnerabilities are known",
    UNKNOWN: "no vulnerability was found, but not all packages could be audited",
}


def verdict(results: dict[str, set[int]]) -> int:
    """Return the exit status for the results of all lock files."""
    found = set().union(*results.values())
    return next((status for status in (VULNERABLE, UNKNOWN) if status in found), CLEAN)


def audit_python(lock: str) -> set[int]:
    """Check a lock file against PyPI's advisories. Returns which of VULNERABLE and UNKNOWN apply."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--format", "json", "-r", lock]
    output, errors = answer_of(command, ROOT)
    try:
        packages = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        return could_not_ask(lock, last_line(errors))
    return report_python(lock, packages)


def report_python(lock: str, packages: list[dict]) -> set[int]:
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    vulnerable = [package for package in packages if package.get("vulns")]
    for package in vulnerable:
        for problem in package["vulns"]:
            fixed_in = ", ".join(problem["fix_versions"]) or "no release yet"
            print(f"{lock}: {package['name']} {package['version']}: {problem['id']}, fixed in {fixed_in}")
    print(f"{lock}: {len(packages) - len(skipped)} of {len(packages)} packages audited, {len(vulnerable)} vulnerable")
    if skipped:
        print(f"{lock}: NOT AUDITED: {listed(skipped)}")
    return ({VULNERABLE} if vulnerable else set()) | ({UNKNOWN} if skipped or not packages else set())


def listed(names: list[str]) -> str:
    shown, rest = names[:MAX_LISTED], len(names) - MAX_LISTED
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")


def audit_npm(lock: str) -> set[int]:
    """Check a package-lock.json against the npm registry's advisories. Returns which of VULNERABLE and UNKNOWN apply."""
    command = ["npm", "audit", "--json", "--package-lock-only"]
    output, errors = answer_of(command, (ROOT / lock).parent)
    try:
        report = json.loads(output)
    except ValueError:
        return could_not_ask(lock, last_line(errors))
    if "vulnerabilities" not in report:
        return could_not_ask(lock, report.get("message") or report.get("error", {}).get("summary") or "no report")
    return report_npm(lock, report)


def report_npm(lock: str, report: dict) -> set[int]:
    found, total = report["vulnerabilities"], report["metadata"]["dependencies"]["total"]
    for name, problem in found.items():
        print(f"{lock}: {name}: {problem['severity']}")
    print(f"{lock}: {total} packages audited, {len(found)} vulnerable")
    return {VULNERABLE} if found else set()


def answer_of(command: list[str], folder: Path) -> tuple[str, str]:
    """Run a command, and return its standard output and standard error."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    return done.stdout, done.stderr


def could_not_ask(lock: str, reason: str) -> set[int]:
    print(f"{lock}: COULD NOT BE AUDITED: {reason}")
    return {UNKNOWN}


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no output"])[-1]


if __name__ == "__main__":
    main()
