# Of the backend: what is not the same everywhere.
bucket = "acme-erlmcp-states"

# Who writes there, and who pays. Another pipeline has a key file in its place.
impersonate_service_account = "erlmcp@acme-tools.iam.gserviceaccount.com"
quota_project               = "acme-tools"
