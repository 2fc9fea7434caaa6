"""The procedures of docs/backups.md: restoring a dump, and recovering a lost server from its archived log."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from api.serving import SHOP, serving
from servers.machinery import POSTGRES_BIN, POSTGRES_USER, Daemon, owned
from servers.processes import command, free_port
from sgate.chain.quota import ReadIntervals
from sgate.chain.simulator import SimulatedTransfer
from sgate.store import grants

pytestmark = pytest.mark.timeout(420)


def as_postgres(*arguments):
    """Run one of PostgreSQL's programs, as its user."""
    subprocess.run(
        [str(POSTGRES_BIN / arguments[0]), *map(str, arguments[1:])],
        cwd="/",
        user=POSTGRES_USER if os.geteuid() == 0 else None,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        check=True,
        capture_output=True,
        timeout=120,
    )


class Archived:
    """A PostgreSQL 15 server whose log is archived as documented."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.archive = self._directory("archive")
        self.data = self._directory("data")
        as_postgres("initdb", "--username=postgres", "--auth=trust", "-D", self.data)

    def _directory(self, name):
        directory = self.folder / name
        directory.mkdir(mode=0o700)
        return owned(directory)

    def url(self, database="sgate"):
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def server(self, data, *options):
        keep = f"test ! -f {self.archive}/%f && cp %p {self.archive}/%f.part && mv {self.archive}/%f.part {self.archive}/%f"
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "archive_mode": "on",
            "archive_command": keep,
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        program = [POSTGRES_BIN / "postgres", "-D", data, *arguments, *options]
        return Daemon(self.folder, data.name, program, self.port, user=POSTGRES_USER)

    def base_backup(self):
        base = self._directory("base")
        as_postgres(
            "pg_basebackup", "--pgdata", base, "--checkpoint=fast", "--wal-method=none",
            "--dbname", self.url("postgres"), "--no-manifest",
        )  # fmt: skip
        return base

    async def fetchval(self, statement, *arguments, database="sgate"):
        """Run a query, once the server accepts connections."""
        deadline = asyncio.get_running_loop().time() + 60
        while True:
            try:
                connection = await asyncpg.connect(self.url(database))
                break
            except (asyncpg.CannotConnectNowError, OSError):
                assert asyncio.get_running_loop().time() < deadline
                await asyncio.sleep(0.05)
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()


async def paid(app):
    """Create an intent and pay it. Returns its id."""
    shop = await app.merchant()
    await app.watch()
    intent = await shop.create()
    await app.pay(intent)
    await app.watch()
    assert (await shop.get(f"/v1/payment_intents/{intent['id']}")).json["status"] == "confirmed"
    return intent["id"]


async def ledger_agrees(folder, url):
    status, output, errors = await asyncio.to_thread(command, folder, "ledger", "replay", "--check", database_url=url)
    assert status == 0, output + errors
    assert "all agree" in output
    return output


@pytest.fixture
async def archived(folder):
    place = folder / f"archived-{os.urandom(3).hex()}"
    place.mkdir(mode=0o755)
    postgres = Archived(owned(place))
    with postgres.server(postgres.data) as server:
        await postgres.fetchval("CREATE ROLE sgate_app LOGIN", database="postgres")
        await postgres.fetchval("CREATE DATABASE sgate", database="postgres")
        status, _, errors = await asyncio.to_thread(command, place, "migrate", database_url=postgres.url())
        assert status == 0, errors
        yield postgres, server


async def rights_of_the_application(postgres, database):
    connection = await asyncpg.connect(postgres.url(database).replace("postgres@", "sgate_app@", 1))
    try:
        rights = await grants.of_current_role(connection)
        return rights.missing, rights.excess
    finally:
        await connection.close()


async def test_a_dump_is_restored_into_another_database_and_the_ledger_agrees(archived, tmp_path):
    postgres, _ = archived
    async with serving(postgres.url(), tmp_path) as app:
        intent_id = await paid(app)
    dump = postgres.folder / "sgate.dump"
    as_postgres("pg_dump", "--format=custom", f"--file={dump}", postgres.url())
    await postgres.fetchval("CREATE DATABASE sgate_restored", database="postgres")
    restored = postgres.url("sgate_restored")
    as_postgres("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={restored}", dump)
    query = "SELECT status FROM payment_intents WHERE id = $1"
    assert await postgres.fetchval(query, intent_id, database="sgate_restored") == "confirmed"
    assert "Intents checked: 1;" in await ledger_agrees(tmp_path, restored)
    assert await rights_of_the_application(postgres, "sgate_restored") == ([], [])


async def test_a_dump_is_restored_on_a_server_without_the_role_and_migrate_grants_its_rights(archived):
    postgres, _ = archived
    dump = postgres.folder / "sgate.dump"
    as_postgres("pg_dump", "--format=custom", f"--file={dump}", postgres.url())
    await postgres.fetchval("ALTER ROLE sgate_app RENAME TO elsewhere", database="postgres")
    await postgres.fetchval("CREATE DATABASE sgate_restored", database="postgres")
    restore = ("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={postgres.url('sgate_restored')}", dump)
    with pytest.raises(subprocess.CalledProcessError) as refused:
        as_postgres(*restore, "--single-transaction")
    assert b'role "sgate_app" does not exist' in refused.value.stderr
    as_postgres(*restore, "--no-privileges")
    await postgres.fetchval("CREATE ROLE sgate_app LOGIN", database="postgres")
    assert (await rights_of_the_application(postgres, "sgate_restored"))[0] != []
    command(postgres.folder, "migrate", database_url=postgres.url("sgate_restored"))
    assert await rights_of_the_application(postgres, "sgate_restored") == ([], [])


async def test_a_lost_server_is_recovered_from_a_base_backup_and_the_archived_log(archived, tmp_path):
    postgres, server = archived
    async with serving(postgres.url(), tmp_path) as app:
        before = await paid(app)
        base = await asyncio.to_thread(postgres.base_backup)
        after = await paid(app)
    segment = await postgres.fetchval("SELECT pg_walfile_name(pg_switch_wal())")
    async with asyncio.timeout(60):
        while not (postgres.archive / segment).exists():
            await asyncio.sleep(0.05)
    server.stop(signal.SIGKILL)
    shutil.rmtree(postgres.data)
    (base / "recovery.signal").touch()
    owned(base)
    restore = f"restore_command=cp {postgres.archive}/%f %p"
    with postgres.server(base, "-c", restore, "-c", "recovery_target_action=promote"):
        found = "SELECT count(*) FROM payment_intents WHERE status = 'confirmed' AND id = ANY($1::text[])"
        async with asyncio.timeout(60):
            with contextlib.suppress(asyncpg.PostgresError):
                while await postgres.fetchval("SELECT pg_is_in_recovery()"):
                    await asyncio.sleep(0.05)
        assert await postgres.fetchval(found, [before, after]) == 2
        assert "Intents checked: 2;" in await ledger_agrees(tmp_path, postgres.url())


# --- the scripts of the page


def script(number):
    """Return the shell script with this number of the section about dumps."""
    page = (Path(__file__).parents[2] / "docs" / "backups.md").read_text()
    section = page.partition("## Nightly: a dump")[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[number]


async def run_script(number, folder, **variables):
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SGATE_")}
    path = f"{POSTGRES_BIN}:{Path(sys.executable).parent}:{plain['PATH']}"
    variables |= {
        "PATH": path,
        "SGATE_DATA_DIR": str(folder),
        "SGATE_SECRET_KEYS": "a key of the test, long enough to pass",
    }
    done = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-euo", "pipefail", "-c", script(number)],
        cwd=folder, env=plain | variables, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


AT_ONCE = ReadIntervals(with_open_intents=timedelta(), any=timedelta())


async def announced(shop):
    """Return the ids of all events by object and type, in the order in which they happened."""
    found = {}
    for event in reversed((await shop.get("/v1/events", params={"limit": 100})).json["data"]):
        found.setdefault((event["data"]["object"]["id"], event["type"]), []).append(event["id"])
    return found


async def test_a_restore_announces_nothing_under_a_second_id_and_goes_on(archived, tmp_path):
    postgres, _ = archived
    place = tmp_path / "backup"
    place.mkdir()
    urls = {"OWNER_URL": postgres.url(), "SGATE_DATABASE_URL": postgres.url()}
    restored = postgres.url("sgate_restored")
    async with serving(postgres.url(), tmp_path) as app:
        shop = await app.merchant()
        await shop.patch("/v1/merchants/me", {"pay_address": SHOP})
        await app.watch()
        shipped, twice, late = [await shop.create() for _ in range(3)]
        await app.pay(twice, 20_000)
        await app.watch()
        await run_script(0, place, **urls)
        lost = await shop.create()
        for intent in (shipped, twice, twice, lost):
            await app.pay(intent)
            await app.watch()
        await shop.post(f"/v1/payment_intents/{late['id']}/cancel")
        await app.pay(late)
        app.chain.submit(SimulatedTransfer(recipient=SHOP, amount_sats=7_000, memo=None))
        app.chain.mine()
        await app.watch(read_intervals=AT_ONCE)
        before = await announced(shop)
    assert [type_ for id_, type_ in before if id_ == shipped["id"]] == [
        "payment_intent.created",
        "payment_intent.succeeded",
    ]
    assert {type_ for _, type_ in before} >= {"payment.unmatched", "payment.held", "payment_intent.paid_after_cancel"}

    assert "all agree" in await run_script(
        -1, place, **urls, RESTORED_OWNER_URL=restored, RESTORED_URL=restored.replace("postgres@", "sgate_app@", 1)
    )
    async with serving(restored, tmp_path) as app:
        shop = await shop.at(app)
        for _ in range(3):
            await app.watch(read_intervals=AT_ONCE)
        after = await announced(shop)
        again = await shop.create()
        await app.pay(again)
        await app.watch()
        assert (await shop.get(f"/v1/payment_intents/{again['id']}")).json["status"] == "confirmed"

    unrepeatable = {lost["id"], late["id"]}  # created or canceled after the dump
    repeated = {key: ids for key, ids in before.items() if key[0] not in unrepeatable and key in after}
    assert {key: after[key] for key in repeated} == repeated
    assert {type_ for _, type_ in repeated} >= {
        "payment_intent.created", "payment_intent.succeeded", "payment_intent.duplicate_payment", "payment.unmatched",
        "payment.held",
    }  # fmt: skip
    missing = {key for key in before if key not in after and key[0] not in unrepeatable}
    assert {type_ for _, type_ in missing} <= {"payment.held"}  # the payment for the intent that was canceled
