//go:build cerbos

package policy

import (
	"context"
	"fmt"
	"strings"
	"testing/fstest"

	effectv1 "github.com/cerbos/cerbos/api/genpb/cerbos/effect/v1"
	enginev1 "github.com/cerbos/cerbos/api/genpb/cerbos/engine/v1"
	"github.com/cerbos/cerbos/private/ruletable"
	"github.com/cerbos/cerbos/private/ruletable/compile"
	"google.golang.org/protobuf/types/known/structpb"
)

// cerbosPolicies are one resource policy for each type, one rule for each action,
// naming the roles that may do it.
func cerbosPolicies(w *rbac, attributes bool) fstest.MapFS {
	files := fstest.MapFS{}
	for t := range types {
		var text strings.Builder
		fmt.Fprintf(&text, "apiVersion: api.cerbos.dev/v1\nresourcePolicy:\n  resource: %s\n  version: default\n  rules:\n", typeName(t))
		for a := range actions {
			var own []string
			for r := range w.grants {
				if w.grants[r][t*actions+a] {
					own = append(own, roleName(r))
				}
			}
			if len(own) == 0 {
				continue
			}
			fmt.Fprintf(&text, "    - actions: [%s]\n      effect: EFFECT_ALLOW\n      roles: [%s]\n", actionName(a), strings.Join(own, ", "))
			if attributes {
				text.WriteString("      condition:\n        match:\n          expr: P.attr.department == R.attr.department && P.attr.clearance >= R.attr.level && R.attr.region in P.attr.regions\n")
			}
		}
		files[typeName(t)+".yaml"] = &fstest.MapFile{Data: []byte(text.String()), Mode: 0o600}
	}
	return files
}

// cerbosRBAC passes a user's roles and all attributes with each question: Cerbos stores none.
func cerbosRBAC(w *rbac, attributes bool) (engine, error) {
	ctx := context.Background()
	table, err := compile.Compile(ctx, cerbosPolicies(w, attributes))
	if err != nil {
		return engine{}, err
	}
	c, err := ruletable.NewRuleTableFromProto(table, nil)
	if err != nil {
		return engine{}, err
	}
	list := w.w1
	if attributes {
		list = w.w3
	}
	asked := make([][]*enginev1.CheckInput, len(list))
	for i, q := range list {
		in := &enginev1.CheckInput{
			Principal: &enginev1.Principal{Id: userName(q.user)},
			Resource:  &enginev1.Resource{Kind: typeName(q.kind), Id: thingName(q.instance)},
			Actions:   []string{actionName(q.action)},
		}
		for _, r := range w.rolesOf[q.user] {
			in.Principal.Roles = append(in.Principal.Roles, roleName(r))
		}
		if attributes {
			about, err := structpb.NewStruct(attributesOf(w, q))
			if err != nil {
				return engine{}, err
			}
			f := about.GetFields()
			in.Principal.Attr = map[string]*structpb.Value{"department": f["department"], "clearance": f["clearance"], "regions": f["regions"]}
			in.Resource.Attr = map[string]*structpb.Value{"department": f["owner"], "level": f["level"], "region": f["region"]}
		}
		asked[i] = []*enginev1.CheckInput{in}
	}
	return engine{name: "cerbos", check: 4_000, ask: func(i int) (bool, error) {
		out, _, err := c.Check(ctx, asked[i])
		if err != nil {
			return false, err
		}
		return out[0].GetActions()[asked[i][0].GetActions()[0]].GetEffect() == effectv1.Effect_EFFECT_ALLOW, nil
	}}, nil
}
