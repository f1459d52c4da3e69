package main

import (
	"crypto/ed25519"
	"os"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/view"
	"github.com/erlmcp/erlmcp/receipt"
)

func newReceipts(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "receipts",
		Short: "Look at receipts",
		RunE:  helpOrUnknown,
	}
	cmd.AddCommand(newReceiptsVerify(c))
	return cmd
}

func newReceiptsVerify(c *cli) *cobra.Command {
	var key string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify FILE|FOLDER…",
		Short: "Check that no receipt was altered, removed or reordered",
		Long: "Check the hash chain and the signatures of files of receipts, and say what does not\n" +
			"hold up. Exits with 1 when something does not.\n\n" +
			"Without -key, signatures are checked with the key that the files name. That shows\n" +
			"that nobody without it has altered them, but not whose key it is: keep a copy of\n" +
			"receipts.key.pub elsewhere, and give it with -key.\n\n" +
			"What no check can show: that the newest records, after the last signature, are\n" +
			"genuine, and that nothing was cut off at a signature. A chain whose log was closed\n" +
			"is shown as closed.",
		Example: "  erlmcp receipts verify /var/lib/receipts\n  erlmcp receipts verify -key audit.pub receipts-*.jsonl",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, paths []string) error {
			report, err := verifyReceipts(key, paths)
			if err != nil {
				return err
			}
			if asJSON {
				err = view.JSON(c.out, report)
			} else {
				err = view.Receipts(c.out, report)
			}
			if err == nil && len(report.Problems) > 0 {
				err = exitCode(exitError)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "`file` of the public key that must have signed, in PEM")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return cmd
}

func verifyReceipts(keyFile string, paths []string) (*receipt.Report, error) {
	var key ed25519.PublicKey
	if keyFile != "" {
		var err error
		if key, err = receipt.ReadPublicKey(keyFile); err != nil {
			return nil, diag.Errorf("Cannot use the key", "-key: %v.", err).Fix("Give the file receipts.key.pub that lies beside the key of the server.")
		}
	}
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, diag.Errorf("Cannot read receipts", "%v.", err).Fix("Name the folder of the receipts block, or files of it.")
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		in, err := receipt.Files(path)
		if err != nil {
			return nil, diag.Errorf("Cannot read receipts", "%v.", err)
		}
		if len(in) == 0 {
			return nil, diag.Errorf("No receipts there", "%s holds no file receipts-*.jsonl.", path)
		}
		files = append(files, in...)
	}
	report, err := receipt.Verify(files, key)
	if err != nil {
		return nil, diag.Errorf("Cannot read receipts", "%v.", err)
	}
	return report, nil
}
