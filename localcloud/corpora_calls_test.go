package localcloud_test

import (
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	conformance "github.com/writ-dev/writ/conformance/iam"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cases"
	"github.com/writ-dev/writ/internal/sigv4"
	"github.com/writ-dev/writ/localcloud"
	"github.com/writ-dev/writ/localcloud/gate"
)

// TestCorporaCalled puts the cases that others wrote to the cloud as what they
// are about: signed HTTP requests of operations that it serves, by callers that
// have the case's policies, to resources that have its resource policy.
//
// A case runs only where the request that reached IAM is the case's: the same
// action and resource, and for every context key that its policies mention the
// same value, as the cloud set it by itself.
func TestCorporaCalled(t *testing.T) {
	t.Parallel()
	conformance.RunDistinct(t, func(c conformance.Case) (conformance.Answer, error) {
		if testing.Short() && strings.Contains(c.File, "random") {
			return conformance.Answer{}, conformance.NotExpressible("-short leaves the random cases out")
		}
		return callCase(t, c)
	})
}

// callCase makes a cloud for one case, with what the case needs in it, and
// makes the call.
func callCase(t *testing.T, c conformance.Case) (conformance.Answer, error) {
	none := conformance.Answer{}
	if reason := notCalled(&c); reason != "" {
		return none, conformance.NotExpressible("%s", reason)
	}
	c, err := moved(c)
	if err != nil {
		return none, err
	}
	call, err := requestOf(&c)
	if err != nil {
		return none, err
	}
	s, err := newStage(t, &c)
	if err != nil {
		return none, err
	}
	defer s.cloud.close(t)
	if err := s.prepare(call); err != nil {
		if failed := smithy.APIError(nil); errors.As(err, &failed) {
			return none, conformance.NotExpressible("AWS refuses the set-up: %s", failed.ErrorCode())
		}
		return none, err
	}
	return s.decide(call)
}

// notCalled gives the reason why a case is no call to this cloud.
func notCalled(c *conformance.Case) string {
	r := &c.Request
	p := iam.ParsePrincipal(r.Principal)
	switch p.Kind {
	case iam.PrincipalUser, iam.PrincipalRole:
		if p.Kind == iam.PrincipalRole && conformance.Has(c.Boundary) || !saysSessionToo(c, p) {
			return "the resource policy tells a " + string(p.Kind) + " from a session, and the cloud's callers are sessions"
		}
	case iam.PrincipalSession:
	case iam.PrincipalAnonymous:
		if !strings.HasPrefix(strings.ToLower(r.Action), "s3:") {
			return "only S3 takes requests without a signature"
		}
	default:
		return "the cloud has no callers of the kind " + string(p.Kind)
	}
	switch {
	case len(c.RCPs) > 0:
		return "the cloud has no RCPs"
	case len(c.Endpoint) > 0:
		return "the cloud has no VPC endpoints"
	case p.Kind != iam.PrincipalAnonymous && accountOf(r) != "" && accountOf(r) != p.Account:
		return "the cloud is one account"
	}
	return ""
}

// accountOf gives the account of the case's resource, "" where it does not say.
func accountOf(r *cases.Request) string {
	if parts := strings.SplitN(r.Resource, ":", 6); r.ResourceAccount == "" && len(parts) == 6 {
		return parts[4]
	}
	return r.ResourceAccount
}

// saysSessionToo reports whether a resource policy means the same for a
// session as for the user or role that calls in the case: everybody, the
// account, and the role itself, whose sessions it means as well.
func saysSessionToo(c *conformance.Case, p iam.Principal) bool {
	if !conformance.Has(c.Resource) {
		return true
	}
	doc, err := iam.Parse(c.Resource)
	if err != nil {
		return false
	}
	for _, s := range doc.Statements {
		if s.NotPrincipal != nil {
			return false
		}
		if s.Principal == nil {
			continue
		}
		for _, arn := range s.Principal.AWS {
			account := arn == "*" || arn == p.Account || arn == "arn:aws:iam::"+p.Account+":root"
			if !account && (p.Kind != iam.PrincipalRole || arn != p.ARN) {
				return false
			}
		}
	}
	return true
}

var (
	regionInARN    = regexp.MustCompile(`^arn:aws:[a-z0-9-]*:([a-z]{2}-[a-z]+-\d):`)
	regionPattern  = regexp.MustCompile(`\b(us|eu|ap|sa|ca|me|af)-[a-z]*[*?]`)
	accountPattern = regexp.MustCompile(`[:"](\d+[*?]|[*?]+\d)`)
)

// moved puts the case's account and region where the cloud is, in the whole
// case. What is there already goes where the case came from.
func moved(c conformance.Case) (conformance.Case, error) {
	r := &c.Request
	account := iam.ParsePrincipal(r.Principal).Account
	if account == "" {
		account = accountOf(r)
	}
	var pairs []string
	if account != "" && account != localcloud.DefaultAccount {
		pairs = append(pairs, account, localcloud.DefaultAccount, localcloud.DefaultAccount, account)
	}
	region, _ := c.One("aws:RequestedRegion")
	if m := regionInARN.FindStringSubmatch(r.Resource); m != nil {
		region = m[1]
	}
	if region != "" && region != localcloud.DefaultRegion {
		pairs = append(pairs, region, localcloud.DefaultRegion, localcloud.DefaultRegion, region)
	}
	for _, raw := range c.Documents() {
		if len(pairs) > 0 && (regionPattern.Match(raw) || accountPattern.Match(raw)) {
			return c, conformance.NotExpressible("a policy has a pattern of accounts or regions, and the cloud has others")
		}
	}
	return c.Renamed(pairs...)
}

// stage is a cloud with the case's caller and resource in it.
type stage struct {
	t       *testing.T
	c       *conformance.Case
	cloud   *cloud
	network *httptest.Server
	clock   atomic.Pointer[time.Time] // nil is the present
	caller  sigv4.Key                 // empty for nobody

	mu       sync.Mutex
	verdicts []gate.Verdict
}

func newStage(t *testing.T, c *conformance.Case) (*stage, error) {
	s := &stage{t: t, c: c}
	var scps [][]*iam.Policy
	for _, level := range c.SCPs {
		list := []*iam.Policy{}
		for _, raw := range level.Policies {
			p, err := iam.Load(raw, iam.Origin{Type: iam.TypeSCP})
			if err != nil {
				return nil, conformance.NotExpressible("AWS refuses an SCP")
			}
			list = append(list, p)
		}
		scps = append(scps, list)
	}
	s.cloud = newCloud(t, func(cfg *localcloud.Config) {
		cfg.SCPs, cfg.Now = scps, s.now
		cfg.OnVerdict = func(v gate.Verdict) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.verdicts = append(s.verdicts, v)
		}
	})
	return s, nil
}

func (s *stage) now() time.Time {
	if at := s.clock.Load(); at != nil {
		return *at
	}
	return time.Now()
}

// setClock sets the cloud's clock to the time that a context key has.
func (s *stage) setClock(key string) {
	text, _ := s.c.One(key)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		s.clock.Store(&at)
	}
}

// from is the network between the caller and the cloud: where the case says
// whence and how the call comes, the cloud's door sees that.
func (s *stage) from(door http.Handler) http.Handler {
	ip, hasIP := s.c.One("aws:SourceIp")
	secure, _ := s.c.One("aws:SecureTransport")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hasIP {
			r.RemoteAddr = net.JoinHostPort(ip, "40000")
		}
		switch secure {
		case "true":
			r.TLS = &tls.ConnectionState{}
		case "false":
			if !hasIP {
				r.RemoteAddr = "192.0.2.1:40000"
			}
		}
		door.ServeHTTP(w, r)
	})
}

// send makes a request to a door of the cloud, signed unless nobody calls.
func (s *stage) send(door string, call *rawCall, key sigv4.Key) (status int, code string, body []byte, err error) {
	r, err := http.NewRequestWithContext(s.t.Context(), call.method, door, strings.NewReader(call.body))
	if err != nil {
		return 0, "", nil, err
	}
	r.URL.Path, r.URL.RawQuery = call.path, call.query.Encode()
	r.Header = call.header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("User-Agent", "") // none, unless the case has one
	for header, key := range map[string]string{"User-Agent": "aws:UserAgent", "Referer": "aws:Referer"} {
		if text, ok := s.c.One(key); ok {
			r.Header.Set(header, text)
		}
	}
	if key.AccessKeyID != "" {
		scope := sigv4.Scope{Service: call.service, Region: localcloud.DefaultRegion}
		if err := sigv4.Sign(r, sigv4.HashBody([]byte(call.body)), key, scope, s.now()); err != nil {
			return 0, "", nil, err
		}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	return answer.StatusCode, answer.Header.Get("X-Amzn-Errortype"), body, err
}

// assume makes the session that calls, with the case's session policy.
func (s *stage) assume(role, session string) error {
	keys, err := s.cloud.Issue(localcloud.DeveloperRole, time.Now().AddDate(1, 0, 0))
	if err != nil {
		return err
	}
	form := url.Values{"RoleArn": {role}, "RoleSessionName": {session}}
	if conformance.Has(s.c.Session) {
		form.Set("Policy", string(s.c.Session))
	}
	call := queryCall("sts", "AssumeRole", form)
	status, _, body, err := s.send(s.cloud.api.URL, call, sigv4.Key{AccessKeyID: keys.AccessKeyID, Secret: keys.SecretAccessKey, Token: keys.SessionToken})
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return &smithy.GenericAPIError{Code: "AssumeRole", Message: string(body)}
	}
	var out struct {
		Result struct {
			ID     string `xml:"Credentials>AccessKeyId"`
			Secret string `xml:"Credentials>SecretAccessKey"`
			Token  string `xml:"Credentials>SessionToken"`
		} `xml:"AssumeRoleResult"`
	}
	if err := xml.Unmarshal(body, &out); err != nil {
		return err
	}
	s.caller = sigv4.Key{AccessKeyID: out.Result.ID, Secret: out.Result.Secret, Token: out.Result.Token}
	return nil
}

// decide makes the call, and finds what IAM decided of the case's question.
func (s *stage) decide(call *rawCall) (conformance.Answer, error) {
	keys, err := s.c.Keys()
	if err != nil {
		return conformance.Answer{}, err
	}
	if slices.Contains(keys, "aws:currenttime") || slices.Contains(keys, "aws:epochtime") {
		s.setClock("aws:CurrentTime")
	}
	s.network = httptest.NewServer(s.from(s.cloud.API()))
	defer s.network.Close()
	s.mu.Lock()
	s.verdicts = nil
	s.mu.Unlock()
	status, code, body, err := s.send(s.network.URL, call, s.caller)
	if err != nil {
		return conformance.Answer{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	denied := false
	var asked *gate.Verdict
	for i := range s.verdicts {
		v := &s.verdicts[i]
		denied = denied || v.Decision.Verdict != iam.Allowed
		if strings.EqualFold(v.Ask.Action, s.c.Request.Action) && v.Ask.Resource == s.c.Request.Resource {
			asked = v
		}
	}
	refused := strings.Contains(code+string(body), "AccessDenied") && (status == http.StatusForbidden || status == http.StatusBadRequest)
	switch {
	case len(s.verdicts) == 0:
		return conformance.Answer{}, conformance.NotExpressible("the service answers before it asks IAM")
	case refused != denied:
		return conformance.Answer{}, fmt.Errorf("IAM denied is %v, but the answer is %d %s", denied, status, body)
	case asked == nil:
		return conformance.Answer{}, conformance.NotExpressible("the real call asks for another action or resource")
	}
	for _, key := range keys {
		if !sameValue(s.c.Request.Context, key, asked.Request.Context) {
			name, _, _ := strings.Cut(key, "/")
			return conformance.Answer{}, conformance.NotExpressible("a policy asks for %s, which is otherwise in a real call", name)
		}
	}
	answer := conformance.Answer{Verdict: asked.Decision.Verdict}
	if s.c.ExpectedBlockedBy != nil {
		answer.BlockedBy = asked.Decision.BlockedBy
	}
	return answer, nil
}

// sameValue compares a key of the case with what the cloud set.
func sameValue(given iam.Context, key string, actual iam.Context) bool {
	want, expected := given[key]
	got, there := actual[key]
	if !expected || !there {
		return expected == there
	}
	return got.Multi == want.Multi && slices.Equal(slices.Sorted(slices.Values(got.Values)), slices.Sorted(slices.Values(want.Values)))
}
