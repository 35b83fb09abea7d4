package localcloud_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	conformance "github.com/writ-dev/writ/conformance/iam"
	"github.com/writ-dev/writ/iam"
)

// prepare makes the caller and the resource of the case, with SDK clients as
// the developer, and then the caller's session.
func (s *stage) prepare(call *rawCall) error {
	p := iam.ParsePrincipal(s.c.Request.Principal)
	if p.Kind == iam.PrincipalAnonymous {
		return s.prepareResource(call)
	}
	name, session, path := nameOf(s.c, p)
	role, err := s.makeCaller(name, path, call.also)
	if err != nil {
		return err
	}
	if err := s.prepareResource(call); err != nil {
		return err
	}
	keys, err := s.c.Keys()
	if err != nil {
		return err
	}
	if slices.Contains(keys, "aws:tokenissuetime") {
		s.setClock("aws:TokenIssueTime") // and there it stays, unless the case wants another time for the call
	}
	return s.assume(role, session)
}

// makeCaller makes the caller's role with the case's policies, and with the
// one action that IAM is asked before the case's.
func (s *stage) makeCaller(name, path, also string) (arn string, err error) {
	ctx, client := s.t.Context(), awsiam.NewFromConfig(s.cloud.dev())
	in := &awsiam.CreateRoleInput{RoleName: &name, Path: &path, AssumeRolePolicyDocument: aws.String(trustAll), Tags: principalTags(s.c)}
	if conformance.Has(s.c.Boundary) {
		made, err := client.CreatePolicy(ctx, &awsiam.CreatePolicyInput{PolicyName: aws.String("boundary"), PolicyDocument: aws.String(string(s.c.Boundary))})
		if err != nil {
			return "", err
		}
		in.PermissionsBoundary = made.Policy.Arn
	}
	made, err := client.CreateRole(ctx, in)
	if err != nil {
		return "", err
	}
	policies := texts(s.c.Identity)
	if also != "" {
		policies = append(policies, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"`+also+`","Resource":"*"}]}`)
	}
	for i, text := range policies {
		policy := fmt.Sprintf("p%d", i)
		if _, err := client.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: &name, PolicyName: &policy, PolicyDocument: &text}); err != nil {
			return "", err
		}
	}
	return *made.Role.Arn, nil
}

// nameOf gives the names that the caller has in the case.
func nameOf(c *conformance.Case, p iam.Principal) (role, session, path string) {
	_, rest, _ := strings.Cut(p.ARN, "/")
	session, path = "tester", "/"
	switch p.Kind {
	case iam.PrincipalSession:
		role, session, _ = strings.Cut(rest, "/")
		path = pathOf(c, role)
	case iam.PrincipalRole:
		i := strings.LastIndexByte(rest, '/') + 1
		path, role = "/"+rest[:i], rest[i:]
	default:
		role = rest[strings.LastIndexByte(rest, '/')+1:]
	}
	return role, session, path
}

// pathOf gives the path of a session's role, which the session's ARN does not
// say: from aws:PrincipalArn, else from a policy that names the role.
func pathOf(c *conformance.Case, role string) string {
	where, _ := c.One("aws:PrincipalArn")
	if where == "" {
		where = string(c.Resource)
	}
	if m := regexp.MustCompile(`:role(/(?:[^"/]+/)*)` + regexp.QuoteMeta(role) + `(?:"|$)`).FindStringSubmatch(where); m != nil {
		return m[1]
	}
	return "/"
}

func principalTags(c *conformance.Case) []iamtypes.Tag {
	var tags []iamtypes.Tag
	for key := range c.Request.Context {
		name, tag := strings.CutPrefix(key, "aws:principaltag/")
		if text, ok := c.One(key); ok && tag {
			tags = append(tags, iamtypes.Tag{Key: &name, Value: &text})
		}
	}
	return tags
}

// prepareResource makes the resource that the call is about, where it has a
// policy or where the call needs it to be there.
func (s *stage) prepareResource(call *rawCall) error {
	policy := ""
	if conformance.Has(s.c.Resource) {
		policy = string(s.c.Resource)
	}
	switch {
	case call.service == "sts" && policy == "":
		return conformance.NotExpressible("the case's role has no trust policy, and every real one has")
	case call.service == "sts":
		return s.makeRole(call.target, policy)
	case call.service == "iam" && call.target != "":
		return s.makeRole(call.target, trustAll)
	case policy == "":
		return nil
	case call.service == "dynamodb" && call.target != "":
		return s.makeTable(call.target, policy)
	case call.service == "s3" && call.target != "":
		return s.makeBucket(call, policy)
	}
	return conformance.NotExpressible("the resource takes no policy document in a real call")
}

func (s *stage) makeRole(arn, trust string) error {
	_, rest, _ := strings.Cut(arn, ":role/")
	i := strings.LastIndexByte(rest, '/') + 1
	path, name := "/"+rest[:i], rest[i:]
	client := awsiam.NewFromConfig(s.cloud.dev())
	_, err := client.CreateRole(s.t.Context(), &awsiam.CreateRoleInput{
		RoleName: &name, Path: &path, AssumeRolePolicyDocument: &trust, Tags: resourceTags(s.c),
	})
	return err
}

func resourceTags(c *conformance.Case) []iamtypes.Tag {
	var tags []iamtypes.Tag
	for key := range c.Request.Context {
		name, tag := strings.CutPrefix(key, "aws:resourcetag/")
		if text, ok := c.One(key); ok && tag {
			tags = append(tags, iamtypes.Tag{Key: &name, Value: &text})
		}
	}
	return tags
}

func (s *stage) makeTable(name, policy string) error {
	client := dynamodb.NewFromConfig(s.cloud.dev())
	makeTable(s.t, client, name)
	arn := "arn:aws:dynamodb:us-east-1:000000000000:table/" + name
	_, err := client.PutResourcePolicy(s.t.Context(), &dynamodb.PutResourcePolicyInput{ResourceArn: &arn, Policy: &policy})
	return err
}

// makeBucket makes a bucket with a policy, and the object that the call reads.
func (s *stage) makeBucket(call *rawCall, policy string) error {
	ctx, client := s.t.Context(), pathStyle(s.cloud.dev())
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &call.target}); err != nil {
		return err
	}
	_, err := client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
		Bucket: &call.target,
		PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
			RestrictPublicBuckets: aws.Bool(s.c.Settings.S3.BlockPublicAccess), BlockPublicPolicy: aws.Bool(false),
		},
	})
	if err != nil {
		return err
	}
	if _, key, ok := strings.Cut(call.path[1:], "/"); ok && key != "" {
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &call.target, Key: &key, Body: strings.NewReader("x")}); err != nil {
			return err
		}
	}
	_, err = client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &call.target, Policy: &policy})
	return err
}
