# SPDX-License-Identifier: Apache-2.0
# A web server for the faults that real ones do not show: badserver.py LAYOUT LAYER prints its port.
# The first part of a path names the fault, which most cases show on the layer alone.
import http.server
import os
import re
import sys

layout, layer = sys.argv[1:]
sent = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, length=None, headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass
        if length is not None and length != len(body):
            self.close_connection = True

    def do_GET(self):
        fault, _, path = self.path[1:].partition("/")
        is_layer = path.endswith(layer)
        if fault == "html" and path == "index.json":
            return self.answer(200, b"<!doctype html><title>Log in</title>")
        if fault == "huge" and path == "index.json":
            return self.answer(200, b"[" * (64 << 20))
        if fault == "published" and path == "index.json":
            sent[fault] = sent.get(fault, 0) + 1
            if sent[fault] > 1:
                return self.answer(200, b'{"schemaVersion":2,"manifests":[]}')
        if fault == "loop":
            return self.answer(302, b"", headers=[("Location", self.path)])
        status = {"forbidden": 403, "gone": 404, "error": 500}.get(fault)
        if status and is_layer:
            return self.answer(status, b"no")
        with open(os.path.join(layout, path), "rb") as f:
            data = f.read()
        size = len(data)
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first, last = (int(match[1]), int(match[2])) if match else (0, size - 1)
        part = data[first:last + 1]
        told = f"bytes {first}-{last}/{size}"
        length = None
        if is_layer and fault == "close":
            part, length = b"", len(part)
        if is_layer and fault == "flaky" and len(part) > 100000:
            part, length = part[:100000 + 200000 * (sent.setdefault(fault, 0) % 2)], len(part)
            sent[fault] += 1
        if is_layer and fault == "wrongrange":
            told = f"bytes {first + 1}-{last + 1}/{size}"
        if is_layer and fault == "wrongsize":
            told = f"bytes {first}-{last}/{size + 7}"
        if is_layer and fault == "longer":
            match, part = None, data + b"more"
        headers = [("Content-Range", told)] if match else []
        self.answer(206 if match else 200, part, length, headers)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a client that hangs up is what some cases are about


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
