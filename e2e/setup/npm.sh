#!/usr/bin/env bash
# Makes sure that npm is there, which installs the MCP conformance suite, the
# Node that it needs, and the TypeScript clients.
set -euo pipefail

command -v npm >/dev/null && exit 0
echo "installing npm"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm >/dev/null
