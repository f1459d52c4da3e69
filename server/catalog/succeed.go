package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
)

// FeedState is a feed, for a server that goes on with it.
type FeedState struct {
	Revision  uint64            `json:"revision"`
	Tools     uint64            `json:"tools"` // revision of the latest change of each list
	Resources uint64            `json:"resources"`
	Prompts   uint64            `json:"prompts"`
	Updated   map[string]uint64 `json:"updated,omitempty"` // the same of resources, by URI
	Floor     uint64            `json:"floor,omitempty"`
}

// State is the feed as it is now.
func (f *Feed) State() FeedState {
	f.mu.Lock()
	defer f.mu.Unlock()
	return FeedState{f.revision, f.last.tools, f.last.resources, f.last.prompts, maps.Clone(f.updated), f.floor}
}

// Restore goes on from the state of another feed. Nobody may have heard of this
// one yet.
func (f *Feed) Restore(s FeedState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.revision, f.floor = max(s.Revision, f.revision), s.Floor
	f.last.tools, f.last.resources, f.last.prompts = s.Tools, s.Resources, s.Prompts
	f.updated = map[string]uint64{}
	maps.Copy(f.updated, s.Updated)
}

// Print is by what a catalog is told from another one: a hash of each list, and of
// each text by URI.
type Print struct {
	Tools     string            `json:"tools"`
	Resources string            `json:"resources"`
	Prompts   string            `json:"prompts"`
	Texts     map[string]string `json:"texts,omitempty"`
}

// Print is that of this catalog.
func (c *Catalog) Print() Print {
	p := Print{Tools: c.toolList.hash(), Prompts: c.promptList.hash(), Texts: map[string]string{}}
	all := c.templateList
	for _, r := range c.resources {
		all = append(all[:len(all):len(all)], entry{r.name, []byte(r.uri + "\n" + r.path() + "\n" + r.spec.Title + "\n" + r.spec.Description + "\n" + r.spec.MIMEType)})
		if r.spec.Text != nil {
			p.Texts[r.uri] = digest([]byte(*r.spec.Text))
		}
	}
	p.Resources = all.hash()
	return p
}

// Since is what clients of another catalog must hear of when this one takes its
// place.
func (p Print) Since(earlier Print) Changes {
	c := Changes{Tools: p.Tools != earlier.Tools, Resources: p.Resources != earlier.Resources, Prompts: p.Prompts != earlier.Prompts}
	for _, uri := range names(p.Texts) {
		if was, ok := earlier.Texts[uri]; ok && was != p.Texts[uri] {
			c.Updated = append(c.Updated, uri)
		}
	}
	return c
}

func (l list) hash() string {
	h := sha256.New()
	for _, e := range l {
		h.Write([]byte(digest([]byte(e.key)) + digest(e.json)))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
