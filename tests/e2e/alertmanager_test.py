"""Alerts to a real Alertmanager: Debian's prometheus-alertmanager is sent an alert with the external labels, sees it end,
and is listed by /api/v1/alertmanagers; a target that relabelling drops is listed as dropped.

usage: alertmanager_test.py BELLWETHER     (from the root of the project; needs prometheus-alertmanager)
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

from local_server import end_all, free_port, wait_until

BELLWETHER = None

CONFIG = """
global: {{evaluation_interval: 1s, external_labels: {{region: eu}}}}
rule_files: [rules.yml]
rules: {{startup_hold: 1s}}
alerting:
  alert_relabel_configs: [{{regex: replica, action: labeldrop}}]
  alertmanagers:
    - path_prefix: /am
      static_configs: [{{targets: ['127.0.0.1:{alertmanager}', 'unwanted:9093']}}]
      relabel_configs: [{{source_labels: [__address__], regex: 'unwanted:.*', action: drop}}]
"""
RULES = """
groups:
  - name: g
    rules:
      - alert: QueueLong
        expr: queue_length > 10
        labels: {severity: page}
        annotations: {summary: '{{ $labels.model }} waits with {{ $value }}'}
"""
ALERTMANAGER = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


class Alertmanager(unittest.TestCase):
    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="bellwether-alertmanager-"))
        self.processes = []
        self.ports = {name: free_port() for name in ("alertmanager", "bellwether")}
        self.url = {name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()}
        (self.work / "bellwether.yml").write_text(CONFIG.format(**self.ports))
        (self.work / "rules.yml").write_text(RULES)
        (self.work / "alertmanager.yml").write_text(ALERTMANAGER)
        self.run_process("prometheus-alertmanager", f"--config.file={self.work}/alertmanager.yml",
                         f"--storage.path={self.work}/alertmanager", "--cluster.listen-address=",
                         f"--web.listen-address=127.0.0.1:{self.ports['alertmanager']}", "--web.route-prefix=/am")
        self.run_process(BELLWETHER, "serve", "--config.file", self.work / "bellwether.yml", "--storage.path",
                         self.work / "data", "--web.listen-address", f"127.0.0.1:{self.ports['bellwether']}")
        for name, path in (("alertmanager", "/am/-/ready"), ("bellwether", "/-/ready")):
            wait_until(f"{name} is ready", lambda: urllib.request.urlopen(self.url[name] + path).status == 200)

    def tearDown(self):
        end_all(self.processes)
        shutil.rmtree(self.work)

    def run_process(self, *command):
        with open(self.work / "log", "ab") as log:
            self.processes.append(subprocess.Popen([str(part) for part in command], stdout=log, stderr=log))

    def send(self, value):
        body = f'queue_length{{model="fraud",replica="a"}} {value}\n'.encode()
        urllib.request.urlopen(urllib.request.Request(self.url["bellwether"] + "/api/v1/import/prometheus", data=body))

    def alerts(self):
        return get(self.url["alertmanager"] + "/am/api/v2/alerts")

    def test_an_alert_arrives_and_ends(self):
        def firing():
            self.send(12)
            return self.alerts()

        alert = wait_until("the alert arrives", firing)[0]
        self.assertEqual(alert["labels"], {"alertname": "QueueLong", "model": "fraud", "severity": "page", "region": "eu"})
        self.assertEqual(alert["annotations"], {"summary": "fraud waits with 12"})
        self.assertEqual(alert["status"]["state"], "active")
        self.assertGreater(alert["endsAt"], alert["startsAt"])
        self.assertIn("g0.expr=queue_length+%3E+10", alert["generatorURL"])
        listed = get(self.url["bellwether"] + "/api/v1/alertmanagers")["data"]
        self.assertEqual(listed, {
            "activeAlertmanagers": [{"url": self.url["alertmanager"] + "/am/api/v2/alerts"}],
            "droppedAlertmanagers": [{"url": "http://unwanted:9093/am/api/v2/alerts"}]})

        def resolved():
            self.send(1)
            return not self.alerts()

        wait_until("the alert ends", resolved)


if __name__ == "__main__":
    BELLWETHER = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
