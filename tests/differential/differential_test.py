"""The same series sent to Bellwether and to a real Prometheus, the same random queries asked of both, every value of every
answer compared; and of Bellwether alone, that a range query is the sum of its instants.

usage: differential_test.py BELLWETHER [-n QUERIES] [--seed SEED]

PROMETHEUS names the reference (default: prometheus on PATH). Where there is none the second part alone is done, and the
test then counts as skipped. Prometheus 3 is the authority.
2.x closes windows on the left, weighs gaps otherwise near a counter's zero and sums without compensation: with it no
sample falls on a boundary, counters have no gaps, and values may differ by 1e-7 instead of 1e-12, which the order of a
sum explains.
"""
import argparse
import json
import math
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from local_server import free_port, wait_until  # noqa: E402

from queries import Queries  # noqa: E402
from remote_write import write  # noqa: E402

SKIPPED = 77
STALE = struct.pack("<Q", 0x7FF0000000000002)
HOURS = 4
INTERVAL_MS = 15_000


def counter(rng, times):
    total, slope = rng.randrange(1_000_000), rng.randrange(1, 200)
    for t in times:
        total = rng.randrange(100) if rng.random() < 0.004 else total + rng.randrange(slope)
        yield t, float(total)


def gauge(rng, times):
    value = rng.uniform(-50, 50)
    for t in times:
        value = round(value + rng.gauss(0, 3), 3)
        yield t, value


def odd(rng, times):
    """Now and then a NaN, an infinity, a zero with a sign, a stale marker."""
    for t, value in gauge(rng, times):
        yield t, rng.choice([math.nan, math.inf, -math.inf, 0.0, -0.0, STALE]) if rng.random() < 0.02 else value


def sparse(rng, times):
    """Comes and goes, with and without a marker."""
    away = False
    for t, value in gauge(rng, times):
        if rng.random() < (0.05 if away else 0.01):
            if not away and rng.random() < 0.5:
                yield t, STALE
            away = not away
        elif not away:
            yield t, value


def histogram(rng, times, labels, series):
    bounds = ["0.1", "0.5", "1", "2.5", "10", "+Inf"]
    counts = [0.0] * len(bounds)
    columns = [[] for _ in bounds]
    for t in times:
        for _ in range(rng.randrange(8)):
            first = rng.randrange(len(bounds))
            for i in range(first, len(bounds)):
                counts[i] += 1
        for i, column in enumerate(columns):
            column.append((t, counts[i]))
    for bound, column in zip(bounds, columns):
        series.append(({"__name__": "latency_bucket", "le": bound, **labels}, column))
    series.append(({"__name__": "latency_count", **labels}, columns[-1]))


def data(rng, end_ms, modern):
    series = []
    for job in ("a", "b", "bc"):
        for n in range(3):
            labels = {"job": job, "instance": f"i{n}"}
            phase = rng.randrange(1, 14) * 1000 + (0 if modern and rng.random() < 0.5 else rng.randrange(1, 999))
            start = end_ms - HOURS * 3_600_000 + phase
            times = [t + (rng.randrange(-400, 400) if n == 1 else 0) for t in range(start, end_ms, INTERVAL_MS)]
            if not modern:
                times = [t if t % 1000 else t + 1 for t in times]
            add = lambda name, samples, **more: series.append(({"__name__": name, **labels, **more}, list(samples)))
            kept = [t for t in times if rng.random() > 0.03] if modern else times
            for path in ("/", "/x"):
                add("requests_total", counter(rng, kept), path=path)
            add("bytes_total", counter(rng, times), **({"zone": "x"} if n else {}))
            add("temperature", gauge(rng, times), **({"zone": "xy"[n % 2]} if n else {}))
            add("odd", odd(rng, times))
            add("sparse", sparse(rng, times))
            add("info", ((t, 1.0) for t in times), version=f"v{n}")
            histogram(rng, times, labels, series)
    series.append(({"__name__": "lonely"}, list(gauge(rng, range(end_ms - 3_600_000 + 77, end_ms, INTERVAL_MS)))))
    return series


def send(url, series, start_ms, end_ms):
    for begin in range(start_ms, end_ms, 600_000):
        part = [(labels, [s for s in samples if begin <= s[0] < begin + 600_000]) for labels, samples in series]
        write(url, [(labels, samples) for labels, samples in part if samples])


def ask(url, path, **parameters):
    """(type, {labels: {time: value}}) or an error's name."""
    body = urllib.parse.urlencode(parameters).encode()
    try:
        with urllib.request.urlopen(url + path, body, timeout=120) as answer:
            answered = json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)["errorType"]
    result = answered["data"]["result"]
    if answered["data"]["resultType"] in ("scalar", "string"):
        return {(): {result[0]: result[1]}}
    found = {}
    for entry in result:
        labels = tuple(sorted(entry["metric"].items()))
        assert labels not in found, f"{labels} twice"
        found[labels] = {t: v for t, v in entry.get("values", [entry.get("value")])}
    return found


def same_value(a, b, tolerance):
    x, y = float(a), float(b)
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    return x == y or abs(x - y) <= tolerance * max(abs(x), abs(y), 1 if tolerance > 1e-9 else 0)


def difference(expected, got, tolerance):
    """What is wrong, or nothing."""
    if isinstance(expected, str) or isinstance(got, str):
        return None if expected == got else f"expected {str(expected)[:200]}, got {str(got)[:200]}"
    if expected.keys() != got.keys():
        return f"missing {list(expected.keys() - got.keys())[:2]}, unexpected {list(got.keys() - expected.keys())[:2]}"
    for labels, points in expected.items():
        if points.keys() != got[labels].keys():
            missing, unexpected = points.keys() - got[labels].keys(), got[labels].keys() - points.keys()
            return f"{labels}: missing times {sorted(missing)[:3]}, unexpected {sorted(unexpected)[:3]}"
        for t, value in points.items():
            if not same_value(value, got[labels][t], tolerance):
                return f"{labels} at {t}: expected {value}, got {got[labels][t]}"
    return None


def compare(ours, theirs, query, span, tolerance):
    """The differences of one query."""
    start, end, step = span
    ranged = dict(query=query, start=start, end=end, step=step)
    got = ask(ours, "/api/v1/query_range", **ranged)
    if theirs:
        wrong = difference(ask(theirs, "/api/v1/query_range", **ranged), got, tolerance)
        if wrong:
            yield wrong
    if isinstance(got, str) or "start()" in query or "end()" in query:
        return
    at = start + (end - start) // step // 2 * step
    instant = ask(ours, "/api/v1/query", query=query, time=at)
    at_step = {labels: {at: points[at]} for labels, points in got.items() if at in points}
    wrong = difference(at_step, instant, 1e-12)
    if wrong:
        yield f"range and instant at {at} differ: {wrong}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bellwether")
    parser.add_argument("-n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    prometheus = os.environ.get("PROMETHEUS") or shutil.which("prometheus")
    major = 3
    if prometheus:
        said = subprocess.run([prometheus, "--version"], capture_output=True, text=True).stdout
        major = int(re.search(r"version (\d+)\.", said).group(1))
    else:
        print("no prometheus on PATH, none in PROMETHEUS: range queries are compared with their instants only")
    modern = major >= 3
    seed = arguments.seed if arguments.seed is not None else random.randrange(1_000_000)
    print(f"seed {seed}, {arguments.n} queries, reference: {f'{prometheus} {major}.x' if prometheus else 'none'}", flush=True)
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        ours, theirs = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        pathlib.Path(scratch, "prometheus.yml").write_text("global: {}\n")
        log = open(pathlib.Path(scratch, "log"), "w")
        servers = [
            subprocess.Popen(
                [arguments.bellwether, "serve", "--storage.path", f"{scratch}/ours", "--web.listen-address", ours[7:]],
                stdout=log, stderr=log)]
        if prometheus:
            servers.append(subprocess.Popen(
                [prometheus, f"--config.file={scratch}/prometheus.yml", f"--storage.tsdb.path={scratch}/theirs",
                 "--web.enable-remote-write-receiver", f"--web.listen-address={theirs[7:]}", "--log.level=warn"],
                stdout=log, stderr=log))
        else:
            theirs = None
        urls = [url for url in (ours, theirs) if url]
        try:
            for url in urls:
                wait_until(f"{url} is ready", lambda: urllib.request.urlopen(url + "/-/ready", timeout=5).status == 200)
            end = int(time.time()) // 60 * 60
            series = data(rng, end * 1000, modern)
            for url in urls:
                send(url, series, (end - HOURS * 3600) * 1000, end * 1000)
            queries = Queries(rng, modern)
            wrong = []
            for number in range(arguments.n):
                query = queries.one()
                # Seven seconds past: no step of a subquery, which lie on tens of seconds, is a boundary then.
                span = (end - rng.randrange(60, 150) * 60 + 7, end - rng.randrange(5, 40) * 60 + 7, rng.choice([10, 30, 60, 300, 610]))
                for what in compare(ours, theirs, query, span, 1e-12 if modern else 1e-7):
                    wrong.append(what)
                    print(f"query {number}: {query}\n    {span}\n    {what}", flush=True)
        finally:
            for server in servers:
                server.terminate()
            for server in servers:
                server.wait()
    print(f"{len(wrong)} differences in {arguments.n} queries, seed {seed}")
    return 1 if wrong else 0 if prometheus else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
