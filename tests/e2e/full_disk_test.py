"""A disk that fills up, on a real file system of 400 MiB: senders get 503 with Retry-After, queries and alerts go on, and
when there is room again writes are taken without a restart; nothing that was acknowledged is missing after a kill.

usage: full_disk_test.py BELLWETHER     (needs to mount a tmpfs, so root; exits with 77 where that is not possible)
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from local_server import free_port, wait_until
from remote_write import HEADERS, write_request

BELLWETHER = None
DISK = None
SKIPPED = 77
RULES = """
groups:
  - name: each second
    interval: 1s
    rules:
      - {alert: AlwaysFiring, expr: vector(1), labels: {severity: info}}
"""


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.url = f"http://127.0.0.1:{free_port()}"
        (DISK / "rules.yml").write_text(RULES)
        (DISK / "bellwether.yml").write_text(f"rule_files: [{DISK}/rules.yml]\nrules: {{startup_hold: 0s}}\n")
        self.start()
        self.acknowledged = []
        self.next = int(time.time() * 1000) - 600_000

    def tearDown(self):
        self.process.kill()
        self.process.wait()

    def start(self):
        with open(DISK / ".." / (DISK.name + ".log"), "ab") as log:
            self.process = subprocess.Popen([BELLWETHER, "serve", "--config.file", DISK / "bellwether.yml", "--storage.path",
                                             DISK / "data", "--web.listen-address", self.url[len("http://"):]], stderr=log)
        wait_until("Bellwether is ready", lambda: urllib.request.urlopen(self.url + "/-/ready").status == 200)

    def write(self):
        """Writes one sample; returns status and headers."""
        self.next += 1000
        body = write_request([({"__name__": "x"}, [(self.next, self.next % 977)])])
        request = urllib.request.Request(self.url + "/api/v1/write", body, HEADERS)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                self.acknowledged.append((self.next, self.next % 977))
                return answer.status, answer.headers, ""
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def query(self, expr):
        with urllib.request.urlopen(self.url + "/api/v1/query?" + urllib.parse.urlencode({"query": expr})) as answer:
            return json.load(answer)["data"]["result"]

    def samples(self):
        return {(round(float(t) * 1000), float(v)) for r in self.query("x[1h]") for t, v in r["values"]}

    def metric(self, name):
        with urllib.request.urlopen(self.url + "/metrics") as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.rsplit(" ", 1)[1])
        raise AssertionError("no metric " + name)

    def fill(self, leave):
        """Leaves so many bytes free."""
        with open(DISK / "ballast", "ab") as ballast:
            while True:
                space = os.statvfs(DISK)
                free = space.f_bavail * space.f_frsize - leave
                if free <= 0:
                    return
                ballast.write(b"x" * min(free, 1 << 20))
                ballast.flush()

    def test_writes_are_refused_and_everything_else_goes_on(self):
        for _ in range(20):
            self.assertEqual(self.write()[0], 204)
        for leave in (20 << 20, 0):  # Below the reserve; nothing at all.
            with self.subTest(leave=leave):
                self.fill(leave)
                status, headers, body = wait_until("a write is refused", lambda: (w := self.write())[0] == 503 and w)
                self.assertEqual(headers["Retry-After"], "5")
                self.assertRegex(body, r"the disk of the store is full: \d+ MiB are free")
                self.assertEqual(self.metric('bellwether_storage_write_state{state="low_space"}'), 1)
                self.assertEqual(urllib.request.urlopen(self.url + "/-/ready").status, 200)
                self.assertEqual(self.samples(), set(self.acknowledged))
                wait_until("rules are evaluated", lambda: self.query('ALERTS{alertname="AlwaysFiring"}'))
                (DISK / "ballast").unlink()
                wait_until("writes are taken again", lambda: self.write()[0] == 204)
                wait_until("the database is healthy", lambda: self.metric("bellwether_storage_database_healthy") == 1)
                self.assertEqual(self.metric('bellwether_storage_write_state{state="open"}'), 1)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.start()
        self.assertLessEqual(set(self.acknowledged), self.samples())
        wait_until("the alert is there again", lambda: self.query('ALERTS{alertname="AlwaysFiring"}'))


def main():
    global BELLWETHER, DISK
    BELLWETHER = pathlib.Path(sys.argv.pop(1)).resolve()
    with tempfile.TemporaryDirectory(prefix="bellwether-disk-") as directory:
        DISK = pathlib.Path(directory) / "disk"
        DISK.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m", "bellwether-test", DISK], capture_output=True)
        if mounted.returncode != 0:
            print("skipped: cannot mount a tmpfs here:", mounted.stderr.decode().strip())
            return SKIPPED
        try:
            result = unittest.main(verbosity=2, exit=False).result
            if not result.wasSuccessful():
                print((DISK.parent / "disk.log").read_text()[-4000:])
            return 0 if result.wasSuccessful() else 1
        finally:
            subprocess.run(["umount", DISK], check=True)


if __name__ == "__main__":
    sys.exit(main())
