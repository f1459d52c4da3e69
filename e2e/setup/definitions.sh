#!/usr/bin/env bash
# Teaches the cluster of kubernetes.sh the kinds that a cluster may lack: HTTPRoute
# of the Gateway API, and PodMonitor of the Prometheus operator. Their definitions
# come out of Go modules.
set -euo pipefail

GATEWAY=sigs.k8s.io/gateway-api@v1.4.0
OPERATOR=github.com/prometheus-operator/prometheus-operator@v0.85.0
KUBECONFIG=${BED:-/tmp/erlmcp-kubernetes}/kubeconfig
export KUBECONFIG

kubectl get crd httproutes.gateway.networking.k8s.io podmonitors.monitoring.coreos.com >/dev/null 2>&1 && exit 0

folder() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p'; }

cd /tmp # outside of any module
kubectl apply --server-side -f "$(folder $GATEWAY)/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml" >&2
kubectl apply --server-side -f "$(folder $OPERATOR)/example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml" >&2
kubectl wait --for=condition=Established --timeout=30s crd/httproutes.gateway.networking.k8s.io crd/podmonitors.monitoring.coreos.com >&2
