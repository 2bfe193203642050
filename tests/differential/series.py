"""The data of differential_test.py: counters with resets and gaps, gauges, odd values, series that come and go, classic and
native histograms. What a reference of 2.x answers otherwise by design is left out where `modern` is false."""
import math
import struct

from native_histograms import native_histograms

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
        value = round(value + rng.gauss(0, 3), 6)
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


def classic_histogram(rng, times, labels, series):
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
            classic_histogram(rng, times, labels, series)
            if modern:
                series += native_histograms(rng, kept, end_ms - HOURS * 3_600_000, labels)
    series.append(({"__name__": "lonely"}, list(gauge(rng, range(end_ms - 3_600_000 + 77, end_ms, INTERVAL_MS)))))
    return series
