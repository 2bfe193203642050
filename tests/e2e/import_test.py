"""Back-fill from the command line: what is imported, dumped and imported again is the same to the last byte, through a
server and without one, packed or plain, twice or after a stop.

usage: import_test.py BELLWETHER     (from the root of the project)
"""
import gzip
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

from local_server import PATIENCE_S, free_port, wait_until

BELLWETHER = None


def openmetrics(seed, days):
    """Some days of counters, gauges and a histogram up to an hour ago, series by series."""
    rng = random.Random(seed)
    end = int(time.time()) - 3600
    start = end - days * 86400
    lines = ["# TYPE requests counter", '# HELP requests All \\"of\\" them']
    for n in range(4):
        name, total = f'{{job="a",n="{n}"}}', 0
        lines.append(f"requests_created{name} {start - 60} {start}")
        for t in range(start, end, 60):
            total += rng.randrange(9)
            lines.append(f"requests_total{name} {total} {t}")
    lines += ["# TYPE temperature gauge"]
    for n in range(4):
        for t in range(start, end, 60):
            value = rng.choice([f"{rng.uniform(-20, 40):.1f}", repr(rng.gauss(0, 1)), "NaN", "+Inf"]) if n else str(21)
            lines.append(f'temperature{{room="{n}\\"\\\\",floor="ä"}} {value} {t}.{rng.randrange(1000):03d}')
    lines += ["# TYPE lat_seconds histogram"]
    for le in ("0.1", "+Inf"):
        for t in range(start, end, 60):
            lines.append(f'lat_seconds_bucket{{le="{le}"}} {(t - start) // 60} {t}')
    lines += ['# TYPE "odd.name" gauge', f'{{"odd.name","odd label"="x"}} nan(0x7ff0000000000002) {start}', "# EOF", ""]
    return "\n".join(lines)


class ImportTest(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.port = free_port()
        self.server = None

    def tearDown(self):
        self.stop()

    def start(self):
        self.server = subprocess.Popen(
            [BELLWETHER, "serve", f"--storage.path={self.dir}/data", "--storage.retention.time=60d",
             f"--web.listen-address=127.0.0.1:{self.port}"], stderr=subprocess.DEVNULL)
        wait_until("the server is ready", lambda: urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready"))

    def stop(self):
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(PATIENCE_S)
            self.server = None

    def run_command(self, *args, code=0, stdin=None):
        run = subprocess.run([BELLWETHER, *args], capture_output=True, timeout=PATIENCE_S, input=stdin)
        self.assertEqual(run.returncode, code, run.stderr.decode())
        return run

    def at_server(self):
        return f"--server=http://127.0.0.1:{self.port}"

    def dump(self, where, *args):
        return self.run_command("tsdb", "dump", where, *args).stdout

    def test_what_is_dumped_imports_the_same(self):
        text = openmetrics(1, 3)
        packed = self.dir / "history.om.gz"
        packed.write_bytes(gzip.compress(text.encode()))
        self.start()
        told = self.run_command("import", str(packed), self.at_server(), "--piece-bytes=65536").stderr.decode()
        samples = sum(1 for line in text.splitlines() if line and line[0] != "#" and "_created" not in line)
        self.assertIn(f" {samples} samples", told)
        first = self.dump(self.at_server())
        # A sample is one line, in whatever order the families come.
        self.assertEqual(sorted(first.decode().splitlines()[:-1]), sorted(self.as_written(text)))
        self.assertTrue(first.endswith(b"# EOF\n"))

        # Once more, as standard input: without effect.
        self.run_command("import", "-", self.at_server(), stdin=text.encode())
        self.assertEqual(self.dump(self.at_server()), first)

        # The other format says the same but for the start timestamps.
        prometheus = self.run_command("tsdb", "dump", self.at_server(), "--format=prometheus")
        self.assertIn("start timestamps left out", prometheus.stderr.decode())
        self.assertEqual(len([l for l in prometheus.stdout.splitlines() if l[:1] != b"#"]), samples)

        # Part of it.
        part = self.dump(self.at_server(), '--match=temperature{room="0\\"\\\\"}', "--match={__name__=\"odd.name\"}")
        self.assertIn(b"temperature", part)
        self.assertNotIn(b"requests", part)
        self.assertNotIn(b'room="1', part)
        self.assertEqual(self.dump(self.at_server(), "--max-time=1000"), b"# EOF\n")

        # A store that somebody holds is left alone.
        refused = self.run_command("import", str(packed), f"--storage.path={self.dir}/data", code=1).stderr.decode()
        self.assertIn(f"process {self.server.pid} holds it", refused)

        # Offline, from the directory and into another.
        self.stop()
        self.assertEqual(self.dump(f"--storage.path={self.dir}/data"), first)
        copy = self.dir / "copy.txt"
        copy.write_bytes(first)
        self.run_command("import", str(copy), f"--storage.path={self.dir}/fresh", "--piece-bytes=65536")
        self.assertEqual(self.dump(f"--storage.path={self.dir}/fresh"), first)
        self.run_command("import", str(copy), f"--storage.path={self.dir}/fresh")
        self.assertEqual(self.dump(f"--storage.path={self.dir}/fresh"), first)

    @staticmethod
    def as_written(text):
        """The lines of a text as a dump spells them: values and times in their shortest form, labels sorted."""
        lines = []
        for line in text.splitlines():
            if line in ("", "# EOF"):
                continue
            found = re.fullmatch(r"(.*[}]|\S+) (\S+) ([0-9.]+)", line)
            if line[0] == "#" or not found:
                lines.append(line)
                continue
            naming, value, at = found.groups()
            naming = re.sub(r'(room="(?:[^"\\]|\\.)*"),(floor="[^"]*")', r"\2,\1", naming)
            if value not in ("NaN", "+Inf") and not value.startswith("nan(") and "." in value:
                number = float(value)
                whole = "-0" if value.startswith("-0.0") and number == 0 else str(int(number))
                value = whole if number == int(number) else value.rstrip("0")
                if 0 < abs(number) < 1e-4:
                    value = f"{number!r}"
            whole, _, fraction = at.partition(".")
            fraction = fraction.rstrip("0")
            lines.append(f"{naming} {value} {whole}{'.' + fraction if fraction else ''}")
        return lines

    def test_a_stopped_import_goes_on(self):
        lines = openmetrics(2, 2).splitlines(keepends=True)
        bad = len(lines) * 2 // 3
        broken = self.dir / "history.om"
        good_line = lines[bad]
        naming, value, at = good_line.rsplit(" ", 2)
        lines[bad] = f"{naming} {'y' * len(value)} {at}"  # As long as before: the file counts as the same.
        broken.write_text("".join(lines))
        self.start()
        command = ["import", str(broken), self.at_server(), "--piece-bytes=65536", f"--resume={self.dir}/state",
                   "--connections=1"]
        told = self.run_command(*command, code=1).stderr.decode()
        self.assertIn(f"{broken}: line {bad + 1}, column ", told)
        self.assertIn("expected a value", told)
        kept = self.dump(self.at_server()).count(b"\n")
        self.assertGreater(kept, bad * 0.9)
        lines[bad] = good_line
        broken.write_text("".join(lines))
        told = self.run_command(*command).stderr.decode()
        sent = int(re.search(r" (\d+) samples", told).group(1))
        self.assertLess(sent, len(lines) * 0.6)
        whole = self.dump(self.at_server())
        self.stop()
        self.run_command("import", str(broken), f"--storage.path={self.dir}/fresh")
        self.assertEqual(self.dump(f"--storage.path={self.dir}/fresh"), whole)

    def test_what_is_refused_is_told(self):
        self.start()
        now = int(time.time()) * 1000
        text = f"a 1 {now - 5000}\na 2 {now - 5000}\na 3 {now - 90 * 86400_000}\nb 4 {now + 3600_000}\nc 5 {now}\n"
        told = self.run_command("import", "-", self.at_server(), stdin=text.encode(), code=2).stderr.decode()
        self.assertIn("1 samples refused: duplicate", told)
        self.assertIn("1 samples refused: too_old", told)
        self.assertIn("1 samples refused: too_far_in_future", told)
        self.assertEqual(self.dump(self.at_server(), "--format=prometheus").decode(),
                         f"# TYPE a untyped\na 1 {now - 5000}\n# TYPE c untyped\nc 5 {now}\n")
        too_old = self.run_command("import", "-", self.at_server(), stdin=f"a 3 {now - 90 * 86400_000}\n".encode(), code=2)
        self.assertIn("--storage.retention.time", too_old.stderr.decode())

    def test_curl_and_victoriametrics_way_of_sending_works(self):
        self.start()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1/import/prometheus",
                                         data=b'foo{bar="baz"} 123\n',
                                         headers={"Content-Type": "application/x-www-form-urlencoded"})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            self.assertEqual(answer.status, 204)
            self.assertEqual(answer.headers["X-Bellwether-Samples-Taken"], "1")
        self.assertIn(b'foo{bar="baz"} 123 ', self.dump(self.at_server()))


if __name__ == "__main__":
    BELLWETHER = os.path.abspath(sys.argv.pop(1))
    unittest.main()
