"""Alertmanager's place taken: every subcommand of Debian's amtool, run in the same order against Debian's
prometheus-alertmanager and against Bellwether with the same configuration, prints the same and ends with the same code.

usage: amtool_test.py BELLWETHER     (from the root of the project; needs prometheus-alertmanager and amtool)
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

from local_server import end_all, free_port, wait_until

BELLWETHER = None

ALERTMANAGER = """
global: {resolve_timeout: 5m}
route:
  receiver: ml-default
  group_by: [alertname]
  group_wait: 1s
  routes:
    - matchers: ['severity=~"page|critical"']
      receiver: ml-oncall
      continue: true
      routes: [{matchers: ['team="data"'], receiver: data-oncall}]
    - match: {team: web}
      receiver: web
receivers:
  - name: ml-default
  - name: ml-oncall
    webhook_configs: [{url: 'http://127.0.0.1:9/hook'}]
  - name: data-oncall
  - name: web
inhibit_rules:
  - source_matchers: ['severity="page"']
    target_matchers: ['severity="warning"']
    equal: [model]
"""
# Ids, times and how long something still lasts are not the same in two servers.
CHANGING = [(re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
            (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( UTC|Z)?"), "TIME")]


class Amtool(unittest.TestCase):
    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="bellwether-amtool-"))
        self.processes = []
        ports = [free_port(), free_port()]
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        (self.work / "alertmanager.yml").write_text(ALERTMANAGER)
        (self.work / "bellwether.yml").write_text("alertmanager_config: alertmanager.yml\n")
        self.run_process("prometheus-alertmanager", f"--config.file={self.work}/alertmanager.yml",
                         f"--storage.path={self.work}/alertmanager", "--cluster.listen-address=",
                         f"--web.listen-address=127.0.0.1:{ports[0]}")
        self.run_process(BELLWETHER, "serve", "--config.file", self.work / "bellwether.yml", "--storage.path",
                         self.work / "data", "--web.listen-address", f"127.0.0.1:{ports[1]}")
        for url in self.urls:
            wait_until(f"{url} is ready", lambda: urllib.request.urlopen(url + "/-/ready").status == 200)

    def tearDown(self):
        end_all(self.processes)
        shutil.rmtree(self.work)

    def run_process(self, *command):
        with open(self.work / "log", "ab") as log:
            self.processes.append(subprocess.Popen([str(part) for part in command], stdout=log, stderr=log))

    def amtool(self, url, *arguments):
        command = ["amtool", f"--alertmanager.url={url}", *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return result.returncode, result.stdout, result.stderr

    def same(self, *arguments, each=None):
        """Runs the command against both; `each` makes further arguments for a server. Returns what they printed."""
        raw, shown = [], []
        for url in self.urls:
            code, out, err = self.amtool(url, *arguments, *(each(url) if each else ()))
            raw.append(out)
            for pattern, word in CHANGING:
                out = pattern.sub(word, out)
            shown.append((code, sorted(out.splitlines())))
            self.last_error = err
        self.assertEqual(shown[0], shown[1], arguments)
        return raw

    def test_every_subcommand(self):
        self.same("alert", "query")
        self.same("alert", "add", "Drift", "model=fraud", "severity=page", "--annotation=summary=far off",
                  "--generator-url=http://prometheus/graph")
        self.same("alert", "add", "Slow", "model=fraud", "severity=warning")
        self.same("alert", "add", "Slow", "model=ranker", "team=web", "--end=2038-01-01T00:00:00Z")
        self.same("alert", "add", "alertname=Old", "--start=2020-01-01T00:00:00Z", "--end=2020-01-02T00:00:00Z")
        self.same("alert", "query")
        self.same("alert", "query", "-o", "extended")
        for query in (["Slow"], ["model=~f.*"], ["severity!=page"], ["--inhibited"], ["--active"], ["--silenced"],
                      ["--receiver=web"], ["--unprocessed"], ["model="], ["=~"]):
            self.same("alert", "query", *query)
        alerts = [json.loads(out) for out in self.same("alert", "query", "-o", "json")]
        for alert in [a for listed in alerts for a in listed]:
            for key in ("endsAt", "startsAt", "updatedAt"):
                self.assertTrue(alert.pop(key))
            alert["status"].pop("mutedBy", None)  # Newer than Debian's.
        self.assertEqual(alerts[0], alerts[1])

        self.same("silence", "query")
        made = self.same("silence", "add", "model=ranker", "-c", "retrain", "-a", "mia", "-d", "2h")
        ids = dict(zip(self.urls, (out.strip() for out in made)))
        self.same("silence", "add", "Drift", "severity=~page|critical", "-c", "known", "--start=2037-01-01T00:00:00Z",
                  "--end=2037-01-02T00:00:00Z")
        self.same("silence", "add", "x=", "-c", "silences everything")
        self.same("silence", "add", "model=~(", "-c", "no expression")
        self.same("silence", "add", "-c", "nothing")
        self.same("silence", "query")
        self.same("silence", "query", "-o", "extended")
        self.same("silence", "query", "-q")
        self.same("silence", "query", "model=ranker")
        self.same("silence", "query", "--created-by=mia")
        self.same("silence", "query", "--within=3h")
        self.same("alert", "query", "--silenced")
        for change in (["-c", "longer"], ["-d", "4h"], ["--end=2036-01-01T00:00:00Z"]):
            printed = self.same("silence", "update", *change, each=lambda url: [ids[url]])
            for url, out in zip(self.urls, printed):
                self.assertIn(ids[url], out)  # Changed in place.
        exported = self.same("silence", "query", "-o", "json")
        for url, text in zip(self.urls, exported):
            (self.work / f"{url[-5:]}.json").write_text(text)
        self.same("silence", "expire", each=lambda url: [ids[url]])
        self.same("silence", "query", "--expired", "--within=1h")
        self.same("silence", "expire", "9d6f0000-0000-4000-8000-000000000000")
        self.same("silence", "import", each=lambda url: [self.work / f"{url[-5:]}.json"])
        self.same("silence", "query")

        self.same("cluster", "show")
        self.same("config", "routes", "show")
        for labels in (["severity=page"], ["severity=page", "team=data"], ["severity=critical", "team=web"], []):
            self.same("config", "routes", "test", *labels)
            self.same("config", "routes", "test", "--verify.receivers=web", *labels)
        for url in self.urls:
            code, out, _ = self.amtool(url, "config", "show")
            self.assertEqual(code, 0)
            (self.work / "shown.yml").write_text(out)
            checked = subprocess.run(["amtool", "check-config", str(self.work / "shown.yml")], capture_output=True)
            self.assertEqual(checked.returncode, 0, out)
        self.assertNotIn("/hook", out)


if __name__ == "__main__":
    BELLWETHER = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
