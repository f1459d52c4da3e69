package kubernetes

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
)

// Namespace holds one state among other things.
type Namespace struct {
	api       *api
	namespace string
	name      string
}

var _ remote.Place = (*Namespace)(nil)

const (
	// chunkSize leaves room below the 1 MB that a Secret may have.
	chunkSize = 900 << 10
	// contentLimit bounds an object once it is unpacked, in bytes.
	contentLimit = 1 << 30
	// page is how many objects one list answers with.
	page = "500"

	stateLabel  = "erlmcp.dev/state"
	folderLabel = "erlmcp.dev/state-folder"
	// A Secret that is the first of several says how many follow, and what the
	// names of those end in.
	chunksNote = "erlmcp.dev/chunks"
	sumNote    = "erlmcp.dev/sum"
	dataKey    = "content"
)

type metadata struct {
	Name            string            `json:"name,omitempty"`
	ResourceVersion string            `json:"resourceVersion,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Annotations     map[string]string `json:"annotations,omitempty"`
}

type secret struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   metadata          `json:"metadata"`
	Type       string            `json:"type,omitempty"`
	Data       map[string][]byte `json:"data,omitempty"`
}

// Path is the place of a Secret or of all, by namespace and name.
func (n *Namespace) Path(name string) string {
	switch name {
	case "":
		return fmt.Sprintf("secrets %s/%s*", n.namespace, n.secretName(""))
	case lockName:
		return fmt.Sprintf("lease %s/%s", n.namespace, n.leaseName())
	}
	return fmt.Sprintf("secret %s/%s", n.namespace, n.secretName(name))
}

// Restore is a sentence: a snapshot may lie in several Secrets.
func (n *Namespace) Restore(from, to string) string {
	return fmt.Sprintf("To go back to the latest, give %s the data and annotations of %s.", to, from)
}

func (n *Namespace) secretName(object string) string {
	return "erlmcp." + n.name + "." + strings.ReplaceAll(object, "/", ".")
}

func (n *Namespace) secrets() string { return "/api/v1/namespaces/" + n.namespace + "/secrets" }

// folderOf is the first folder of an object, as a label's value.
func folderOf(object string) string {
	folder, _, _ := strings.Cut(object, "/")
	return folder
}

func (n *Namespace) get(ctx context.Context, name string) (*secret, error) {
	var s secret
	err := n.api.do(ctx, http.MethodGet, n.secrets()+"/"+name, nil, nil, &s)
	if isCode(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &s, nil
}

// Read puts the Secrets of an object together.
func (n *Namespace) Read(ctx context.Context, name string) (*remote.Object, error) {
	first, err := n.get(ctx, n.secretName(name))
	if err != nil || first == nil {
		return nil, err
	}
	packed := first.Data[dataKey]
	for _, chunk := range n.chunks(name, first) {
		s, err := n.get(ctx, chunk)
		if err != nil {
			return nil, err
		}
		if s == nil {
			return nil, fmt.Errorf("a part of it is missing: secret %s/%s", n.namespace, chunk)
		}
		packed = append(packed, s.Data[dataKey]...)
	}
	data, err := unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	return &remote.Object{Data: data, Version: first.Metadata.ResourceVersion}, nil
}

// chunks are the names of the Secrets that follow the first.
func (n *Namespace) chunks(object string, first *secret) []string {
	count, _ := strconv.Atoi(first.Metadata.Annotations[chunksNote])
	var out []string
	for i := 1; i <= min(count, contentLimit/chunkSize); i++ {
		out = append(out, fmt.Sprintf("%s.%s.%d", n.secretName(object), first.Metadata.Annotations[sumNote], i))
	}
	return out
}

// Write puts the further Secrets of an object there before the first, which makes
// them count.
func (n *Namespace) Write(ctx context.Context, name string, data []byte, version string) (string, error) {
	packed, err := pack(data)
	if err != nil {
		return "", err
	}
	pieces := slices.Collect(slices.Chunk(packed, chunkSize))
	first := n.secret(n.secretName(name), folderOf(name), pieces[0])
	first.Metadata.ResourceVersion = version
	if len(pieces) > 1 {
		sum := sha256.Sum256(packed)
		first.Metadata.Annotations = map[string]string{chunksNote: strconv.Itoa(len(pieces) - 1), sumNote: hex.EncodeToString(sum[:8])}
	}
	for i, chunk := range n.chunks(name, first) {
		err := n.api.do(ctx, http.MethodPost, n.secrets(), nil, n.secret(chunk, "chunks", pieces[i+1]), nil)
		// What is there under that name has that content.
		if err != nil && !isCode(err, http.StatusConflict) {
			return "", err
		}
	}
	var got secret
	if version == "" {
		err = n.api.do(ctx, http.MethodPost, n.secrets(), nil, first, &got)
	} else {
		err = n.api.do(ctx, http.MethodPut, n.secrets()+"/"+first.Metadata.Name, nil, first, &got)
	}
	return got.Metadata.ResourceVersion, conflict(err)
}

func (n *Namespace) secret(name, folder string, content []byte) *secret {
	return &secret{
		APIVersion: "v1", Kind: "Secret", Type: "erlmcp.dev/state",
		Metadata: metadata{Name: name, Labels: map[string]string{
			"app.kubernetes.io/managed-by": "erlmcp", stateLabel: n.name, folderLabel: folder,
		}},
		Data: map[string][]byte{dataKey: content},
	}
}

// conflict is ErrConflict for an object that is there, gone, or of another version.
func conflict(err error) error {
	if isCode(err, http.StatusConflict) || isCode(err, http.StatusNotFound) && !isNoNamespace(err) {
		return remote.ErrConflict
	}
	return err
}

func isNoNamespace(err error) bool { return strings.HasPrefix(err.Error(), "namespaces ") }

// Remove removes the first Secret, which makes the others count no more, and then
// those.
func (n *Namespace) Remove(ctx context.Context, name string) error {
	first, err := n.get(ctx, n.secretName(name))
	if err != nil || first == nil {
		return err
	}
	for _, s := range append([]string{first.Metadata.Name}, n.chunks(name, first)...) {
		err := n.api.do(ctx, http.MethodDelete, n.secrets()+"/"+s, nil, nil, nil)
		if err != nil && !isCode(err, http.StatusNotFound) {
			return err
		}
	}
	return nil
}

// Names lists by label, page by page.
func (n *Namespace) Names(ctx context.Context, folder string) ([]string, error) {
	query := url.Values{"labelSelector": {stateLabel + "=" + n.name + "," + folderLabel + "=" + folderOf(folder)}, "limit": {page}}
	own := n.secretName(folder)
	var out []string
	for {
		var list struct {
			Metadata struct {
				Continue string `json:"continue"`
			} `json:"metadata"`
			Items []struct {
				Metadata metadata `json:"metadata"`
			} `json:"items"`
		}
		if err := n.api.do(ctx, http.MethodGet, n.secrets(), query, nil, &list); err != nil {
			return nil, err
		}
		for _, item := range list.Items {
			if rest, ok := strings.CutPrefix(item.Metadata.Name, own); ok {
				out = append(out, folder+strings.ReplaceAll(rest, ".", "/"))
			}
		}
		if list.Metadata.Continue == "" {
			slices.Sort(out)
			return out, nil
		}
		query.Set("continue", list.Metadata.Continue)
	}
}

func pack(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func unpack(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(z, contentLimit+1))
	if err == nil && len(data) > contentLimit {
		err = fmt.Errorf("it is larger than %d MB", contentLimit>>20)
	}
	return data, err
}
