# Of the backend: where the state of staging lies.
kubeconfig = "staging.kubeconfig"
context    = "staging"
