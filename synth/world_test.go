package synth_test

import (
	"fmt"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/inventory"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// deployed takes the inventory of an account with the system in it.
func deployed(out *synth.Output) (*inventory.Inventory, error) {
	inv, err := inventory.Read(inventory.Account{ID: account, Region: region}, inventory.Stack{Name: "stack", Template: out.Template})
	if err == nil && len(inv.Unknown) > 0 {
		err = fmt.Errorf("%s of %s is not known", inv.Unknown[0].What, inv.Unknown[0].LogicalID)
	}
	return inv, err
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
	// context are keys that the call has, judge what decides about it instead
	// of kind, to and words.
	context iam.Context
	judge   func(*topology.Function) bool
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
				[2]string{"s3:PutObjectAcl", "putAcl"}, [2]string{"s3:AbortMultipartUpload", "put write readWrite"})
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
			add(arn+"/stream/XXXXXX", topology.KindStore, s.Name, [2]string{"dynamodb:GetRecords", "streamRead"},
				[2]string{"dynamodb:GetShardIterator", "streamRead"}, [2]string{"dynamodb:DescribeStream", "streamRead"})
		}
	}
	for _, f := range top.Functions {
		arn := functionARN(top, f.Name, sandbox)
		for _, tail := range []string{"", ":$LATEST", ":7", ":live"} {
			add(arn+tail, topology.KindFunction, f.Name, [2]string{"lambda:InvokeFunction", "invoke drawn"},
				[2]string{"lambda:GetFunction", ""}, [2]string{"lambda:UpdateFunctionCode", ""})
		}
		add("arn:aws:iam::"+account+":role/"+synth.RoleName(top, f.Name, sandbox), "", "",
			[2]string{"sts:AssumeRole", ""}, [2]string{"iam:PassRole", ""}, [2]string{"iam:PutRolePolicy", ""})
		log := "arn:aws:logs:" + region + ":" + account + ":log-group:/aws/lambda/" + synth.FunctionName(top, f.Name, sandbox) + ":log-stream:s"
		all = append(all, ask{action: "logs:PutLogEvents", resource: log, own: f.Name},
			ask{action: "logs:CreateLogStream", resource: log, own: f.Name},
			ask{action: "logs:GetLogEvents", resource: log})
	}
	all = append(all, thingsUniverse(top, sandbox)...)
	return append(all, ask{action: "logs:CreateLogGroup", resource: "arn:aws:logs:" + region + ":" + account + ":log-group:/aws/lambda/x"},
		ask{action: "dynamodb:ListStreams", resource: "*", any: true, words: "streamRead"},
		ask{action: "dynamodb:ListTables", resource: "*"}, ask{action: "s3:ListAllMyBuckets", resource: "*"})
}

// allowed is the oracle: it looks at the edges alone.
func allowed(top *topology.Topology, f *topology.Function, q ask) bool {
	switch {
	case q.own != "":
		return q.own == f.Name
	case q.judge != nil:
		return q.judge(f)
	}
	has := func(word string) bool { return strings.Contains(" "+q.words+" ", " "+word+" ") }
	for _, g := range f.Grants {
		if (q.any || q.kind == g.Kind && q.to == g.Name) && has(g.Access) {
			return true
		}
	}
	to := func(t *topology.Target, word string) bool {
		return t != nil && !q.any && t.Kind == q.kind && t.Name == q.to && has(word)
	}
	for i := range f.Targets {
		if to(&f.Targets[i], "drawn") {
			return true
		}
	}
	for _, x := range top.Queues {
		if x.Target != nil && x.Target.Name == f.Name && to(&topology.Target{Kind: topology.KindQueue, Name: x.Name}, "polled") {
			return true
		}
	}
	for _, x := range top.Streams {
		if x.Target != nil && x.Target.Name == f.Name && to(&topology.Target{Kind: topology.KindStream, Name: x.Name}, "polled") {
			return true
		}
	}
	return to(f.DeadLetter, "drawn")
}

// try asks the policy engine what the deployed role of a function may do.
func try(inv *inventory.Inventory, top *topology.Topology, f *topology.Function, q ask) bool {
	c, ok := inv.Function(synth.FunctionName(top, f.Name, "dev")).Run()
	return ok && decide(inv, c, q)
}

func decide(inv *inventory.Inventory, c inventory.Caller, q ask) bool {
	req, policies := inv.For(c, q.action, q.resource)
	req.WildcardOnly = q.resource == "*"
	if req.ResourceAccount == "" {
		req.ResourceAccount = account
	}
	for key, value := range q.context {
		req.Context[key] = value
	}
	return iam.Evaluate(req, policies).Verdict == iam.Allowed
}
