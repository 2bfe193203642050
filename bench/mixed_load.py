"""Twenty dashboards beside a full load of writes: CPU seconds of each alone and of both at once, and how long instant
queries take meanwhile. The load and the queries are those of bench (../shared/bench, or BENCH); needs Go.

usage: mixed_load.py BELLWETHER [SERIES [HOURS]]

The store is filled with HOURS of SERIES first. Then an hour is written at full speed; the dashboards, one after another
in twenty threads, ask the queries of an ML dashboard once each; and an hour is written while they ask.
"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

DASHBOARDS = 20
HOUR_S = 3600
INTERVAL_S = 15

server = os.path.abspath(sys.argv[1])
series = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
hours = int(sys.argv[3]) if len(sys.argv) > 3 else 24
bench_source = pathlib.Path(os.environ.get("BENCH", "../shared/bench")).resolve()
port = 20000 + os.getpid() % 20000
url = f"http://127.0.0.1:{port}"


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def addresses(end):
    """Of the dashboard's queries, as bench asks them."""
    for line in (bench_source / "queries.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        _, kind, text = line.split("|", 2)
        kind, *numbers = kind.split()
        if kind == "range":
            span, step = map(int, numbers)
            yield "/api/v1/query_range?" + urllib.parse.urlencode({"query": text, "start": end - span, "end": end, "step": step})
        elif kind == "instant":
            yield "/api/v1/query?" + urllib.parse.urlencode({"query": text, "time": end})
        else:
            yield urllib.parse.quote(text, safe="/?=&[]{}\"-_")


def get(path):
    request = urllib.request.Request(url + path, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        answer.read()


def write(bench, end, hours):
    subprocess.run([bench, "write", "-url", url + "/api/v1/write", "-series", str(series), "-end", str(end), "-steps",
                    str(hours * HOUR_S // INTERVAL_S)], check=True, stdout=subprocess.DEVNULL)


def ask_all(end):
    threads = [threading.Thread(target=lambda: [get(path) for path in addresses(end)]) for _ in range(DASHBOARDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def instants(end, stop, seconds):
    path = "/api/v1/query?" + urllib.parse.urlencode({"query": 'ml_model_accuracy{model="model-07"}', "time": end})
    while not stop.is_set():
        begun = time.monotonic()
        get(path)
        seconds.append(time.monotonic() - begun)
        time.sleep(0.02)


def metered(pid, work):
    before = cpu_seconds(pid)
    work()
    return cpu_seconds(pid) - before


with tempfile.TemporaryDirectory(prefix="bw-mixed-") as folder:
    bench = folder + "/bench"
    subprocess.run(["go", "build", "-o", bench, "."], cwd=bench_source, check=True)
    process = subprocess.Popen([server, "serve", "--storage.path", folder + "/data", "--web.listen-address",
                                f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                get("/-/ready")
                break
            except OSError:
                time.sleep(0.1)
        filled = int(time.time()) - 3 * HOUR_S
        write(bench, filled, hours)
        time.sleep(15)  # Windows are sealed.
        writes = metered(process.pid, lambda: write(bench, filled + HOUR_S, 1))
        time.sleep(10)
        ask_all(filled)  # What is read for the first time is read from disk.
        queries = metered(process.pid, lambda: ask_all(filled))
        stop, seconds = threading.Event(), []

        def both():
            asking = threading.Thread(target=ask_all, args=(filled,))
            probing = threading.Thread(target=instants, args=(filled, stop, seconds))
            asking.start()
            probing.start()
            write(bench, filled + 2 * HOUR_S, 1)
            asking.join()
            stop.set()
            probing.join()

        together = metered(process.pid, both)
        seconds.sort()
        print(f"CPU seconds: writes {writes:.2f}, dashboards {queries:.2f}, both {together:.2f} "
              f"({together / (writes + queries):.2f} of the sum)")
        print(f"instant queries beside both: {len(seconds)}, median {seconds[len(seconds) // 2] * 1000:.1f} ms, "
              f"99 % within {seconds[len(seconds) * 99 // 100] * 1000:.1f} ms")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
