#!/usr/bin/env bash
# The README's start command, as a person on this machine types it: whatever Node that is, `npm start` comes up with the
# starter policy and no other set-up, prints what to put into npm, pip and uv, answers, and ends when it is told to.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Only what must not meet another firewall of this machine; everything else is as `npm start` has it.
export SALLYPORT_PORT=${CI_START_PORT:-14880} SALLYPORT_DATA="$work/data"
url=http://127.0.0.1:$SALLYPORT_PORT
fail() {
  echo "$1"
  cat "$work/out" "$work/err"
  kill -TERM "-$started" 2>/dev/null
  echo '0 passed, 1 failed'
  exit 1
}
answers() { python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())' "$1"; }

echo "node $(node --version), npm $(npm --version)"
setsid npm start >"$work/out" 2>"$work/err" &
started=$!
for _ in $(seq 120); do
  answers "$url/readyz" 2>/dev/null && break
  kill -0 "$started" 2>/dev/null || fail 'npm start has ended'
  sleep 0.5
done
answers "$url/readyz" >/dev/null || fail 'it is not ready'
for line in "registry=$url/npm/" "PIP_INDEX_URL=$url/pypi/simple/" "UV_DEFAULT_INDEX=$url/pypi/simple/"; do
  grep -F -- "$line" "$work/out" || fail "it does not print $line"
done
# Answered from the policy alone: no registry is asked.
answers "$url/pypi/simple/" | grep -F 'href="requests/"' >/dev/null || fail 'the starter policy is not in force'
kill -TERM "-$started"
wait "$started"
answers "$url/healthz" 2>/dev/null && fail 'it did not end'
echo '1 passed, 0 failed'
