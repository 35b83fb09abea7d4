package oracle_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	conformance "github.com/writ-dev/writ/conformance/iam"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/internal/oracle"
)

// Before it may judge the engine the oracle answers to the cases that others wrote.
func TestOracleAgreesWithTheCorpora(t *testing.T) {
	t.Parallel()
	conformance.Run(t, func(c conformance.Case) (conformance.Answer, error) {
		req, _, err := c.IAM()
		if err != nil {
			return conformance.Answer{}, err
		}
		w, err := world(&c)
		if err != nil {
			return conformance.Answer{}, err
		}
		verdict, blockedBy := oracle.Decide(req, w)
		return conformance.Answer{Verdict: verdict, BlockedBy: blockedBy}, nil
	})
}

// world reads the documents of a case.
func world(c *conformance.Case) (*oracle.World, error) {
	w := &oracle.World{BlockPublicAccess: c.Settings.S3.BlockPublicAccess}
	action := strings.ToLower(c.Request.Action)
	switch {
	case strings.HasPrefix(action, "sts:") && strings.Contains(c.Request.Resource, ":role/"):
		w.ResourceKind = iam.TypeTrust
	case strings.HasPrefix(action, "kms:") && strings.Contains(c.Request.Resource, ":key/"):
		w.ResourceKind = iam.TypeKey
	}
	var err error
	read := func(raws ...json.RawMessage) []*iam.Document {
		var docs []*iam.Document
		for _, raw := range raws {
			if len(raw) == 0 || string(raw) == "null" {
				continue
			}
			doc, e := iam.Parse(raw)
			if e != nil {
				err = fmt.Errorf("%s: %w", c.ID, e)
				continue
			}
			docs = append(docs, doc)
		}
		return docs
	}
	one := func(raw json.RawMessage) *iam.Document { return slices.Concat(read(raw), []*iam.Document{nil})[0] }
	w.Identity, w.Session = read(c.Identity...), read(c.Session)
	w.Resource, w.Boundary = one(c.Resource), one(c.Boundary)
	for _, level := range c.SCPs {
		w.SCPs = append(w.SCPs, read(level.Policies...))
	}
	for _, level := range c.RCPs {
		w.RCPs = append(w.RCPs, read(level.Policies...))
	}
	for _, raw := range c.Endpoint {
		w.Endpoint = one(raw)
	}
	return w, err
}
