//go:build !embed_runtime

package artifact

// fromEmbedded returns nothing: this build carries no runtime.
func fromEmbedded(string) (*Binary, error) { return nil, nil }
