# Of the backend: what is not the same everywhere.
bucket = "acme-erlmcp-states"
