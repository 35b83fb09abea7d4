package lint

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// shapes say what values of a key look like, whatever the operator.
var shapes = []struct {
	keys  []string
	looks *regexp.Regexp
	what  string
}{
	{
		[]string{
			"aws:principalaccount", "aws:resourceaccount", "aws:sourceaccount", "aws:vpceaccount", "aws:sourceowner", "kms:calleraccount",
			"s3:resourceaccount", "s3:dataaccesspointaccount", "lambda:sourceaccount", "iam:associatedresourceaccount",
		},
		regexp.MustCompile(`^[0-9]{12}$`), "an account number of twelve digits",
	},
	{[]string{"aws:principalorgid", "aws:resourceorgid", "aws:sourceorgid", "aws:vpceorgid"}, regexp.MustCompile(`^o-[a-z0-9]{10,32}$`), `the id of an organisation ("o-" and ten or more characters)`},
	{[]string{"aws:sourcevpc"}, regexp.MustCompile(`^vpc-[0-9a-z]+$`), `the id of a VPC ("vpc-…")`},
	{[]string{"aws:sourcevpce"}, regexp.MustCompile(`^vpce-[0-9a-z]+$`), `the id of an endpoint ("vpce-…")`},
	{[]string{"iam:passedtoservice", "aws:principalservicename", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "kms:viaservice", "iam:awsservicename"}, regexp.MustCompile(`\.amazonaws\.[a-z.]+$|\.aws\.internal$`), `the name of a service ("lambda.amazonaws.com")`},
}

// region is the form of regions: a place, a direction, a number.
var region = regexp.MustCompile(`^[a-z]{2,4}(-(gov|iso[a-z]?))?-(central|north|south|east|west|(north|south)(east|west))-[0-9]$`)

// regions are for suggestions; new ones of the right form are taken.
var regions = []string{
	"us-east-1", "us-east-2", "us-west-1", "us-west-2", "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2",
	"ap-northeast-3", "ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
	"ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2",
	"eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "cn-north-1",
	"cn-northwest-1", "us-gov-east-1", "us-gov-west-1", "eusc-de-east-1",
}

func isRegion(s string) bool { return region.MatchString(s) || slices.Contains(regions, s) }

func didYouMean(word string, candidates []string) string {
	if near := writ.Nearest(word, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// implausible finds values that no request can have for their key.
func implausible(c *checker, s *statement) {
	s.eachValue(func(e *iam.ConditionElement, o operator, path []string, value string) {
		key := strings.ToLower(e.Key)
		if key == "aws:sourceip" && o.family() == "ip" {
			c.privateAddress(s, path, value)
		}
		if o.family() != "string" || strings.ContainsAny(value, "*?$") {
			return
		}
		if (key == "aws:requestedregion" || key == "ec2:region") && !isRegion(value) {
			c.report(s, path, Warning, fmt.Sprintf("%q is no region", value), didYouMean(value, regions))
		}
		for _, shape := range shapes {
			if slices.Contains(shape.keys, key) && !shape.looks.MatchString(value) {
				c.report(s, path, Warning, fmt.Sprintf("%q is not %s: %s never has this value", value, shape.what, e.Key), "")
			}
		}
	})
	check := func(element string, list []string) {
		for i, r := range list {
			c.implausibleARN(s, []string{element, itoa(i)}, r)
		}
	}
	check("Resource", s.Resource)
	check("NotResource", s.NotResource)
}

// private are the blocks that no request over the internet comes from (RFC 1918).
var private = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16")}

func (c *checker) privateAddress(s *statement, path []string, value string) {
	n, ok := network(value)
	if ok && slices.ContainsFunc(private, func(p netip.Prefix) bool { return p.Bits() <= n.Bits() && p.Contains(n.Addr()) }) {
		c.report(s, path, Warning, fmt.Sprintf("%q is a private address: aws:SourceIp holds public ones", value), "for requests through a VPC endpoint test aws:VpcSourceIp, with aws:SourceVpc")
	}
}

func (c *checker) implausibleARN(s *statement, path []string, arn string) {
	parts := arnParts(arn)
	if parts == nil || slices.ContainsFunc(parts[:5], hasUnknown) {
		return
	}
	if at := parts[3]; at != "" && !strings.ContainsAny(at, "*?$") && !isRegion(at) {
		c.report(s, path, Warning, fmt.Sprintf("%q is no region: no resource has the ARN %q", at, arn), didYouMean(at, regions))
	}
	if account := parts[4]; account != "" && strings.Trim(account, "0123456789") == "" && len(account) != 12 {
		c.report(s, path, Warning, fmt.Sprintf("the account number %q has %d digits: no resource has the ARN %q", account, len(account), arn), "account numbers have twelve digits")
	}
}

// unlisted are names of services' principals that are no prefix of actions.
var unlisted = []string{
	"edgelambda", "ecs-tasks", "spotfleet", "spot", "vpc-flow-logs", "delivery", "monitoring", "replicator", "pods", "eks-fargate-pods", "eks-fargate",
	"eks-nodegroup", "ops", "build", "tasks", "credentials", "export", "streams", "alarms", "channels", "opensearchservice", "lexv2", "cloudwatch",
	"cognito-idp", "cognito-identity", "elasticloadbalancing", "logdelivery", "internetmonitor", "transitgateway", "contributorinsights", "custom-resource",
	"member", "ipam", "reporting", "stacksets", "health", "events", "pipes", "scheduler", "states", "apigateway", "appsync", "sns", "sqs", "lambda",
}

// unknownPrincipal finds service principals that AWS does not have.
func unknownPrincipal(c *checker, s *statement) {
	p := s.Principal
	if p == nil {
		p = s.NotPrincipal
	}
	if p == nil {
		return
	}
	element := "Principal"
	if s.NotPrincipal != nil {
		element = "NotPrincipal"
	}
	for i, name := range p.Service {
		if hasUnknown(name) || name == "*" {
			continue
		}
		path := []string{element, "Service", itoa(i)}
		label, domain, found := strings.Cut(name, ".amazonaws.")
		if !found {
			if strings.Contains(name, ".amazon") {
				first, _, _ := strings.Cut(name, ".")
				c.report(s, path, Error, fmt.Sprintf("%q is the name of no service", name), fmt.Sprintf("did you mean %q?", first+".amazonaws.com"))
			}
			continue
		}
		if domain != "com" && domain != "com.cn" && domain != "eu" {
			c.report(s, path, Error, fmt.Sprintf("%q is the name of no service", name), fmt.Sprintf("did you mean %q?", label+".amazonaws.com"))
			continue
		}
		c.unknownLabel(s, path, name, label)
	}
}

func (c *checker) unknownLabel(s *statement, path []string, name, label string) {
	labels := strings.Split(label, ".")
	known := func(l string) bool {
		_, ok := c.catalog.Service(l)
		return ok || isRegion(l) || slices.Contains(unlisted, l)
	}
	if slices.ContainsFunc(labels, known) || len(label) < 4 {
		return
	}
	if near := writ.Nearest(label, append(c.catalog.Services(), unlisted...)); near != "" {
		c.report(s, path, Warning, fmt.Sprintf("no service is known by the name %q", name), fmt.Sprintf("did you mean %q?", near+".amazonaws.com"))
	}
}
