"""Receivers over real sockets: what each answer means, TLS that is trusted and TLS that is not, mail with STARTTLS, logins and
recipients that are refused; and an alert's way through the outbox, with retries, the log and dead letters. Secrets of every
kind are configured and shown nowhere.

usage: receivers_test.py BELLWETHER     (from the root of the project; needs openssl)
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

from fake_receivers import HttpReceiver, SmtpReceiver, make_certificate
from local_server import end_all, free_port, wait_until

BELLWETHER = None

RULES = """
groups:
  - name: g
    rules:
      - alert: ScoreLow
        expr: last_over_time(model_score[1h]) < 0.5
        labels: {severity: warning}
        annotations: {summary: 'the score of {{ $labels.model }} is {{ $value }}'}
"""


def config(work, ports):
    """The receivers, by name; every secret is a canary."""
    hook = f"http://127.0.0.1:{ports['http']}"
    tls = f"https://127.0.0.1:{ports['https']}"
    named = f"https://localhost:{ports['https']}"

    def webhook(url, **more):
        return {"webhook_configs": [{"url": url, **more}]}

    def mail(port, **more):
        return {"email_configs": [{"to": "ops@y.example, mia@y.example", "from": "bw@x.example",
                                   "smarthost": f"127.0.0.1:{port}", "auth_username": "bw", "auth_password": "s3cret",
                                   "tls_config": {"ca_file": str(work / "cert.pem")}, **more}]}

    receivers = {
        "ok": webhook(hook + "/ok/CANARYpath", http_config={"authorization": {"credentials": "CANARYtoken"},
                                                            "http_headers": {"X-Key": {"secrets": ["CANARYheader"]}}},
                      signing={"keys": ["whsec_Q0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZ"], "hub_secret": "CANARYhub"}),
        "bad": webhook(hook + "/status/400"), "forbidden": webhook(hook + "/status/403"),
        "broken": webhook(hook + "/status/500"), "busy": webhook(hook + "/retry-after"),
        "slow": webhook(hook + "/slow", timeout="1s"), "cut": webhook(hook + "/cut"),
        "untrusted": webhook(tls + "/ok"),
        "trusted": webhook(tls + "/ok", http_config={"tls_config": {"ca_file": str(work / "cert.pem")}}),
        "misnamed": webhook(named + "/ok", http_config={"tls_config": {"ca_file": str(work / "cert.pem")}}),
        "named": webhook(named + "/ok", http_config={"tls_config": {"ca_file": str(work / "cert.pem"),
                                                                    "server_name": "receiver.test"}}),
        "mail": mail(ports["smtp"]), "mail-plain": mail(ports["open"]),
        "mail-refused": mail(ports["picky"]), "mail-busy": mail(ports["later"]),
        "mail-login": mail(ports["smtp"], auth_password="CANARYpassword"),
        "pager": {"pagerduty_configs": [{"routing_key": "CANARYrouting", "url": hook + "/status/202"}]},
        "slack": {"slack_configs": [{"api_url": hook + "/ok/CANARYslack", "channel": "#ml"}]},
        "outbox": webhook(hook + "/status/500,429,200"),
        "dead": webhook(hook + "/status/422,200"),
    }
    route = {"receiver": "outbox", "group_by": ["alertname", "model"], "group_wait": "0s", "group_interval": "1s",
             "routes": [{"matchers": ['model="dead"'], "receiver": "dead"}]}
    return {"global": {"evaluation_interval": "1s"}, "rule_files": ["rules.yml"], "rules": {"startup_hold": "1s"},
            "notifications": {"route": route, "receivers": [{"name": n, **r} for n, r in receivers.items()]}}


class Receivers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="bellwether-receivers-"))
        certificate = make_certificate(cls.work)
        cls.http = HttpReceiver()
        cls.https = HttpReceiver(certificate)
        cls.smtp = SmtpReceiver(certificate)
        cls.open = SmtpReceiver(certificate, starttls=False)
        cls.picky = SmtpReceiver(certificate, refuse=("mia@y.example",))
        cls.later = SmtpReceiver(certificate, busy=True)
        ports = {name: getattr(cls, name).port for name in ("http", "https", "smtp", "open", "picky", "later")}
        (cls.work / "bellwether.yml").write_text(json.dumps(config(cls.work, ports)))
        (cls.work / "rules.yml").write_text(RULES)
        port = free_port()
        cls.url = f"http://127.0.0.1:{port}"
        with open(cls.work / "log", "ab") as log:
            cls.process = subprocess.Popen(
                [BELLWETHER, "serve", "--log.level", "debug", "--config.file", cls.work / "bellwether.yml",
                 "--storage.path", cls.work / "data", "--web.listen-address", f"127.0.0.1:{port}"], stdout=log, stderr=log)
        wait_until("the server is ready", lambda: urllib.request.urlopen(cls.url + "/-/ready").status == 200)

    @classmethod
    def tearDownClass(cls):
        end_all([cls.process])
        for receiver in (cls.http, cls.https, cls.smtp, cls.open, cls.picky, cls.later):
            receiver.close()
        shutil.rmtree(cls.work)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)["data"]

    def attempt(self, receiver):
        """Sends a trial message; what came of it."""
        form = urllib.parse.urlencode({"receiver": receiver, "send": "true"}).encode()
        with urllib.request.urlopen(self.url + "/api/v1/notifications/test", data=form, timeout=60) as answer:
            return json.load(answer)["data"][0]

    def expect(self, receiver, ok, text):
        tried = self.attempt(receiver)
        self.assertEqual(tried["ok"], ok, tried)
        self.assertIn(text, tried["outcome"], tried)

    def test_answers_of_webhooks(self):
        self.expect("ok", True, "delivered: 200")
        self.expect("bad", False, "status 400: told")
        self.expect("forbidden", False, "status 403")
        self.expect("broken", False, "status 500")
        self.expect("busy", False, "status 429")
        self.expect("slow", False, "no complete answer in time")
        self.expect("cut", False, "send HTTP request")

    def test_certificates(self):
        self.expect("untrusted", False, "send HTTP request")
        self.expect("trusted", True, "200")
        self.expect("misnamed", False, "send HTTP request")
        self.expect("named", True, "200")
        path, headers, _ = self.https.requests[-1]
        self.assertTrue(headers["Host"].startswith("localhost:"), headers)

    def test_mail(self):
        self.expect("mail", True, "delivered: 250")
        encrypted, user, sender, recipients, data = self.smtp.mails[-1]
        self.assertTrue(encrypted)
        self.assertEqual((user, recipients), ("bw", ["ops@y.example", "mia@y.example"]))
        self.assertIn("MAIL FROM:<bw@x.example>", sender)
        self.assertIn("Subject: [Bellwether] NotificationTest", data)
        self.assertIn("multipart/alternative", data)
        self.assertLessEqual(max(len(line) for line in data.split("\r\n")), 998)
        self.expect("mail-plain", False, "offers no STARTTLS")
        self.expect("mail-refused", True, "mia@y.example refused with 550")
        self.assertEqual(self.picky.mails[-1][3], ["ops@y.example"])
        self.expect("mail-busy", False, "421")
        self.expect("mail-login", False, "535")

    def test_an_alert_through_the_outbox(self):
        body = b'model_score{model="a"} 0.1\nmodel_score{model="dead"} 0.1\n'
        urllib.request.urlopen(urllib.request.Request(self.url + "/api/v1/import/prometheus", data=body))
        log = wait_until("the message arrives", lambda: self.get("/api/v1/notifications/log?result=delivered&receiver=outbox"))
        self.assertEqual(log[0]["attempts"], 3)
        self.assertEqual(log[0]["answer"], "200: told")
        self.assertEqual(log[0]["alerts"][0]["labels"]["model"], "a")
        keys = {headers["Idempotency-Key"] for path, headers, _ in self.http.requests if path == "/status/500,429,200"}
        self.assertEqual(len(keys), 1)
        letter = wait_until("the other is given up", lambda: self.get("/api/v1/notifications/dead"))[0]
        self.assertEqual((letter["receiver"], letter["lastError"]), ("dead", "status 422: told"))
        urllib.request.urlopen(self.url + f"/api/v1/notifications/dead/{letter['id']}/resend", data=b"")
        wait_until("it arrives", lambda: self.get("/api/v1/notifications/log?result=delivered&receiver=dead"))
        self.assertEqual(self.get("/api/v1/notifications/dead"), [])
        with self.assertRaises(urllib.error.HTTPError) as absent:
            urllib.request.urlopen(self.url + f"/api/v1/notifications/dead/{letter['id']}/resend", data=b"")
        self.assertEqual(absent.exception.code, 404)

    def test_secrets_are_shown_nowhere(self):
        shown = ""
        for receiver in ("ok", "pager", "slack", "mail-login", "bad"):
            shown += json.dumps(self.attempt(receiver))
        paths = ("status/config", "notifications/outbox", "notifications/log", "notifications/dead", "status/flags",
                 "notifications", "status/self_metrics", "rules", "alerts")
        for path in paths:
            shown += urllib.request.urlopen(self.url + "/api/v1/" + path, timeout=30).read().decode()
        shown += urllib.request.urlopen(self.url + "/metrics", timeout=30).read().decode()
        shown += (self.work / "log").read_text()
        for secret in ("CANARY", "s3cret", "Q0FOQVJZ"):
            self.assertNotIn(secret, shown)
        stored = b"".join(p.read_bytes() for p in (self.work / "data").rglob("*") if p.is_file() and p.name != "LOCK")
        self.assertNotIn(b"CANARY", stored)
        self.assertTrue(any("CANARYtoken" in headers.get("Authorization", "") for _, headers, _ in self.http.requests))


if __name__ == "__main__":
    BELLWETHER = str(pathlib.Path(sys.argv.pop(1)).resolve())
    if shutil.which("openssl") is None:
        sys.exit(77)
    unittest.main()
