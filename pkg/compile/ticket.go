package compile

import (
	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/plan"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
	"github.com/mbamplan/mbamplan/pkg/ticket"
	"github.com/mbamplan/mbamplan/pkg/topology"
)

// TicketInput is what a change request is made from, besides the plan.
type TicketInput struct {
	Loaded   *topology.Loaded
	Findings diag.List
	// Options hold placeholders in place of keys, which name their fingerprint where there is a secrets file.
	Options render.Options
	About   artifact.About
	Former  *ticket.Former // compared with; nil for the whole plan
}

// Ticket makes the change request of a plan. Findings are about templates, with their place.
func (c *Compiler) Ticket(p *plan.Plan, in TicketInput) (*ticket.Ticket, diag.List, error) {
	t := ticket.Input{Loaded: in.Loaded, Plan: p, Findings: in.Findings, About: in.About}
	if in.Options.Secrets.FullFingerprint() != secrets.Redacted().FullFingerprint() {
		t.Fingerprint = in.Options.Secrets.Fingerprint()
	}
	// Files without a secret are to be as a render writes them; only secret ones hold placeholders.
	o := in.Options
	o.Redacted = false
	var found diag.List
	var err error
	if t.Tree, t.Keyed, found, err = c.redacted(p, o, t.Fingerprint); err != nil || len(found) > 0 {
		return nil, found, err
	}
	if t.Runbook, err = c.Runbook(p, t.Tree, o); err != nil {
		return nil, nil, err
	}
	if in.Former != nil {
		same, keyed := t.Tree, t.Keyed
		if in.Former.Shown() {
			o.Redacted = true
			if same, keyed, found, err = c.redacted(p, o, t.Fingerprint); err != nil || len(found) > 0 {
				return nil, found, err
			}
		}
		if t.Changes, err = in.Former.Compare(same, keyed, t.Fingerprint); err != nil {
			return nil, nil, err
		}
	}
	out, err := ticket.New(t)
	return out, nil, err
}

// redacted renders a plan with placeholders, and finds out what depends on the fingerprint of the keys when it is not known.
func (c *Compiler) redacted(p *plan.Plan, o render.Options, fingerprint string) (*artifact.Tree, ticket.Keyed, diag.List, error) {
	tree, found, err := c.Tree(p, o)
	if err != nil || len(found) > 0 || fingerprint != "" {
		return tree, nil, found, err
	}
	o.Secrets = secrets.Redact(secrets.File{}) // another stand-in than secrets.Redacted
	other, found, err := c.Tree(p, o)
	if err != nil || len(found) > 0 {
		return nil, nil, found, err
	}
	return tree, ticket.Differing(tree, other), nil, nil
}
