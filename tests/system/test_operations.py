"""Each role tells how it is on a port of its own."""

import contextlib

import aiohttp
import pytest

from servers.processes import free_port, program, until

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("role", ["watcher", "maintenance"])
async def test_a_worker_without_an_api_serves_metrics_and_health(place, database_url, role):
    port = free_port()
    told = {"watcher": "sgate_watcher_leading", "maintenance": "sgate_survey_timestamp_seconds"}[role]
    settings = {"database_url": database_url, "data_dir": place, "metrics_port": port, "log_level": "info"}
    with program(place, "run", "--role", role, **settings) as worker:

        async def tells():
            assert not worker.ended, worker.text
            with contextlib.suppress(aiohttp.ClientError):
                async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
                    async with session.get("/metrics") as answer:
                        text = await answer.text()
                    async with session.get("/health/ready") as answer:
                        ready = answer.status == 200
                values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith(told))
                return ready and any(float(value) > 0 for value in values.values())
            return False

        await until(tells, f"the {role} tells {told}")
        status, _ = await worker.stop()
        assert status == 0, worker.text
        assert "Traceback" not in worker.text
