package kubernetes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/providers/image"
)

const (
	reloadTimeout = 150 * time.Second // kubelets bring a changed Secret within about a minute
	outputLimit   = 64 << 10          // bytes of a log or of a command's output
)

// reloadPod waits until the changed Secret has arrived in a pod, and has the
// server take it in. It keeps the old document when it refuses the new one.
func (w *writer) reloadPod(ctx context.Context, c resource.Change, p *unstructured.Unstructured, d delivery, want string) error {
	loaded, err := w.loadedDocument(ctx, p)
	if err != nil || loaded == want {
		return err
	}
	// A change of the pod itself makes its kubelet look at its volumes at once.
	touch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, AnnotationRevision, d.revision)
	_, err = w.in(pods, p.GetNamespace()).Patch(ctx, p.GetName(), types.MergePatchType, []byte(touch), metav1.PatchOptions{FieldManager: Manager})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("annotate it: %w", err)
	}
	return w.await(ctx, c.Progress, reloadTimeout, func() (bool, error) {
		c.Progress("waiting until pod " + p.GetName() + " has its new document")
		code, output, err := w.exec(ctx, p, image.Program, "reload", "-control", controlPath)
		if err != nil {
			return false, err
		}
		if code != 0 {
			d := diag.Errorf("the server refuses its new document", "%s", document.Excerpt(output, c.Desired)).
				Fix("It goes on with the old one. Correct the configuration and apply again.")
			d.Address = c.Address.String()
			return false, d
		}
		loaded, err := w.loadedDocument(ctx, p)
		return loaded == want, err
	}, func() error {
		return fmt.Errorf("its volume still holds the old document after %s", reloadTimeout)
	})
}

// loadedDocument is the SHA-256 of the document that a pod's server runs with.
func (w *writer) loadedDocument(ctx context.Context, p *unstructured.Unstructured) (string, error) {
	code, output, err := w.exec(ctx, p, image.Program, "status", "-control", controlPath)
	if err != nil {
		return "", err
	}
	var status struct {
		DocumentSHA256 string `json:"document_sha256"`
	}
	if code != 0 || json.Unmarshal(output, &status) != nil {
		return "", fmt.Errorf("ask the server what it has loaded: exit code %d, %q", code, bytes.TrimSpace(output))
	}
	return status.DocumentSHA256, nil
}

// exec runs a program in a pod and returns its exit code and output.
func (w *writer) exec(ctx context.Context, p *unstructured.Unstructured, command ...string) (int, []byte, error) {
	target := strings.TrimSuffix(w.config.Host, "/") + "/api/v1/namespaces/" + p.GetNamespace() + "/pods/" + p.GetName() + "/exec"
	query := url.Values{"container": {Manager}, "stdout": {"true"}, "stderr": {"true"}, "command": command}
	executor, err := remotecommand.NewWebSocketExecutor(w.config, "GET", target+"?"+query.Encode())
	if err != nil {
		return 0, nil, fmt.Errorf("run %s: %w", command[1], err)
	}
	// Two streams, written at the same time.
	out, errs := &limited{most: outputLimit}, &limited{most: outputLimit}
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: out, Stderr: errs})
	output := append(out.kept, errs.kept...)
	var exit utilexec.CodeExitError
	if errors.As(err, &exit) {
		return exit.Code, output, nil
	}
	if err != nil {
		return 0, nil, fmt.Errorf("run %s: %w", command[1], err)
	}
	return 0, output, nil
}

// limited keeps the beginning of what is written to it.
type limited struct {
	kept []byte
	most int // bytes
}

func (l *limited) Write(p []byte) (int, error) {
	l.kept = append(l.kept, p[:min(len(p), l.most-len(l.kept))]...)
	return len(p), nil
}

// log is the end of what a pod wrote, of its run before this one when previous;
// nothing when it cannot be read.
func (w *writer) log(ctx context.Context, p *unstructured.Unstructured, previous bool) []byte {
	client, err := w.streamClient()
	if err != nil {
		return nil
	}
	q := client.Get().AbsPath("api", "v1", "namespaces", p.GetNamespace(), "pods", p.GetName(), "log").
		Param("container", Manager).Param("tailLines", "50")
	if previous {
		q = q.Param("previous", "true")
	}
	r, err := q.Stream(ctx)
	if err != nil {
		return nil
	}
	defer r.Close()
	raw, _ := io.ReadAll(io.LimitReader(r, outputLimit)) // a cut log is better than none
	return raw
}
