# Of the backend: where the state of the lab lies, in a store that speaks like Google's.
bucket      = "lab"
endpoint    = "https://storage.lab.corp.example"
credentials = "/run/secrets/lab.json"
