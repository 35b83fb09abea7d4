package cover

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
)

const (
	// maxValues bounds the values that are tried for one key, maxContexts the
	// combinations of all keys for one action.
	maxValues   = 24
	maxContexts = 1 << 12
)

// contexts are the combinations of values of the keys that a verdict may hang on.
type contexts struct {
	keys   []string
	values [][]iam.Value // of each key; a Value without values is an absent key
	// complete is false when values or combinations had to be left out.
	complete bool
}

// contextsOf lists what the conditions and variables of some statements tell apart.
func (c *call) contextsOf(list []*rule) *contexts {
	out := &contexts{complete: true}
	uses, variable := map[string][]iam.ConditionElement{}, map[string]bool{}
	for _, r := range list {
		use := func(key string) {
			if _, there := uses[key]; !there && !c.isKnown(key) {
				uses[key] = nil
				out.keys = append(out.keys, key)
			}
		}
		variables := func(texts []string) {
			if r.version != iam.Version2012 {
				return
			}
			for _, text := range texts {
				for _, key := range variablesIn(text) {
					variable[key] = true
					use(key)
				}
			}
		}
		variables(r.resources())
		for _, e := range r.source.Conditions {
			variables(e.Values)
			if key := iam.Key(e.Key); !c.isKnown(key) {
				use(key)
				uses[key] = append(uses[key], e)
			}
		}
	}
	slices.Sort(out.keys)
	total := 1
	for _, key := range out.keys {
		values, complete := c.valuesOf(key, uses[key])
		if variable[key] { // two keys may be alike or differ
			values = append(values, iam.One("other"))
		}
		out.values = append(out.values, values)
		out.complete = out.complete && complete
		if total *= len(values); total > maxContexts {
			return &contexts{keys: out.keys}
		}
	}
	return out
}

// count is the number of combinations; at gives one of them, and stride how far
// apart two lie that differ by one value of a key.
func (s *contexts) count() int {
	if len(s.values) < len(s.keys) {
		return 0
	}
	n := 1
	for _, values := range s.values {
		n *= len(values)
	}
	return n
}

func (s *contexts) at(i int) iam.Context {
	ctx := iam.Context{}
	for k, key := range s.keys {
		ctx[key] = s.values[k][i%len(s.values[k])]
		i /= len(s.values[k])
	}
	return ctx
}

func (s *contexts) stride(key int) int {
	n := 1
	for _, values := range s.values[:key] {
		n *= len(values)
	}
	return n
}

// valuesOf gives values of a key, so many that each of its conditions holds for
// some and fails for others.
func (c *call) valuesOf(key string, uses []iam.ConditionElement) (values []iam.Value, complete bool) {
	if !c.mustHave(key) {
		values = append(values, iam.Value{})
	}
	texts, complete := c.textsOf(uses)
	if len(texts) > maxValues {
		texts, complete = texts[:maxValues], false
	}
	if !c.isSet(key, uses) {
		for _, t := range texts {
			values = append(values, iam.One(t))
		}
		return values, complete
	}
	for i, t := range texts {
		values = append(values, iam.Many(t))
		for _, other := range texts[:i] {
			values = append(values, iam.Many(other, t))
		}
	}
	if len(texts) > 2 {
		values = append(values, iam.Many(texts...))
	}
	return values, complete
}

// isSet reports a key with several values: as the reference has it, else as
// policies take it.
func (c *call) isSet(key string, uses []iam.ConditionElement) bool {
	if kind, ok := catalog.AWS().Key(service(c.action), key); ok {
		return kind.Multi()
	}
	return slices.ContainsFunc(uses, func(e iam.ConditionElement) bool { return strings.HasPrefix(strings.ToLower(e.Operator), "for") })
}

// family is an operator without its prefixes, and without what only turns it round.
func family(operator string) string {
	name := strings.ToLower(operator)
	if _, base, ok := strings.Cut(name, ":"); ok {
		name = base
	}
	name = strings.TrimSuffix(name, "ifexists")
	for _, f := range []string{"numeric", "date", "arn", "binary", "bool", "null"} {
		if strings.HasPrefix(name, f) {
			return f
		}
	}
	switch {
	case strings.HasSuffix(name, "ipaddress"):
		return "ip"
	case strings.HasSuffix(name, "like"):
		return "like"
	case strings.HasSuffix(name, "ignorecase"):
		return "fold"
	}
	return "string"
}

// textsOf gives texts that the conditions on one key tell apart, and one that
// none of them names.
func (c *call) textsOf(uses []iam.ConditionElement) (texts []string, complete bool) {
	asked := fmt.Sprint(uses)
	if !strings.Contains(asked, "${") { // the same for every call
		if done, ok := c.texts[asked]; ok {
			return done.found, done.complete
		}
		defer func() { c.texts[asked] = search{texts, complete} }()
	}
	var patterns []pattern
	var others []string
	for _, e := range uses {
		for _, v := range e.Values {
			switch f := family(e.Operator); f {
			case "string":
				patterns = append(patterns, text(v, false, c.text))
			case "like":
				patterns = append(patterns, text(v, true, c.text))
			case "arn":
				patterns = append(patterns, resource(v, c.text))
				others = append(others, resource(v, c.text).shortest('x'))
			case "fold":
				patterns = append(patterns, text(v, false, c.text), text(strings.ToUpper(v), false, c.text), text(strings.ToLower(v), false, c.text))
			default:
				others = append(others, around(f, v)...)
			}
		}
	}
	texts, complete = witnesses([]pattern{anyText}, patterns, c.work)
	for _, t := range others {
		if !slices.Contains(texts, t) {
			texts = append(texts, t)
		}
	}
	return texts, complete
}

// around gives values next to that of a condition: at it, before and behind it.
func around(family, value string) []string {
	switch family {
	case "numeric":
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil
		}
		return []string{value, number(n - 1), number(n + 1)} // numbers in requests are whole
	case "date":
		return dates(value)
	case "ip":
		return addresses(value)
	case "bool", "null":
		return []string{"true", "false"}
	case "binary":
		decoded, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return nil
		}
		return []string{string(decoded)}
	}
	return nil
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func dates(value string) []string {
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		if at, err = time.Parse(time.DateOnly, value); err != nil {
			seconds, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return nil
			}
			at = time.Unix(seconds, 0).UTC()
		}
	}
	var list []string
	for _, d := range []time.Duration{0, -time.Second, time.Second} {
		list = append(list, at.Add(d).Format(time.RFC3339))
	}
	return list
}

// elsewhere are addresses kept for documentation (RFC 5737, RFC 3849), for
// outside of the blocks that policies name.
var elsewhere = []string{"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"}

// addresses are the first of a block and the first behind it: whatever blocks
// there are, one of these lies in each set of addresses that they tell apart.
func addresses(value string) []string {
	block, err := netip.ParsePrefix(value)
	if err != nil {
		address, err := netip.ParseAddr(value)
		if err != nil {
			return elsewhere
		}
		block = netip.PrefixFrom(address, address.BitLen())
	}
	list := []string{block.Masked().Addr().String()}
	if next := last(block).Next(); next.IsValid() {
		list = append(list, next.String())
	}
	return append(list, elsewhere...)
}

func last(block netip.Prefix) netip.Addr {
	b := block.Masked().Addr().AsSlice()
	for bit := block.Bits(); bit < 8*len(b); bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	address, _ := netip.AddrFromSlice(b)
	return address
}
