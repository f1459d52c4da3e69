package catalog

import (
	"path"
	"strings"
)

const plain = "text/plain"

// types are media types by file name extension. The machine's own table is not
// used, so that a server says the same everywhere.
var types = map[string]string{
	".css": "text/css", ".csv": "text/csv", ".htm": "text/html", ".html": "text/html",
	".md": "text/markdown", ".markdown": "text/markdown", ".js": "text/javascript", ".mjs": "text/javascript",
	".json": "application/json", ".jsonl": "application/jsonl", ".xml": "application/xml",
	".yaml": "application/yaml", ".yml": "application/yaml", ".toml": "application/toml",
	".pdf": "application/pdf", ".zip": "application/zip", ".gz": "application/gzip", ".tar": "application/x-tar",
	".wasm": "application/wasm", ".rtf": "application/rtf", ".sql": "application/sql",
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
	".webp": "image/webp", ".svg": "image/svg+xml", ".ico": "image/vnd.microsoft.icon", ".avif": "image/avif",
	".mp3": "audio/mpeg", ".wav": "audio/wav", ".ogg": "audio/ogg", ".flac": "audio/flac",
	".mp4": "video/mp4", ".webm": "video/webm",
}

// mimeType is the media type of the resource, or of a file of that name in it.
func (r *resource) mimeType(name string) string {
	if r.spec.MIMEType != "" {
		return r.spec.MIMEType
	}
	if t := types[strings.ToLower(path.Ext(name))]; t != "" {
		return t
	}
	return plain
}
