"""The whole way of the data with real peers: Debian's Prometheus scrapes the sentiment service and writes to Bellwether;
the model degrades; its alert arrives at a webhook with runbook link and expanded annotations; the series come back
through query_range and Grafana's JSON data source; and a SIGKILL loses neither a sample nor the alert's start.

usage: way_of_the_data_test.py BELLWETHER     (from the root of the project; needs prometheus, python3-prometheus-client)
"""
import datetime
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

from local_server import end_all, free_port, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "sentiment"
BELLWETHER = None


def get(url, **params):
    query = "?" + urllib.parse.urlencode(params) if params else ""
    with urllib.request.urlopen(url + query, timeout=30) as answer:
        return json.load(answer)


def post(url, body=b"", content_type="application/json"):
    request = urllib.request.Request(url, data=body, headers={"Content-Type": content_type})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


class WayOfTheData(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="bellwether-e2e-"))
        cls.processes = []
        cls.ports = {name: free_port() for name in ("service", "receiver", "bellwether", "prometheus")}
        cls.url = {name: f"http://127.0.0.1:{port}" for name, port in cls.ports.items()}
        for name in ("prometheus.yml", "rules.yml", "bellwether.yml"):
            text = (EXAMPLE / name).read_text()
            for old, new in (("8000", "service"), ("8001", "receiver"), ("9598", "bellwether")):
                text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{cls.ports[new]}")
            text = text.replace("scrape_interval: 5s", "scrape_interval: 1s").replace("interval: 5s", "interval: 1s")
            text = text.replace("for: 15s", "for: 3s").replace("group_wait: 2s", "group_wait: 1s")
            (cls.work / name).write_text(text)
        cls.messages_file = cls.work / "messages.jsonl"
        cls.run_process("receiver", "/usr/bin/python3", EXAMPLE / "receiver.py", "--port", cls.ports["receiver"], "--keep",
                        cls.messages_file)
        cls.run_process("service", "/usr/bin/python3", EXAMPLE / "service.py", "--port", cls.ports["service"])
        cls.bellwether = cls.start_bellwether()
        wait_until("the service answers", lambda: urllib.request.urlopen(cls.url["service"] + "/metrics").status == 200)
        cls.run_process("prometheus", "prometheus", f"--config.file={cls.work}/prometheus.yml",
                        f"--storage.tsdb.path={cls.work}/prometheus",
                        f"--web.listen-address=127.0.0.1:{cls.ports['prometheus']}", "--log.level=warn")

    @classmethod
    def tearDownClass(cls):
        end_all(cls.processes)
        shutil.rmtree(cls.work)

    @classmethod
    def run_process(cls, name, *command):
        log = open(cls.work / f"{name}.log", "ab")
        process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log)
        log.close()
        cls.processes.append(process)
        return process

    @classmethod
    def start_bellwether(cls):
        process = cls.run_process("bellwether", BELLWETHER, "serve", "--config.file", cls.work / "bellwether.yml",
                                  "--storage.path", cls.work / "data", "--web.listen-address",
                                  f"127.0.0.1:{cls.ports['bellwether']}")
        wait_until("Bellwether is ready: " + (cls.work / "bellwether.log").read_text()[-2000:],
                   lambda: urllib.request.urlopen(cls.url["bellwether"] + "/-/ready").status == 200)
        return process

    def query(self, expr, **params):
        return get(self.url["bellwether"] + "/api/v1/query", query=expr, **params)["data"]["result"]

    def messages(self, path):
        if not self.messages_file.exists():
            return []
        kept = map(json.loads, self.messages_file.read_text().splitlines())
        return [m["body"] for m in kept if m["path"] == path]

    def firing_alert(self):
        for alert in get(self.url["bellwether"] + "/api/v1/alerts")["data"]["alerts"]:
            if alert["labels"]["alertname"] == "ModelAccuracyLow" and alert["state"] == "firing":
                return alert
        return None

    def raw_samples(self):
        """Every sample there is, by series."""
        series = {}
        for result in self.query('{__name__=~"ml_.+|up"}[1h]'):
            series[json.dumps(result["metric"], sort_keys=True)] = {tuple(v) for v in result.get("values", [])}
        return series

    def test_from_prometheus_to_a_webhook_and_a_panel_over_a_kill(self):
        wait_until("samples arrive", lambda: self.query("ml_model_accuracy"))
        wait_until("some minutes' worth of scrapes, one each second, arrive",
                   lambda: int(self.query("count_over_time(up[5m])")[0]["value"][1]) >= 5)
        post(self.url["service"] + "/degrade")
        alert = wait_until("the alert fires", self.firing_alert)
        self.check_webhook()
        self.check_slack_and_pagerduty()
        self.check_query_range()
        self.check_grafana()
        self.check_kill(alert)

    def check_webhook(self):
        def arrived():
            for message in self.messages("/webhook"):
                for alert in message["alerts"]:
                    if alert["labels"]["alertname"] == "ModelAccuracyLow" and alert["status"] == "firing":
                        return message, alert
            return None

        message, alert = wait_until("the webhook gets the alert", arrived)
        self.assertEqual(message["version"], "4")
        self.assertEqual(message["groupLabels"], {"model": "sentiment"})
        self.assertEqual(alert["annotations"]["runbook_url"], "https://runbooks.example/models/accuracy")
        self.assertRegex(alert["annotations"]["summary"], r"^sentiment v1 is right in \d+(\.\d+)?% of cases")
        self.assertEqual(alert["labels"]["severity"], "critical")

    def check_slack_and_pagerduty(self):
        slack = wait_until("Slack gets a message", lambda: self.messages("/slack"))[0]
        self.assertIn("https://runbooks.example/models/", json.dumps(slack))
        event = wait_until("PagerDuty gets an event", lambda: self.messages("/pagerduty"))[0]
        self.assertEqual(event["event_action"], "trigger")
        self.assertEqual(len(event["dedup_key"]), 64)
        self.assertIn("https://runbooks.example/models/", json.dumps(event["links"]))

    def check_query_range(self):
        end = time.time()
        answer = get(self.url["bellwether"] + "/api/v1/query_range", query="avg(ml_model_accuracy)", start=end - 60,
                     end=end, step=1)
        self.assertEqual(answer["data"]["resultType"], "matrix")
        values = [float(v) for _, v in answer["data"]["result"][0]["values"]]
        self.assertGreater(len(values), 3)
        self.assertGreater(max(values), 0.85)
        self.assertLess(min(values), 0.8)

    def check_grafana(self):
        base = self.url["bellwether"] + "/grafana"
        for path in ("", "/"):
            with urllib.request.urlopen(base + path) as answer:
                self.assertEqual((answer.status, answer.url), (200, base + path))
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp = lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        time_range = {"from": stamp(now - datetime.timedelta(minutes=5)), "to": stamp(now + datetime.timedelta(seconds=1))}
        ask = lambda target, ref: json.loads(post(base + "/query", json.dumps(
            {"range": time_range, "intervalMs": 1000, "maxDataPoints": 500,
             "targets": [{"refId": ref, "target": target, "payload": {}}]}).encode()))
        frame = ask("avg(ml_model_accuracy)", "A")[0]
        self.assertEqual(frame["refId"], "A")
        self.assertGreater(len(frame["datapoints"]), 3)
        annotations = ask("annotations.alerts", "Anno")[0]
        columns = [c["text"] for c in annotations["columns"]]
        self.assertIn("time", columns)
        self.assertTrue(any("ModelAccuracyLow" in str(row) for row in annotations["rows"]), annotations)

    def check_kill(self, alert):
        before = self.raw_samples()
        self.assertTrue(before)
        self.bellwether.send_signal(signal.SIGKILL)
        self.bellwether.wait()
        self.processes.remove(self.bellwether)
        type(self).bellwether = self.start_bellwether()
        after = self.raw_samples()
        for series, samples in before.items():
            self.assertLessEqual(samples, after.get(series, set()), f"samples of {series} are missing after the kill")
        again = wait_until("the alert is there again", self.firing_alert)
        self.assertEqual(again["activeAt"], alert["activeAt"])
        started = {a["startsAt"] for m in self.messages("/webhook") for a in m["alerts"]
                   if a["labels"]["alertname"] == "ModelAccuracyLow"}
        self.assertEqual(len(started), 1, "one alert, one start")
        ups = "count_over_time(up[5m])"
        count = int(self.query(ups)[0]["value"][1])
        wait_until("Prometheus goes on writing", lambda: int(self.query(ups)[0]["value"][1]) > count)


if __name__ == "__main__":
    BELLWETHER = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
