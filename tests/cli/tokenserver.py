# SPDX-License-Identifier: Apache-2.0
# A token service for docker-registry: tokenserver.py KEY CERTIFICATE USER:PASSWORD prints its port,
# then a line for each token: who, scopes. Everybody may pull from open/..., the user may do all.
import base64
import http.server
import json
import subprocess
import sys
import time
import urllib.parse

key, certificate, user = sys.argv[1:]


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(claims):
    der = subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "DER"],
                         capture_output=True, check=True).stdout
    header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
    text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key],
                               input=text.encode(), capture_output=True, check=True).stdout
    return text + "." + base64url(signature)


def granted(scope, known):
    kind, name, actions = scope.split(":")
    actions = actions.split(",")
    if not known:
        actions = [a for a in actions if a == "pull" and name.startswith("open/")]
    return {"type": kind, "name": name, "actions": actions}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        shown = self.headers.get("Authorization")
        known = shown == "Basic " + base64.b64encode(user.encode()).decode()
        scopes = query.get("scope", [])
        print("user" if known else "stranger" if shown else "nobody", *scopes, flush=True)
        if shown and not known:
            self.send_error(401)
            return
        now = int(time.time())
        token = sign({"iss": "test", "sub": "", "aud": query["service"][0], "exp": now + 300,
                      "nbf": now - 10, "iat": now, "jti": str(now),
                      "access": [granted(s, known) for s in scopes]})
        # both names are in use
        body = json.dumps({"access_token" if known else "token": token}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
