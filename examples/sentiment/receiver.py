#!/usr/bin/env python3
"""Stands in for Slack, PagerDuty and a webhook: prints each message it gets, and keeps it if asked to.

    receiver.py [--port 8001] [--keep FILE]     FILE: one JSON object a line, {"path", "body"}
"""
import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWERS = {  # As the real ones answer.
    "/slack": (200, "text/plain", "ok"),
    "/pagerduty": (202, "application/json", '{"status":"success","message":"Event processed","dedup_key":"demo"}'),
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--port", type=int, default=8001)
    arguments.add_argument("--keep")
    options = arguments.parse_args()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                print(f"\n--- {self.path[1:]} gets ---\n{json.dumps(body, indent=2)}", flush=True)
                if options.keep:
                    with open(options.keep, "a", encoding="utf-8") as kept:
                        kept.write(json.dumps({"path": self.path, "body": body}) + "\n")
            status, content_type, answer = ANSWERS.get(self.path, (200, "text/plain", ""))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    print(f"receiver on http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
