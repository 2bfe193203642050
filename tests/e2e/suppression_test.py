"""One cause, one message: a pipeline goes down and twenty models behind it degrade. A webhook hears of the pipeline alone;
the models are shown as suppressed, each with the alert that explains it and the way to it; a kill -9 in between changes
nothing. When the pipeline is well again, the model that still fires is told, and the end of the others is not.

usage: suppression_test.py BELLWETHER     (from the root of the project)
"""
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
from remote_write import write

BELLWETHER = None
MODELS = 20

CONFIG = """
global: {{evaluation_interval: 1s}}
rule_files: [rules.yml]
rules: {{startup_hold: 1s}}
topology:
  suppression: {{wait: 1s, extension: 3s}}
  components:
    - {{kind: pipeline, name: feature_store}}
{components}
notifications:
  route: {{receiver: hook, group_by: [alertname, pipeline, model], group_wait: 0s, group_interval: 1s}}
  receivers: [{{name: hook, webhook_configs: [{{url: 'http://127.0.0.1:{hook}/'}}]}}]
"""
RULES = """
groups:
  - name: models                     # before the pipeline's, so that its alerts come first
    rules:
      - alert: ModelDegraded
        expr: model_accuracy < 0.8
        labels: {severity: warning}
        depends_on: [{alert: PipelineDown, through: topology, wait: 4s, extension: 3s}]
  - name: pipelines
    rules:
      - alert: PipelineDown
        expr: pipeline_up == 0
        labels: {severity: error}
"""


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps the alerts of each message: (status, alertname, model or pipeline)."""

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for alert in message["alerts"]:
            labels = alert["labels"]
            self.server.heard.append((alert["status"], labels["alertname"], labels.get("model") or labels["pipeline"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Suppression(unittest.TestCase):
    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="bellwether-suppression-"))
        self.processes = []
        self.hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        self.hook.heard = []
        threading.Thread(target=self.hook.serve_forever, daemon=True).start()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        components = "\n".join(f"    - {{kind: model, name: m{i}, depends_on: [feature_store]}}" for i in range(MODELS))
        (self.work / "bellwether.yml").write_text(CONFIG.format(components=components, hook=self.hook.server_port))
        (self.work / "rules.yml").write_text(RULES)
        self.pipeline_up, self.bad = 1, set()
        self.start()

    def tearDown(self):
        end_all(self.processes)
        self.hook.shutdown()
        self.hook.server_close()
        shutil.rmtree(self.work)

    def start(self):
        command = [BELLWETHER, "serve", "--config.file", self.work / "bellwether.yml", "--storage.path",
                   self.work / "data", "--web.listen-address", f"127.0.0.1:{self.port}"]
        with open(self.work / "log", "ab") as log:
            self.processes.append(subprocess.Popen([str(part) for part in command], stdout=log, stderr=log))
        wait_until("it is ready", lambda: urllib.request.urlopen(self.url + "/-/ready").status == 200)

    def get(self, path, body=None):
        request = urllib.request.Request(self.url + path, data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def send(self):
        now = time.time_ns() // 1_000_000
        series = [({"__name__": "pipeline_up", "pipeline": "feature_store"}, [(now, float(self.pipeline_up))])]
        for i in range(MODELS):
            value = 0.5 if i in self.bad else 0.9
            series.append(({"__name__": "model_accuracy", "model": f"m{i}"}, [(now, value)]))
        write(self.url, series)

    def alerts(self):
        """Of the models, what is shown of each alert by model."""
        self.send()
        shown = self.get("/api/v1/alerts")["data"]["alerts"]
        return {a["labels"]["model"]: a for a in shown if a["labels"]["alertname"] == "ModelDegraded"}

    def suppressed(self):
        """The alerts of the models once all of them are suppressed by the pipeline's."""
        alerts = self.alerts()
        states = [a.get("status", {}).get("state") for a in alerts.values()]
        return alerts if states == ["suppressed"] * MODELS else None

    def test_one_cause_is_one_message(self):
        wait_until("nothing fires", lambda: self.alerts() == {})
        self.pipeline_up, self.bad = 0, set(range(MODELS))
        alerts = wait_until("the models are suppressed", self.suppressed)
        status = alerts["m7"]["status"]
        self.assertEqual(alerts["m7"]["state"], "firing")
        self.assertEqual(status["reason"], "suppressed by PipelineDown on pipeline/feature_store")
        self.assertFalse(status["told"])
        cause = status["suppressedBy"][0]
        self.assertEqual(status["inhibitedBy"], [cause["fingerprint"]])
        self.assertEqual(cause["labels"],
                         {"alertname": "PipelineDown", "pipeline": "feature_store", "severity": "error"})
        self.assertEqual((cause["through"], cause["path"]), ("topology", ["model/m7", "pipeline/feature_store"]))
        self.assertLessEqual(cause["since"], status["until"])
        wait_until("the pipeline is told", lambda: self.send() or self.hook.heard)

        rules = self.get("/api/v1/rules?rule_name[]=ModelDegraded")["data"]["groups"][0]["rules"][0]
        self.assertEqual(rules["dependsOn"][0], {"alert": "PipelineDown", "through": "topology", "wait": 4,
                                                 "extension": 3, "max": 14400})
        self.assertEqual({a["status"]["state"] for a in rules["alerts"]}, {"suppressed"})
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
        annotations = self.get("/grafana/annotations", json.dumps(
            {"range": {"from": "2020-01-01T00:00:00Z", "to": now}, "annotation": {"query": ""}}).encode())
        texts = [a["text"] for a in annotations if "suppressed" in a["tags"]]
        self.assertEqual(len(texts), MODELS)
        self.assertIn("suppressed by PipelineDown on pipeline/feature_store", texts[0])

        killed = self.processes.pop()
        killed.kill()
        killed.wait()
        self.start()
        wait_until("they are suppressed still", self.suppressed)
        self.assertEqual(self.hook.heard, [("firing", "PipelineDown", "feature_store")])
        text = urllib.request.urlopen(self.url + "/metrics").read().decode()
        self.assertIn(f'bellwether_suppression_alerts{{state="suppressed"}} {MODELS}\n', text)

        self.pipeline_up, self.bad = 1, {7}
        wait_until("the model that still fires is told", lambda: self.send() or
                   ("firing", "ModelDegraded", "m7") in self.hook.heard)
        self.bad = set()
        wait_until("its end is told", lambda: self.send() or ("resolved", "ModelDegraded", "m7") in self.hook.heard)
        self.assertEqual(sorted(set(self.hook.heard)), [
            ("firing", "ModelDegraded", "m7"), ("firing", "PipelineDown", "feature_store"),
            ("resolved", "ModelDegraded", "m7"), ("resolved", "PipelineDown", "feature_store")])


if __name__ == "__main__":
    BELLWETHER = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
