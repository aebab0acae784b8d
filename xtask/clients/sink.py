"""Runs a program beside a made-up S3 on 127.0.0.1:9000, and says who signed the requests that came there, and when it ended."""

import http.server
import re
import subprocess
import sys
import threading
import time

LIST = b'<?xml version="1.0"?><ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated></ListBucketResult>'
BUCKETS = b'<?xml version="1.0"?><ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>'
MISSING = b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>The key does not exist</Message></Error>'
seen = set()


class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = re.search(r"ASIA[A-Z0-9]+", f"{self.path} {self.headers}")
        seen.add(f"signed by {key[0]}" if key else "unsigned")
        path, _, query = self.path.partition("?")
        if path == "/":
            status, body = 200, BUCKETS
        elif path.strip("/").count("/") == 0 or "list-type" in query:
            status, body = 200, LIST
        else:
            status, body = 404, MISSING
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 9000), Sink)
threading.Thread(target=server.serve_forever, daemon=True).start()
code = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL).returncode
print(f"\nsink: ended at {time.time_ns() // 1_000_000}", flush=True)
for line in sorted(seen):
    print(f"sink: {line}", flush=True)
sys.exit(code)
