package main

// Certificate authorities for a target without any of its own, such as the
// container image: http tools reach the web from there too.
import _ "golang.org/x/crypto/x509roots/fallback"
