"""A server as `make run` starts it, with an embedded database and the simulated chain, for all pages of a module."""

import asyncio

import pytest

from servers.processes import Server, environment, make_merchant


class DocumentedServer:
    """Where it is, and the environment its operator has."""

    def __init__(self, server, directory, settings):
        self.url = server.url
        self.environment = environment(**settings)
        self._directory, self._settings = directory, settings

    def merchant(self):
        """The API key of a new merchant."""
        _, api_key = make_merchant(self._directory, **self._settings)
        return api_key


@pytest.fixture(scope="module")
def documented_server(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sgate")
    settings = {"data_dir": directory / "data", "test__block_interval_s": 0.3, "test__poll_interval_s": 0.2}
    server = Server(directory, **settings)
    server.start()
    try:
        asyncio.run(server.ready())
        yield DocumentedServer(server, directory, settings)
    finally:
        asyncio.run(server.stop())
