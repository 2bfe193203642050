"""The rules for Bellwether's own health ask for metrics that /metrics has.

usage: self_rules_test.py BELLWETHER     (from the root of the project)
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

from local_server import end_all, free_port, wait_until

CONFIG = """
global: {evaluation_interval: 1s}
rule_files: [rules.yml]
rules: {startup_hold: 1s}
notifications:
  route: {receiver: r}
  receivers: [{name: r, webhook_configs: [{url: 'http://127.0.0.1:1/'}]}]
"""
RULES = "groups: [{name: g, rules: [{record: r, expr: vector(1)}]}]\n"


def main():
    pack = pathlib.Path("examples/self/rules.yml").read_text()
    wanted = set(re.findall(r"\b(?:bellwether|prometheus)_[a-z_]+", re.sub(r"(?m)^\s*(- )?name:.*$|#.*$", "", pack)))
    with tempfile.TemporaryDirectory(prefix="bellwether-self-") as folder:
        work = pathlib.Path(folder)
        (work / "bellwether.yml").write_text(CONFIG)
        (work / "rules.yml").write_text(RULES)
        port = free_port()
        with open(work / "log", "ab") as log:
            process = subprocess.Popen(
                [pathlib.Path(sys.argv[1]).resolve(), "serve", "--config.file", work / "bellwether.yml", "--storage.path",
                 work / "data", "--web.listen-address", f"127.0.0.1:{port}"], stdout=log, stderr=log)
        try:
            def missing():
                text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
                absent = {name for name in wanted if not re.search(rf"(?m)^{name}[{{ ]", text)}
                if process.poll() is not None:
                    raise SystemExit((work / "log").read_text())
                return absent or "nothing"

            seen = wait_until("the server is ready", missing)
            for _ in range(20):
                if seen == "nothing":
                    break
                # Some appear with the first write or evaluation.
                urllib.request.urlopen(urllib.request.Request(
                    f"http://127.0.0.1:{port}/api/v1/import/prometheus", data=b"x 1\n"))
                wait_until("time passes", lambda: True)
                seen = missing()
        finally:
            end_all([process])
    if seen != "nothing":
        sys.exit(f"not in /metrics: {sorted(seen)}")
    print(f"{len(wanted)} metrics, all there")


if __name__ == "__main__":
    main()
