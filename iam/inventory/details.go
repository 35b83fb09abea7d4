package inventory

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/managed"
)

// MaxDetails bounds what ReadDetails reads, in bytes.
const MaxDetails = 256 << 20

// ReadDetails takes the inventory of an account from what `aws iam
// get-account-authorization-details` prints: its users, groups and roles with
// all their policies. The account's number comes from their ARNs, where
// account has none. file is the name for places in messages. Resources and
// functions are not in it; a managed policy whose document is not there is
// listed in [Inventory.Unknown] and allows nothing.
func ReadDetails(src []byte, file string, account Account) (*Inventory, error) {
	if len(src) > MaxDetails {
		return nil, writ.Errorf(writ.CodeTooLarge, "%s has %d bytes, more than %d", file, len(src), MaxDetails)
	}
	t := detailsText{src: src, json: json.NewDecoder(bytes.NewReader(src)), place: writ.Position{Line: 1, Col: 1}}
	root, err := t.value(0)
	if err != nil {
		place := iam.PlaceOf(src, int(t.json.InputOffset()), 0, writ.Position{Line: 1, Col: 1})
		place.File = file
		return nil, writ.Errorf(writ.CodeInvalid, "the account's details are no JSON: %w", err).At(place, "")
	}
	o, _ := root.(details)
	if o["RoleDetailList"] == nil && o["UserDetailList"] == nil && o["GroupDetailList"] == nil {
		return nil, writ.Errorf(writ.CodeInvalid, "%s holds no details of an account", file).
			WithHint("it is what `aws iam get-account-authorization-details` prints")
	}
	d := &detailsReader{src: src, file: file, inv: &Inventory{Account: account}, customer: map[string]details{}, groups: map[string]details{}}
	if d.inv.Account.Partition == "" {
		d.inv.Account.Partition = "aws"
	}
	return d.inv, d.read(o)
}

// details is an object of the file.
type details map[string]any

func (o details) text(key string) string {
	s, _ := o[key].(string)
	return s
}

func (o details) list(key string) []details {
	items, _ := o[key].([]any)
	var list []details
	for _, item := range items {
		if one, ok := item.(details); ok {
			list = append(list, one)
		}
	}
	return list
}

func (o details) tags() map[string]string {
	tags := map[string]string{}
	for _, tag := range o.list("Tags") {
		tags[tag.text("Key")] = tag.text("Value")
	}
	return tags
}

// document is a policy where it stands in the file.
type document struct {
	from, to int
	at       writ.Position
}

// detailsText reads JSON, and leaves policy documents as they stand.
type detailsText struct {
	src    []byte
	json   *json.Decoder
	placed int // the offset that place is of
	place  writ.Position
}

// maxNesting is deeper than the format goes.
const maxNesting = 32

func (t *detailsText) value(depth int) (any, error) {
	token, err := t.json.Token()
	if err != nil {
		return nil, err
	}
	open, ok := token.(json.Delim)
	switch {
	case !ok:
		return token, nil
	case depth > maxNesting:
		return nil, writ.Errorf(writ.CodeInvalid, "it is nested deeper than %d", maxNesting)
	case open == '[':
		var list []any
		for t.json.More() {
			item, err := t.value(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err := t.json.Token()
		return list, err
	}
	o := details{}
	for t.json.More() {
		name, err := t.json.Token()
		if err != nil {
			return nil, err
		}
		key, _ := name.(string)
		switch key {
		case "PolicyDocument", "AssumeRolePolicyDocument", "Document":
			o[key], err = t.document()
		default:
			o[key], err = t.value(depth + 1)
		}
		if err != nil {
			return nil, err
		}
	}
	_, err = t.json.Token()
	return o, err
}

func (t *detailsText) document() (document, error) {
	var raw json.RawMessage
	if err := t.json.Decode(&raw); err != nil {
		return document{}, err
	}
	to := int(t.json.InputOffset())
	from := to - len(raw)
	t.place, t.placed = iam.PlaceOf(t.src, from, t.placed, t.place), from
	return document{from, to, t.place}, nil
}

type detailsReader struct {
	src      []byte
	file     string
	inv      *Inventory
	customer map[string]details // by ARN
	groups   map[string]details // by name
}

func (d *detailsReader) read(o details) error {
	for _, p := range o.list("Policies") {
		d.customer[p.text("Arn")] = p
	}
	for _, g := range o.list("GroupDetailList") {
		d.groups[g.text("GroupName")] = g
	}
	for _, u := range o.list("UserDetailList") {
		p := d.principal(u, iam.PrincipalUser, u.text("UserName"))
		if err := d.policies(p, u, "UserPolicyList"); err != nil {
			return err
		}
		names, _ := u["GroupList"].([]any)
		for _, name := range names {
			text, _ := name.(string)
			g, ok := d.groups[text]
			if !ok {
				d.unknown(p.Name, "the policies of group "+text)
				continue
			}
			if err := d.policies(p, g, "GroupPolicyList"); err != nil {
				return err
			}
		}
	}
	for _, r := range o.list("RoleDetailList") {
		p := d.principal(r, iam.PrincipalRole, r.text("RoleName"))
		if trust, ok := r["AssumeRolePolicyDocument"].(document); ok {
			var err error
			if p.Trust, err = d.compile(trust, iam.Origin{Type: iam.TypeTrust, Name: p.Name}); err != nil {
				return err
			}
		}
		if err := d.policies(p, r, "RolePolicyList"); err != nil {
			return err
		}
	}
	return nil
}

func (d *detailsReader) principal(o details, kind iam.PrincipalKind, name string) *Principal {
	p := &Principal{Kind: kind, Tags: o.tags(), Entity: Entity{Name: name, ARN: o.text("Arn")}}
	if parts := strings.SplitN(p.ARN, ":", 6); len(parts) == 6 && d.inv.Account.ID == "" {
		d.inv.Account.Partition, d.inv.Account.ID = parts[1], parts[4]
	}
	d.inv.Principals = append(d.inv.Principals, p)
	return p
}

// policies adds the inline and the attached policies of a user, group or role,
// and the boundary.
func (d *detailsReader) policies(p *Principal, o details, inline string) error {
	for _, entry := range o.list(inline) {
		doc, _ := entry["PolicyDocument"].(document)
		policy, err := d.compile(doc, iam.Origin{Type: iam.TypeIdentity, Name: entry.text("PolicyName")})
		if err != nil {
			return err
		}
		p.add(policy)
	}
	for _, entry := range o.list("AttachedManagedPolicies") {
		policy, err := d.managed(p.Name, entry.text("PolicyArn"), iam.TypeIdentity)
		if err != nil {
			return err
		}
		p.add(policy)
	}
	boundary, ok := o["PermissionsBoundary"].(details)
	if !ok {
		return nil
	}
	arn := boundary.text("PermissionsBoundaryArn")
	policy, err := d.managed(p.Name, arn, iam.TypeBoundary)
	if policy == nil && err == nil {
		policy = nothing(iam.Origin{Type: iam.TypeBoundary, ARN: arn}) // not known: it never allows
	}
	p.Boundary = policy
	return err
}

// managed compiles the default version of a managed policy, nil when it is not known.
func (d *detailsReader) managed(of, arn string, kind iam.PolicyType) (*iam.Policy, error) {
	p, there := d.customer[arn]
	for _, version := range p.list("PolicyVersionList") {
		doc, ok := version["Document"].(document)
		if isDefault, _ := version["IsDefaultVersion"].(bool); ok && (isDefault || version.text("VersionId") == p.text("DefaultVersionId")) {
			return d.compile(doc, iam.Origin{Type: kind, Name: p.text("PolicyName"), ARN: arn})
		}
	}
	if m, ok := managed.ByARN(arn); ok && !there {
		return (*reader)(nil).text([]byte(m.Document), iam.Origin{Type: kind, Name: m.Name, ARN: arn}, writ.Position{})
	}
	d.unknown(of, "the document of the managed policy "+arn)
	return nil, nil
}

// compile takes a document as IAM holds it: it was validated when it was put.
func (d *detailsReader) compile(doc document, origin iam.Origin) (*iam.Policy, error) {
	parsed, err := iam.UnwrapAt(d.src, doc.from, doc.to, doc.at).Parse()
	if err != nil {
		if known, ok := err.(*writ.Error); ok { //nolint:errorlint // made by Parse itself
			known.Position.File = d.file
		}
		return nil, err
	}
	for i := range parsed.Statements {
		parsed.Statements[i].Position.File = d.file
	}
	return iam.Compile(parsed, origin), nil
}

func (d *detailsReader) unknown(of, what string) {
	d.inv.Unknown = append(d.inv.Unknown, Unknown{LogicalID: of, What: what, Position: writ.Position{File: d.file}})
}
