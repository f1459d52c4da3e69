package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"
)

func newToken(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "token",
		Short: "Make a bearer token, and the hash that a server knows it by",
		Long: "Make a token of 256 random bits, and print it with its SHA-256. The token is for the\n" +
			"client, which keeps it secret; the hash is for auth { bearer \"NAME\" { sha256 = … } },\n" +
			"where it may be read by anyone. The token is not kept anywhere.",
		Args: words(0, 0),
		RunE: func(*cobra.Command, []string) error {
			var bits [32]byte
			rand.Read(bits[:]) // never fails: see crypto/rand
			token := base64.RawURLEncoding.EncodeToString(bits[:])
			sum := sha256.Sum256([]byte(token))
			_, err := fmt.Fprintf(c.out, "token  %s\nsha256 %s\n", token, hex.EncodeToString(sum[:]))
			return err
		},
	}
}
