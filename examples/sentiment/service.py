#!/usr/bin/env python3
"""A sentiment model's service, as far as its metrics go: it answers predictions, judges them against labels that arrive,
and degrades on demand.

    GET /predict?text=...    one prediction
    POST /degrade            accuracy falls, answers get slow, some fail
    POST /recover            back to normal
    GET /metrics             for Prometheus

A thread of its own sends it a steady stream of texts, so that the metrics move without anybody calling.
"""
import argparse
import collections
import json
import random
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

POSITIVE = ("good", "great", "love", "excellent", "happy")
NEGATIVE = ("bad", "awful", "hate", "terrible", "sad")
LABELS = ("model", "version")


class Model:
    """A word-count classifier; degraded, it guesses, hesitates and fails."""

    def __init__(self, name, version, registry, seed):
        self.labels = {"model": name, "version": version}
        self.degraded = threading.Event()
        self.random = random.Random(seed)
        self.outcomes = collections.deque(maxlen=200)  # The last judged predictions: right or wrong.
        self.lock = threading.Lock()
        self.accuracy = Gauge("ml_model_accuracy", "Share of right predictions among the last 200 judged.", LABELS,
                              registry=registry)
        self.requests = Counter("ml_model_requests", "Predictions asked for.", LABELS + ("status",), registry=registry)
        self.latency = Histogram("ml_model_latency_seconds", "Time to answer a prediction.", LABELS, registry=registry,
                                 buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10))
        self.confidence = Histogram("ml_model_confidence_scores", "Confidence of the predictions.", LABELS,
                                    registry=registry, buckets=(0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0))

    def predict(self, text):
        """-> (sentiment, confidence) or None for a failure. The latency is modelled, not slept."""
        with self.lock:
            degraded = self.degraded.is_set()
            self.latency.labels(**self.labels).observe(
                self.random.gammavariate(4, 0.7) if degraded else self.random.gammavariate(4, 0.02))
            if self.random.random() < (0.2 if degraded else 0.002):
                self.requests.labels(status="error", **self.labels).inc()
                return None
            self.requests.labels(status="ok", **self.labels).inc()
            score = sum(w in text for w in POSITIVE) - sum(w in text for w in NEGATIVE)
            sentiment = "positive" if score > 0 else "negative"
            if self.random.random() < (0.4 if degraded else 0.05):
                sentiment = "negative" if sentiment == "positive" else "positive"
            confidence = self.random.uniform(0.5, 0.75) if degraded else min(1.0, self.random.gauss(0.93, 0.04))
            self.confidence.labels(**self.labels).observe(max(0.5, confidence))
            return sentiment, confidence

    def judge(self, prediction, truth):
        """A label has arrived for a prediction."""
        with self.lock:
            self.outcomes.append(prediction[0] == truth)
            self.accuracy.labels(**self.labels).set(sum(self.outcomes) / len(self.outcomes))


def send_traffic(model, rate, stop):
    source = random.Random(1)
    while not stop.wait(1 / rate * 10):
        for _ in range(10):
            truth, words = source.choice((("positive", POSITIVE), ("negative", NEGATIVE)))
            prediction = model.predict(f"this is {source.choice(words)}")
            if prediction:
                model.judge(prediction, truth)


def make_handler(model, registry):
    class Handler(BaseHTTPRequestHandler):
        def answer(self, status, content_type, body):
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            if url.path == "/metrics":
                self.answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif url.path == "/predict":
                text = urllib.parse.parse_qs(url.query).get("text", [""])[0]
                prediction = model.predict(text)
                if prediction is None:
                    self.answer(500, "application/json", b'{"error": "the model failed"}')
                else:
                    body = {"sentiment": prediction[0], "confidence": round(prediction[1], 3)}
                    self.answer(200, "application/json", json.dumps(body).encode())
            else:
                self.answer(404, "text/plain", b"GET /predict?text=... or /metrics, POST /degrade or /recover\n")

        def do_POST(self):
            if self.path == "/degrade":
                model.degraded.set()
            elif self.path == "/recover":
                model.degraded.clear()
            else:
                self.answer(404, "text/plain", b"POST /degrade or /recover\n")
                return
            self.answer(200, "text/plain", b"ok\n")

        def log_message(self, *_):
            pass

    return Handler


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--port", type=int, default=8000)
    arguments.add_argument("--model", default="sentiment")
    arguments.add_argument("--version", default="v1")
    arguments.add_argument("--rate", type=float, default=200, help="predictions a second")
    options = arguments.parse_args()
    registry = CollectorRegistry()
    model = Model(options.model, options.version, registry, seed=7)
    server = ThreadingHTTPServer(("127.0.0.1", options.port), make_handler(model, registry))
    stop = threading.Event()
    threading.Thread(target=send_traffic, args=(model, options.rate, stop), daemon=True).start()
    print(f"sentiment service on http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        stop.set()


if __name__ == "__main__":
    main()
