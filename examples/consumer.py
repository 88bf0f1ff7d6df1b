# Takes what FORWARD_URL posts, and reacts to a verification call that failed: the code goes by SMS instead.
# FORWARD_SECRET=whsec_... PORT=8080 python3 examples/consumer.py
import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

key = base64.b64decode(os.environ["FORWARD_SECRET"].removeprefix("whsec_"))
seen = set()  # A real application keeps these in its database, in the transaction that acts on them.


def is_signed(headers, body):
    sent_at = headers["webhook-timestamp"] or "0"
    if abs(time.time() - int(sent_at)) > 300:
        return False
    signed = f"{headers['webhook-id']}.{sent_at}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return any(hmac.compare_digest(expected, given) for given in (headers["webhook-signature"] or "").split())


def react(message):
    call = message["data"].get("call")
    if call and call["scenario"] == "callVerify" and call["end_seen"] and call["outcome"] != "answered":
        order = call["user_data"] or "no order"
        print(f"SMS to {call['a_number']}: your code ({call['outcome']}; {order})", flush=True)


class Consumer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        status = 204 if is_signed(self.headers, body) else 401
        if status == 204 and self.headers["webhook-id"] not in seen:  # at least once: the same id may come again
            react(json.loads(body))
            seen.add(self.headers["webhook-id"])
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 8080))), Consumer)
print(f"port {server.server_port}", flush=True)
server.serve_forever()
