#!/usr/bin/env bash
# Makes sure that there is what watches servers, for tests: Prometheus, rsyslog,
# logrotate and journald from Debian's packages, and OpenTelemetry's collector,
# built from Go modules (two minutes, once) and kept in ~/.cache/erlmcp.
#
# Prints the path of the collector. Nothing is started.
set -euo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
VERSION=$(sed -n 's|.*go.opentelemetry.io/collector/otelcol v||p' "$HERE/collector/go.mod")
COLLECTOR=${XDG_CACHE_HOME:-$HOME/.cache}/erlmcp/collector-$VERSION

missing=()
command -v prometheus >/dev/null || missing+=(prometheus)
[ -x /usr/sbin/rsyslogd ] || missing+=(rsyslog)
[ -x /usr/sbin/logrotate ] || missing+=(logrotate)
[ -x /lib/systemd/systemd-journald ] || missing+=(systemd)
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]}" >&2
  apt-get update -qq
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ ! -x "$COLLECTOR" ]; then
  echo "building OpenTelemetry's collector $VERSION; this takes a while, once" >&2
  mkdir -p "$(dirname "$COLLECTOR")"
  cd "$HERE/collector"
  CGO_ENABLED=0 nice -n 19 go build -trimpath -ldflags "-s -w" -o "$COLLECTOR.new" .
  mv "$COLLECTOR.new" "$COLLECTOR"
fi
echo "$COLLECTOR"
