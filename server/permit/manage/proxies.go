package manage

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server"
)

func proxyRoutes() []route { return proxies().routes("/proxy_configs") }

// mechanisms are how a proxy may pass on a secret.
var mechanisms = [...]string{"Bearer", "Basic", "Headers"}

func proxies() *part[schema.RouteSet] {
	return &part[schema.RouteSet]{
		kind: "proxy_config", name: "proxy",
		list: func(_ *call, s *schema.Schema) (*[]schema.RouteSet, error) { return &s.Routes, nil },
		head: func(x *schema.RouteSet) *schema.Header { return &x.Header },
		apply: func(_ *draft, x *schema.RouteSet, raw json.RawMessage) error {
			var b struct {
				header
				Secret    json.RawMessage `json:"secret"`
				Mechanism *string         `json:"auth_mechanism"`
				Rules     []schema.Route  `json:"mapping_rules"`
			}
			if err := unmarshal(raw, &b); err != nil {
				return err
			}
			b.header.apply(&x.Header)
			if b.Secret != nil {
				x.Secret = b.Secret
			}
			if b.Mechanism != nil {
				x.AuthMechanism = *b.Mechanism
			}
			if x.AuthMechanism == "" {
				x.AuthMechanism = mechanisms[0]
			}
			if !slices.Contains(mechanisms[:], x.AuthMechanism) {
				return writ.Errorf(writ.CodeInvalid, "the auth_mechanism %q is none of %s", x.AuthMechanism, strings.Join(mechanisms[:], ", "))
			}
			if b.Rules != nil {
				x.Routes = b.Rules
			}
			return checkRoutes(x.Routes)
		},
		read: func(c *call, x *schema.RouteSet) map[string]any {
			m := c.readHeader(&x.Header, "proxy_config")
			m["secret"], m["auth_mechanism"] = any(x.Secret), x.AuthMechanism
			if x.Secret == nil || !c.Caller.May(server.Admin) { // who may only read learns no secrets
				m["secret"] = ""
			}
			rules := x.Routes
			if rules == nil {
				rules = []schema.Route{}
			}
			m["mapping_rules"] = rules
			return m
		},
	}
}

// checkRoutes refuses what could never match, or not as it was meant.
func checkRoutes(routes []schema.Route) error {
	for i, r := range routes {
		if r.URL == "" || r.Method == "" || r.Resource == "" {
			return writ.Errorf(writ.CodeInvalid, "mapping_rules[%d] needs url, http_method and resource", i)
		}
		switch r.Type {
		case "":
			if _, err := url.Parse(r.URL); err != nil {
				return writ.Errorf(writ.CodeInvalid, "mapping_rules[%d]: the url %q cannot be read", i, r.URL)
			}
		case "regex":
			if _, err := regexp.Compile(r.URL); err != nil {
				return writ.Errorf(writ.CodeInvalid, "mapping_rules[%d]: %v", i, err)
			}
		default:
			return writ.Errorf(writ.CodeInvalid, "mapping_rules[%d]: the url_type %q is not regex", i, r.Type)
		}
	}
	return nil
}
