#!/usr/bin/env bash
# Makes sure that redis-server is there: installs Debian's package. The test starts
# its own servers. Prints where it is.
set -euo pipefail

if ! command -v redis-server >/dev/null; then
  echo "installing redis-server" >&2
  apt-get update -qq
  # The package starts a service, which nobody wants here.
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null
fi
command -v redis-server
