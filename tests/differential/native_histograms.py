"""Native histograms as remote write 1.0 carries them: exponential buckets with integer and with float counts, counters and
gauges, schemas that change, custom buckets, stale markers, and a series that is now floats and now histograms."""
import struct

from remote_write import Histogram, field, varint

STALE_BITS = struct.pack("<Q", 0x7FF0000000000002)
UNKNOWN, GAUGE = 0, 3
CUSTOM_SCHEMA = -53
ZERO_THRESHOLD = 1e-6  # Below all buckets.
PART_MS = 600_000  # What one request of the test has: a mixed series changes its kind between requests.


def zigzag(n):
    return varint(n << 1 if n >= 0 else (-n << 1) - 1)


def spans_and_counts(buckets):
    """[(index, count)] by index as spans, gaps of more than two apart, and the counts in them."""
    spans, counts, after = [], [], None
    for index, count in buckets:
        gap = index if after is None else index - after
        if after is not None and gap <= 2:
            spans[-1][1] += gap + 1
            counts += [0] * gap
        else:
            spans.append([gap, 1])
        counts.append(count)
        after = index + 1
    return spans, counts


def side(buckets, is_float, span_field):
    """The fields of the positive (span_field 11) or negative (8) buckets."""
    spans, counts = spans_and_counts(buckets)
    if not spans:
        return b""
    out = b"".join(field(span_field, b"\x08" + zigzag(offset) + b"\x10" + varint(length)) for offset, length in spans)
    if is_float:
        return out + field(span_field + 2, b"".join(struct.pack("<d", c) for c in counts))
    deltas = [b - a for a, b in zip([0] + counts, counts)]
    return out + field(span_field + 1, b"".join(zigzag(d) for d in deltas))


class Observations:
    """What a histogram has counted so far."""

    def __init__(self, rng, is_float, custom):
        self.rng = rng
        self.is_float = is_float
        self.bounds = sorted(rng.sample([0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0], 4)) if custom else None
        self.restart()

    def restart(self):
        self.schema = CUSTOM_SCHEMA if self.bounds else self.rng.choice([-1, 0, 1, 2])
        # Neither side is ever empty: where it becomes populated later, the reference's chunks have empty buckets before.
        self.positive, self.negative, self.zero, self.sum = {1: 1}, {} if self.bounds else {1: 1}, 0 if self.bounds else 1, 1.0

    def observe(self):
        weight = self.rng.choice([0.25, 0.5, 2.0]) if self.is_float else 1
        kind = 9 if self.bounds else self.rng.randrange(10)
        if kind == 0:
            self.zero += weight
            return
        indices = range(len(self.bounds) + 1) if self.bounds else range(-6, 7)
        buckets = self.negative if kind == 1 else self.positive
        index = self.rng.choice(indices)
        buckets[index] = buckets.get(index, 0) + weight
        self.sum += weight * self.rng.randrange(1, 400) / 16 * (-1 if kind == 1 else 1)

    def message(self, ms, hint):
        count = sum(self.positive.values()) + sum(self.negative.values()) + self.zero
        number = float if self.is_float else int
        out = field(2 if self.is_float else 1, number(count)) + field(3, self.sum) + b"\x20" + zigzag(self.schema)
        if not self.bounds:
            out += field(5, ZERO_THRESHOLD) + field(7 if self.is_float else 6, number(self.zero))
        out += side(sorted(self.negative.items()), self.is_float, 8)
        out += side(sorted(self.positive.items()), self.is_float, 11)
        if hint:
            out += field(14, hint)
        out += field(15, ms)
        return out + (field(16, b"".join(struct.pack("<d", b) for b in self.bounds)) if self.bounds else b"")


def stale_message(ms, is_float):
    count = field(2, struct.unpack("<d", STALE_BITS)[0]) if is_float else field(1, 0)
    return count + b"\x19" + STALE_BITS + field(15, ms)


def counting(rng, times, is_float=False, custom=False, stale=False):
    seen = Observations(rng, is_float, custom)
    for t in times:
        if rng.random() < 0.006:
            seen.restart()
        for _ in range(rng.randrange(6)):
            seen.observe()
        if stale and rng.random() < 0.01:
            yield t, Histogram(stale_message(t, is_float))
        else:
            yield t, Histogram(seen.message(t, UNKNOWN))


def going_up_and_down(rng, times):
    for t in times:
        seen = Observations(rng, is_float=True, custom=False)
        for _ in range(rng.randrange(1, 30)):
            seen.observe()
        yield t, Histogram(seen.message(t, GAUGE))


def now_floats_now_histograms(rng, times, first_ms):
    seen = Observations(rng, is_float=False, custom=False)
    total = 0
    for t in times:
        seen.observe()
        total += rng.randrange(5)
        yield t, (Histogram(seen.message(t, UNKNOWN)) if (t - first_ms) // PART_MS % 3 else float(total))


def native_histograms(rng, times, first_ms, labels):
    """[(labels, samples)] of one instance."""
    made = [
        ("size", counting(rng, times)),
        ("weight", counting(rng, times, is_float=True, stale=True)),
        ("custom", counting(rng, times, custom=True)),
        ("queue", going_up_and_down(rng, times)),
        ("mixed", now_floats_now_histograms(rng, times, first_ms)),
    ]
    return [({"__name__": name, **labels}, list(samples)) for name, samples in made]
