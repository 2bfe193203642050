"""From ready to delivered, and over kill -9: alerts begin and end on a real server whose webhook is on loopback.

A message is ready when its rule was evaluated (startsAt; group_wait is 0 here); it is delivered when the receiver has
read it. With --kills the server is killed at random moments and started again; then what the receiver knows in the end
is compared with what is true, and messages that came twice must have come under the same Idempotency-Key.

usage: delivery.py BELLWETHER [--alerts 400] [--kills 0] [--seed 1]     (from the root of the project)
"""
import argparse
import datetime
import http.server
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
from local_server import end_all, free_port, wait_until  # noqa: E402

CONFIG = """
global: {{evaluation_interval: 1s}}
rule_files: [rules.yml]
rules: {{startup_hold: 1s}}
notifications:
  route: {{receiver: hook, group_by: [alertname, model], group_wait: 0s, group_interval: 1s, repeat_interval: 1d}}
  receivers: [{{name: hook, webhook_configs: [{{url: 'http://127.0.0.1:{hook}/'}}]}}]
"""
RULES = """
groups:
  - name: models
    rules:
      - {alert: ScoreLow, expr: 'last_over_time(model_score[1h]) < 0.5'}
"""


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps (time, key, [(model, firing, startsAt)]) of each message."""
    received = []

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        alerts = [(a["labels"]["model"], a["status"] == "firing", a["startsAt"]) for a in message["alerts"]]
        Hook.received.append((time.time(), self.headers["Idempotency-Key"], alerts))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server:
    def __init__(self, binary, work, hook):
        self.binary, self.work, self.port = binary, work, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (work / "bellwether.yml").write_text(CONFIG.format(hook=hook))
        (work / "rules.yml").write_text(RULES)

    def start(self):
        with open(self.work / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--config.file", self.work / "bellwether.yml", "--storage.path", self.work / "data",
                 "--web.listen-address", f"127.0.0.1:{self.port}"], stdout=log, stderr=log)
        wait_until("the server is ready", lambda: urllib.request.urlopen(self.url + "/-/ready").status == 200)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def score(self, models, value):
        body = "".join(f'model_score{{model="{m}"}} {value}\n' for m in models).encode()
        urllib.request.urlopen(urllib.request.Request(self.url + "/api/v1/import/prometheus", data=body), timeout=30)


def start_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def quantile(values, q):
    return sorted(values)[min(int(q * len(values)), len(values) - 1)]


def judge(killed_between):
    """Prints the table; what is wrong, as texts."""
    delays, known, keys, duplicates, disorder = [], {}, {}, 0, 0
    seen_starts = set()
    for at, key, alerts in Hook.received:
        if key in keys:
            duplicates += 1
            disorder += keys[key] != alerts
            continue
        keys[key] = alerts
        for model, firing, start in alerts:
            if not firing:
                known[(model, start)] = False
            elif known.get((model, start)) is False:
                disorder += 1
            else:
                known[(model, start)] = True
                ready = start_of(start)
                if (model, start) not in seen_starts and not killed_between(ready, at):
                    delays.append(at - ready)
                seen_starts.add((model, start))
    return delays, known, duplicates, disorder


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bellwether")
    parser.add_argument("--alerts", type=int, default=400)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    work = pathlib.Path(tempfile.mkdtemp(prefix="bellwether-delivery-"))
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    server = Server(options.bellwether, work, hook.server_address[1])
    server.start()
    downs = []
    kills_left = options.kills
    models = [f"m{i}" for i in range(options.alerts)]
    fired, ended = 0, 0

    def maybe_kill():
        nonlocal kills_left
        left = 2 * options.alerts - fired - ended
        if kills_left > 0 and chance.random() < kills_left / max(1, left / 8):
            time.sleep(chance.uniform(0, 2))
            down = time.time()
            server.kill()
            server.start()
            downs.append((down, time.time() + 3))
            kills_left -= 1

    try:
        server.score(models, 1)
        while ended < len(models):
            burst = chance.randint(1, 15)
            if fired < len(models):
                server.score(models[fired:fired + burst], 0.1)
                fired = min(len(models), fired + burst)
            if fired > len(models) / 2:
                server.score(models[ended:ended + burst], 1)
                ended = min(fired, ended + burst)
            time.sleep(chance.uniform(0, 1))
            maybe_kill()
        killed_between = lambda a, b: any(down <= b and a <= up for down, up in downs)  # noqa: E731
        wait_until("all ends are told", lambda: not any(judge(killed_between)[1].values()))
        time.sleep(3)
    finally:
        end_all([server.process])
        hook.shutdown()
        shutil.rmtree(work)
    delays, known, duplicates, disorder = judge(killed_between)
    lost = sum(1 for model in models if not any(k[0] == model for k in known)) + sum(known.values())
    print(f"alerts {len(models)}, messages {len(Hook.received)}, kills {len(downs)}")
    print(f"lost {lost}, duplicates {duplicates}, out of order {disorder}")
    print("ready to delivered, no kill in between: "
          + ", ".join(f"{name} {quantile(delays, q):.2f} s" for name, q in (("p50", .5), ("p90", .9), ("p99", .99), ("max", 1))))
    sys.exit(1 if lost or disorder or duplicates > len(downs) else 0)


if __name__ == "__main__":
    main()
