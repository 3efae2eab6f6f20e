#!/usr/bin/env bash
# What the full tier needs from the system: ip (namespaces), strace (order of syscalls), python3 with venv.
# Installs what is missing where this is a Debian and we are root; says what is missing elsewhere.
set -u
missing=()
command -v ip >/dev/null || missing+=(iproute2)
command -v strace >/dev/null || missing+=(strace)
command -v unshare >/dev/null || missing+=(util-linux)
command -v git >/dev/null || missing+=(git)
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
[ "${#missing[@]}" -eq 0 ] && { echo 'nothing is missing'; exit 0; }
echo "missing: ${missing[*]}"
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
else
  echo 'not root, or no apt-get: tests that need them are skipped'
fi
