"""A server with 64 MiB: new series are refused when their part is used up and known ones go on, queries that want more
than theirs end with an error that says so, and the process stays about where it should.

usage: memory_test.py BELLWETHER
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from local_server import free_port, wait_until
from remote_write import HEADERS, write_request

BELLWETHER = None
BUDGET_MIB = 64
SLACK_MIB = 96  # Code, threads, what requests take before they are judged.


class Memory(unittest.TestCase):
    def setUp(self):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.folder = tempfile.TemporaryDirectory(prefix="bellwether-memory-")
        self.log = open(pathlib.Path(self.folder.name) / "log", "ab")
        self.process = subprocess.Popen(
            [BELLWETHER, "serve", "--storage.path", self.folder.name + "/data", "--storage.memory", f"{BUDGET_MIB}MB",
             "--web.listen-address", self.url[len("http://"):]], stderr=self.log)
        wait_until("the server is ready", lambda: urllib.request.urlopen(self.url + "/-/ready").status == 200)
        self.now = int(time.time() * 1000)

    def tearDown(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def write(self, names):
        self.now += 1
        body = write_request([({"__name__": name, **dict(labels)}, [(self.now, 1.0)]) for name, labels in names])
        request = urllib.request.Request(self.url + "/api/v1/write", body, HEADERS)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def query(self, expr, **parameters):
        path = "/api/v1/query_range?" if "step" in parameters else "/api/v1/query?"
        try:
            with urllib.request.urlopen(self.url + path + urllib.parse.urlencode({"query": expr, **parameters})) as answer:
                return answer.status, json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["error"]

    def metric(self, name):
        with urllib.request.urlopen(self.url + "/metrics") as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.rsplit(" ", 1)[1])
        raise AssertionError("no metric " + name)

    def peak_mib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) >> 10

    def test_new_series_are_refused_and_known_ones_go_on(self):
        self.assertEqual(self.write([("known", [])])[0], 204)
        made = 0
        for batch in range(400):
            status, words = self.write([("new", [("batch", str(batch)), ("n", str(i)), ("pad", "x" * 100 + str(i))])
                                        for i in range(2000)])
            if status != 204:
                break
            made += 2000
        self.assertEqual(status, 400, "no series was refused")
        self.assertIn("the part of --storage.memory for series and recent samples", words)
        self.assertGreater(made, 2000)
        self.assertEqual(self.write([("known", [])])[0], 204)
        self.assertEqual(self.write([("one more", []), ("known", [])])[0], 400)
        self.assertGreater(self.metric('bellwether_ingest_refused_total{reason="memory"}'), 0)
        self.assertGreater(self.metric('bellwether_memory_refusals_total{part="head"}'), 0)
        self.assertEqual(self.metric("bellwether_memory_short"), 1)
        status, found = self.query("count_over_time(known[5m])")
        self.assertEqual((status, found[0]["value"][1]), (200, "3"))
        self.assertLess(self.peak_mib(), BUDGET_MIB + SLACK_MIB)

    def test_queries_end_with_an_error_that_names_the_flag(self):
        self.assertEqual(self.write([("m", [("n", str(i))]) for i in range(100)])[0], 204)
        # Rows of 100 series at 11,000 steps, of 9 bytes each, though few of them have a sample.
        status, words = self.query("m", start=self.now / 1000, end=self.now / 1000 + 11_000, step=1)
        self.assertEqual(status, 422)
        self.assertIn("the part of --storage.memory that one query may have", words)
        self.assertEqual(self.query("count(m)")[1][0]["value"][1], "100")

        # Many at once, each a little below what one may have.
        outcomes = []
        threads = [threading.Thread(target=lambda: outcomes.append(self.query("m", start=self.now / 1000, step=1,
                                                                               end=self.now / 1000 + 5000)[0]))
                   for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertLessEqual(set(outcomes), {200, 503})
        self.assertIn(200, outcomes)
        wait_until("there is room again", lambda: self.metric('bellwether_memory_used_bytes{part="queries"}') < 1 << 20)
        self.assertEqual(self.query("count(last_over_time(m[1h]))")[0], 200)
        self.assertLess(self.peak_mib(), BUDGET_MIB + SLACK_MIB)


if __name__ == "__main__":
    BELLWETHER = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
