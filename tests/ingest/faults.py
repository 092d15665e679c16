"""A web server on loopback that misbehaves by path, and counts what it was asked.

It stands on addresses that are not localhost's own, so that a crawl can be allowed to reach it and nothing else.
"""

import gzip
import io
import re
import struct
import threading
import time
import zlib
from collections import Counter, defaultdict
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pillow_heif
from PIL import Image

from tests.ingest.conftest import encoded, picture

HOSTS = ("127.0.0.2", "127.0.0.3")
PHOTO = encoded(picture())
MEGABYTE = bytes(1 << 20)


def heic():
    written = io.BytesIO()
    pillow_heif.from_pillow(picture(size=(64, 64))).save(written)
    return written.getvalue()


def huge_png(side=20_000):
    """A header that promises side x side pixels, and hardly any data."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, path = self.server, self.path
        server.hits[path] += 1
        server.times[path].append(time.monotonic())
        server.agents.add(self.headers["User-Agent"])
        name = re.split(r"[./?-]", path.strip("/"))[0]
        # Clients hang up on the rude ones; that is the point.
        with suppress(BrokenPipeError, ConnectionResetError):
            getattr(self, f"at_{name}", self.at_missing)()

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def at_robots(self):
        self.answer(200, b"User-agent: *\nDisallow: /secret\n", Content_Type="text/plain")

    def at_good(self):
        self.answer(200, PHOTO, Content_Type="image/jpeg")

    at_secret = at_good

    def at_plain(self):
        self.answer(200, PHOTO, Content_Type="text/html")

    def at_moved(self):
        self.answer(302, Location="/good.jpg")

    def at_missing(self):
        self.answer(404, b"<html>no</html>")

    def at_gone(self):
        self.answer(410)

    def at_private(self):
        self.answer(403)

    def at_members(self):
        self.answer(401, WWW_Authenticate="Basic")

    def at_censored(self):
        self.answer(451)

    def at_teapot(self):
        self.answer(418, PHOTO)

    def at_nothing(self):
        self.send_response(204)
        self.end_headers()

    def at_part(self):
        self.answer(206, PHOTO[:100], Content_Range=f"bytes 0-99/{len(PHOTO)}")

    def at_broken(self):
        self.answer(500)

    def at_unavailable(self):
        self.answer(503)

    def at_flapping(self):
        self.answer(500) if self.server.hits[self.path] < 3 else self.at_good()

    def at_busy(self):
        self.answer(429, Retry_After="2") if self.server.hits[self.path] < 2 else self.at_good()

    def at_closed(self):
        self.answer(429, Retry_After="3600")

    def at_html(self):
        self.answer(200, b"<!DOCTYPE html><p>not found", Content_Type="image/jpeg")

    def at_svg(self):
        self.answer(200, b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', Content_Type="image/png")

    def at_text(self):
        self.answer(200, b"sorry", Content_Type="image/jpeg")

    def at_empty(self):
        self.answer(200, Content_Type="image/jpeg")

    def at_declared(self):
        self.answer(200, b"", Content_Length=str(100 << 20))

    def at_stream(self):
        self.send_response(200)
        self.end_headers()
        for _ in range(100):
            self.wfile.write(MEGABYTE)

    def at_bomb(self):
        self.answer(200, gzip.compress(MEGABYTE * 20), Content_Encoding="gzip")

    def at_zipped(self):
        self.answer(200, gzip.compress(PHOTO), Content_Encoding="gzip")

    def at_garbled(self):
        self.answer(200, b"not gzip", Content_Encoding="gzip")

    def at_huge(self):
        self.answer(200, huge_png())

    def at_short(self):
        self.answer(200, PHOTO[:100], Content_Length=str(len(PHOTO)))

    def at_long(self):
        self.answer(200, PHOTO, Content_Length="100")

    def at_chunks(self):
        self.protocol_version = "HTTP/1.1"
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"ff\r\n" + PHOTO[:100])
        self.close_connection = True

    def at_cut(self):
        self.answer(200, PHOTO[:-100])

    def at_torn(self):
        self.send_response(200)
        for length in (1, 2):
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def at_noise(self):
        self.wfile.write(b"\x00\x01\x02 no HTTP at all\r\n\r\n")

    def at_headers(self):
        self.answer(200, PHOTO, X_Padding="x" * 200_000)

    def at_hangup(self):
        self.connection.shutdown(2)

    def at_stalled(self):
        time.sleep(5)

    def at_drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b"x")
            time.sleep(0.1)

    def at_loop(self):
        self.answer(302, Location="/loop.jpg")

    def at_file(self):
        self.answer(302, Location="file:///etc/passwd")

    def at_metadata(self):
        self.answer(302, Location="http://169.254.169.254/latest/meta-data/")

    def at_home(self):
        self.answer(302, Location=f"http://localhost:{self.server.server_port}/good.jpg")

    def at_wall(self):
        cookie = self.headers.get("Cookie", "")
        self.at_good() if "seen=1" in cookie else self.answer(302, Location=self.path, Set_Cookie="seen=1")

    def at_polyglot(self):
        self.answer(200, PHOTO + b"PK\x03\x04<script>alert(1)</script>")

    def at_gif(self):
        self.answer(200, b"GIF89a/*" + b"\x00" * 8 + b"*/=1;alert(1)")

    def at_heic(self):
        self.answer(200, heic())

    def at_cmyk(self):
        self.answer(200, encoded(Image.new("CMYK", (24, 16), (10, 20, 30, 40))))

    def at_deep(self):
        self.answer(200, encoded(Image.new("I;16", (24, 16), 40_000), "PNG"))

    def at_film(self):
        frames = [picture(seed) for seed in range(3)]
        self.answer(200, encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))

    def log_message(self, *_):
        pass


setattr(Handler, f"at_{quote('häut')}", Handler.at_good)  # asked for with and without its escapes


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, *_):
        """Clients hang up on the rude ones; that is the point."""

    def url(self, name):
        return f"http://{self.server_address[0]}:{self.server_port}/{name}"


@contextmanager
def serving(host=HOSTS[0], handler=Handler):
    with Server((host, 0), handler) as server:
        server.hits, server.agents, server.times = Counter(), set(), defaultdict(list)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
