"""A small web server on loopback that misbehaves by path, and counts what it was asked."""

import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.ingest.conftest import encoded, picture

PHOTO = encoded(picture())


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.hits[self.path] += 1
        self.server.agents.add(self.headers["User-Agent"])
        getattr(self, f"at_{self.path.strip('/').partition('.')[0]}", self.at_missing)()

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def at_good(self):
        self.answer(200, PHOTO)

    def at_moved(self):
        self.answer(302, Location="/good.jpg")

    def at_missing(self):
        self.answer(404, b"no")

    def at_gone(self):
        self.answer(410)

    def at_private(self):
        self.answer(403)

    def at_broken(self):
        self.answer(500)

    def at_healing(self):
        self.answer(500) if self.server.hits[self.path] < 3 else self.answer(200, PHOTO)

    def at_html(self):
        self.answer(200, b"<html>not found</html>", Content_Type="image/jpeg")

    def at_empty(self):
        self.answer(200)

    def at_large(self):
        self.answer(200, bytes(200_000))

    def at_endless(self):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(bytes(65536))

    def at_short(self):
        self.answer(200, PHOTO[:100], Content_Length=str(len(PHOTO)))

    def at_torn(self):
        self.send_response(200)
        for length in (1, 2):
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def at_garbled(self):
        self.answer(200, b"not gzip", Content_Encoding="gzip")

    def at_stalled(self):
        time.sleep(3)

    def at_drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        for _ in range(200):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def at_file(self):
        self.answer(302, Location="file:///etc/passwd")

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_):
        """Clients hang up on the rude ones; that is the point."""


@contextmanager
def serving():
    with Server(("127.0.0.1", 0), Handler) as server:
        server.hits, server.agents = Counter(), set()
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
