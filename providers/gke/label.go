package gke

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// What objects bear for erlmcp, as labels.
const (
	labelPrefix     = "erlmcp-"
	labelLineage    = "erlmcp-lineage"  // of the state that the object belongs to
	labelAddress    = "erlmcp-address"  // of the resource, in the form that labels take
	labelRevision   = "erlmcp-revision" // number of the apply that last changed the object
	labelDigest     = "erlmcp-digest"   // of what that apply wanted
	labelProtection = "erlmcp-deletion-protection"
)

// mark is what an object bears for erlmcp.
type mark struct {
	Lineage  string `json:"lineage"`
	Address  string `json:"address"`
	Revision int    `json:"revision"`
	Digest   string `json:"digest"`
}

func (c *client) markOf(ch resource.Change) mark {
	m := mark{Lineage: c.owner.Lineage, Address: ch.Address.String(), Revision: ch.Revision}
	plain, _ := ch.Desired.UnmarkDeep()
	sum := sha256.Sum256([]byte(plain.GoString()))
	m.Digest = hex.EncodeToString(sum[:16])
	return m
}

// labels are the mark as labels: their values hold neither dots nor slashes.
func (m mark) labels() map[string]string {
	return map[string]string{
		labelLineage: m.Lineage, labelAddress: labelOf(m.Address), labelRevision: strconv.Itoa(m.Revision), labelDigest: m.Digest,
	}
}

var notInLabels = regexp.MustCompile(`[^a-z0-9_-]+`)

// labelOf is an address as the value of a label: readable, and with a digest, so that
// different addresses differ.
func labelOf(at string) string {
	sum := sha256.Sum256([]byte(at))
	digest := hex.EncodeToString(sum[:8])
	clean := strings.Trim(notInLabels.ReplaceAllString(strings.ToLower(at), "-"), "-")
	return clean[:min(len(clean), 63-1-len(digest))] + "_" + digest
}

// bears reports whether labels are those of the owner's object at an address.
func (c *client) bears(labels map[string]string, at address.Resource) bool {
	return labels[labelLineage] == c.owner.Lineage && labels[labelAddress] == labelOf(at.String())
}

// theirs are labels without those that are erlmcp's own.
func theirs(labels map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range labels {
		if !strings.HasPrefix(k, labelPrefix) {
			out[k] = v
		}
	}
	return out
}

// withMark are labels as they are to be: what others set stays, what erlmcp set
// before and does not want any more goes.
func withMark(now, before, wanted map[string]string, m mark) map[string]string {
	out := map[string]string{}
	maps.Copy(out, now)
	for k := range before {
		delete(out, k)
	}
	maps.Copy(out, wanted)
	maps.Copy(out, m.labels())
	return out
}

const descriptionStart = "Made by erlmcp: "

// description is the mark for objects that have no labels.
func (m mark) description() string {
	raw, err := json.Marshal(m)
	if err != nil { // texts and a number
		panic(fmt.Sprintf("gke: write a mark: %v", err))
	}
	return descriptionStart + string(raw)
}

// described reports whether a description is that of the owner's object at an
// address.
func (c *client) described(description string, at address.Resource) bool {
	raw, ok := strings.CutPrefix(description, descriptionStart)
	var m mark
	return ok && json.Unmarshal([]byte(raw), &m) == nil && m.Lineage == c.owner.Lineage && m.Address == at.String()
}
