"""A server with 64 MiB: new series are refused when their part is used up and known ones go on, queries that want more
than theirs end with an error that says so, and the process stays about where it should.

usage: memory_test.py BELLWETHER
"""
import json
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

BELLWETHER = None
BUDGET_MIB = 64
SLACK_MIB = 96  # Code, threads, what requests take before they are judged.
PATIENCE_S = 60


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def write_request(names, at):
    """A remote-write 1.0 body: a sample of each series."""
    message = b""
    for name, labels in names:
        series = b""
        for key, value in [("__name__", name), *labels]:
            series += field(1, field(1, key.encode()) + field(2, value.encode()))
        message += field(1, series + field(2, b"\x09" + struct.pack("<d", 1.0) + b"\x10" + varint(at)))
    block = varint(len(message))  # Snappy: literals alone.
    for start in range(0, len(message), 60):
        piece = message[start:start + 60]
        block += bytes([len(piece) - 1 << 2]) + piece
    return block


class Memory(unittest.TestCase):
    def setUp(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = tempfile.TemporaryDirectory(prefix="bellwether-memory-")
        self.log = open(pathlib.Path(self.folder.name) / "log", "ab")
        self.process = subprocess.Popen(
            [BELLWETHER, "serve", "--storage.path", self.folder.name + "/data", "--storage.memory", f"{BUDGET_MIB}MB",
             "--web.listen-address", self.url[len("http://"):]], stderr=self.log)
        self.wait_until("the server is ready", lambda: urllib.request.urlopen(self.url + "/-/ready").status == 200)
        self.now = int(time.time() * 1000)

    def tearDown(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def wait_until(self, what, condition):
        deadline = time.monotonic() + PATIENCE_S
        last = None
        while time.monotonic() < deadline:
            try:
                last = condition()
                if last:
                    return last
            except (urllib.error.URLError, ConnectionError) as error:
                last = error
            time.sleep(0.1)
        raise AssertionError(f"gave up waiting until {what}; last seen: {last}")

    def write(self, names):
        self.now += 1
        request = urllib.request.Request(self.url + "/api/v1/write", data=write_request(names, self.now),
                                         headers={"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"})
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
                                                                               end=self.now / 1000 + 6000)[0]))
                   for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertLessEqual(set(outcomes), {200, 503})
        self.assertIn(200, outcomes)
        self.wait_until("there is room again", lambda: self.metric('bellwether_memory_used_bytes{part="queries"}') < 1 << 20)
        self.assertEqual(self.query("count(last_over_time(m[1h]))")[0], 200)
        self.assertLess(self.peak_mib(), BUDGET_MIB + SLACK_MIB)


if __name__ == "__main__":
    BELLWETHER = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
