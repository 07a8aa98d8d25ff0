"""A server on this machine that can misbehave in every way that matters to a download."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Page:
    """What the server gives, and how."""

    content: bytes
    etag: str | None = '"1"'
    modified: str | None = None
    ranges: bool = True
    heeds_if_range: bool = True
    says_length: bool = True
    # What to do with the next requests, one after the other: ("cut", bytes), ("status", code),
    # ("wait", seconds); then all is well.
    faults: list = field(default_factory=list)


class Server:
    """Pages by path, and the requests that came."""

    def __init__(self, url):
        self.url = url
        self.pages = {}
        self.requests = []

    def put(self, name, content, **options):
        self.pages[f"/{name}"] = Page(content, **options)
        return f"{self.url}/{name}"

    def ranges(self):
        return [headers.get("Range") for _, headers in self.requests]


class Handler(BaseHTTPRequestHandler):
    """Answers GET."""

    def do_GET(self):
        self.server.site.requests.append((self.path, dict(self.headers)))
        page = self.server.site.pages.get(self.path)
        fault, value = page.faults.pop(0) if page and page.faults else (None, None)
        if fault == "wait":
            time.sleep(value)
        if page is None or fault == "status":
            self.send_error(value or 404)
            return
        content = self._begin(page)
        with suppress(ConnectionError):
            self.wfile.write(content[:value] if fault == "cut" else content)

    def _begin(self, page):
        mark = page.etag or page.modified
        wanted = self.headers.get("Range") if page.ranges else None
        if wanted and page.heeds_if_range and self.headers.get("If-Range") not in (None, mark):
            wanted = None
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        size = len(page.content)
        if start >= size and wanted:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return b""
        self.send_response(206 if wanted else 200)
        for name, value in (("ETag", page.etag), ("Last-Modified", page.modified)):
            if value:
                self.send_header(name, value)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if page.says_length:
            self.send_header("Content-Length", str(size - start))
        self.end_headers()
        return page.content[start:]

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        http.site = Server(f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield http.site
        http.shutdown()
        thread.join()
