"""Holds the sources to the layout: who may include whom, where libraries may be named, formatting, dead headers.

usage: check_style.py [--format CLANG_FORMAT]    (from the root of the project)
"""
import argparse
import pathlib
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#include "([^"]+)"', re.M)
SYSTEM_INCLUDE = re.compile(r"^\s*#include <([^>]+)>", re.M)

# A header of one folder that another folder may include: the front headers. Whoever is not listed offers every header of
# its top level (base/status.h), and nothing of its subfolders.
FRONT_SUBFOLDER_HEADERS = {
    "promql/parser/ast.h",
    "promql/parser/series_description.h",
    "promql/parser/function_signatures.h",
    "api/http/http_server.h",
}
# What may see storage/state_store.h alone.
STATE_STORE_ONLY = {"incidents", "notify"}

# Library header prefix -> where it may be named.
LIBRARIES = {
    "boost/": ("judge/special_functions",),
    "rocksdb/": ("storage/rocks/", "tests/"),
    "httplib.h": ("api/http/",),
    "isa-l/": ("api/http/content_coding",),
    "curl/": ("server/http_client", "server/smtp_client", "server/curl_tls"),
    "yaml-cpp/": ("yaml/",),
    "google/protobuf/": ("ingest/wire/", "api/remote_read/"),
    "spdlog/": ("base/log.cc",),
    "openssl/": ("base/sha256.cc", "base/md5.cc", "base/hmac.cc"),
    "CLI/": ("server/", "tests/", "bench/"),
    "snappy.h": ("ingest/", "api/remote_read/", "tests/", "bench/"),
    "re2/": ("metric/", "template/", "promql/", "storage/index/", "rules/", "notify/", "tests/"),
}
# No doubt, plan or history is left in a source; no path of somebody's machine.
FORBIDDEN = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|/work/|/home/")


def sources():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.h", "*.cc"], capture_output=True, text=True, check=True)
    return [pathlib.Path(line) for line in listed.stdout.split() if pathlib.Path(line).exists()]


def read_edges(path):
    edges = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            folder, _, allowed = line.partition("\t")
            edges[folder] = set(allowed.split()) | {folder}
    return edges


def check_includes(path, text, edges):
    folder = path.parts[0]
    is_test = path.stem.endswith(("_test", "_fuzz", "_bench"))
    for include in INCLUDE.findall(text):
        target = include.split("/")[0]
        if target not in edges:
            continue  # Generated, such as remote.pb.h.
        # Tests may build any store behind the seam they test.
        allowed = edges[folder] | ({"storage", "promql", "ingest"} if is_test else set())
        if target not in allowed:
            yield f"{path}: includes {include}; {folder} may include {', '.join(sorted(allowed))}"
        elif target != folder and include.count("/") > 1 and include not in FRONT_SUBFOLDER_HEADERS and folder not in ("tests", "bench"):
            yield f"{path}: includes {include}, which is private to {target}; include a front header"
        elif folder in STATE_STORE_ONLY and target == "storage" and include != "storage/state_store.h" and not is_test:
            yield f"{path}: includes {include}; {folder} sees storage/state_store.h alone"
    for include in SYSTEM_INCLUDE.findall(text):
        for prefix, places in LIBRARIES.items():
            if include.startswith(prefix) and not str(path).startswith(places):
                yield f"{path}: names <{include}>, which belongs in {', '.join(places)}"


def check_header(path, text):
    if "#pragma once" not in text:
        yield f"{path}: has no #pragma once"
    if not text.startswith("// "):
        yield f"{path}: does not open with what it is"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--format")
    options = arguments.parse_args()
    edges = read_edges(pathlib.Path("tests/style/include_edges.tsv"))
    faults = []
    included = set()
    headers = []
    paths = sources()
    for path in paths:
        text = path.read_text()
        included.update(INCLUDE.findall(text))
        faults += check_includes(path, text, edges)
        if path.suffix == ".h":
            headers.append(path)
            faults += check_header(path, text)
        for number, line in enumerate(text.splitlines(), 1):
            if FORBIDDEN.search(line):
                faults.append(f"{path}:{number}: {line.strip()}")
    faults += [f"{path}: included by nobody" for path in headers if str(path) not in included]
    if options.format:
        result = subprocess.run([options.format, "--dry-run", "-Werror", *map(str, paths)], capture_output=True, text=True)
        faults += sorted({line.split(":")[0] + ": not formatted" for line in result.stderr.splitlines() if "error:" in line})
    print("\n".join(faults))
    print(f"{len(paths)} sources, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
