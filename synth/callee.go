package synth

import (
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// entityOfTarget sorts what an edge leads to; false for a kind that is not
// synthesised.
func (b *builder) entityOfTarget(to topology.Target) (entity, bool) {
	switch to.Kind {
	case topology.KindFunction:
		return entityFunction, b.functions[to.Name] != nil
	case topology.KindStore:
		s := b.stores[to.Name]
		if s == nil {
			return "", false
		}
		return entityOf(s), true
	}
	return "", false
}

// sameSandbox is the tag condition of statements on an entity, nil where AWS
// does not look at tags or the entity is not this sandbox's.
func (b *builder) sameSandbox(e entity, _ string) *cfn.Object {
	if e == entityBucket {
		return nil
	}
	return b.sandboxTag()
}

// attribute gives what ${functions.NAME.arn} stands for among from's resources,
// or says why there is nothing.
func (b *builder) attribute(from node, section, name, attribute string) (value any, why string) {
	switch section {
	case "functions":
		if b.functions[name] == nil {
			return nil, "there is no function " + name
		}
		if attribute == "arn" {
			return b.functionARN(from, name, ""), ""
		}
		return FunctionName(b.t, name, b.o.Sandbox), ""
	case "stores":
		s := b.stores[name]
		if s == nil {
			return nil, "there is no store " + name
		}
		id := logicalID(name) + title(string(entityOf(s)))
		if attribute == "arn" {
			return getAtt(id, "Arn"), ""
		}
		return ref(id), ""
	}
	return nil, section + " are not synthesised yet"
}
