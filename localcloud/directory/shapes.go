package directory

import (
	"strconv"
	"strings"
	"time"
)

// The shapes of answers (IAM API Reference, "Data Types").

type tagXML struct{ Key, Value string }

type boundaryXML struct{ PermissionsBoundaryType, PermissionsBoundaryArn string }

type roleXML struct {
	Path, RoleName, RoleId, Arn, CreateDate string
	AssumeRolePolicyDocument                string
	Description                             string `xml:",omitempty"`
	MaxSessionDuration                      int
	PermissionsBoundary                     *boundaryXML
	Tags                                    []tagXML `xml:"Tags>member"`
}

type policyXML struct {
	PolicyName, PolicyId, Arn, Path, DefaultVersionId string
	AttachmentCount                                   int
	PermissionsBoundaryUsageCount                     int
	IsAttachable                                      bool
	Description                                       string `xml:",omitempty"`
	CreateDate, UpdateDate                            string
	Tags                                              []tagXML `xml:"Tags>member"`
}

type versionXML struct {
	Document         string `xml:",omitempty"`
	VersionId        string
	IsDefaultVersion bool
	CreateDate       string
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func versionID(n int) string { return "v" + strconv.Itoa(n) }

func tagShapes(tags []tag) []tagXML {
	out := make([]tagXML, len(tags))
	for i, t := range tags {
		out[i] = tagXML(t)
	}
	return out
}

func (r *role) shape() roleXML {
	out := roleXML{
		Path: r.Path, RoleName: r.Name, RoleId: r.ID, Arn: r.ARN, CreateDate: timestamp(r.Created),
		AssumeRolePolicyDocument: encode(r.Trust), Description: r.Description, MaxSessionDuration: r.MaxSession, Tags: tagShapes(r.Tags),
	}
	if r.Boundary != "" {
		out.PermissionsBoundary = &boundaryXML{"PermissionsBoundaryPolicy", r.Boundary}
	}
	return out
}

// shape counts the uses of the policy among the roles.
func (p *policy) shape(roles map[string]*role) policyXML {
	out := policyXML{
		PolicyName: p.Name, PolicyId: p.ID, Arn: p.ARN, Path: p.Path, DefaultVersionId: p.Default, IsAttachable: true,
		Description: p.Description, CreateDate: timestamp(p.Created), UpdateDate: timestamp(p.Updated), Tags: tagShapes(p.Tags),
	}
	for _, r := range roles {
		if r.attached(p.ARN) {
			out.AttachmentCount++
		}
		if r.Boundary == p.ARN {
			out.PermissionsBoundaryUsageCount++
		}
	}
	return out
}

func (r *role) attached(arn string) bool {
	for _, a := range r.Attached {
		if strings.EqualFold(a, arn) {
			return true
		}
	}
	return false
}

func (p *policy) shapeVersion(v *version, document bool) versionXML {
	out := versionXML{VersionId: v.ID, IsDefaultVersion: v.ID == p.Default, CreateDate: timestamp(v.Created)}
	if document {
		out.Document = encode(v.Document)
	}
	return out
}
