import pytest

from chain.replay import Pauses, Replay, hiro


@pytest.fixture
async def replay():
    server = Replay()
    await server.start()
    yield server
    await server.close()


@pytest.fixture
def pauses():
    return Pauses()


@pytest.fixture
async def source(replay, pauses):
    source = hiro(replay.url, pauses=pauses)
    yield source
    await source.close()
