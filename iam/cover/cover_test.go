package cover

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam"
)

func compiled(t testing.TB, kind iam.PolicyType, statements string) *iam.Policy {
	t.Helper()
	doc, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + statements + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return iam.Compile(doc, iam.Origin{Type: kind, Name: string(kind)})
}

func roleWith(t testing.TB, statements string) Given {
	return Given{Caller: session, Policies: &iam.Policies{Identity: []*iam.Policy{compiled(t, iam.TypeIdentity, statements)}}}
}

func needOf(t testing.TB, statement string) []Need {
	doc, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + statement + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	var needs []Need
	for _, s := range doc.Statements {
		needs = append(needs, Need{Statement: s})
	}
	return needs
}

// findings are the missing and unknown calls in words.
func findings(r Report) []string {
	var list []string
	for _, m := range r.Missing {
		list = append(list, "missing "+m.String())
	}
	for _, u := range r.Unknown {
		list = append(list, "unknown "+u.String())
	}
	return list
}

const (
	hits  = "arn:aws:dynamodb:us-east-1:" + here + ":table/hits"
	hello = "arn:aws:lambda:us-east-1:" + here + ":function:hello"
)

func allow(action, resource, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"` + condition + `}`
}

func deny(action, resource, condition string) string {
	return strings.Replace(allow(action, resource, condition), "Allow", "Deny", 1)
}

// TestCalls asks for one need against one role; want is in order.
func TestCalls(t *testing.T) {
	t.Parallel()
	key := "arn:aws:kms:us-east-1:" + here + ":key/k"
	for name, row := range map[string]struct {
		need, role string
		change     func(*Need, *Given)
		want       []string
	}{
		"the same": {need: allow("dynamodb:GetItem", hits, ""), role: allow("dynamodb:GetItem", hits, "")},
		"no policy": {
			need: allow("dynamodb:GetItem", hits, ""), role: allow("s3:GetObject", "*", ""),
			want: []string{"missing dynamodb:GetItem on " + hits + ": ImplicitlyDenied by identity"},
		},
		"a deny": {
			need: allow("dynamodb:GetItem", hits, ""), role: allow("dynamodb:*", "*", "") + "," + deny("*", hits, ""),
			want: []string{"missing dynamodb:GetItem on " + hits + ": ExplicitlyDenied by identity"},
		},
		"a boundary": {
			need: allow("dynamodb:GetItem", hits, ""), role: allow("dynamodb:*", "*", ""),
			change: func(_ *Need, g *Given) {
				g.Policies.Boundary = compiled(t, iam.TypeBoundary, allow("s3:*", "*", ""))
			},
			want: []string{"missing dynamodb:GetItem on " + hits + ": ImplicitlyDenied by boundary"},
		},
		"an organisation": {
			need: allow("dynamodb:GetItem", hits, ""), role: allow("dynamodb:*", "*", ""),
			change: func(_ *Need, g *Given) {
				scp := compiled(t, iam.TypeSCP, deny("*", "*", `{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}`))
				g.Policies.SCPs = [][]*iam.Policy{{iam.FullAWSAccess(iam.TypeSCP), scp}}
			},
			want: []string{"missing dynamodb:GetItem on " + hits + ": ExplicitlyDenied by scp"},
		},
		"a region that only the deploy knows": {
			need: allow("s3:GetObject", "arn:aws:s3:::b/*", ""), role: allow("s3:*", "*", `{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}`),
			want: []string{"unknown s3:GetObject on arn:aws:s3:::b/*: depends on aws:requestedregion"},
		},
		"a region that is said": {
			need: allow("s3:GetObject", "arn:aws:s3:::b/*", ""), role: allow("s3:*", "*", `{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}`),
			change: func(_ *Need, g *Given) { g.Context = iam.Context{"aws:RequestedRegion": iam.One("eu-west-1")} },
		},
		"a part of what is needed": {
			need: allow("s3:GetObject", "arn:aws:s3:::b/*", ""), role: allow("s3:*", "arn:aws:s3:::b/a*", "") + "," + allow("s3:*", "arn:aws:s3:::b/?", ""),
			want: []string{"missing s3:GetObject on arn:aws:s3:::b/* (such as arn:aws:s3:::b/xx): ImplicitlyDenied by identity"},
		},
		"in two parts": {
			need: allow("s3:GetObject", "arn:aws:s3:::b/*", ""), role: allow("s3:*", "arn:aws:s3:::b/??*", "") + "," + allow("s3:*", "arn:aws:s3:::b/?", ""),
		},
		"a hole": {
			need: allow("s3:GetObject", "arn:aws:s3:::b/*", ""), role: allow("s3:*", "*", "") + "," + deny("s3:*", "arn:aws:s3:::b/*secret*", ""),
			want: []string{"missing s3:GetObject on arn:aws:s3:::b/* (such as arn:aws:s3:::b/secret): ExplicitlyDenied by identity"},
		},
		"a resource that the action does not take": {
			need: `{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}`,
			role: allow("s3:GetObject", "arn:aws:s3:::b/*", "") + "," + allow("s3:ListBucket", "arn:aws:s3:::b", ""),
		},
		"an action without resources": {
			need: allow("xray:PutTraceSegments", "*", ""), role: allow("xray:*", "arn:aws:xray:*:*:group/*", ""),
			want: []string{"missing xray:PutTraceSegments on *: ImplicitlyDenied by identity"},
		},
		"every resource": {
			need: allow("ssm:GetParameter", "*", ""), role: allow("ssm:GetParameter", "arn:aws:ssm:us-east-1:"+here+":parameter/a", ""),
			want: []string{"missing ssm:GetParameter on * (such as arn:aws:ssm:us-east-1:" + here + ":parameter/x): ImplicitlyDenied by identity"},
		},
		"a key of KMS": {need: allow("kms:Decrypt", key, ""), role: allow("kms:Decrypt", key, "")},
		"a key through a service": {
			need: allow("kms:Decrypt", key, `{"StringEquals":{"kms:ViaService":"sqs.us-east-1.amazonaws.com"}}`),
			role: allow("kms:Decrypt", key, `{"StringLike":{"kms:ViaService":"sqs.*.amazonaws.com"}}`),
		},
		"an address": {
			need: allow("lambda:InvokeFunction", hello, ""), role: allow("lambda:*", "*", `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`),
			want: []string{"unknown lambda:InvokeFunction on " + hello + ": depends on aws:sourceip"},
		},
		"a key that no function has": {
			need: allow("lambda:InvokeFunction", hello, ""), role: allow("lambda:*", "*", `{"StringEquals":{"aws:SourceAccount":"1"}}`),
			want: []string{"missing lambda:InvokeFunction on " + hello + ": ImplicitlyDenied by identity"},
		},
		"one or the other": {
			need: allow("lambda:InvokeFunction", hello, ""),
			role: allow("lambda:*", "*", `{"Null":{"aws:SourceVpc":"true"}}`) + "," + allow("lambda:*", "*", `{"Null":{"aws:SourceVpc":"false"}}`),
		},
		"a tag that is not known": {
			need: allow("dynamodb:GetItem", hits, ""), role: allow("dynamodb:*", "*", `{"StringEquals":{"aws:ResourceTag/sandbox":"${aws:PrincipalTag/sandbox}"}}`),
			want: []string{"unknown dynamodb:GetItem on " + hits + ": depends on aws:principaltag/sandbox, aws:resourcetag/sandbox"},
		},
		"tags that are known": {
			need: allow("dynamodb:GetItem", hits, ""), role: allow("dynamodb:*", "*", `{"StringEquals":{"aws:ResourceTag/sandbox":"${aws:PrincipalTag/sandbox}"}}`),
			change: func(n *Need, g *Given) {
				n.Context = iam.Context{"aws:ResourceTag/sandbox": iam.One("dev")}
				g.Context = iam.Context{"aws:PrincipalTag/sandbox": iam.One("dev")}
			},
		},
		"a name by a tag": {
			need: allow("dynamodb:GetItem", hits, ""), role: allow("dynamodb:*", strings.Replace(hits, "hits", "${aws:PrincipalTag/table}", 1), ""),
			want: []string{"unknown dynamodb:GetItem on " + hits + ": depends on aws:principaltag/table"},
		},
		"a name that no tag makes": {
			need: allow("dynamodb:GetItem", hits, ""), role: allow("dynamodb:*", strings.Replace(hits, "hits", "a-${aws:PrincipalTag/table}", 1), ""),
			want: []string{"missing dynamodb:GetItem on " + hits + ": ImplicitlyDenied by identity"},
		},
		"what an event says": {
			need: allow("events:PutEvents", "arn:aws:events:us-east-1:"+here+":event-bus/default", `{"ForAllValues:StringEquals":{"events:source":"shop"},"Null":{"events:source":"false"}}`),
			role: allow("events:PutEvents", "*", `{"ForAllValues:StringEquals":{"events:source":["shop","stock"]}}`),
		},
		"what an event may not say": {
			need: allow("events:PutEvents", "arn:aws:events:us-east-1:"+here+":event-bus/default", ""),
			role: allow("events:PutEvents", "*", `{"ForAllValues:StringEquals":{"events:source":["shop","stock"]}}`),
			want: []string{"unknown events:PutEvents on arn:aws:events:us-east-1:" + here + ":event-bus/default: depends on events:source"},
		},
		"a wider condition": {
			need: allow("s3:ListBucket", "arn:aws:s3:::b", `{"StringLike":{"s3:prefix":"in/*"}}`), role: allow("s3:*", "*", `{"StringLike":{"s3:prefix":["in/*","out/*"]}}`),
		},
		"a narrower condition": {
			need: allow("s3:ListBucket", "arn:aws:s3:::b", `{"StringLike":{"s3:prefix":"in/*"}}`), role: allow("s3:*", "*", `{"StringLike":{"s3:prefix":"in/a*"}}`),
			want: []string{"missing s3:ListBucket on arn:aws:s3:::b: ImplicitlyDenied by identity"},
		},
		"a block in a block": {
			need: allow("s3:ListBucket", "arn:aws:s3:::b", `{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`), role: allow("s3:*", "*", `{"IpAddress":{"aws:SourceIp":"10.0.0.0/16"}}`),
			want: []string{"missing s3:ListBucket on arn:aws:s3:::b: ImplicitlyDenied by identity"},
		},
		"two halves of a block": {
			need: allow("s3:ListBucket", "arn:aws:s3:::b", `{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`),
			role: allow("s3:*", "*", `{"IpAddress":{"aws:SourceIp":["10.0.0.0/9","10.128.0.0/9"]}}`),
		},
		"a day later": {
			need: allow("s3:ListBucket", "arn:aws:s3:::b", `{"DateLessThan":{"aws:CurrentTime":"2030-01-02"}}`),
			role: allow("s3:*", "*", `{"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}`),
			want: []string{"missing s3:ListBucket on arn:aws:s3:::b: ImplicitlyDenied by identity"},
		},
		"fewer keys": {
			need: allow("s3:ListBucket", "arn:aws:s3:::b", `{"NumericLessThan":{"s3:max-keys":"6"}}`), role: allow("s3:*", "*", `{"NumericLessThanEquals":{"s3:max-keys":"5"}}`),
		},
		"no such action": {
			need: allow("states:StartExecutionSync", "arn:aws:states:us-east-1:"+here+":stateMachine:m", ""), role: allow("states:StartE*", "*", ""),
		},
		"no such actions": {
			need: allow("states:Sync*", "*", ""), role: allow("*", "*", ""),
			want: []string{"unknown states:Sync* on *: cannot tell: no action of AWS matches it"},
		},
		"conditions that nothing meets": {
			need: allow("lambda:InvokeFunction", hello, `{"StringEquals":{"aws:SourceAccount":"1"}}`), role: allow("*", "*", ""),
			want: []string{"unknown lambda:InvokeFunction on " + hello + ": cannot tell: no call was found that meets the need's own conditions"},
		},
		"a queue of another account": {
			need: allow("sqs:SendMessage", "arn:aws:sqs:us-east-1:444455556666:q", ""), role: allow("sqs:*", "arn:aws:sqs:*:"+here+":*", ""),
			want: []string{"missing sqs:SendMessage on arn:aws:sqs:us-east-1:444455556666:q: ImplicitlyDenied by identity"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needs, role := needOf(t, row.need), roleWith(t, row.role)
			if row.change != nil {
				row.change(&needs[0], &role)
			}
			r := Check(needs, role)
			if got := findings(r); !slices.Equal(got, row.want) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(row.want, "\n     "))
			}
			if r.OK() != (len(row.want) == 0) {
				t.Errorf("OK is %v", r.OK())
			}
		})
	}
}

// TestExcess: what the role may do beyond.
func TestExcess(t *testing.T) {
	t.Parallel()
	need := allow("dynamodb:GetItem", hits, "")
	queue := "arn:aws:sqs:us-east-1:444455556666:q"
	for name, row := range map[string]struct{ need, role, want string }{
		"the same":       {need, need, ""},
		"a narrower one": {allow("s3:GetObject", "arn:aws:s3:::b/*", ""), allow("s3:GetObject", "arn:aws:s3:::b/a*", ""), ""},
		"another action": {need, allow("dynamodb:PutItem", hits, ""), "1 of 1 unneeded: dynamodb:PutItem " + hits},
		"another table":  {need, allow("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/*", ""), "1 of 1 wider: dynamodb:GetItem arn:aws:dynamodb:us-east-1:" + here + ":table/x"},
		"without the condition": {
			allow("s3:ListBucket", "arn:aws:s3:::b", `{"StringLike":{"s3:prefix":"in/*"}}`), allow("s3:ListBucket", "arn:aws:s3:::b", ""),
			"1 of 1 wider: s3:ListBucket arn:aws:s3:::b",
		},
		"with a condition more":     {need, allow("dynamodb:GetItem", hits, `{"Bool":{"aws:SecureTransport":"true"}}`), ""},
		"with one that never holds": {need, allow("dynamodb:PutItem", hits, `{"Bool":{"aws:SecureTransport":"false"}}`), ""},
		"taken away again":          {need, allow("dynamodb:PutItem", hits, "") + "," + deny("dynamodb:Put*", "*", ""), ""},
		"an object that is no bucket": {
			allow("s3:GetObject", "arn:aws:s3:::b/*", ""), `{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}`, "",
		},
		"another account": {need, allow("sqs:SendMessage", queue, ""), "1 of 1 unneeded: sqs:SendMessage " + queue},
		"no such action":  {need, allow("dynamodb:PutItems", hits, ""), "dynamodb:PutItems is no action"},
		"all but":         {need, `{"Effect":"Allow","NotAction":["[a-r]*","*"],"Resource":"*"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, e := range Check(needOf(t, row.need), roleWith(t, row.role)).Excess {
				for what, s := range map[string]Sample{"unneeded": e.Unneeded, "wider": e.Wider, "cannot tell": e.CannotTell} {
					if s.Count > 0 {
						got = append(got, fmt.Sprintf("%d of %d %s: %s %s", s.Count, e.Allows, what, s.Calls[0].Action, s.Calls[0].Resource))
					}
				}
				for _, entry := range e.Unreal {
					got = append(got, entry+" is no action")
				}
			}
			if strings.Join(got, "\n") != row.want {
				t.Errorf("got  %q\nwant %q", got, row.want)
			}
		})
	}
}

// TestOrder: the same question has the same answer, to the letter.
func TestOrder(t *testing.T) {
	t.Parallel()
	needs := needOf(t, allow("s3:*Object", "arn:aws:s3:::b/*", `{"StringLike":{"aws:PrincipalTag/t":"a*"}}`)+","+allow("dynamodb:*", hits, ""))
	condition := `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"},"StringNotLike":{"aws:PrincipalTag/t":"ab*"}}`
	role := roleWith(t, allow("s3:*", "*", condition)+","+allow("d*:*Item", "*", condition))
	first := Check(needs, role)
	if len(first.Missing) == 0 || len(first.Unknown) == 0 || len(first.Excess) == 0 {
		t.Fatalf("%d missing, %d unknown, %d in excess: the test looks at nothing", len(first.Missing), len(first.Unknown), len(first.Excess))
	}
	second := Check(needs, role)
	for _, pair := range [][2]any{{findings(first), findings(second)}, {first.Excess, second.Excess}} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("first  %v\nsecond %v", pair[0], pair[1])
		}
	}
	for i := range first.Missing {
		if !reflect.DeepEqual(first.Missing[i].Request, second.Missing[i].Request) {
			t.Errorf("first  %v\nsecond %v", first.Missing[i].Request, second.Missing[i].Request)
		}
	}
}

// TestTooLong: what takes too many questions is said, not guessed.
func TestTooLong(t *testing.T) {
	t.Parallel()
	var statements []string
	for i := range 20 {
		statements = append(statements, allow("s3:GetObject", fmt.Sprintf("arn:aws:s3:::b/*%c*%c*%c*", 'a'+i, 'b'+i, 'c'+i), ""))
	}
	r := Check(needOf(t, allow("s3:GetObject", "arn:aws:s3:::b/*", "")), roleWith(t, allow("s3:GetObject", "*", "")+","+strings.Join(statements, ",")))
	if got := findings(r); !slices.Equal(got, []string{"unknown s3:GetObject on arn:aws:s3:::b/*: " + tooManyPatterns}) {
		t.Error(got)
	}
	condition := `{"StringEquals":{`
	for i := range 14 {
		condition += fmt.Sprintf(`"aws:PrincipalTag/t%d":"a",`, i)
	}
	r = Check(needOf(t, allow("s3:GetObject", "arn:aws:s3:::b/k", "")), roleWith(t, allow("s3:GetObject", "*", strings.TrimSuffix(condition, ",")+"}}")))
	if len(r.Unknown) != 1 || !strings.HasPrefix(r.Unknown[0].Reason, tooManyValues) || r.Excess[0].CannotTell.Count != 1 {
		t.Error(findings(r), r.Excess)
	}
}

func BenchmarkCheckAdministrator(b *testing.B) {
	needs, role := needOf(b, allow("s3:GetObject", "arn:aws:s3:::b/*", "")), roleWith(b, allow("*", "*", ""))
	for b.Loop() {
		Check(needs, role)
	}
}
