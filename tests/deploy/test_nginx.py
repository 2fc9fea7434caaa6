"""Debian's nginx, with the configuration in `deploy`, in front of real API processes."""

import asyncio
import contextlib
import json
import re
import socket
import ssl

import aiohttp
import pytest

from servers.machinery import DEPLOY, Nginx
from servers.processes import Server, until
from servers.production import API_ONLY, open_house, wait_until_ready
from sgate.web.assets import built
from sgate.web.docs.pages import error_pages

pytestmark = pytest.mark.timeout(300)

YEAR = "max-age=31536000; includeSubDomains"
PROMPTLY_S = 10.0
"""Far less than the minute after which nginx closes a silent stream."""


async def created(session, **options):
    async with session.post("/v1/payment_intents", json={"amount_sats": 50_000}, **options) as answer:
        assert answer.status == 201, await answer.text()
        return await answer.json()


def test_nginx_accepts_the_configuration_without_warnings(house):
    assert house.nginx.checked.returncode == 0, house.nginx.checked.stderr
    assert "warn" not in house.nginx.checked.stderr


# --- TLS


async def test_api_and_pages_are_served_over_verified_tls(house):
    async with house.merchant() as session:
        intent = await created(session)
        assert intent["checkout_url"].startswith(house.nginx.url)
        async with session.get(intent["checkout_url"].removeprefix(house.nginx.url)) as page:
            assert page.status == 200
            assert intent["id"] in await page.text()


def test_http_2_over_tls_1_3(house):
    context = ssl.create_default_context(cafile=house.nginx.certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", house.nginx.https_port), PROMPTLY_S) as line,
        context.wrap_socket(line, server_hostname="localhost") as wrapped,
    ):
        assert (wrapped.selected_alpn_protocol(), wrapped.version()) == ("h2", "TLSv1.3")


async def test_pages_over_http_are_redirected_to_https_with_path_and_query(house):
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{house.nginx.http_port}/pi/pi_1?client_secret=x%20y"
        async with session.get(url, headers={"Host": "evil.example"}, allow_redirects=False) as answer:
            assert answer.status == 308
            assert answer.headers["Location"] == f"{house.nginx.url}/pi/pi_1?client_secret=x%20y"
            assert "Strict-Transport-Security" not in answer.headers


async def test_a_key_sent_over_http_is_refused_with_the_advice_to_roll_it(house):
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {house.api_key}"}) as session:
        url = f"http://127.0.0.1:{house.nginx.http_port}/v1/payment_intents"
        async with session.post(url, json={"amount_sats": 1}, allow_redirects=False) as answer:
            problem = await answer.json()
    assert (answer.status, problem["error"]["code"]) == (403, "https_required")
    assert "roll it" in problem["error"]["message"]


@pytest.mark.parametrize(
    "path", ["/docs", "/v1/payment_intents", "/public/payment_intents/pi_0", "/metrics", "/assets/x.js"]
)
async def test_every_response_has_the_hsts_header_exactly_once(house, path):
    async with house.session() as session, session.get(path) as answer:
        assert answer.headers.getall("Strict-Transport-Security") == [YEAR]


# --- nginx's own responses


async def test_a_body_over_1_mb_is_refused_in_the_format_of_the_applications_errors(house):
    async with house.merchant() as session:
        async with session.post("/v1/payment_intents", data=b"x" * 1_000_001) as answer:
            problem = await answer.json()
            assert (answer.status, problem["error"]["code"], problem["status"]) == (413, "payload_too_large", 413)
            assert problem["request_id"] == answer.headers["X-Request-Id"]
            assert problem["path"] == "/v1/payment_intents"
        async with session.get("/v1/payment_intents/pi_0") as answer:
            theirs = await answer.json()
    assert problem.keys() == theirs.keys()
    assert problem["error"].keys() == theirs["error"].keys()
    assert problem["error"]["doc_url"].startswith(theirs["error"]["doc_url"].rpartition("/")[0])
    assert len(problem["timestamp"]) == len(theirs["timestamp"])


async def test_a_body_of_exactly_1_mb_reaches_the_application(house):
    headers = {"Content-Type": "application/json", "X-Request-Id": "exactly-1-mb"}
    async with (
        house.merchant() as session,
        session.post("/v1/payment_intents", data=b"x" * 1_000_000, headers=headers) as answer,
    ):
        assert (answer.status, (await answer.json())["error"]["code"]) == (400, "invalid_json")
        assert answer.headers["X-Request-Id"] == "exactly-1-mb"


def test_nginxs_own_errors_have_the_applications_codes_and_messages():
    template = (DEPLOY / "nginx" / "nginx.conf.template").read_text()
    maps = {
        name: dict(re.findall(r"^\s+(\d{3}) (.+);$", body, re.MULTILINE))
        for name, body in re.findall(r"map \$status \$sgate_error_(\w+) \{(.*?)\n    \}", template, re.DOTALL)
    }
    known = {page.code: page for page in error_pages()}
    for status, kind in maps["type"].items():
        page = known[maps["code"].get(status, kind)]
        assert str(page.status) == status
        if status not in {"429", "431"}:  # nginx limits addresses, and headers one by one; the application does not
            assert maps["message"][status].strip('"') in page.text


SPELLINGS = (
    "/metrics",
    "/metrics/",
    "/metrics//",
    "//metrics",
    "/metrics?x=1",
    "/metrics%2f",
    "/metrics%2F%2f",
    "/%2fmetrics",
    "/%6detrics",
    "/v1/../metrics",
    "/v1/%2e%2e/metrics",
    "/public/..%2fmetrics",
    "/./metrics/.",
    "/metrics;x=1",
    "/metrics%20",
)


@pytest.fixture(scope="module")
def development(folder, shop_database, certificate):
    """An API process that serves metrics on its public port, as in development, behind nginx."""
    (folder / "development").mkdir()
    server = Server(folder / "development", database_url=shop_database, data_dir=folder / "development")
    nginx = Nginx(folder / "open", certificate)
    server.start(*API_ONLY)
    wait_until_ready(server)
    with nginx.serve([server.port]):
        yield nginx
    server.close()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_metrics_are_not_public_in_any_spelling(development, method):
    for spelling in SPELLINGS:
        head, body = exchange(development, f"{method} {spelling} HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert head.startswith("HTTP/1.1 404 "), spelling
        assert "sgate_" not in body, spelling


def exchange(nginx, request):
    """Send a request that no HTTP library would send, over TLS. Return the head and the body of the response."""
    with (
        socket.create_connection(("127.0.0.1", nginx.https_port), PROMPTLY_S) as line,
        nginx.tls.wrap_socket(line, server_hostname="localhost") as wrapped,
    ):
        return answer_to(wrapped, request)


def answer_to(line, request):
    line.sendall(request.encode("latin-1"))
    received = b""
    while not complete(received, head_only=request.startswith("HEAD ")) and (data := line.recv(65_536)):
        received += data
    head, _, body = received.decode("latin-1").partition("\r\n\r\n")
    return head, body


def complete(received, *, head_only):
    head, ended, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return bool(ended) and (head_only or (length is not None and len(body) >= int(length[1])))


NOT_ACCEPTED = (
    ("CONNECT / HTTP/1.1", 405),
    ("CONNECT here:443 HTTP/1.1", 400),
    ("TRACE / HTTP/1.1", 405),
    ("OPTIONS * HTTP/1.1", 400),
    ("GET * HTTP/1.1", 400),
    ("get /v1/payment_intents HTTP/1.1", 400),
    ("Get / HTTP/1.1", 400),
    ("GET /pi/a%00b HTTP/1.1", 400),
    ("GET /v1/payment_intents/%00 HTTP/1.1", 400),
    ("GET /% HTTP/1.1", 400),
    ("GET /../x HTTP/1.1", 400),
    ("GET /a b HTTP/1.1", 400),
    ("GET nowhere HTTP/1.1", 400),
    ("GET / HTTP/2.5", 400),
    ("PRI * HTTP/2.0", 400),
    ("GET / HTTP/1.1\r\nHost: other", 400),
    ("POST /v1/payments HTTP/1.1\r\nTransfer-Encoding: gzip", 400),
    ("POST /v1/payments HTTP/1.1\r\nContent-Length: -1", 400),
    ("POST / HTTP/1.1\r\nContent-Length: 2000000", 413),
    (f"GET /{'x' * 9000} HTTP/1.1", 431),
    (f"GET / HTTP/1.1\r\nX-Filler: {'x' * 9000}", 431),
)
REACHING_SGATE = (
    ("BREW / HTTP/1.1", 400),
    ("PROPFIND / HTTP/1.1", 405),
    ("GET /v1 HTTP/1.1", 404),
    ("GET /public HTTP/1.1", 404),
    ("GET /assets HTTP/1.1", 404),
)


@pytest.mark.parametrize(("request_line", "status"), NOT_ACCEPTED + REACHING_SGATE, ids=lambda value: str(value)[:50])
def test_over_https_each_refusal_is_a_json_error(house, request_line, status):
    response = exchange(house.nginx, f"{request_line}\r\nHost: localhost\r\n\r\n")
    assert_json_error(*response, status)


@pytest.mark.parametrize(("request_line", "status"), NOT_ACCEPTED, ids=lambda value: str(value)[:50])
def test_over_http_each_refusal_is_a_json_error(house, request_line, status):
    with socket.create_connection(("127.0.0.1", house.nginx.http_port), PROMPTLY_S) as line:
        response = answer_to(line, f"{request_line}\r\nHost: localhost\r\n\r\n")
    assert_json_error(*response, status)


def test_http_on_the_https_port_is_refused_with_the_advice_to_use_https(house):
    with socket.create_connection(("127.0.0.1", house.nginx.https_port), PROMPTLY_S) as line:
        response = answer_to(line, "GET /v1/payments HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert assert_json_error(*response, 403)["error"]["code"] == "https_required"


async def test_a_refused_path_is_shown_and_logged_without_its_query(house):
    _, body = exchange(house.nginx, "TRACE /v1/payments?client_secret=hush HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert json.loads(body)["path"] == "/v1/payments"

    exchange(house.nginx, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n")

    async def logged():
        sent = {(line["method"], line["path"], line["status"]) for line in house.nginx.lines}
        return sent >= {("TRACE", "/v1/payments", 405), ("POST", "/", 413)}

    await until(logged, "nginx logs the request")


def assert_json_error(head, body, status):
    assert head.startswith(f"HTTP/1.1 {status} "), head
    assert "content-type: application/json" in head.lower()
    problem = json.loads(body)
    assert problem.keys() >= {"error", "request_id", "timestamp", "path", "status"}
    assert (problem["status"], problem["error"].keys() >= {"type", "code", "message", "param", "doc_url"}) == (
        status,
        True,
    )
    return problem


async def test_a_flood_from_one_address_is_limited_and_others_are_not(house, folder, certificate):
    settings = {"NGINX_API_RATE": "1r/s", "NGINX_API_BURST": "2"}
    flooded = Nginx(folder / "flooded", certificate, **settings)
    with flooded.serve([server.port for server in house.servers]):
        statuses = {}
        for source, calls in (("127.0.0.1", 6), ("127.0.0.2", 1)):
            connector = aiohttp.TCPConnector(ssl=flooded.tls, local_addr=(source, 0))
            headers = {"Authorization": f"Bearer {house.api_key}"}
            async with aiohttp.ClientSession(flooded.url, connector=connector, headers=headers) as session:
                for _ in range(calls):
                    async with session.get("/v1/payment_intents") as answer:
                        statuses.setdefault(source, []).append(answer.status)
                        refused = (
                            (answer.headers.get("Retry-After"), await answer.json()) if answer.status == 429 else None
                        )
                if refused is not None:
                    assert (refused[0], refused[1]["error"]["code"]) == ("1", "rate_limit_exceeded")
    assert statuses["127.0.0.1"][:3] == [200] * 3
    assert 429 in statuses["127.0.0.1"]
    assert statuses["127.0.0.2"] == [200]


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:a0d::1", "2001:db8:a0d:0:0:7:0a0d:0", True),
        ("2001:db8:3:2::1", "2001:db8:3:3::1", False),
        ("::1", "::2", True),
        ("0:0:0:1::1", "0:0:0:2::1", False),
        ("203.0.113.1", "203.0.113.1", True),
        ("203.0.113.2", "203.0.113.3", False),
        ("::ffff:203.0.113.4", "203.0.113.4", True),
        ("::ffff:203.0.113.5", "::ffff:203.0.113.6", False),
    ],
)
async def test_floods_are_counted_by_ipv4_address_and_by_ipv6_64(counting, first, second, shared):
    connector = aiohttp.TCPConnector(ssl=counting.tls)
    async with aiohttp.ClientSession(counting.url, connector=connector) as session:
        assert [await _status_for(session, first) for _ in range(3)] == [401, 401, 429]
        assert (await _status_for(session, second) == 429) is shared


@pytest.fixture(scope="module")
def counting(house, folder, certificate):
    """An nginx that serves two requests per client, then one a minute, and reads the client's address from a header."""
    settings = {"NGINX_API_RATE": "1r/m", "NGINX_API_BURST": "1", "NGINX_BALANCERS": "127.0.0.1"}
    nginx = Nginx(folder / "counting", certificate, **settings)
    with nginx.serve([server.port for server in house.servers]):
        yield nginx


async def _status_for(session, address):
    async with session.get("/v1/payment_intents", headers={"X-Forwarded-For": address}) as answer:
        return answer.status


# --- streams


async def test_a_customers_stream_is_neither_buffered_nor_compressed(house):
    async with house.merchant() as session:
        intent = await created(session)
        path = f"/public/payment_intents/{intent['id']}/events"
        async with session.get(path, headers={"Accept-Encoding": "gzip, br"}) as stream:
            assert stream.status == 200
            assert "Content-Encoding" not in stream.headers
            first = await asyncio.wait_for(_event(stream), PROMPTLY_S)
            assert first["status"] == "requires_payment"
            async with session.post(f"/v1/payment_intents/{intent['id']}/cancel") as answer:
                assert answer.status == 200
            second = await asyncio.wait_for(_event(stream), PROMPTLY_S)
            assert second["status"] == "canceled"
            _leave(stream)


async def test_a_merchants_event_stream_is_not_buffered(house):
    async with house.merchant() as session, session.get("/v1/events?stream=true") as stream:
        assert stream.status == 200
        assert (await asyncio.wait_for(stream.content.readline(), PROMPTLY_S)).startswith(b"retry:")
        intent = await created(session)
        sent = await asyncio.wait_for(_event(stream), PROMPTLY_S)
        assert (sent["type"], sent["data"]["object"]["id"]) == ("payment_intent.created", intent["id"])
        _leave(stream)


def _leave(stream):
    """Close the stream at once: a TLS shutdown would outlive the event loop of the test."""
    if stream.connection is not None:
        stream.connection.transport.abort()


async def _event(stream):
    """Return the data of the next event."""
    async for line in stream.content:
        if line.startswith(b"data: "):
            return json.loads(line.removeprefix(b"data: "))
    raise AssertionError("the stream ended")


# --- files whose names change with their content


def asset():
    url = built().script_url
    assert url, "the pages are not built: run `make web`"
    return url


@pytest.mark.parametrize(("accepts", "encoding"), [("br, gzip", "br"), ("gzip", "gzip"), ("identity", None)])
async def test_hashed_files_are_compressed_as_accepted_and_cacheable_forever(house, accepts, encoding):
    async with (
        house.session(auto_decompress=False) as session,
        session.get(asset(), headers={"Accept-Encoding": accepts}) as answer,
    ):
        assert answer.status == 200
        assert answer.headers.get("Content-Encoding") == encoding
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Accept-Encoding" in answer.headers["Vary"]


async def test_a_file_is_requested_once_and_then_served_from_the_cache(house, folder, certificate):
    nginx = Nginx(folder / "caching", certificate)
    with nginx.serve([house.servers[0].port]):
        connector = aiohttp.TCPConnector(ssl=nginx.tls)
        async with aiohttp.ClientSession(nginx.url, connector=connector) as session:
            bodies = []
            for _ in range(3):
                async with session.get(asset()) as answer:
                    bodies.append(await answer.read())
        assert len(set(bodies)) == 1
    upstreams = [line["upstream"] for line in nginx.lines if line["path"] == asset()]
    assert upstreams == [f"127.0.0.1:{house.servers[0].port}", "", ""]


async def test_a_file_that_one_server_does_not_have_yet_is_requested_from_the_next(house, folder, certificate):
    async def without(reader, writer):  # a server of the previous version
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    older = await asyncio.start_server(without, "127.0.0.1", 0)
    async with older:
        nginx = Nginx(folder / "skewed", certificate)
        with nginx.serve([older.sockets[0].getsockname()[1], house.servers[0].port]):
            connector = aiohttp.TCPConnector(ssl=nginx.tls)
            async with aiohttp.ClientSession(nginx.url, connector=connector) as session:
                for name in (asset(), asset().replace(".js", "-unknown.js")):
                    async with session.get(name) as answer:
                        assert answer.status == (200 if name == asset() else 404)


# --- client address


async def test_the_application_sees_the_client_address_and_forged_headers_are_dropped(house):
    headers = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Real-IP": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
        "X-Request-Id": "from-127-0-0-5",
    }
    async with (
        house.session(source="127.0.0.5") as session,
        session.get("/v1/payment_intents", headers=headers) as answer,
    ):
        assert answer.status == 401
    assert set(house.addresses("from-127-0-0-5")) == {"127.0.0.5"}


async def test_a_client_that_bypasses_the_proxy_cannot_forge_an_address(house):
    connector = aiohttp.TCPConnector(local_addr=("127.0.0.6", 0))
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Request-Id": "from-127-0-0-6"}
    async with (
        aiohttp.ClientSession(house.servers[0].url, connector=connector) as session,
        session.get("/v1/payment_intents", headers=headers) as answer,
    ):
        assert answer.status == 401
    assert set(house.addresses("from-127-0-0-6")) == {"127.0.0.6"}


async def test_a_listed_load_balancer_is_trusted_and_its_clients_are_not(house, folder, certificate):
    nginx = Nginx(folder / "balanced", certificate, NGINX_BALANCERS="127.0.0.7 127.0.0.8/32")
    with nginx.serve([server.port for server in house.servers]):
        connector = aiohttp.TCPConnector(ssl=nginx.tls, local_addr=("127.0.0.7", 0))
        headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 127.0.0.8", "X-Request-Id": "from-a-balancer"}
        async with (
            aiohttp.ClientSession(nginx.url, connector=connector) as session,
            session.get("/v1/payment_intents", headers=headers) as answer,
        ):
            assert answer.status == 401
    assert set(house.addresses("from-a-balancer")) == {"203.0.113.9"}


# --- logs


async def test_nginx_logs_no_client_secret_even_when_no_server_responds(folder, certificate):
    nginx = Nginx(folder / "alone", certificate)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with nginx.serve([nobody.getsockname()[1]]):
            connector = aiohttp.TCPConnector(ssl=nginx.tls)
            async with aiohttp.ClientSession(nginx.url, connector=connector) as session:
                path, headers = "/pi/pi_1?client_secret=hush", {"Referer": "https://x/?client_secret=hush"}
                async with session.get(path, headers=headers) as answer:
                    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
                    assert "retries automatically" in await answer.text()
                async with session.get("/v1/payments?client_secret=hush", headers=headers) as answer:
                    assert (answer.status, (await answer.json())["error"]["code"]) == (503, "unavailable")
                keyed = {"Idempotency-Key": "order-1"}
                async with session.post("/v1/payment_intents", json={}, headers=keyed) as answer:
                    assert (answer.status, (await answer.json())["error"]["code"]) == (503, "unavailable")
    assert [line["path"] for line in nginx.lines] == ["/pi/pi_1", "/v1/payments", "/v1/payment_intents"]
    assert "hush" not in nginx.access_log.read_text() + nginx.error_log.read_text()


# --- when processes stop


class Customers:
    """Several clients that repeat a call. `answers` holds the result of each request."""

    def __init__(self, house, call, callers=4):
        self._house, self._call, self._callers = house, call, callers
        self._stop = asyncio.Event()
        self.answers = []

    async def __aenter__(self):
        self._session = self._house.merchant()
        self._tasks = [asyncio.create_task(self._repeat(number)) for number in range(self._callers)]
        await self.answered(5 * self._callers)
        return self

    async def __aexit__(self, *_):
        self._stop.set()
        await asyncio.gather(*self._tasks)
        await self._session.close()

    async def answered(self, number):
        """Wait until `number` more requests are answered."""
        enough = len(self.answers) + number

        async def done():
            return len(self.answers) >= enough

        await until(done, "requests are answered")

    async def _repeat(self, number):
        while not self._stop.is_set():
            number += 1000
            try:
                self.answers += await self._call(self._session, number)
            except aiohttp.ClientError as error:
                self.answers.append(repr(error))


async def repeatable(session, number):
    """Send a read, and a create with an Idempotency-Key."""
    async with session.get("/v1/payment_intents?limit=1") as read:
        pass
    with_key = {"Idempotency-Key": f"order-{number}"}
    async with session.post("/v1/payment_intents", json={"amount_sats": 1000}, headers=with_key) as answer:
        return [read.status, answer.status]


async def not_repeatable(session, _):
    """Send a create without an Idempotency-Key, which must not be retried."""
    async with session.post("/v1/payment_intents", json={"amount_sats": 1000}) as answer:
        return [answer.status]


async def test_a_killed_process_loses_no_request_that_can_be_retried(folder, shop_database, certificate):
    with open_house(folder, "killed", shop_database, certificate) as house:
        async with Customers(house, repeatable) as customers:
            house.servers[0].kill()
            await customers.answered(100)
        assert set(customers.answers) == {200, 201}
        assert any("," in line["upstream"] for line in house.nginx.lines), "no request reached the killed process"


async def test_a_replaced_process_loses_no_request(folder, shop_database, certificate):
    with open_house(folder, "rolling", shop_database, certificate, drain_s=5) as house:
        replaced = house.servers[0]

        async def serves_again():
            return house.nginx.lines[-1]["upstream"] == f"127.0.0.1:{replaced.port}"

        async with Customers(house, not_repeatable) as customers:
            assert (await replaced.stop())[0] == 0
            replaced.start(*API_ONLY)
            await replaced.ready()
            await until(serves_again, "nginx sends requests to the new process")
        refused = [line for line in house.nginx.lines if line["status"] != 201 and line["method"] == "POST"]
        assert (set(customers.answers), refused) == ({201}, [])
