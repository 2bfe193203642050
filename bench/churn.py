"""What series that come and go cost the others: memory, and CPU of queries, after 400 steps and after 2,000 steps of a
fleet of which every series is replaced each 200 steps. Two servers, asked in turn, so that a busy machine is the same to
both.

usage: churn.py BELLWETHER [BENCH [SERIES]]      BENCH: the folder of the load generator, ../shared/bench
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

bellwether = os.path.abspath(sys.argv[1])
bench = os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else "../shared/bench")
series = sys.argv[3] if len(sys.argv) > 3 else "20000"
folder = tempfile.mkdtemp(prefix="bw-churn-")
end = int(time.time())
rounds = 5


class Server:
    def __init__(self, name):
        self.path = f"{folder}/{name}"
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{s.getsockname()[1]}"
        self.process = subprocess.Popen(
            [bellwether, "serve", f"--storage.path={self.path}", f"--web.listen-address={self.url[7:]}"],
            stderr=open(f"{self.path}.log", "w"))
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/-/ready")
                break
            except OSError:
                time.sleep(0.1)

    def bench(self, command, *arguments):
        out = subprocess.run([f"{folder}/bench", command, "-pid", str(self.process.pid), "-end", str(end), *arguments],
                             check=True, stdout=subprocess.PIPE).stdout
        return json.loads(out)

    def write(self, steps):
        return self.bench("write", "-url", f"{self.url}/api/v1/write", "-dir", self.path, "-series", series, "-steps",
                          str(steps), "-churn-every", "200", "-settle", "20s")

    def query(self):
        rows = self.bench("query", "-url", self.url, "-file", f"{bench}/queries.txt")
        return {row["name"]: row["cpu_ms"] for row in rows}

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def median(values):
    return sorted(values)[len(values) // 2]


servers = []
try:
    subprocess.run(["go", "build", "-o", f"{folder}/bench", "."], cwd=bench, check=True)
    written = []
    for steps in (400, 2000):
        servers.append(Server(steps))
        written.append(servers[-1].write(steps))
    for key in ("samples", "failed", "samples_per_cpu_s", "peak_anon_mb", "anon_mb_after", "disk_bytes_per_sample"):
        few, many = (w[key] for w in written)
        print(f"{key:24} {few:14,.2f} {many:14,.2f} {many / few if few else 0:8.2f}", flush=True)
    cpu = [{}, {}]
    for _ in range(rounds):
        for server, seen in zip(servers, cpu):
            for name, ms in server.query().items():
                seen.setdefault(name, []).append(ms)
    for name in cpu[0]:
        few, many = median(cpu[0][name]), median(cpu[1][name])
        print(f"{name:24} {few:11.2f} ms {many:11.2f} ms {many / few if few else 0:8.2f}", flush=True)
finally:
    for server in servers:
        server.stop()
    shutil.rmtree(folder)
