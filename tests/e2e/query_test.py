"""`bellwether query` against a running server, its query log over a reload, the senders it has seen, and its end over HTTP.

usage: query_test.py BELLWETHER     (from the root of the project)
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from local_server import PATIENCE_S, free_port, wait_until

BELLWETHER = None


class QueryTest(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.url = f"http://127.0.0.1:{free_port()}"
        (self.dir / "c.yml").write_text("global: {query_log_file: q.log}\n")
        self.server = subprocess.Popen(
            [BELLWETHER, "serve", f"--config.file={self.dir}/c.yml", f"--storage.path={self.dir}/data", "--web.enable-lifecycle",
             f"--web.listen-address={self.url[7:]}", "--log.level=error"])
        self.addCleanup(self.stop)
        wait_until("the server is ready", lambda: urllib.request.urlopen(self.url + "/-/ready").status == 200)

    def stop(self):
        self.server.terminate()
        self.server.wait(PATIENCE_S)

    def ask(self, *arguments):
        done = subprocess.run([BELLWETHER, "query", *arguments, "--server", self.url], capture_output=True, text=True,
                              timeout=PATIENCE_S)
        return done.returncode, done.stdout, done.stderr

    def http(self, path, body=None, **headers):
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, answer.read()

    def logged(self, name="q.log"):
        return [json.loads(line)["params"]["query"] for line in (self.dir / name).read_text().splitlines()]

    def test_queries(self):
        at = int(time.time()) - 60
        self.http("/api/v1/import/prometheus", f'up{{job="a"}} 1 {at}000\nup{{job="b, c"}} 2 {at}000\n'.encode())
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
        self.assertEqual(self.ask("instant", "up", "--time", str(at)),
                         (0, f'{stamp}  1  up{{job="a"}}\n{stamp}  2  up{{job="b, c"}}\n', ""))
        self.assertEqual(self.ask("range", "up{job='b, c'}", "--start", str(at), "--end", stamp, "--format", "csv"),
                         (0, f'__name__,job,time,value\nup,"b, c",{stamp},2\n', ""))
        self.assertEqual(self.ask("series", "--match", "up", "--start", "now-5m")[1], 'up{job="a"}\nup{job="b, c"}\n')
        self.assertEqual(self.ask("labels")[1], "__name__\njob\n")
        self.assertEqual(self.ask("labels", "job", "--match", 'up{job="a"}', "--match", "down")[1], "a\n")
        code, out, _ = self.ask("instant", "up", "--time", str(at), "--format", "json", "--limit", "1")
        self.assertEqual((code, len(json.loads(out)["data"]["result"])), (0, 1))
        explained = self.ask("instant", "sum(up)", "--time", str(at), "--explain")[1].splitlines()
        self.assertEqual([line.split("  ")[0] for line in explained[2:]],
                         ["OPERATOR", "aggregation: sum(up)", "`- selector: up"])
        code, out, err = self.ask("instant", "up{")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("parse error", err)
        self.assertEqual(self.ask("instant", "up", "--time", "yesterday")[0], 1)

    def test_query_log_follows_a_reload(self):
        self.ask("instant", "up")
        self.ask("instant", "does not parse")
        self.assertEqual(self.logged(), ["up"])
        (self.dir / "q.log").rename(self.dir / "q.1")
        self.assertEqual(self.http("/-/reload", b"")[0], 200)
        self.ask("instant", "down")
        self.assertEqual((self.logged("q.1"), self.logged()), (["up"], ["down"]))
        (self.dir / "c.yml").write_text("global: {query_log_file: absent/q.log}\n")
        with self.assertRaises(urllib.error.HTTPError):
            self.http("/-/reload", b"")
        self.assertEqual(json.loads(self.http("/api/v1/notifications")[1])["data"][0]["text"],
                         "Configuration reload has failed.")
        self.ask("instant", "again")
        self.assertEqual(self.logged(), ["down", "again"])

    def test_senders_and_the_end(self):
        with self.assertRaises(urllib.error.HTTPError):
            self.http("/api/v1/write", b"no block", **{"User-Agent": "sender/1", "Content-Encoding": "snappy",
                                                       "Content-Type": "application/x-protobuf"})
        target = json.loads(self.http("/api/v1/targets")[1])["data"]["activeTargets"][0]
        self.assertEqual(target["labels"], {"instance": "127.0.0.1", "job": "remote_write", "user_agent": "sender/1"})
        self.assertEqual((target["health"], target["requests"], target["requestsRefused"]), ("down", 1, 1))
        self.assertIn("snappy", target["lastError"])
        self.assertEqual(self.http("/-/quit", b"")[1], b"Requesting termination... Goodbye!")
        self.assertEqual(self.server.wait(PATIENCE_S), 0)


if __name__ == "__main__":
    BELLWETHER = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
