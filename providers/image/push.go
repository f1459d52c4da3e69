package image

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/erlmcp/erlmcp/providers/artifact"
)

// Builders find the runtime for each architecture and make its image, when first
// asked and only once.
func Builders(archs ...string) map[string]func() (*Image, error) {
	out := make(map[string]func() (*Image, error), len(archs))
	for _, arch := range archs {
		out[arch] = sync.OnceValues(func() (*Image, error) {
			runtime, err := artifact.Runtime(arch)
			if err != nil {
				return nil, err
			}
			return Build(runtime)
		})
	}
	return out
}

// Reference pins the image in a repository ("registry.example.com/team/erlmcp")
// by the digest of its manifest: "REPOSITORY@sha256:…".
func (i *Image) Reference(repository string) (string, error) {
	repo, err := name.NewRepository(repository)
	if err != nil {
		return "", fmt.Errorf("name the image: %w", err)
	}
	digest, err := i.image.Digest()
	if err != nil {
		return "", fmt.Errorf("name the image: %w", err)
	}
	return repo.Digest(digest.String()).Name(), nil
}

// Push puts the image into a repository, under its digest. What the registry
// holds already is not sent again. The keychain has the credentials; that of the
// machine's Docker configuration is authn.DefaultKeychain.
func (i *Image) Push(ctx context.Context, repository string, keychain authn.Keychain) error {
	reference, err := i.Reference(repository)
	if err != nil {
		return err
	}
	digest, err := name.NewDigest(reference)
	if err != nil {
		return fmt.Errorf("push image: %w", err)
	}
	if err := remote.Write(digest, i.image, options(ctx, keychain)...); err != nil {
		return fmt.Errorf("push image %s: %w", reference, err)
	}
	return nil
}

// Held reports whether the repository has the image, as far as the registry tells.
func (i *Image) Held(ctx context.Context, repository string, keychain authn.Keychain) bool {
	reference, err := i.Reference(repository)
	if err != nil {
		return false
	}
	digest, err := name.NewDigest(reference)
	if err != nil {
		return false
	}
	_, err = remote.Head(digest, options(ctx, keychain)...)
	return err == nil
}

func options(ctx context.Context, keychain authn.Keychain) []remote.Option {
	return []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(keychain)}
}
