# SPDX-License-Identifier: Apache-2.0
# A web server for the faults that real ones do not show: badserver.py LAYOUT LAYER prints its port,
# then a line for each answer: PATH STATUS BODY-BYTES MILLISECONDS AT-ONCE,
# the last one how many answers were under way.
# The first part of a path names the fault, NAME or NAME-NUMBER, which most show on the layer alone;
# behind `far.` the server is far away: each answer waits.
import email.utils
import fcntl
import http.server
import os
import re
import signal
import socket
import struct
import sys
import termios
import time

layout, layer = sys.argv[1:]
seen = {}  # how often a fault was asked for a file
CHUNK = 65536
FAR_S = 0.05
under_way = [0]
CHUNK_S = 0.002  # so that who reads has read what was sent, as on a real link


def first_times(key, n=1):
    """True the first n times."""
    seen[key] = seen.get(key, 0) + 1
    return seen[key] <= n


def statuses(number, is_layer):
    """Status and headers of the faults that are a status, by name."""
    date = email.utils.formatdate(time.time() + 2, usegmt=True)
    always = {"forbidden": 403, "gone": 404, "error": 500}
    once = {"once": (number, {}), "later": (503, {"Retry-After": "1"}),
            "dated": (429, {"Retry-After": date}), "muchlater": (503, {"Retry-After": "3600"})}
    return always, once


def is_idle(pid):
    """Do all its threads sleep?"""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat") as f:
            if f.read().rpartition(")")[2].split()[0] != "S":
                return False
    return True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sent = 0

    def log_message(self, *args):
        pass

    def setup(self):
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * CHUNK)
        super().setup()

    def give(self, body):
        for at in range(0, len(body), CHUNK):
            begun = time.monotonic()
            self.wfile.write(body[at:at + CHUNK])
            self.sent += len(body[at:at + CHUNK])
            time.sleep(max(0, CHUNK_S - (time.monotonic() - begun)))

    def answer(self, status, body, length=None, headers=(), end=None):
        """Sends it, and calls end where the link is to break in the middle."""
        self.sent = 0
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.give(body)
            if end:
                end()
        except OSError:
            self.close_connection = True
        if length is not None and length != len(body):
            self.close_connection = True
        print(self.path, status, self.sent, int(time.monotonic() * 1000), under_way[0], flush=True)

    # --- how a link ends ---

    def reset(self):
        # a reset throws away what is still under way: it comes between two bytes
        while struct.unpack("i", fcntl.ioctl(self.request, termios.TIOCOUTQ, bytes(4)))[0]:
            time.sleep(0.001)
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()
        raise OSError

    def stall(self):
        self.request.recv(1)  # until the client gives up

    def drip(self):
        while True:
            self.wfile.write(b"x")
            time.sleep(0.1)

    def kill(self):
        """Once the victim has worked off what came, as on a link that is slower than it."""
        with open("victim") as f:
            victim = int(f.read())
        idle = 0
        while idle < 3:
            time.sleep(0.01)
            idle = idle + 1 if is_idle(victim) else 0
        os.kill(victim, signal.SIGKILL)
        self.stall()

    # --- what is asked ---

    def index(self, fault):
        """index.json as the fault has it; None: as it is."""
        if fault == "html":
            return b"<!doctype html><title>Log in</title>"
        if fault == "huge":
            return b"[" * (64 << 20)
        if fault == "published" and not first_times(fault):
            return b'{"schemaVersion":2,"manifests":[]}'
        if fault == "republished" and first_times(fault):
            with open(os.path.join(layout, "index.old"), "rb") as f:
                return f.read()
        return None

    def part(self, data):
        """First and last byte asked for, and whether a range is answered."""
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not match:
            return 0, len(data) - 1, False
        return int(match[1]), int(match[2] or len(data) - 1), True

    def do_GET(self):
        under_way[0] += 1
        try:
            self.get()
        finally:
            under_way[0] -= 1

    def get(self):
        name, _, path = self.path[1:].partition("/")
        fault, _, number = name.partition("-")
        if fault.startswith("far."):
            fault = fault[4:]
            time.sleep(FAR_S)
        number = int(number or 0)
        is_layer = path.endswith(layer)
        index = self.index(fault) if path == "index.json" else None
        if index:
            return self.answer(200, index)
        if fault == "loop":
            return self.answer(302, b"", headers=[("Location", self.path)])
        always, once = statuses(number, is_layer)
        if fault in always and is_layer:
            return self.answer(always[fault], b"no")
        if fault == "few" and is_layer and under_way[0] > number:
            return self.answer(503, b"no")
        if fault in once and first_times(self.path):
            return self.answer(once[fault][0], b"no", headers=once[fault][1].items())
        try:
            with open(os.path.join(layout, path), "rb") as f:
                data = f.read()
        except OSError:
            return self.answer(404, b"no")
        if is_layer:
            return self.give_layer(fault, number, data)
        return self.give_plain(fault, data)

    def give_plain(self, fault, data):
        if fault == "fresh":  # each connection breaks before its answer, the first time
            if first_times(self.path):
                return self.answer(200, data[:1], len(data), end=self.reset)
        first, last, ranged = self.part(data)
        headers = [("Content-Range", f"bytes {first}-{last}/{len(data)}")] if ranged else []
        return self.answer(206 if ranged else 200, data[first:last + 1], headers=headers)

    def give_layer(self, fault, number, data):
        etag = '"one"'
        if fault in ("touched", "swapped") and not first_times(fault):
            etag = '"two"'
            if fault == "swapped":
                data = bytes(len(data))
        if fault == "restless":
            etag = f'"{time.monotonic_ns()}"'
        size = len(data)
        first, last, ranged = self.part(data)
        if ranged and self.headers.get("If-Range", etag) != etag:
            first, last, ranged = 0, size - 1, False
        if fault == "dies" and not first_times(self.path):
            return self.answer(500, b"no")
        if fault in ("norange", "wastes", "longer"):
            first, last, ranged = 0, size - 1, False
        part = data[first:last + 1]
        told = {"wrongrange": f"bytes {first + 1}-{last + 1}/{size}",
                "wrongsize": f"bytes {first}-{last}/{size + 7}"}.get(
                    fault, f"bytes {first}-{last}/{size}")
        headers = [("ETag", etag)] + ([("Content-Range", told)] if ranged else [])
        length, end = len(part), None
        if fault == "gzip":
            headers.append(("Content-Encoding", "gzip"))
        if fault == "longheader":
            headers.append(("X-Long", "x" * number))
        if fault == "headers":
            headers += [(f"X-{n}", "x" * 1000) for n in range(number)]
        if fault == "longer":
            part += b"more"
            length += 4
        if fault == "close":
            part = b""
        ends = {"reset": self.reset, "cut": lambda: None,
                "wastes": lambda: None, "dies": lambda: None, "stall": self.stall, "drip": self.drip,
                "kill": self.kill, "touched": self.reset, "swapped": self.reset,
                "restless": self.reset}
        kind = fault.rstrip("0123456789")
        if kind.startswith("kill"):
            kind = "kill"
        once = kind in ("kill", "touched", "swapped")
        if kind in ends and len(part) > number and first_times(fault + "end", 1 if once else 1 << 30):
            part, end = part[:number], ends[kind]
        return self.answer(206 if ranged else 200, part, length, headers, end)

    def do_DELETE(self):
        """Forgets what was asked before."""
        seen.clear()
        self.answer(200, b"")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that hangs up is what some cases are about


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
