package apigateway_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v2 "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/writ-dev/writ/localcloud/apigateway"
	"github.com/writ-dev/writ/localcloud/delivery/deliverytest"
	"github.com/writ-dev/writ/localcloud/events"
)

// shop is an HTTP API among queues and buses, all behind the real gate.
type shop struct {
	*deliverytest.World
	service *apigateway.Service
	front   *httptest.Server
	api     string
}

// idle is API Gateway as a service of a World, which has nothing to resume.
type idle struct{ *apigateway.Service }

func (idle) Resume() error { return nil }
func (idle) Close()        {}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{}
	s.World = deliverytest.New(t, func(w *deliverytest.World) []deliverytest.Service {
		var err error
		s.service, err = apigateway.New(apigateway.Config{
			DB: w.DB, Account: account, Region: region, Now: w.Now, Log: w.Log, Do: w.Do, Roles: w.Roles, Rand: rand.Reader,
		})
		w.Must(err)
		buses, err := events.New(events.Config{DB: w.DB, Account: account, Region: region, Do: w.Do, Roles: w.Roles, Now: w.Now, Log: w.Log})
		w.Must(err)
		return []deliverytest.Service{idle{s.service}, buses}
	})
	s.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.service.Front().ServeHTTP(w, r) }))
	t.Cleanup(s.front.Close)
	api, err := s.gateway("admin").CreateApi(t.Context(), &v2.CreateApiInput{Name: aws.String("shop"), ProtocolType: types.ProtocolTypeHttp})
	s.Must(err)
	s.api = *api.ApiId
	_, err = s.gateway("admin").CreateStage(t.Context(), &v2.CreateStageInput{ApiId: &s.api, StageName: aws.String("$default"), AutoDeploy: aws.Bool(true)})
	s.Must(err)
	return s
}

func (s *shop) gateway(role string) *v2.Client { return v2.NewFromConfig(s.As(role)) }

// integration is one of a subtype.
func (s *shop) integration(subtype, role string, parameters map[string]string) *v2.CreateIntegrationInput {
	in := &v2.CreateIntegrationInput{
		ApiId: &s.api, IntegrationType: types.IntegrationTypeAwsProxy, IntegrationSubtype: &subtype, PayloadFormatVersion: aws.String("1.0"), RequestParameters: parameters,
	}
	if role != "" {
		in.CredentialsArn = &role
	}
	return in
}

// route leads a route to an integration that is made for it, and gives its id.
func (s *shop) route(key, subtype, role string, parameters map[string]string) string {
	s.T.Helper()
	made, err := s.gateway("admin").CreateIntegration(s.T.Context(), s.integration(subtype, role, parameters))
	s.Must(err)
	_, err = s.gateway("admin").CreateRoute(s.T.Context(), &v2.CreateRouteInput{ApiId: &s.api, RouteKey: &key, Target: aws.String("integrations/" + *made.IntegrationId)})
	s.Must(err)
	return *made.IntegrationId
}

// post sends a request and gives the status with the body.
func (s *shop) post(path, body string, headers ...string) (status int, answer string, header http.Header) {
	s.T.Helper()
	r, err := http.NewRequestWithContext(s.T.Context(), http.MethodPost, s.front.URL+path, strings.NewReader(body))
	s.Must(err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	s.Must(err)
	data, err := io.ReadAll(response.Body)
	s.Must(err)
	s.Must(response.Body.Close())
	return response.StatusCode, string(data), response.Header
}

// trusting makes a role with a trust policy of its own, in the account's IAM.
func (s *shop) trusting(name, condition, statement string) string {
	s.T.Helper()
	client := awsiam.NewFromConfig(s.As("admin"))
	_, err := client.CreateRole(s.T.Context(), &awsiam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole","Condition":` + condition + `}]}`)})
	s.Must(err)
	_, err = client.PutRolePolicy(s.T.Context(), &awsiam.PutRolePolicyInput{
		RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + statement + `]}`),
	})
	s.Must(err)
	return "arn:aws:iam::" + account + ":role/" + name
}

const (
	gatewayPrincipal = "apigateway.amazonaws.com"
	toQueue          = "SQS-SendMessage"
	toBus            = "EventBridge-PutEvents"
)

func queueURL(name string) string {
	return "https://sqs.us-east-1.amazonaws.com/" + account + "/" + name
}

func allow(action, resource string) string {
	return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}`
}

func TestARouteToAQueue(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	box := s.Queue("box", "", "")
	s.route("POST /mail/{id}", toQueue, s.Role("sender", gatewayPrincipal, allow("sqs:SendMessage", box)), map[string]string{
		"QueueUrl": queueURL("box"), "MessageBody": "$request.body",
		"MessageAttributes": `{"of":{"DataType":"String","StringValue":"${request.path.id} ${request.querystring.q} ${request.header.x-one}"}}`,
	})
	status, answer, header := s.post("/mail/7?q=now", "hello", "X-One: a", "X-One: b")
	if status != 200 || header.Get("Content-Type") != "text/xml" || !strings.HasPrefix(answer, `<?xml version="1.0"?><SendMessageResponse `) || !strings.Contains(answer, "<MessageId>") {
		t.Errorf("%d %s %s", status, header.Get("Content-Type"), answer)
	}
	m := s.Receive("box")
	if m.Body != "hello" || m.About["of"].StringValue != "7 now a,b" || !strings.HasSuffix(m.Attributes["SenderId"], ":BackplaneAssumeRoleSession") {
		t.Errorf("%+v", m)
	}
	// What the request lacks is not made up: nothing is called.
	if status, answer, _ := s.post("/mail/7", "hello", "X-One: a"); status != 400 || answer != `{"message":"Bad Request"}` {
		t.Errorf("without a query: %d %s", status, answer)
	}
	if status, _, _ := s.post("/mail/7?q=now", "", "X-One: a"); status != 400 {
		t.Errorf("without a body: %d", status)
	}
	if m, ok := s.Poll("box", 0); ok {
		t.Errorf("%+v", m)
	}
}

func TestARouteToAFIFOQueue(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	line := s.Queue("line.fifo", "", "")
	role := s.Role("sender", gatewayPrincipal, allow("sqs:SendMessage", line))
	s.route("POST /grouped", toQueue, role, map[string]string{"QueueUrl": queueURL("line.fifo"), "MessageBody": "$request.body", "MessageGroupId": "$context.requestId"})
	s.route("POST /ungrouped", toQueue, role, map[string]string{"QueueUrl": queueURL("line.fifo"), "MessageBody": "$request.body"})
	status, answer, header := s.post("/grouped", "one")
	m := s.Receive("line.fifo")
	if status != 200 || m.Body != "one" || m.Attributes["MessageGroupId"] != header.Get("Apigw-Requestid") || !strings.Contains(answer, "<SequenceNumber>"+m.Attributes["SequenceNumber"]) {
		t.Errorf("%d %s %+v", status, answer, m)
	}
	if status, answer, _ := s.post("/ungrouped", "two"); status != 400 || answer != `{"message":"Bad Request"}` || !strings.Contains(s.Said(), "must contain the parameter MessageGroupId") {
		t.Errorf("%d %s\n%s", status, answer, s.Said())
	}
}

func TestARouteToABus(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	buses := eventbridge.NewFromConfig(s.As("admin"))
	_, err := buses.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":["shop"],"detail-type":["Ordered"]}`)})
	s.Must(err)
	box := s.Queue("caught", "events.amazonaws.com", "arn:aws:events:us-east-1:000000000000:rule/r")
	_, err = buses.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []ebtypes.Target{{Id: aws.String("1"), Arn: &box}}})
	s.Must(err)
	const bus = "arn:aws:events:us-east-1:000000000000:event-bus/default"
	role := s.Role("publisher", gatewayPrincipal,
		`{"Effect":"Allow","Action":"events:PutEvents","Resource":"`+bus+`","Condition":{"StringEquals":{"events:source":"shop","events:detail-type":"Ordered"}}}`)
	parameters := map[string]string{"Source": "shop", "DetailType": "$request.body.kind", "Detail": "$request.body.order", "EventBusName": bus}
	s.route("POST /orders", toBus, role, parameters)

	status, answer, _ := s.post("/orders", `{"kind":"Ordered","order":{"n":1}}`)
	var put struct {
		Entries          []struct{ EventID string }
		FailedEntryCount int
	}
	s.Must(json.Unmarshal([]byte(answer), &put))
	var event struct {
		ID, Source string
		Detail     map[string]int
	}
	s.Must(json.Unmarshal([]byte(s.Receive("caught").Body), &event))
	if status != 200 || put.FailedEntryCount != 0 || event.ID != put.Entries[0].EventID || event.Source != "shop" || event.Detail["n"] != 1 {
		t.Errorf("%d %s %+v", status, answer, event)
	}
	// The role may send this one kind of event.
	if status, answer, _ := s.post("/orders", `{"kind":"Cancelled","order":{"n":1}}`); status != 403 || answer != `{"message":"Forbidden"}` {
		t.Errorf("another kind: %d %s", status, answer)
	}
	// What EventBridge refuses of an entry is its own answer, and no error.
	if status, answer, _ := s.post("/orders", `{"kind":"Ordered","order":"no JSON"}`); status != 200 || !strings.Contains(answer, `"ErrorCode":"MalformedDetail"`) {
		t.Errorf("a detail that is no JSON: %d %s", status, answer)
	}
}

// TestTheRoleOfARouteDecides: its trust and its rights bind each request, also
// when they change between two.
func TestTheRoleOfARouteDecides(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	box := s.Queue("box", "", "")
	parameters := map[string]string{"QueueUrl": queueURL("box"), "MessageBody": "$request.body"}
	source := func(arn string) string {
		return `{"ArnLike":{"aws:SourceArn":"` + arn + `"},"StringEquals":{"aws:SourceAccount":"` + account + `"}}`
	}
	may := allow("sqs:SendMessage", box)
	api := "arn:aws:execute-api:us-east-1:000000000000:" + s.api
	s.route("POST /own", toQueue, s.trusting("own", source(api+"/*"), may), parameters)
	s.route("POST /exact", toQueue, s.trusting("exact", source(api+"/$default/POST/exact"), may), parameters)
	s.route("POST /foreign", toQueue, s.trusting("foreign", source("arn:aws:execute-api:us-east-1:000000000000:another/*"), may), parameters)
	s.route("POST /account", toQueue, s.trusting("account", `{"StringEquals":{"aws:SourceAccount":"111111111111"}}`, may), parameters)
	s.route("POST /lambda", toQueue, s.Role("lambda", "lambda.amazonaws.com", may), parameters)
	s.route("POST /weak", toQueue, s.Role("weak", gatewayPrincipal, allow("sqs:SendMessage", box+"2")), parameters)
	s.route("POST /none", toQueue, "arn:aws:iam::000000000000:role/none", parameters)
	const broken = `500 {"message":"Internal Server Error"}`
	for path, want := range map[string]string{
		"/own": "200 /own", "/exact": "200 /exact", "/foreign": broken, "/account": broken, "/lambda": broken, "/none": broken,
		"/weak": `403 {"message":"Forbidden"}`,
	} {
		status, answer, _ := s.post(path, path)
		got := fmt.Sprint(status, " ", answer)
		if status == http.StatusOK {
			got = "200 " + s.Receive("box").Body
		}
		if got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	said := s.Said()
	for _, want := range []string{
		"assumed-role/weak/BackplaneAssumeRoleSession is not authorized to perform: sqs:SendMessage on resource: " + box,
		gatewayPrincipal + " is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/foreign",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the log does not say %q:\n%s", want, said)
		}
	}

	// The statement goes, and with it the next message.
	_, err := awsiam.NewFromConfig(s.As("admin")).DeleteRolePolicy(t.Context(), &awsiam.DeleteRolePolicyInput{RoleName: aws.String("own"), PolicyName: aws.String("p")})
	s.Must(err)
	if status, answer, _ := s.post("/own", "late"); status != 403 || answer != `{"message":"Forbidden"}` {
		t.Errorf("without the statement: %d %s", status, answer)
	}
	if m, ok := s.Poll("box", 0); ok {
		t.Errorf("it came nevertheless: %+v", m)
	}
	if status, _, _ := s.post("/own/", "x"); status != 404 {
		t.Errorf("no route: %d", status)
	}
}

// A queue that is not there is the client's fault as far as API Gateway is concerned.
func TestAServiceThatRefuses(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.route("POST /gone", toQueue, s.Role("sender", gatewayPrincipal, allow("sqs:*", "*")), map[string]string{"QueueUrl": "$request.header.queue", "MessageBody": "$request.body"})
	if status, answer, _ := s.post("/gone", "x", "Queue: "+queueURL("gone")); status != 400 || answer != `{"message":"Bad Request"}` || !strings.Contains(s.Said(), "does not exist") {
		t.Errorf("%d %s\n%s", status, answer, s.Said())
	}
}

func TestMakingADirectIntegration(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ctx, parameters := t.Context(), map[string]string{"QueueUrl": queueURL("box"), "MessageBody": "$request.body"}
	role := s.Role("sender", gatewayPrincipal, allow("sqs:SendMessage", "*"))
	for name, row := range map[string]struct {
		change func(*v2.CreateIntegrationInput)
		want   string
	}{
		"no role":         {func(in *v2.CreateIntegrationInput) { in.CredentialsArn = nil }, "Role ARN must be specified for AWS integrations"},
		"no ARN":          {func(in *v2.CreateIntegrationInput) { in.CredentialsArn = aws.String("sender") }, "Invalid ARN specified in the request: sender"},
		"the caller":      {func(in *v2.CreateIntegrationInput) { in.CredentialsArn = aws.String("arn:aws:iam::*:user/*") }, "Integrations with the identity of the caller do not run locally; those with a role do"},
		"payload 2.0":     {func(in *v2.CreateIntegrationInput) { in.PayloadFormatVersion = aws.String("2.0") }, "PayloadFormatVersion must be 1.0 for integrations of subtype SQS-SendMessage"},
		"another type":    {func(in *v2.CreateIntegrationInput) { in.IntegrationType = types.IntegrationTypeHttpProxy }, "Integrations of type HTTP_PROXY do not run locally for HTTP APIs; AWS_PROXY does"},
		"unknown subtype": {func(in *v2.CreateIntegrationInput) { in.IntegrationSubtype = aws.String("SQS-Send") }, "Invalid integration subtype specified: SQS-Send"},
		"not run here": {
			func(in *v2.CreateIntegrationInput) {
				in.IntegrationSubtype = aws.String("StepFunctions-StartSyncExecution")
			},
			"Integrations of subtype StepFunctions-StartSyncExecution do not run locally; SQS-SendMessage and EventBridge-PutEvents do",
		},
		"no parameters": {func(in *v2.CreateIntegrationInput) { in.RequestParameters = nil }, "The parameter QueueUrl is required for integrations of subtype SQS-SendMessage"},
		"answers": {func(in *v2.CreateIntegrationInput) {
			in.ResponseParameters = map[string]map[string]string{"200": {"overwrite:header.a": "b"}}
		}, "Parameter mapping of answers does not run locally"},
	} {
		in := s.integration(toQueue, role, parameters)
		row.change(in)
		_, err := s.gateway("admin").CreateIntegration(ctx, in)
		wantError(t, err, "BadRequestException", 400)
		if err == nil || !strings.HasSuffix(err.Error(), ": "+row.want) {
			t.Errorf("%s:\n got %v\nwant %s", name, err, row.want)
		}
	}

	// Who makes one must be allowed to give the role to API Gateway.
	pass := `{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + role + `","Condition":{"StringEquals":{"iam:PassedToService":"` + gatewayPrincipal + `"}}}`
	manage := allow("apigateway:*", "*")
	s.Role("both", "lambda.amazonaws.com", pass+","+manage)
	s.Role("manager", "lambda.amazonaws.com", manage)
	s.Role("passer", "lambda.amazonaws.com", strings.Replace(pass, gatewayPrincipal, "lambda.amazonaws.com", 1)+","+manage)
	for _, name := range []string{"manager", "passer"} {
		_, err := s.gateway(name).CreateIntegration(ctx, s.integration(toQueue, role, parameters))
		wantError(t, err, "AccessDeniedException", 403)
	}
	made, err := s.gateway("both").CreateIntegration(ctx, s.integration(toQueue, role, parameters))
	s.Must(err)
	update := &v2.UpdateIntegrationInput{ApiId: &s.api, IntegrationId: made.IntegrationId, CredentialsArn: &role}
	_, err = s.gateway("manager").UpdateIntegration(ctx, update)
	wantError(t, err, "AccessDeniedException", 403)

	// A change names what it changes; an empty parameter goes.
	update.CredentialsArn, update.RequestParameters = nil, map[string]string{"DelaySeconds": "1", "MessageGroupId": "g"}
	_, err = s.gateway("manager").UpdateIntegration(ctx, update)
	s.Must(err)
	update.RequestParameters = map[string]string{"MessageGroupId": ""}
	_, err = s.gateway("manager").UpdateIntegration(ctx, update)
	s.Must(err)
	s.Restart()
	got, err := s.gateway("admin").GetIntegration(ctx, &v2.GetIntegrationInput{ApiId: &s.api, IntegrationId: made.IntegrationId})
	s.Must(err)
	if len(got.RequestParameters) != 3 || got.RequestParameters["DelaySeconds"] != "1" || got.RequestParameters["MessageBody"] != "$request.body" ||
		*got.IntegrationSubtype != toQueue || *got.CredentialsArn != role || *got.PayloadFormatVersion != "1.0" {
		t.Errorf("%+v", got)
	}
	update.RequestParameters = map[string]string{"MessageBody": ""}
	_, err = s.gateway("admin").UpdateIntegration(ctx, update)
	wantError(t, err, "BadRequestException", 400)
}
