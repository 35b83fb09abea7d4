// Package catalog is what AWS's services understand: their actions, resource
// types and condition keys, from the Service Authorization Reference. It says
// what a policy may name; it knows nothing of evaluation.
//
// The data is embedded (see README.md). A service is decoded when it is first
// asked for. Everything that the package gives out is shared and must not be
// changed.
package catalog

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the data
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:embed aws.json.gz
var packed []byte

// Catalog is the data of one partition of AWS. It is immutable and safe for
// concurrent use.
type Catalog struct {
	version  string
	prefixes []string
	services map[string]func() *Service // by prefix in lower case
	global   keySet
	rcp      map[string]bool
	// owners finds, for the first part of a condition key in lower case, the
	// services whose keys start so ("saml" is a part of sts).
	owners func() map[string][]string
}

var aws = sync.OnceValue(func() *Catalog {
	c, err := load(packed)
	if err != nil {
		panic("iam/catalog: the embedded data is broken: " + err.Error()) // a fault of the build, kept out by the tests
	}
	return c
})

// AWS gives the embedded catalogue of all AWS services.
func AWS() *Catalog { return aws() }

func load(packed []byte) (*Catalog, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	c := &Catalog{services: map[string]func() *Service{}, rcp: map[string]bool{}}
	data := reader{text: string(text)}
	data.members(func(name string) {
		switch name {
		case "version":
			c.version = data.word()
		case "globalKeys":
			c.global = newKeySet(data.types())
		case "rcpServices":
			for _, service := range data.words() {
				c.rcp[service] = true
			}
		case "services":
			data.members(func(prefix string) {
				raw := data.skip()
				c.prefixes = append(c.prefixes, prefix)
				c.services[strings.ToLower(prefix)] = sync.OnceValue(func() *Service { return decode(prefix, raw) })
			})
		default:
			data.skip()
		}
	})
	slices.Sort(c.prefixes)
	c.owners = sync.OnceValue(c.keyOwners)
	return c, nil
}

// Version is the version of the data, such as "0.21.202609261": the last part
// is the day on which it was taken, and a count.
func (c *Catalog) Version() string { return c.version }

// Services gives the prefixes of all services, sorted: "a2c", …, "zonal".
func (c *Catalog) Services() []string { return slices.Clone(c.prefixes) }

// Service gives a service by its prefix, in any case.
func (c *Catalog) Service(prefix string) (*Service, bool) {
	load, ok := c.services[strings.ToLower(prefix)]
	if !ok {
		return nil, false
	}
	return load(), true
}

// RCPCovers reports whether resource control policies apply to a service
// (AWS Organizations, "List of AWS services that support RCPs").
func (c *Catalog) RCPCovers(service string) bool { return c.rcp[strings.ToLower(service)] }

// Action gives an action by its full name ("s3:GetObject"), in any case.
func (c *Catalog) Action(name string) (Action, bool) {
	prefix, short, found := strings.Cut(name, ":")
	if !found {
		return Action{}, false
	}
	s, ok := c.Service(prefix)
	if !ok {
		return Action{}, false
	}
	return s.Action(short)
}

// Expand gives the actions that an entry of a policy's Action matches, sorted:
// "*" and "?" are wildcards after the colon, and "*" alone is every action.
// Case does not count. What matches nothing gives nil.
func (c *Catalog) Expand(pattern string) []Action {
	if pattern == "*" {
		var all []Action
		for _, prefix := range c.prefixes {
			s, _ := c.Service(prefix)
			all = append(all, s.Actions...)
		}
		return all
	}
	prefix, name, found := strings.Cut(pattern, ":")
	if !found {
		return nil
	}
	s, ok := c.Service(prefix)
	if !ok {
		return nil
	}
	if !strings.ContainsAny(name, "*?") {
		if a, ok := s.Action(name); ok {
			return []Action{a}
		}
		return nil
	}
	var all []Action
	name = strings.ToLower(name)
	for _, a := range s.Actions {
		if matchGlob(name, strings.ToLower(a.Name)) {
			all = append(all, a)
		}
	}
	return all
}

// keyOwners is the index for keys whose first part is no service.
func (c *Catalog) keyOwners() map[string][]string {
	owners := map[string][]string{}
	for _, prefix := range c.prefixes {
		s, _ := c.Service(prefix)
		seen := map[string]bool{}
		for _, k := range s.Keys {
			first, _, _ := strings.Cut(strings.ToLower(k.Name), ":")
			seen[first] = true
		}
		for _, first := range slices.Sorted(maps.Keys(seen)) {
			if first != "aws" {
				owners[first] = append(owners[first], prefix)
			}
		}
	}
	return owners
}
