package synth_test

import (
	"fmt"
	"strings"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// deployed gives the policy of each function's role, by function, as it would
// stand in the account.
func deployed(top *topology.Topology, out *synth.Output) (map[string]*iam.Policy, error) {
	r, err := cfn.NewResolver(out.Template, cfn.Inputs{
		Account: account, Region: region,
		Ref:    func(id string) (any, bool) { return id, true },
		GetAtt: attributes(top, "dev", out.Template),
	})
	if err != nil {
		return nil, err
	}
	policies := map[string]*iam.Policy{}
	for _, p := range out.Statements {
		if policies[p.Name] != nil {
			continue
		}
		properties, err := r.Properties(p.Policy)
		if err != nil {
			return nil, err
		}
		document, err := cfn.Format(properties.Object("PolicyDocument"))
		if err != nil {
			return nil, err
		}
		if policies[p.Name], err = iam.Load(document, iam.Origin{Type: iam.TypeIdentity, Name: p.Policy}); err != nil {
			return nil, err
		}
	}
	return policies, nil
}

// attributes gives what AWS gives for Fn::GetAtt, found by the resource's own name.
func attributes(top *topology.Topology, sandbox string, template *cfn.Template) func(id, attribute string) (any, bool) {
	return func(id, attribute string) (any, bool) {
		resource, _ := template.Resource(id)
		p := resource.Properties
		switch resource.Type {
		case "AWS::IAM::Role":
			return "arn:aws:iam::" + account + ":role/" + p.Text("RoleName"), true
		case "AWS::Lambda::Function":
			return "arn:aws:lambda:" + region + ":" + account + ":function:" + p.Text("FunctionName"), true
		case "AWS::DynamoDB::Table":
			arn := "arn:aws:dynamodb:" + region + ":" + account + ":table/" + p.Text("TableName")
			if attribute == "StreamArn" {
				arn += "/stream/2026-01-01T00:00:00.000"
			}
			return arn, true
		case "AWS::Logs::LogGroup":
			return "arn:aws:logs:" + region + ":" + account + ":log-group:" + p.Text("LogGroupName") + ":*", true
		case "AWS::S3::Bucket":
			for _, s := range top.Stores {
				if strings.HasPrefix(p.Object("BucketName").Text("Fn::Sub"), synth.BucketName(top, s.Name, sandbox)+"-$") {
					return bucketARN(top, s.Name, sandbox), true
				}
			}
		}
		return nil, false
	}
}

// ask is one question of the universe. The oracle's answer follows from the
// edges: to is the entity, words the verbs that say yes.
type ask struct {
	action   string
	resource string
	kind     topology.Kind // "" when no edge leads there
	to       string
	words    string
	// any says that an edge to anything will do.
	any bool
	// own names the function whose own thing it is, such as its log.
	own string
}

// universe lists every action on every resource of a system that AWS knows:
// which verbs should allow it stands here a second time, by hand.
func universe(top *topology.Topology, sandbox string) []ask {
	var all []ask
	add := func(resource string, kind topology.Kind, to string, rows ...[2]string) {
		for _, row := range rows {
			all = append(all, ask{action: row[0], resource: resource, kind: kind, to: to, words: row[1]})
		}
	}
	const reading, writing = "readData readWriteData fullAccess", "writeData readWriteData fullAccess"
	for _, s := range top.Stores {
		if s.Kind == topology.StoreBucket {
			arn := bucketARN(top, s.Name, sandbox)
			add(arn, topology.KindStore, s.Name, [2]string{"s3:ListBucket", "read readWrite"},
				[2]string{"s3:PutBucketPolicy", ""}, [2]string{"s3:DeleteBucket", ""})
			add(arn+"/a/b.txt", topology.KindStore, s.Name, [2]string{"s3:GetObject", "read readWrite"},
				[2]string{"s3:PutObject", "put write readWrite"}, [2]string{"s3:DeleteObject", "delete write readWrite"},
				[2]string{"s3:PutObjectAcl", ""}, [2]string{"s3:AbortMultipartUpload", "put write readWrite"})
			continue
		}
		arn := tableARN(top, s.Name, sandbox)
		for _, a := range []string{"GetItem", "BatchGetItem", "Query", "Scan", "ConditionCheckItem"} {
			add(arn, topology.KindStore, s.Name, [2]string{"dynamodb:" + a, reading})
		}
		for _, a := range []string{"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"} {
			add(arn, topology.KindStore, s.Name, [2]string{"dynamodb:" + a, writing})
		}
		add(arn, topology.KindStore, s.Name, [2]string{"dynamodb:DescribeTable", reading + " " + writing},
			[2]string{"dynamodb:DeleteTable", "fullAccess"}, [2]string{"dynamodb:PartiQLSelect", "fullAccess"})
		if len(s.Table.Indexes) > 0 {
			add(arn+"/index/by", topology.KindStore, s.Name, [2]string{"dynamodb:Query", reading}, [2]string{"dynamodb:Scan", reading})
		}
		if s.Table.Stream != "" {
			add(arn+"/stream/2026-01-01T00:00:00.000", topology.KindStore, s.Name, [2]string{"dynamodb:GetRecords", "streamRead"},
				[2]string{"dynamodb:GetShardIterator", "streamRead"}, [2]string{"dynamodb:DescribeStream", "streamRead"})
		}
	}
	for _, f := range top.Functions {
		arn := functionARN(top, f.Name, sandbox)
		for _, tail := range []string{"", ":$LATEST", ":7", ":live"} {
			add(arn+tail, topology.KindFunction, f.Name, [2]string{"lambda:InvokeFunction", "invoke"},
				[2]string{"lambda:GetFunction", ""}, [2]string{"lambda:UpdateFunctionCode", ""})
		}
		add("arn:aws:iam::"+account+":role/"+synth.RoleName(top, f.Name, sandbox), "", "",
			[2]string{"sts:AssumeRole", ""}, [2]string{"iam:PassRole", ""}, [2]string{"iam:PutRolePolicy", ""})
		log := "arn:aws:logs:" + region + ":" + account + ":log-group:/aws/lambda/" + synth.FunctionName(top, f.Name, sandbox) + ":log-stream:s"
		all = append(all, ask{action: "logs:PutLogEvents", resource: log, own: f.Name},
			ask{action: "logs:CreateLogStream", resource: log, own: f.Name},
			ask{action: "logs:GetLogEvents", resource: log})
	}
	return append(all, ask{action: "logs:CreateLogGroup", resource: "arn:aws:logs:" + region + ":" + account + ":log-group:/aws/lambda/x"},
		ask{action: "dynamodb:ListStreams", resource: "*", any: true, words: "streamRead"},
		ask{action: "dynamodb:ListTables", resource: "*"}, ask{action: "s3:ListAllMyBuckets", resource: "*"})
}

// allowed is the oracle: it looks at the edges alone.
func allowed(f *topology.Function, q ask) bool {
	if q.own != "" {
		return q.own == f.Name
	}
	for _, g := range f.Grants {
		if (q.any || q.kind == g.Kind && q.to == g.Name) && strings.Contains(" "+q.words+" ", " "+g.Access+" ") {
			return true
		}
	}
	return false
}

// try asks the policy engine what the deployed role may do.
func try(top *topology.Topology, f *topology.Function, p *iam.Policy, action, resource string) bool {
	role := synth.RoleName(top, f.Name, "dev")
	decision := iam.Evaluate(&iam.Request{
		Principal: iam.Principal{
			Kind: iam.PrincipalSession, Account: account,
			ARN:     fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/s", account, role),
			RoleARN: fmt.Sprintf("arn:aws:iam::%s:role/%s", account, role),
		},
		Action: action, Resource: resource, ResourceAccount: account, WildcardOnly: resource == "*",
	}, &iam.Policies{Identity: []*iam.Policy{p}})
	return decision.Verdict == iam.Allowed
}
