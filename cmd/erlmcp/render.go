package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/providers/gke"
	"github.com/erlmcp/erlmcp/providers/kubernetes"
)

func newRender(c *cli) *cobra.Command {
	var in inputs
	cmd := &cobra.Command{
		Use:   "render",
		Short: "Print the Kubernetes manifests that an apply would make, as YAML",
		Long:  "Print the Kubernetes manifests that an apply would make, as YAML, for those who apply\nby other means. No target is looked at. The documents of servers are among the\nmanifests, as Secrets: the output is as secret as what they hold.",
		Args:  words(0, 0),
		RunE: func(*cobra.Command, []string) error {
			conf, err := c.load(in)
			if err != nil {
				return err
			}
			objects, err := rendered(conf)
			if err != nil {
				return err
			}
			for _, o := range objects {
				raw, err := yaml.Marshal(o)
				if err != nil {
					return fmt.Errorf("write a manifest: %w", err)
				}
				if _, err := fmt.Fprintf(c.out, "---\n%s", raw); err != nil {
					return err
				}
			}
			return nil
		},
	}
	in.register(cmd)
	return cmd
}

// rendered are the objects of all servers on Kubernetes, in the order in which an
// apply makes them.
func rendered(conf *config.Configuration) ([]map[string]any, error) {
	kinds := providers()
	resolver := plan.NewResolver(conf, kinds, nil)
	done := map[address.Resource]bool{}
	var out []map[string]any
	for _, i := range conf.Instances() {
		wanted, diags := resolver.Resolve(i.Ref)
		if diags.HasErrors() {
			return nil, diags.Err()
		}
		for _, w := range wanted {
			if w.Endpoint {
				if v, err := plan.Exported(w.Values); err == nil && (i.Target.Kind == "kubernetes" || i.Target.Kind == gke.Kind) {
					resolver.Export(i.Ref, v)
				}
			}
			if done[w.Address] {
				continue
			}
			done[w.Address] = true
			objects, err := kubernetes.Render(w.Desired)
			if err != nil {
				return nil, diag.Errorf("A manifest is not known yet", "%s.", err).
					Fix("Manifests can mention other servers only where those have addresses without an apply.")
			}
			out = append(out, objects...)
		}
	}
	if len(out) == 0 {
		return nil, diag.Errorf("Nothing to render", "No server runs on a target of the kind kubernetes or gke.").
			Fix("Write target \"kubernetes\" \"NAME\" { … }, and target = target.kubernetes.NAME in a server.")
	}
	return out, nil
}
