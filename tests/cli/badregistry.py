# SPDX-License-Identifier: Apache-2.0
# A registry for what real ones do not show: badregistry.py LAYOUT prints its port. The first part of
# a repository's name is the fault. It listens on localhost; 127.0.0.1 with the same port is another
# host to a client. Each line after the port is a question that carried an Authorization where none
# belongs ("leak"), or a token that was given ("token").
import hashlib
import http.server
import json
import os
import re
import sys
import urllib.parse

layout = sys.argv[1]
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
uses = {}
tokens = [0]


def blob(digest):
    try:
        with open(os.path.join(layout, "blobs/sha256", digest.split(":")[1]), "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def tagged(name):
    with open(os.path.join(layout, "index.json")) as f:
        for entry in json.load(f)["manifests"]:
            if name in (entry["digest"], entry["annotations"]["org.opencontainers.image.ref.name"]):
                return blob(entry["digest"])
    return blob(name) if name.startswith("sha256:") else None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", *headers, length=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass
        self.close_connection = self.close_connection or length is not None

    def url(self, path, host="localhost"):
        return f"http://{host}:{server.server_address[1]}{path}"

    def challenge(self, realm):
        return self.answer(401, b"no", ("WWW-Authenticate", f'Bearer realm="{realm}",service="s",scope="a b"'))

    def token(self, path):
        if path == "/token/endless":
            self.answer(200, b'{"token":"' + b"x" * (8 << 20), length=1 << 30)
        elif path == "/token/none":
            self.answer(200, b"{}")
        elif path == "/token/lines":
            self.answer(200, b'{"token":"a\\r\\nX: y"}')
        else:
            tokens[0] += 1
            print("token", self.path, flush=True)
            self.answer(200, json.dumps({"token": f"t{tokens[0]}"}).encode())

    def elsewhere(self, path):
        if "Authorization" in self.headers:
            print("leak", self.path, flush=True)
        _, _, kind, digest = path.split("/")
        if kind == "ask":
            return self.challenge(self.url("/token/stolen"))
        self.blob(kind, digest)

    # a token serves four questions, as one does that expires; or it expires when a link breaks
    def lacks_token(self, fault):
        shown = self.headers.get("Authorization", "")
        if fault not in ("elsewhere", "asks-elsewhere", "expires", "expires-within", "never"):
            return False
        uses[shown] = uses.get(shown, 0) + 1
        return not shown.startswith("Bearer t") or uses[shown] > {"expires": 4, "never": 0}.get(fault, 99)

    def manifest(self, fault, name):
        if fault == "lists-all" and re.fullmatch("sha256-[0-9a-f]{64}", name):
            return self.answer(404, b"no")
        if fault == "appears" and name == "v1" and not uses.setdefault(fault, 0):
            uses[fault] = 1
            return self.answer(404, b"no")
        body, kind, told = tagged(name), MANIFEST, None
        if fault == "html":
            kind, body = "text/html", b"<!doctype html><title>Log in</title>"
        if fault == "other" and name == "latest":
            told = "sha256:" + "0" * 64
        if fault == "damaged":
            body = b" " + (body or b"")
        if fault == "forbidden-signature" and name.endswith(".sig"):
            return self.answer(403, b"no")
        if body is None or (fault == "no-signature" and name.endswith(".sig")):
            return self.answer(404, b"no")
        if fault == "huge":
            body = b"[" * (8 << 20)
        if fault == "headers":
            return self.answer(200, body, *[(f"X-{i}", "x" * 1000) for i in range(90)])
        if fault == "long-header":
            return self.answer(200, body, ("Content-Type", "x" * 5000))
        digest = told or "sha256:" + hashlib.sha256(body).hexdigest()
        self.answer(200, body, ("Content-Type", kind), ("Docker-Content-Digest", digest))

    def blob(self, fault, digest):
        data = blob(digest)
        size = len(data)
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        ranged = match and fault != "whole"
        first, last = (int(match[1]), int(match[2])) if ranged else (0, size - 1)
        part, length = data[first:last + 1], None
        if fault == "flaky" and len(part) > 100000:
            uses[fault] = uses.get(fault, 0) + 1
            part, length = part[:100000 + 200000 * (uses[fault] % 2)], len(part)
        if fault == "expires-within" and len(part) > 100000 and uses.setdefault(fault, 0) < 2:
            uses[fault] += 1
            uses[self.headers["Authorization"]] = 99
            part, length = part[:100000], len(part)
        if not ranged:
            return self.answer(200, part, length=length)
        self.answer(206, part, ("Content-Range", f"bytes {first}-{last}/{size}"), length=length)

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if path.startswith("/token/"):
            return self.token(path)
        if path.startswith("/elsewhere/"):
            return self.elsewhere(path)
        _, _, fault, _, kind, name = path.split("/")
        if kind == "referrers" and fault == "lists":
            entry = {"mediaType": MANIFEST, "digest": name, "size": 7, "artifactType": "application/x.test"}
            body = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry, dict(entry, artifactType="y")]}
            return self.answer(200, json.dumps(body).encode(), ("Content-Type", INDEX))
        if kind == "referrers" and fault == "lists-all":
            return self.answer(200, tagged(name.replace(":", "-")), ("Content-Type", INDEX))
        if fault.startswith("token-"):
            return self.challenge(self.url("/token/" + fault[6:]))
        if fault == "plain-realm":
            return self.challenge(self.url("/token/stolen", "127.0.0.1"))
        if self.lacks_token(fault):
            return self.challenge(self.url("/token/good"))
        if fault == "nonsense":
            return self.answer(401, b"no", ("WWW-Authenticate", 'Bearer realm="'))
        if fault == "loop":
            return self.answer(307, b"", ("Location", self.path))
        if kind == "manifests":
            return self.manifest(fault, name)
        if fault in ("elsewhere", "asks-elsewhere"):
            other = "ask" if fault == "asks-elsewhere" else "plain"
            return self.answer(307, b"", ("Location", self.url(f"/elsewhere/{other}/{name}", "127.0.0.1")))
        if fault == "not-named":
            return self.answer(307, b"", ("Location", self.url(f"/elsewhere/plain/{name}?secret", "127.0.0.2")))
        self.blob(fault, name)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a client that hangs up is what some cases are about


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
