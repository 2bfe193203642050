"""The same alerts, silences and configuration to Debian's prometheus-alertmanager and to Bellwether: the webhooks that
come out must be the same, group by group, in order, with the same content. Where a message is cut short only firing
alerts are compared: of these and resolved ones Bellwether keeps the firing.

usage: same_webhooks_test.py BELLWETHER     (from the root of the project; needs prometheus-alertmanager)
"""
import collections
import datetime
import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

from local_server import end_all, free_port, wait_until

BELLWETHER = None
QUIET_S = 5  # Two group intervals: what comes at all has come by then.

CONFIG = """
route:
  receiver: default
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 1h
  routes:
    - matchers: ['team="ml"']
      receiver: ml
      group_by: [model]
      continue: true
    - match_re: {{severity: page|critical}}
      receiver: oncall
      group_by: ['...']
    - matchers: ['team="quiet"']
      receiver: quiet
      mute_time_intervals: [always]
receivers:
  - {{name: default, webhook_configs: [{{url: '{hook}/default'}}]}}
  - {{name: ml, webhook_configs: [{{url: '{hook}/ml'}}, {{url: '{hook}/ml2', send_resolved: false, max_alerts: 2}}]}}
  - {{name: oncall, webhook_configs: [{{url: '{hook}/oncall'}}]}}
  - {{name: quiet, webhook_configs: [{{url: '{hook}/quiet'}}]}}
inhibit_rules:
  - source_matchers: ['severity="page"']
    target_matchers: ['severity="warning"']
    equal: [model]
time_intervals:
  - {{name: always, time_intervals: [{{years: ['2020:2100']}}]}}
"""
START, LATER = "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


class Hook(http.server.ThreadingHTTPServer):
    """Remembers every webhook by the path it came on."""

    def __init__(self):
        hook = self
        self.lock = threading.Lock()
        self.received = collections.defaultdict(list)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with hook.lock:
                    hook.received[self.path].append(body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def content(webhook):
    """What must be the same: everything but the server's own address and what is newer than Debian's version."""
    return {key: value for key, value in webhook.items()
            if key in ("version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
                       "commonAnnotations", "alerts")}


class SameWebhooks(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="bellwether-same-"))
        self.processes = []
        self.hook = Hook()
        address = f"http://127.0.0.1:{self.hook.server_address[1]}"
        self.urls = {}
        self.started = {}
        for name in ("alertmanager", "bellwether"):
            (self.work / f"{name}.am.yml").write_text(CONFIG.format(hook=f"{address}/{name}"))
            self.urls[name] = f"http://127.0.0.1:{free_port()}"
        (self.work / "bellwether.yml").write_text("alertmanager_config: bellwether.am.yml\n")
        self.run_process("prometheus-alertmanager", f"--config.file={self.work}/alertmanager.am.yml",
                         f"--storage.path={self.work}/alertmanager", "--cluster.listen-address=",
                         f"--web.listen-address={self.urls['alertmanager'][7:]}")
        self.run_process(BELLWETHER, "serve", "--config.file", self.work / "bellwether.yml", "--storage.path",
                         self.work / "data", "--web.listen-address", self.urls["bellwether"][7:])
        for url in self.urls.values():
            wait_until(f"{url} is ready", lambda: urllib.request.urlopen(url + "/-/ready").status == 200)

    def tearDown(self):
        end_all(self.processes)
        self.hook.shutdown()
        self.hook.server_close()
        shutil.rmtree(self.work)

    def run_process(self, *command):
        with open(self.work / "log", "ab") as log:
            self.processes.append(subprocess.Popen([str(part) for part in command], stdout=log, stderr=log))

    def call(self, name, method, path, body=None):
        request = urllib.request.Request(self.urls[name] + "/api/v2" + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        answer = urllib.request.urlopen(request, timeout=30).read()
        return json.loads(answer) if answer else None

    def both(self, method, path, body):
        return {name: self.call(name, method, path, body) for name in self.urls}

    def start_of(self, labels):
        """When the alert began: when it was first posted, so that its group waits for others."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return self.started.setdefault(json.dumps(labels, sort_keys=True), now)

    def post(self, *alerts, ends=LATER):
        self.both("POST", "/alerts", [
            {"labels": labels, "annotations": {"summary": labels["alertname"] + "!"},
             "startsAt": self.start_of(labels), "endsAt": ends or self.start_of(labels),
             "generatorURL": "http://prometheus/graph"} for labels in alerts])

    def silence(self, name, value):
        ids = self.both("POST", "/silences", {
            "matchers": [{"name": name, "value": value, "isRegex": False}], "startsAt": START, "endsAt": LATER,
            "createdBy": "test", "comment": "quiet"})
        return {server: made["silenceID"] for server, made in ids.items()}

    def sequences(self, name):
        with self.hook.lock:
            out = collections.defaultdict(list)
            for path, webhooks in self.hook.received.items():
                if path.startswith(f"/{name}/"):
                    for webhook in webhooks:
                        out[path[len(name) + 1:] + " " + webhook["groupKey"]].append(content(webhook))
            return dict(out)

    def settle(self, what, at_least):
        wait_until(what, lambda: all(sum(map(len, self.sequences(n).values())) >= at_least for n in self.urls))
        time.sleep(QUIET_S)
        theirs, ours = self.sequences("alertmanager"), self.sequences("bellwether")
        self.assertEqual(sorted(theirs), sorted(ours), what)
        for group, webhooks in theirs.items():
            self.assertEqual(webhooks, ours[group], f"{what}: {group}")
        return sum(map(len, self.sequences("bellwether").values()))

    def test_webhooks_are_the_same(self):
        warning = {"alertname": "Slow", "team": "ml", "severity": "warning", "model": "x"}
        page = {"alertname": "Down", "team": "ml", "severity": "page", "model": "x"}
        other = {"alertname": "Drift", "team": "ml", "severity": "info", "model": "x", "feature": "f1"}
        web = [{"alertname": "Web", "n": str(n)} for n in range(3)]
        self.post(page)
        self.post(warning, web[0], {"alertname": "Hush", "team": "quiet"})
        count = self.settle("the first messages", 4)
        self.post(other, web[1])
        count = self.settle("alerts join their groups", count + 2)
        # Truncated to two of three.
        self.post({**other, "feature": "f2"})
        count = self.settle("a message is cut short", count + 2)
        ids = self.silence("n", "2")
        self.post(web[2])
        self.settle("a silenced alert says nothing", count)
        self.post(web[1], ends=None)
        count = self.settle("one of two is resolved", count + 1)
        for name in self.urls:
            self.call(name, "DELETE", f"/silence/{ids[name]}")
        count = self.settle("the silence is over", count + 1)
        self.post(page, ends=None)
        count = self.settle("the inhibiting alert is over", count + 2)
        self.post(warning, other, {**other, "feature": "f2"}, web[0], web[2], ends=None)
        self.settle("everything is over", count + 2)
        self.assertEqual([k for k in self.sequences("bellwether") if k.startswith("/quiet")], [])


if __name__ == "__main__":
    BELLWETHER = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
