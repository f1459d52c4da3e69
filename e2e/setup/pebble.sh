#!/usr/bin/env bash
# Makes sure that Pebble, Let's Encrypt's authority for tests, is there with its
# DNS server: builds them from their Go module, once. Prints the folder.
set -euo pipefail

VERSION=v2.10.1
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/erlmcp/pebble-$VERSION

if [ ! -x "$CACHE/pebble" ] || [ ! -x "$CACHE/pebble-challtestsrv" ]; then
  echo "building Pebble $VERSION, once" >&2
  mkdir -p "$CACHE/src"
  cd "$CACHE/src"
  printf 'module erlmcp.test/pebble\n\ngo 1.26\n' >go.mod
  go get "github.com/letsencrypt/pebble/v2/cmd/pebble@$VERSION" "github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv@$VERSION" >&2
  theirs=$(go list -m -f '{{.Dir}}' github.com/letsencrypt/pebble/v2)
  cp -r --no-preserve=mode "$theirs/test/certs" "$CACHE/"
  for program in pebble pebble-challtestsrv; do
    CGO_ENABLED=0 nice -n 19 go build -trimpath -o "$CACHE/$program.new" "github.com/letsencrypt/pebble/v2/cmd/$program"
    mv "$CACHE/$program.new" "$CACHE/$program"
  done
fi
echo "$CACHE"
