#!/usr/bin/env bash
# The starter policy as a security team's CI would hold it: lint and cases are green, and a change that a case forbids is red.
set -uo pipefail
passed=0 failed=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export SALLYPORT_DATA="$folder/data"

expect() { # exit code, what it is, command…
  local wanted=$1 what=$2 got
  shift 2
  "$@" >"$folder/said" 2>&1
  got=$?
  if [ "$got" -eq "$wanted" ]; then
    passed=$((passed + 1))
    echo "ok: $what (exit $got)"
  else
    failed=$((failed + 1))
    # A red that is expected is not shown: whoever searches a log for what failed finds what did.
    cat "$folder/said"
    echo "NOT OK: $what: exit $got, and $wanted was expected"
  fi
}

expect 0 'lint of the starter policy' npm run --silent sallyport -- policy lint
expect 0 'its cases are green' npm run --silent sallyport -- policy test

cp -r allowlists "$folder/allowlists"
printf 'profile: default\nallow:\n  - { npm: "@evil/*" }\n' >"$folder/allowlists/change.yaml"
mkdir -p "$folder/allowlists/cases"
printf 'profile: default\ncases:\n  - { npm: "@evil/x@1.0.0", expect: refuse, code: NOT_ALLOWLISTED, why: nobody reviewed this scope }\n' \
  >"$folder/allowlists/cases/change.yaml"
expect 1 'a change that a case forbids is red' env SALLYPORT_ALLOWLISTS="$folder/allowlists" npm run --silent sallyport -- policy test
expect 1 'and the diff shows what it admits' npm run --silent sallyport -- policy diff allowlists "$folder/allowlists"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
