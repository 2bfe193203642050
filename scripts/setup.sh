# Sourced by the scripts: installs what they need from Debian's packages, once, and says what it does.
# Needs root or sudo only when something is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

build_packages=(
  g++ cmake ninja-build pkg-config ccache mold git
  libbenchmark-dev libboost-math-dev libcli11-dev libcpp-httplib-dev libcurl4-openssl-dev libfmt-dev libgmock-dev libgtest-dev
  libisal-dev libprotobuf-dev protobuf-compiler libre2-dev librocksdb-dev libroaring-dev libsnappy-dev libspdlog-dev
  libssl-dev libxxhash-dev libyaml-cpp-dev libzstd-dev nlohmann-json3-dev zlib1g-dev
)
test_packages=(
  clang-16 clang-format-16 clang-tidy-16 libclang-rt-16-dev curl prometheus prometheus-alertmanager python3 python3-prometheus-client python3-yaml
)

# need PACKAGE...: installs those that are missing.
need() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "these packages are missing and neither root nor sudo is at hand: ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  # No service of a package is started: the tests run their own.
  local policy=/usr/sbin/policy-rc.d made_policy=
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
    "${as_root[@]}" chmod +x $policy
    made_policy=1
  fi
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
  [ -z "$made_policy" ] || "${as_root[@]}" rm -f $policy
}

# build PRESET [TARGET...]: configures and builds into build/PRESET.
build() {
  local preset=$1
  shift
  say "configuring $preset"
  cmake --preset "$preset" >"build-$preset.log" 2>&1 || { cat "build-$preset.log" >&2; rm -f "build-$preset.log"; return 1; }
  rm -f "build-$preset.log"
  say "building $preset${*:+: $*}"
  cmake --build "build/$preset" -j "$(nproc)" ${*:+--target "$@"}
}
