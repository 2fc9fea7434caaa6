"""A server on the loopback interface that sends scripted responses and records the requests."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit


class Received(NamedTuple):
    """A request. Header names are in lower case."""

    method: str
    target: str
    headers: dict
    content: bytes

    def shown(self):
        """Return the request in the form of `sent` in a case."""
        parts = urlsplit(self.target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        is_json = self.headers.get("content-type", "").startswith("application/json")
        return {
            "method": self.method,
            "path": parts.path,
            "query": query,
            "headers": self.headers,
            "body": json.loads(self.content) if is_json else None,
            "last_event_id": self.headers.get("last-event-id", query.get("last_event_id")),
        }


class ScriptedServer:
    """Sends the responses in `answers` one after another, and repeats the last one indefinitely."""

    def __init__(self, answers, bodies):
        self._answers, self._bodies = answers, bodies
        self.received = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._closing.set()  # ends the delays of pending responses
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _next(self, received):
        with self._lock:
            self.received.append(received)
            return self._answers[min(len(self.received), len(self._answers)) - 1]

    def _handler(self):
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("content-length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                received = Received(self.command, self.path, headers, self.rfile.read(length))
                scripted._respond(self, scripted._next(received))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the standard library's names

            def log_message(self, *_):
                """Suppress the log."""

        return Handler

    def _respond(self, handler, answer):
        if "delay_ms" in answer:
            self._closing.wait(answer["delay_ms"] / 1000)
        if answer.get("drop") == "at_once":
            return
        content, kind = self._content(answer)
        headers = {"Content-Type": kind, "Content-Length": str(len(content)), **answer.get("headers", {})}
        handler.send_response(answer["status"])
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2] if answer.get("drop") == "in_the_body" else content)

    def _content(self, answer):
        if "text" in answer:
            return answer["text"].encode(), "text/plain"
        body = answer.get("json", answer.get("body"))
        body = self._bodies[body] if isinstance(body, str) else body
        return json.dumps(body).encode(), "application/json"
