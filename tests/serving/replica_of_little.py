"""A replica in as few lines as HAProxy needs one: `replica_of_little.py PORT SECONDS` takes so long for a POST."""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer({"healthy": True})

    def do_POST(self):
        length = len(self.rfile.read(int(self.headers["content-length"])))
        print(length, flush=True)
        time.sleep(float(sys.argv[2]))
        self._answer({"pid": os.getpid(), "length": length})

    def _answer(self, told):
        content = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
