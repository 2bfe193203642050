"""The same series sent to Bellwether and to a real Prometheus, the same random queries asked of both, every value, error,
warning and count of every answer compared; and of Bellwether alone, that a range query is the sum of its instants.

usage: differential_test.py BELLWETHER [-n QUERIES] [--seed SEED]

The reference is what PROMETHEUS3 or PROMETHEUS names, else `prometheus3` or `prometheus` on PATH. Where there is none the
second part alone is done, and the test then counts as skipped. Prometheus 3 is the authority.
2.x closes windows on the left, weighs gaps otherwise near a counter's zero, sums without compensation and knows no native
histograms by default: with it no sample falls on a boundary, counters have no gaps, values may differ by 1e-7 instead of
1e-12, which the order of a sum explains, and values alone are compared.
"""
import argparse
import json
import math
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from local_server import free_port, wait_until  # noqa: E402

from queries import HISTOGRAMS, Queries  # noqa: E402
from remote_write import write  # noqa: E402
from series import HOURS, data  # noqa: E402

SKIPPED = 77
# What both servers are told to know beyond the stable language, where the reference is 3.x.
FEATURES = ["promql-experimental-functions", "promql-duration-expr", "promql-extended-range-selectors", "promql-binop-fill-modifiers",
            "promql-per-step-stats"]
def send(url, series, start_ms, end_ms):
    for begin in range(start_ms, end_ms, 600_000):
        part = [(labels, [s for s in samples if begin <= s[0] < begin + 600_000]) for labels, samples in series]
        write(url, [(labels, samples) for labels, samples in part if samples])


class Answer:
    """points: {labels: {time: value}}; error: its type and text, if there is one; notes: warnings and infos; samples: how
    many were looked at and read."""

    def __init__(self, answered):
        data = answered.get("data", {})
        self.points = {}
        self.error = None
        if answered["status"] == "error":
            # What follows names label sets, of which any may come first.
            self.error = f"{answered['errorType']}: {re.split('[{}]|, ', answered['error'])[0]}"
        elif data["resultType"] in ("scalar", "string"):
            self.points[()] = {data["result"][0]: data["result"][1]}
        else:
            for entry in data["result"]:
                labels = tuple(sorted(entry["metric"].items()))
                assert labels not in self.points, f"{labels} twice"
                pairs = [entry[key] for key in ("value", "histogram") if key in entry]
                for key in ("values", "histograms"):
                    pairs += entry.get(key, [])
                self.points[labels] = dict(pairs)
        self.notes = {kind: set(answered.get(kind, [])) for kind in ("warnings", "infos")}
        samples = data.get("stats", {}).get("samples", {})
        self.samples = {name: count for name, count in samples.items() if name != "peakSamples"}

    def at(self, time):
        return {labels: {time: points[time]} for labels, points in self.points.items() if time in points}


def ask(url, path, **parameters):
    body = urllib.parse.urlencode(parameters).encode()
    try:
        with urllib.request.urlopen(url + path, body, timeout=120) as answer:
            return Answer(json.load(answer))
    except urllib.error.HTTPError as error:
        return Answer(json.load(error))


def same_number(a, b, tolerance):
    x, y = float(a), float(b)
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    return x == y or abs(x - y) <= tolerance * max(abs(x), abs(y), 1 if tolerance > 1e-9 else 0)


def same_value(a, b, tolerance):
    """Of numbers, or of histograms by count, sum and buckets."""
    if isinstance(a, str) and isinstance(b, str):
        return same_number(a, b, tolerance)
    if isinstance(a, str) or isinstance(b, str) or a.keys() != b.keys():
        return False
    numbers = [[h["count"], h["sum"], *(part for bucket in h.get("buckets", []) for part in bucket)] for h in (a, b)]
    return len(numbers[0]) == len(numbers[1]) and all(map(lambda x, y: same_number(x, y, tolerance), *numbers))


def difference(expected, got, tolerance):
    """What is wrong between points, or nothing."""
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


def difference_beside(expected, got):
    """The same of what comes with the points: errors and notes."""
    if expected.error != got.error:
        return f"expected error {expected.error}, got {got.error}"
    for kind in ("warnings", "infos"):
        # Of more than ten, which ones are told is left to chance.
        if expected.notes[kind] != got.notes[kind] and len(expected.notes[kind]) <= 10:
            return f"expected {kind} {sorted(expected.notes[kind])}, got {sorted(got.notes[kind])}"
    return None


def difference_in_counts(expected, got):
    for name, count in expected.samples.items():
        if count == got.samples.get(name):
            continue
        pairs = zip(count, got.samples[name]) if isinstance(count, list) else [(count, got.samples.get(name))]
        return f"{name}: expected and got {[pair for pair in pairs if pair[0] != pair[1]][:2]}"
    return None


def compare(ours, theirs, query, span, modern):
    """The differences of one query."""
    start, end, step = span
    ranged = dict(query=query, start=start, end=end, step=step, stats="all")
    got = ask(ours, "/api/v1/query_range", **ranged)
    if theirs:
        expected = ask(theirs, "/api/v1/query_range", **ranged)
        wrong = difference(expected.points, got.points, 1e-12 if modern else 1e-7)
        if wrong:
            yield wrong
        wrong = difference_beside(expected, got) if modern else None
        if wrong:
            yield wrong
        # A histogram counts by its size, which the reference's chunks enlarge by empty buckets.
        if modern and not re.search("|".join(HISTOGRAMS), query):
            wrong = difference_in_counts(expected, got)
            if wrong:
                yield wrong
    if got.error or re.search("(start|end|step|range)\\(\\)", query):
        return
    at = start + (end - start) // step // 2 * step
    instant = ask(ours, "/api/v1/query", query=query, time=at)
    wrong = difference(got.at(at), instant.points, 1e-12)
    if wrong:
        yield f"range and instant at {at} differ: {wrong}"


def find_reference():
    named = os.environ.get("PROMETHEUS3") or os.environ.get("PROMETHEUS")
    return named or shutil.which("prometheus3") or shutil.which("prometheus")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bellwether")
    parser.add_argument("-n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    prometheus = find_reference()
    major = 3
    if prometheus:
        said = subprocess.run([prometheus, "--version"], capture_output=True, text=True).stdout
        major = int(re.search(r"version (\d+)\.", said).group(1))
    else:
        print("no prometheus3 or prometheus on PATH, none in PROMETHEUS3 or PROMETHEUS: range queries are compared with their instants only")
    modern = major >= 3
    features = [f"--enable-feature={','.join(FEATURES)}"] if modern else []
    seed = arguments.seed if arguments.seed is not None else random.randrange(1_000_000)
    print(f"seed {seed}, {arguments.n} queries, reference: {f'{prometheus} {major}.x' if prometheus else 'none'}", flush=True)
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        ours, theirs = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        pathlib.Path(scratch, "prometheus.yml").write_text("global: {}\n")
        log = open(pathlib.Path(scratch, "log"), "w")
        servers = [
            subprocess.Popen(
                [arguments.bellwether, "serve", "--storage.path", f"{scratch}/ours", "--web.listen-address", ours[7:],
                 *features],
                stdout=log, stderr=log)]
        if prometheus:
            servers.append(subprocess.Popen(
                [prometheus, f"--config.file={scratch}/prometheus.yml", f"--storage.tsdb.path={scratch}/theirs",
                 "--web.enable-remote-write-receiver", f"--web.listen-address={theirs[7:]}", "--log.level=warn",
                 *features],
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
                past = rng.choice([0, 7]) if modern else 7
                first, last = (end - rng.randrange(*minutes) * 60 + past for minutes in ((60, 150), (5, 40)))
                span = (first, last, rng.choice([10, 30, 60, 300, 610]))
                for what in compare(ours, theirs, query, span, modern):
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
