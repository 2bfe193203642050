"""Remote read against Debian's Prometheus, both ways: it reads from Bellwether as a client and answers its users from that,
and as a server it gives, for the same samples, the same bytes: samples and chunks.

usage: remote_read_test.py BELLWETHER     (from the root of the project; needs prometheus)
"""
import json
import math
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from local_server import end_all, free_port, wait_until
from remote_write import field, snappy, varint

BELLWETHER = None
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]


def zigzag(n):
    return n << 1 if n >= 0 else (-n << 1) - 1


def read_varint(data, at):
    """The number at `at`, and where it ends."""
    n = shift = 0
    while True:
        byte = data[at]
        at += 1
        n |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return n, at


def unsnappy(block):
    size, at = read_varint(block, 0)
    out = bytearray()
    while at < len(block):
        tag = block[at]
        at += 1
        if tag & 3 == 0:
            length = (tag >> 2) + 1
            if length > 60:
                more = length - 60
                length = int.from_bytes(block[at:at + more], "little") + 1
                at += more
            out += block[at:at + length]
            at += length
            continue
        if tag & 3 == 1:
            length, offset, at = 4 + (tag >> 2 & 7), tag >> 5 << 8 | block[at], at + 1
        else:
            more = 2 if tag & 3 == 2 else 4
            length, offset, at = (tag >> 2) + 1, int.from_bytes(block[at:at + more], "little"), at + more
        for _ in range(length):
            out.append(out[-offset])
    assert len(out) == size, (len(out), size)
    return bytes(out)


def labels(**pairs):
    return b"".join(field(1, field(1, k) + field(2, v)) for k, v in sorted(pairs.items()))


def floats(start_ms, values):
    return b"".join(field(2, field(1, float(v)) + field(2, start_ms + i * 15_000)) for i, v in enumerate(values))


def packed(number, numbers):
    return field(number, b"".join(varint(zigzag(n)) for n in numbers)) if numbers else b""


def spans(number, pairs):
    return b"".join(field(number, field(1, zigzag(o)) + field(2, n)) for o, n in pairs)


def integer_histograms(start_ms, rounds, gauge=False, zero_threshold=0.001):
    """Every round adds to the buckets, or takes away where they are gauges."""
    out = b""
    for i in rounds:
        positive, negative = [3 + i, 5 + 2 * i, 1], [7 * i]
        deltas = [positive[0], positive[1] - positive[0], positive[2] - positive[1]]
        body = field(1, sum(positive) + sum(negative) + i) + field(3, 1.5 * i) + field(4, zigzag(2)) + field(5, zero_threshold)
        body += field(6, i) + spans(8, [(1, 1)]) + packed(9, negative) + spans(11, [(-2, 2), (3, 1)]) + packed(12, deltas)
        body += (field(14, 3) if gauge else b"") + field(15, start_ms + i * 15_000)
        out += field(4, body)
    return out


def float_histograms(start_ms, rounds):
    out = b""
    for i in rounds:
        counts = [0.5 + i, 2.25 * (i + 1)]
        body = field(2, sum(counts) + 0.125 * i) + field(3, -1.5 * i) + field(4, zigzag(-1)) + field(5, 1e-128)
        body += field(7, 0.125 * i) + spans(11, [(0, 2)]) + field(13, struct.pack("<2d", *counts))
        body += field(15, start_ms + i * 15_000)
        out += field(4, body)
    return out


def matcher(name, value, kind=0):
    return field(3, field(1, kind) + field(2, name) + field(3, value))


def frames(stream):
    """The messages of a streamed answer, without their lengths and checksums."""
    at = 0
    while at < len(stream):
        size, at = read_varint(stream, at)
        yield stream[at + 4:at + 4 + size]
        at += 4 + size


def parts(message):
    """The embedded messages of a message, in their order."""
    at = 0
    while at < len(message):
        tag, at = read_varint(message, at)
        assert tag & 7 == 2, tag
        size, at = read_varint(message, at)
        yield message[at:at + size]
        at += size


def request(url, body=None, headers=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers or {}), timeout=60) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


class RemoteRead(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="bellwether-read-"))
        cls.processes = []
        cls.url = {name: f"http://127.0.0.1:{free_port()}" for name in ("bellwether", "store", "reader")}
        external = 'global: {external_labels: {region: eu}}\n'
        (cls.work / "store.yml").write_text(external)
        (cls.work / "reader.yml").write_text(
            f'remote_read: [{{url: "{cls.url["bellwether"]}/api/v1/read", read_recent: true}}]\n')
        cls.run_server("bellwether", BELLWETHER, "serve", "--config.file", cls.work / "store.yml", "--storage.path",
                       cls.work / "data", "--storage.remote.read-sample-limit", "2000")
        for name in ("store", "reader"):
            cls.run_server(name, "prometheus", f"--config.file={cls.work}/{name}.yml", f"--storage.tsdb.path={cls.work}/{name}",
                           "--web.enable-remote-write-receiver", "--enable-feature=native-histograms", "--log.level=warn",
                           "--storage.remote.read-sample-limit=2000")
        for name, url in cls.url.items():
            wait_until(f"{name} is ready", lambda: urllib.request.urlopen(url + "/-/ready").status == 200)
        # Within one of Prometheus's ranges of two hours, so that it cuts no chunk there.
        cls.start = (int(time.time()) // 7200 - 1) * 7_200_000 + 60_000
        cls.write_all()

    @classmethod
    def run_server(cls, name, *command):
        log = open(cls.work / f"{name}.log", "ab")
        address = f"--web.listen-address={cls.url[name][7:]}"
        cls.processes.append(subprocess.Popen([str(c) for c in command] + [address], stdout=log, stderr=log))
        log.close()

    @classmethod
    def tearDownClass(cls):
        end_all(cls.processes)
        shutil.rmtree(cls.work)

    @classmethod
    def write_all(cls):
        t = cls.start
        odd = [0.0, 1e300, 5e-324, math.inf, -math.inf, math.nan, 3, 3, 3.1, 2.5, STALE]
        irregular = b"".join(field(2, field(1, float(i)) + field(2, t + i * i * i * 37)) for i in range(40))
        # The times must ascend over all of them: Prometheus's head refuses what lies far behind its newest sample.
        series = [
            labels(__name__="plain_total", model="a") + floats(t, [10 * i for i in range(29)]),
            labels(__name__="odd", model="b") + floats(t, odd),
            labels(__name__="irregular", model="c") + irregular,
            labels(__name__="long", model="d") + floats(t, [math.sin(i) for i in range(200)]),
            labels(__name__="latency", model="int") + integer_histograms(t, range(20)),
            labels(__name__="latency", model="gauge") + integer_histograms(t, range(20), gauge=True),
            labels(__name__="latency", model="reset") + integer_histograms(t, range(9, 10)) +
            integer_histograms(t + 300_000, range(3)),
            labels(__name__="latency", model="threshold") + integer_histograms(t, range(8), zero_threshold=0.0625),
            labels(__name__="latency", model="float") + float_histograms(t, range(25)),
            labels(__name__="own_region", region="us") + floats(t, [1, 2, 3]),
        ]
        body = snappy(b"".join(field(1, s) for s in series))
        for name in ("bellwether", "store"):
            assert cls.write(name, body) == 204

    @classmethod
    def write(cls, server, body):
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
                   "X-Prometheus-Remote-Write-Version": "0.1.0"}
        return request(cls.url[server] + "/api/v1/write", body, headers)[0]

    def ask(self, server, queries, types=()):
        """(status, body, headers) of a remote read."""
        message = b"".join(field(1, q) for q in queries) + b"".join(field(2, t) for t in types)
        return request(self.url[server] + "/api/v1/read", snappy(message),
                       {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"})

    def span(self, *matchers, start=0, end=7_000_000):
        return field(1, self.start + start) + field(2, self.start + end) + b"".join(matchers)

    def both(self, queries, types=()):
        """What both servers answer, which is the same but for the text of an error."""
        ours, theirs = (self.ask(name, queries, types) for name in ("bellwether", "store"))
        self.assertEqual(ours[0], theirs[0], (ours[1][:200], theirs[1][:200]))
        if ours[0] == 200:
            for header in ("Content-Type", "Content-Encoding"):
                self.assertEqual(ours[2][header], theirs[2][header])
        return ours[1], theirs[1]

    def test_samples_are_the_same_bytes(self):
        for queries in ([self.span(matcher("__name__", "plain_total"))],
                        [self.span(matcher("__name__", "odd"))],
                        [self.span(matcher("__name__", "own.*", 2)), self.span(matcher("__name__", "long|irregular", 2))],
                        [self.span(matcher("__name__", "nothing"))],
                        [self.span(matcher("__name__", "plain_total"), matcher("region", "eu"))],
                        [self.span(matcher("__name__", ".+", 2), matcher("region", "us"))],
                        [self.span(matcher("model", "a", 1), matcher("__name__", "la.*", 3))],
                        [self.span(matcher("__name__", "long"), start=100_000, end=160_000)],
                        []):
            ours, theirs = self.both(queries)
            # A list of series for each query; Prometheus's are in no order.
            ours, theirs = ([sorted(part.hex() for part in parts(result)) for result in parts(unsnappy(body))]
                            for body in (ours, theirs))
            self.assertEqual(ours, theirs, queries)

    def test_chunks_are_the_same_bytes(self):
        # What it has of "long" Prometheus cuts elsewhere; that one is compared through its own eyes below.
        queries = [self.span(matcher("__name__", "long", 1), matcher("model", "gauge", 1)),
                   self.span(matcher("__name__", "plain_total"))]
        ours, theirs = self.both(queries, types=(1, 0))
        self.assertEqual([f.hex() for f in frames(ours)], [f.hex() for f in frames(theirs)])
        self.assertGreater(len(ours), 1000)
        self.assertEqual(ours, theirs)
        ours, theirs = (next(frames(a)) for a in self.both([self.span(matcher("model", "gauge"))], types=(1,)))
        # 20 samples, flags, a zero threshold in full: Prometheus 2.42 does not know gauges yet.
        self.assertEqual(ours.replace(b"\x00\x14\xc0\xff", b"\x00\x14\x00\xff"), theirs)

    def test_histograms_as_samples_are_what_was_written(self):
        """A query's result is a remote write of its series: what Prometheus makes of it is what it made of the original."""
        query = [self.span(matcher("__name__", "latency"))]
        result = next(parts(unsnappy(self.ask("bellwether", query)[1])))
        self.assertEqual(self.write("reader", snappy(result)), 204)
        self.assertEqual([f.hex() for f in frames(self.ask("reader", query, types=(1,))[1])],
                         [f.hex() for f in frames(self.ask("store", query, types=(1,))[1])])

    def test_refusals(self):
        for server in ("bellwether", "store"):
            self.assertEqual(request(self.url[server] + "/api/v1/read", b"not snappy at all")[0], 400)
        for bad in (matcher("__name__", "x", 7), matcher("__name__", "(", 2)):  # Prometheus says 500, and so is asked again.
            self.assertEqual(self.ask("bellwether", [self.span(bad)])[0], 400)
        self.both([self.span(matcher("__name__", "long"))], types=(9,))
        ours = self.ask("bellwether", [self.span(matcher("__name__", "long"))], types=(9, 0))
        self.assertEqual(ours[0], 200)

    @staticmethod
    def without_region(answer):
        """The results but for the external label, which only who reads from afar sees."""
        results = [{**r, "metric": {k: v for k, v in r["metric"].items() if k != "region"}} for r in answer["data"]["result"]]
        return sorted(json.dumps(r) for r in results)

    def test_prometheus_reads_from_us(self):
        # Floats: release 2.42 asks for samples, and reads no histograms from them.
        end = self.start / 1000 + 3600
        for query in ("plain_total", "rate(plain_total[2m])", "long", "irregular", 'own_region{region="us"}', "odd",
                      "timestamp(odd)"):
            kept, read = (json.loads(request(self.url[name] + "/api/v1/query_range?" + urllib.parse.urlencode(
                {"query": query, "start": self.start / 1000, "end": end, "step": 15}))[1]) for name in ("store", "reader"))
            self.assertEqual(read["status"], "success", read)
            self.assertTrue(read["data"]["result"], query)
            self.assertEqual(self.without_region(kept), self.without_region(read), query)
        names = json.loads(request(self.url["reader"] + "/api/v1/series?" + urllib.parse.urlencode(
            {"match[]": '{__name__=~".+"}', "start": self.start / 1000, "end": end}))[1])["data"]
        self.assertEqual(len(names), 10)


if __name__ == "__main__":
    BELLWETHER = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
