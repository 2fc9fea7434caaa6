"""Two api processes as in production, behind nginx."""

import contextlib
import http.client
import json
import time

import aiohttp

from servers.machinery import Nginx
from servers.processes import START_S, Server, make_merchant

API_ONLY = ("--role", "api")
TIMEOUT = aiohttp.ClientTimeout(total=30)

PRODUCTION = {
    "env": "production",
    "secret_keys": "for the tests alone and long enough for production",
    "rate_limit_create": 0,
    "rate_limit_retrieve": 0,
    "rate_limit_public": 0,
    "rate_limit_other": 0,
    "webhook_allow_private": "true",
    "trusted_proxies": "127.0.0.1",
    "metrics_port": 0,
    "test__source": "simulator",
    "test__stacks_api_url": "http://127.0.0.1:1",  # nobody looks at the chain
    "database_min_connections": 1,
    "database_max_connections": 5,
}


class House:
    """Two api processes behind nginx, and a merchant's key."""

    def __init__(self, nginx, servers, api_key):
        self.nginx, self.servers, self.api_key = nginx, servers, api_key

    def session(self, **options):
        """Calls through nginx, over verified TLS. `source`: the loopback address to call from."""
        source = options.pop("source", "127.0.0.1")
        connector = aiohttp.TCPConnector(ssl=self.nginx.tls, local_addr=(source, 0))
        return aiohttp.ClientSession(self.nginx.url, connector=connector, timeout=TIMEOUT, **options)

    def merchant(self, **options):
        return self.session(headers={"Authorization": f"Bearer {self.api_key}"}, **options)

    def addresses(self, request_id):
        """What the application took the address of a request's caller to be."""
        lines = [line for server in self.servers for line in server.text.splitlines() if request_id in line]
        return [json.loads(line)["address"] for line in lines if '"address"' in line]


def wait_until_ready(server):
    """As `Server.ready`, where no event loop is at hand."""
    deadline = time.monotonic() + START_S
    while True:
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=2)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(line):
            line.request("GET", "/health/ready")
            if line.getresponse().status == http.HTTPStatus.OK:
                return
        assert time.monotonic() < deadline, server.text
        time.sleep(0.05)


@contextlib.contextmanager
def open_house(folder, name, database_url, certificate, nginx_settings=None, **settings):
    """A house of its own."""
    place = folder / name
    place.mkdir()
    place.chmod(0o755)
    nginx = Nginx(place / "nginx", certificate, **(nginx_settings or {}))
    chosen = PRODUCTION | {"database_url": database_url, "public_url": nginx.url, "data_dir": place} | settings
    servers = [Server(place, **chosen), Server(place, **chosen)]
    _, api_key = make_merchant(place, **chosen)
    try:
        for server in servers:
            server.start(*API_ONLY)
        for server in servers:
            wait_until_ready(server)
        with nginx.serve([server.port for server in servers]):
            yield House(nginx, servers, api_key)
    finally:
        for server in servers:
            server.close()
