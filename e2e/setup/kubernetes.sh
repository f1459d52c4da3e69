#!/usr/bin/env bash
# A Kubernetes cluster of one node on this machine, for tests: etcd, the control
# plane, containerd, kubelet and kube-proxy, from Go modules and Debian packages.
#
#   kubernetes.sh up      builds what is missing (10 to 20 minutes, once), starts
#                         the cluster, and prints the path of its kubeconfig
#   kubernetes.sh down    ends it and removes every trace but the built programs
#
# Programs are kept in ~/.cache/erlmcp, by version. The cluster lives in $BED.
set -euo pipefail

VERSION=v1.34.4
BED=${BED:-/tmp/erlmcp-kubernetes}
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/erlmcp/kubernetes-$VERSION
BIN=$CACHE/bin
HERE=$(cd "$(dirname "$0")" && pwd)
PROGRAMS="kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy"

API=16443 ETCD=23790 ETCD_PEER=23800
NODE_LINK=bed-node NODE=10.99.0.1
CLIENTS=$(echo 10.99.0.{11..18}) # addresses for clients that are to be told apart
POD_LINK=bed-pods PODS=10.244.0.0/24
CONTAINERD=$BED/containerd.sock

install_packages() {
  local missing=()
  command -v etcd >/dev/null || missing+=(etcd-server)
  command -v containerd >/dev/null || missing+=(containerd)
  command -v iptables >/dev/null || missing+=(iptables)
  command -v ip >/dev/null || missing+=(iproute2)
  command -v kubectl >/dev/null || missing+=(kubernetes-client)
  [ -x /usr/lib/cni/bridge ] || missing+=(containernetworking-plugins)
  [ ${#missing[@]} -eq 0 ] && return
  echo "installing ${missing[*]}" >&2
  # etcd's package starts the service; there is nothing to start it with in the
  # test, and nobody wants it.
  apt-get update -qq
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build makes the programs of Kubernetes from its Go module. Kubernetes requires
# its own parts by path, which a module that requires it has to undo.
build() {
  local missing=0 program
  for program in $PROGRAMS; do [ -x "$BIN/$program" ] || missing=1; done
  if [ $missing = 1 ]; then
    echo "building Kubernetes $VERSION; this takes a while, once" >&2
    mkdir -p "$CACHE/src" "$BIN"
    cd "$CACHE/src"
    local theirs
    theirs=$(go mod download -json "k8s.io/kubernetes@$VERSION" | sed -n 's/.*"GoMod": "\(.*\)",*/\1/p')
    {
      echo "module erlmcp.test/kubernetes"
      grep '^go ' "$theirs"
      grep '^godebug ' "$theirs" || true
      echo "require k8s.io/kubernetes $VERSION"
      echo "replace ("
      grep -oE 'k8s.io/[a-z0-9-]+ => ./staging' "$theirs" | awk -v v="v0${VERSION#v1}" '{print "\t" $1 " => " $1 " " v}'
      echo ")"
    } >go.mod
    {
      echo "package kubernetes"
      echo "import ("
      for program in $PROGRAMS; do echo "	_ \"k8s.io/kubernetes/cmd/$program\""; done
      echo ")"
    } >programs.go
    go mod tidy >&2 2>/dev/null
    local is=k8s.io/component-base/version minor=${VERSION#v1.}
    for program in $PROGRAMS; do
      [ -x "$BIN/$program" ] && continue
      CGO_ENABLED=0 nice -n 19 go build -trimpath \
        -ldflags "-s -w -X $is.gitVersion=$VERSION -X $is.gitMajor=1 -X $is.gitMinor=${minor%%.*}" \
        -o "$BIN/$program.new" "k8s.io/kubernetes/cmd/$program"
      mv "$BIN/$program.new" "$BIN/$program"
    done
  fi
  cd "$HERE"
  CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$BIN/pause" ./kubernetes/pause
  CGO_ENABLED=0 go build -trimpath -o "$BIN/credentials" ./kubernetes/credentials
}

# start runs a program in the background, with its log and its process id in $BED.
start() {
  local name=$1
  shift
  setsid "$@" >"$BED/log/$name.log" 2>&1 </dev/null &
  echo $! >"$BED/pid/$name"
}

stop() {
  local name=$1 pid
  [ -e "$BED/pid/$name" ] || return 0
  pid=$(cat "$BED/pid/$name")
  kill "$pid" 2>/dev/null || true
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -9 "$pid" 2>/dev/null || true
  rm -f "$BED/pid/$name"
}

# wait_for runs a command until it succeeds.
wait_for() {
  local what=$1
  shift
  for _ in $(seq 300); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.2
  done
  echo "$what does not come up; the ends of the logs in $BED/log:" >&2
  tail -n 5 "$BED"/log/*.log >&2
  exit 1
}

k() { kubectl --kubeconfig "$BED/kubeconfig" "$@"; }
running() { [ -e "$BED/ready" ] && k get --raw /readyz >/dev/null 2>&1; }

up() {
  running && { echo "$BED/kubeconfig"; exit 0; }
  install_packages >&2
  build
  down_quietly
  mkdir -p -m 0755 "$BED"/{log,pid,cni,kubelet}
  "$BIN/credentials" "$BED" "https://127.0.0.1:$API"
  network
  control_plane
  node
  wait_for "the node" k wait --for=condition=Ready node/n1 --timeout=1s
  wait_for "the default service account" k get serviceaccount default
  touch "$BED/ready"
  echo "$BED/kubeconfig"
}

network() {
  ip link add "$NODE_LINK" type bridge
  ip addr add "$NODE/24" dev "$NODE_LINK"
  local client
  for client in $CLIENTS; do ip addr add "$client/24" dev "$NODE_LINK"; done
  ip link set "$NODE_LINK" up
  sysctl -q -w net.ipv4.ip_forward=1
  cat >"$BED/cni/10-bed.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "bed", "plugins": [
  {"type": "bridge", "bridge": "$POD_LINK", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$BED/ipam", "ranges": [[{"subnet": "$PODS"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}
]}
JSON
}

control_plane() {
  start etcd etcd --data-dir "$BED/etcd" --unsafe-no-fsync --log-level error \
    --listen-client-urls "http://127.0.0.1:$ETCD" --advertise-client-urls "http://127.0.0.1:$ETCD" \
    --listen-peer-urls "http://127.0.0.1:$ETCD_PEER" --initial-advertise-peer-urls "http://127.0.0.1:$ETCD_PEER" \
    --initial-cluster "default=http://127.0.0.1:$ETCD_PEER"
  start kube-apiserver "$BIN/kube-apiserver" --etcd-servers "http://127.0.0.1:$ETCD" \
    --bind-address=127.0.0.1 --secure-port=$API --advertise-address=$NODE --endpoint-reconciler-type=none \
    --tls-cert-file="$BED/server.pem" --tls-private-key-file="$BED/server.key" --token-auth-file="$BED/tokens.csv" \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$BED/accounts.key" \
    --service-account-signing-key-file="$BED/accounts.key" --authorization-mode=Node,RBAC \
    --service-cluster-ip-range=10.96.0.0/16 --kubelet-preferred-address-types=InternalIP \
    --enable-priority-and-fairness=false --allow-privileged=true
  wait_for "the API server" k get --raw /readyz
  start kube-controller-manager "$BIN/kube-controller-manager" --kubeconfig "$BED/controller-manager.kubeconfig" \
    --use-service-account-credentials=true --leader-elect=false --kube-api-qps=200 --kube-api-burst=400 --concurrent-deployment-syncs=20 --allocate-node-cidrs=true --cluster-cidr=10.244.0.0/16 \
    --bind-address=127.0.0.1 --root-ca-file="$BED/ca.pem" --service-account-private-key-file="$BED/accounts.key"
  start kube-scheduler "$BIN/kube-scheduler" --kubeconfig "$BED/scheduler.kubeconfig" --leader-elect=false --bind-address=127.0.0.1
  k create clusterrolebinding bed-proxy --clusterrole=system:node-proxier --user=system:kube-proxy >/dev/null
}

node() {
  cat >"$BED/containerd.toml" <<TOML
version = 2
root = "$BED/containerd/root"
state = "$BED/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "$CONTAINERD"
[ttrpc]
  address = "$CONTAINERD.ttrpc"
[debug]
  address = "$CONTAINERD.debug"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "erlmcp.test/pause:1"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$BED/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
TOML
  start containerd containerd --config "$BED/containerd.toml"
  wait_for containerd ctr --address "$CONTAINERD" version
  pause_image | ctr --address "$CONTAINERD" -n k8s.io images import - >/dev/null
  cat >"$BED/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE
containerRuntimeEndpoint: unix://$CONTAINERD
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
makeIPTablesUtilChains: false
oomScoreAdj: 0
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
# However full the machine's disk is: the images of the tests are not the node's to collect.
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
syncFrequency: 10s
fileCheckFrequency: 0s
YAML
  start kubelet "$BIN/kubelet" --config "$BED/kubelet.yaml" --kubeconfig "$BED/kubelet.kubeconfig" \
    --root-dir "$BED/kubelet" --hostname-override=n1 --node-ip=$NODE
  cat >"$BED/proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $BED/proxy.kubeconfig}
mode: iptables
hostnameOverride: n1
clusterCIDR: 10.244.0.0/16
nodePortAddresses: [127.0.0.0/8, 10.99.0.0/24]
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
YAML
  start kube-proxy "$BIN/kube-proxy" --config "$BED/proxy.yaml"
}

# pause_image is an archive of an image that holds nothing but pause.
pause_image() {
  local work config layer
  work=$(mktemp -d)
  tar -C "$BIN" --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$work/layer.tar" pause
  layer=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
  config="{\"architecture\":\"$(go env GOHOSTARCH)\",\"os\":\"linux\",\"config\":{\"Entrypoint\":[\"/pause\"],\"User\":\"65535:65535\"},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$layer\"]}}"
  echo -n "$config" >"$work/config.json"
  echo -n '[{"Config":"config.json","RepoTags":["erlmcp.test/pause:1"],"Layers":["layer.tar"]}]' >"$work/manifest.json"
  tar -C "$work" -cf - manifest.json config.json layer.tar
  rm -rf "$work"
}

down_quietly() { [ ! -e "$BED" ] || down; }

# down ends the workloads first, since nothing else takes them down.
down() {
  rm -f "$BED/ready"
  if [ -S "$CONTAINERD" ]; then
    stop kubelet
    local pods id
    pods=$(ctr --address "$CONTAINERD" -n k8s.io tasks list -q 2>/dev/null || true)
    for id in $pods; do ctr --address "$CONTAINERD" -n k8s.io tasks kill -s KILL "$id" 2>/dev/null || true; done
    for id in $pods; do ctr --address "$CONTAINERD" -n k8s.io tasks delete -f "$id" >/dev/null 2>&1 || true; done
    for id in $(ctr --address "$CONTAINERD" -n k8s.io containers list -q 2>/dev/null || true); do
      ctr --address "$CONTAINERD" -n k8s.io containers delete "$id" >/dev/null 2>&1 || true
    done
  fi
  local name
  for name in kube-proxy kubelet kube-scheduler kube-controller-manager kube-apiserver etcd containerd; do stop "$name"; done
  # Shims outlive containerd. Those of this one have its socket among their arguments.
  local shim
  for shim in $(pgrep -x containerd-shim || true); do
    if tr '\0' '\n' <"/proc/$shim/cmdline" 2>/dev/null | grep -qxF "$CONTAINERD"; then kill -9 "$shim" 2>/dev/null || true; fi
  done
  [ -x "$BIN/kube-proxy" ] && "$BIN/kube-proxy" --cleanup >/dev/null 2>&1 || true
  iptables_clean
  local mount
  for mount in $(awk -v bed="$BED/" 'index($2, bed) == 1 {print $2}' /proc/mounts | sort -r); do umount -l "$mount" || true; done
  # Network namespaces of pods are named cni-…, and those of this bed stand in no
  # other list.
  local net
  for net in $(ls /var/run/netns 2>/dev/null | grep '^cni-' || true); do ip netns delete "$net" 2>/dev/null || true; done
  local link
  for link in $NODE_LINK $POD_LINK; do ip link delete "$link" 2>/dev/null || true; done
  find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} \; 2>/dev/null || true
  rm -rf "$BED"
}

# iptables_clean removes the chains of Kubernetes and of its network plugins.
iptables_clean() {
  local table
  for table in filter nat mangle; do
    iptables-save -t $table 2>/dev/null | grep -E '^-A .*(KUBE-|CNI-)' | grep -vE '^-A (KUBE|CNI)-' | sed 's/^-A/-D/' |
      while read -r rule; do eval "iptables -t $table $rule" 2>/dev/null || true; done || true # none is fine
    local chain
    for chain in $(iptables-save -t $table 2>/dev/null | sed -n 's/^:\(\(KUBE\|CNI\)-[^ ]*\) .*/\1/p'); do
      iptables -t $table -F "$chain" 2>/dev/null || true
    done
    for chain in $(iptables-save -t $table 2>/dev/null | sed -n 's/^:\(\(KUBE\|CNI\)-[^ ]*\) .*/\1/p'); do
      iptables -t $table -X "$chain" 2>/dev/null || true
    done
  done
}

case "${1:-up}" in
up) up ;;
down) down_quietly ;;
*)
  echo "usage: kubernetes.sh up|down" >&2
  exit 2
  ;;
esac
