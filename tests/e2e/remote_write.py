"""Protobuf and snappy by hand, as far as tests need them, and remote write 1.0 of series."""
import struct
import urllib.request

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def varint(n):
    out = bytearray()
    n &= (1 << 64) - 1
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, value):
    """Of a message: integers as varints, floats as doubles, text and bytes with their length."""
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def snappy(message):
    """A block of literals."""
    out = bytearray(varint(len(message)))
    for at in range(0, len(message), 65536):
        piece = message[at : at + 65536]
        out += bytes([61 << 2]) + struct.pack("<H", len(piece) - 1) + piece
    return bytes(out)


class Histogram:
    """A sample that is a native histogram: its message, with its timestamp."""

    def __init__(self, message):
        self.message = message


def write_request(series):
    """The body for series: [(labels as a dict, [(ms, float, the 8 bytes of one, or a Histogram)])], samples in order of
    time. A message has the floats of a series before its histograms."""
    request = bytearray()
    for labels, samples in series:
        body = b"".join(field(1, field(1, k) + field(2, v)) for k, v in sorted(labels.items()))
        for ms, value in samples:
            if isinstance(value, Histogram):
                body += field(4, value.message)
                continue
            bits = value if isinstance(value, bytes) else struct.pack("<d", value)
            body += field(2, b"\x09" + bits + b"\x10" + varint(ms))
        request += field(1, body)
    return snappy(bytes(request))


def write(url, series):
    posted = urllib.request.Request(url + "/api/v1/write", write_request(series), HEADERS)
    with urllib.request.urlopen(posted, timeout=60) as answer:
        assert answer.status < 300, answer.status
