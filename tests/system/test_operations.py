"""Each role tells how it is on a port of its own."""

import contextlib

import aiohttp
import asyncpg
import pytest

from servers.processes import Server, free_port, program, until

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


async def test_a_process_notices_a_full_disk_by_itself_and_also_that_there_is_space_again(place, database_url):
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql "
        "AS $$ BEGIN RAISE 'No space left on device' USING ERRCODE = '53100'; END $$; "
        "CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE TABLE AS') EXECUTE FUNCTION refuse()"
    )
    async with (
        Server(place, database_url=database_url, data_dir=place) as server,
        aiohttp.ClientSession(server.url) as session,
    ):

        async def database_is(state):
            async with session.get("/health") as answer:
                return (await answer.json())["services"]["database"] == state

        await until(lambda: database_is("unhealthy"), "the process notices that writes are refused")
        await connection.execute("DROP EVENT TRIGGER refuse")
        await until(lambda: database_is("healthy"), "the process notices that writes are accepted")
        assert '"database_refuses_writes"' in server.text
        assert "Traceback" not in server.text
    await connection.close()
