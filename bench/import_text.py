"""CPU seconds of importing text: offline into an empty store, through a server, the same once more, and into the hours
before what a store has. Makes its own data: counters and gauges every 15 s, series by series or time by time.

usage: import_text.py BELLWETHER [SERIES [STEPS]]
"""
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

bellwether = os.path.abspath(sys.argv[1])
series = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
steps = int(sys.argv[3]) if len(sys.argv) > 3 else 1440
folder = tempfile.mkdtemp(prefix="bw-import-")
end = int(time.time()) // 15 * 15 - 600
names = [f'bench_requests_total{{job="api",instance="10.0.{n // 250}.{n % 250}:9090",path="/v1/{n % 17}",code="200"}}'
         for n in range(series)]


def value(n, i):
    return i * (n % 7 + 1) if n % 2 else f"{20 + (n * 31 + i * 17) % 400 / 10:.1f}"


def write(path, by_time, begin):
    with open(path, "w") as out:
        if by_time:
            for i in range(steps):
                at = (begin + i * 15) * 1000
                out.write("".join(f"{names[n]} {value(n, i)} {at}\n" for n in range(series)))
        else:
            for n in range(series):
                out.write("".join(f"{names[n]} {value(n, i)} {(begin + i * 15) * 1000}\n" for i in range(steps)))


def cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_of(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tell(what, seconds, rss=None):
    n = series * steps
    memory = f", {rss / 1024:.0f} MiB at most" if rss else ""
    print(f"{what}: {seconds:.2f} CPU s, {n / seconds / 1e6:.2f} M samples a CPU second{memory}", flush=True)


def offline(what, file, store):
    before = cpu()
    subprocess.run([bellwether, "import", file, f"--storage.path={store}", "--quiet"], check=True,
                   stderr=subprocess.DEVNULL)
    tell(what, cpu() - before)


def online(what, files):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    server = subprocess.Popen([bellwether, "serve", f"--storage.path={folder}/online", "--storage.retention.time=60d",
                               f"--web.listen-address=127.0.0.1:{port}"], stderr=subprocess.DEVNULL)
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready")
            break
        except OSError:
            time.sleep(0.1)
    for name, file in files:
        client, of_server = cpu(), cpu_of(server.pid)
        subprocess.run([bellwether, "import", file, f"--server=http://127.0.0.1:{port}", "--quiet"], check=True,
                       stderr=subprocess.DEVNULL)
        rss = next(int(l.split()[1]) for l in open(f"/proc/{server.pid}/status") if l.startswith("VmHWM"))
        tell(f"{what}{name}", cpu() - client + cpu_of(server.pid) - of_server, rss)
    before, of_server = cpu(), cpu_of(server.pid)
    subprocess.run([bellwether, "tsdb", "dump", f"--server=http://127.0.0.1:{port}"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(f"{what}dump of everything: {cpu() - before + cpu_of(server.pid) - of_server:.2f} CPU s", flush=True)
    server.send_signal(signal.SIGTERM)
    server.wait()


try:
    for order in ("series by series", "time by time"):
        now, before = f"{folder}/now.prom", f"{folder}/before.prom"
        write(now, order == "time by time", end - steps * 15)
        write(before, order == "time by time", end - 2 * steps * 15)
        offline(f"{order}, offline", now, f"{folder}/offline")
        online(f"{order}, client and server, ",
               [("empty store", now), ("the time before", before), ("the same again", before)])
        shutil.rmtree(f"{folder}/offline")
        shutil.rmtree(f"{folder}/online")
finally:
    shutil.rmtree(folder)
