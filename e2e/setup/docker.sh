#!/usr/bin/env bash
# Makes sure that a Docker daemon answers: installs one from Debian's packages
# and starts it when there is none. Quick when there is.
set -euo pipefail

answers() {
  curl -sf --max-time 2 --unix-socket /var/run/docker.sock http://docker/_ping >/dev/null
}

command -v curl >/dev/null || { apt-get update -qq && apt-get install -y -qq curl >/dev/null; }
answers && exit 0

if ! command -v dockerd >/dev/null; then
  echo "installing docker.io"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io iptables >/dev/null
fi

echo "starting dockerd"
# A daemon that was killed leaves its pid file behind, and the next one refuses to start.
if [ -e /var/run/docker.pid ] && ! kill -0 "$(cat /var/run/docker.pid)" 2>/dev/null; then
  rm -f /var/run/docker.pid
fi
log=$(mktemp /tmp/dockerd.XXXXXX.log)
setsid dockerd >"$log" 2>&1 </dev/null &
for _ in $(seq 150); do
  answers && exit 0
  sleep 0.2
done
echo "dockerd does not answer after 30 s; its log:" >&2
tail -30 "$log" >&2
exit 1
