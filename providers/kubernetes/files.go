package kubernetes

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

const (
	// chunkSize is how many bytes of files go into one ConfigMap. The cluster
	// takes objects of 1 MiB, in which files stand in base64.
	chunkSize = 700 << 10
	maxChunks = 32
	// documentLimit is how many bytes a Secret takes.
	documentLimit = 1 << 20
)

// checkDocument refuses a document that no Secret can hold, as far as it is known.
func checkDocument(doc cty.Value, at address.Server) error {
	if !doc.IsWhollyKnown() {
		return nil
	}
	raw, err := schemas.Encode(doc)
	if err != nil || len(raw) <= documentLimit {
		return err
	}
	d := diag.Errorf("the document is too large", "What %s serves comes to a document of %d kB, and Kubernetes carries at most %d kB.", at, len(raw)>>10, documentLimit>>10).
		Fix("Ship long texts as files (folder in a resource block), narrow an openapi block down with include, or make two servers of it.")
	d.Address = at.String()
	return d
}

// chunk spreads files over ConfigMaps, in order.
func chunk(files []resource.File) ([][]resource.File, error) {
	var out [][]resource.File
	var size int64
	for _, f := range files {
		if f.Size > chunkSize {
			return nil, diag.Errorf("a file is too large", "%s has %d kB, and Kubernetes carries files of at most %d kB.", f.Path, f.Size>>10, chunkSize>>10).
				Fix("Leave it out with include, or serve it from elsewhere.")
		}
		if len(out) == 0 || size+f.Size > chunkSize {
			out, size = append(out, nil), 0
		}
		out[len(out)-1] = append(out[len(out)-1], f)
		size += f.Size
	}
	if len(out) > maxChunks {
		return nil, diag.Errorf("too many files", "The files of the server come to more than %d MB, which is more than Kubernetes should carry.", chunkSize*maxChunks>>20).
			Fix("Narrow them down with include, or serve them from elsewhere.")
	}
	return out, nil
}

// fileData are the files of one ConfigMap, in base64, and their paths by key.
func fileData(files []resource.File) (data fields, err error) {
	data = fields{}
	for i, f := range files {
		content, err := os.ReadFile(f.Source)
		if err != nil {
			return nil, fmt.Errorf("read a file to ship: %w", err)
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != f.SHA256 {
			return nil, fmt.Errorf("%s has changed since the plan was made; plan again", f.Source)
		}
		data[fileKey(i)] = base64.StdEncoding.EncodeToString(content)
	}
	return data, nil
}
