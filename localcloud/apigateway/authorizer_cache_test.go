package apigateway_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v1 "github.com/aws/aws-sdk-go-v2/service/apigateway"
	resttypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	v2 "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/writ-dev/writ/localcloud/store"
)

// TestKeptAnswers is how API Gateway uses an answer again: a policy is asked
// anew for each request, so that one that allows one route alone refuses the
// next; a simple answer serves all routes.
func TestKeptAnswers(t *testing.T) {
	t.Parallel()
	for form, next := range map[string]int{"REST TOKEN": 403, "REST REQUEST": 403, "HTTP 1.0": 403, "HTTP 2.0": 403, "HTTP 2.0 simple": 200} {
		c, a := newCloud(t), &asked{}
		c.set(a.reply)
		api, id := guarded(t, c, form, 60)
		allow, deny := policyOf("Allow", "ARN", ""), policyOf("Deny", "*", "")
		if form == "HTTP 2.0 simple" {
			allow, deny = `{"isAuthorized":true}`, `{"isAuthorized":false}`
		}
		step := func(what, path, token string, want, times int) {
			t.Helper()
			if got := c.send(t, "GET", path, "", "Auth: "+token); got.Status != want || a.times() != times {
				t.Errorf("%s, %s: %d after being asked %d times, want %d after %d\n%s", form, what, got.Status, a.times(), want, times, got.Body)
			}
		}
		a.says(allow)
		step("the first", "/a", "t1", 200, 1)
		a.says(deny)
		step("again", "/a", "t1", 200, 1)
		step("on another route", "/b/7", "t1", next, 1)
		step("of another caller", "/a", "t2", 403, 2)
		step("a no is kept too", "/a", "t2", 403, 2)
		a.fails(`{"errorType":"Error","errorMessage":"boom"}`, "Unhandled")
		step("an error", "/a", "t3", 500, 3)
		a.says(allow)
		step("after the error", "/a", "t3", 200, 4)

		// An update of the authorizer forgets its answers, and so does a flush of the stage.
		a.says(deny)
		rest, http := c.rest("admin"), c.http("admin")
		if strings.HasPrefix(form, "REST") {
			must(rest.UpdateAuthorizer(t.Context(), &v1.UpdateAuthorizerInput{RestApiId: api, AuthorizerId: id, PatchOperations: []resttypes.PatchOperation{
				{Op: resttypes.OpReplace, Path: aws.String("/name"), Value: aws.String("other")},
			}}))(t)
		} else {
			must(http.UpdateAuthorizer(t.Context(), &v2.UpdateAuthorizerInput{ApiId: api, AuthorizerId: id, Name: aws.String("other")}))(t)
		}
		step("after the update", "/a", "t1", 403, 5)
		a.says(allow)
		step("kept after the update", "/a", "t1", 403, 5)
		if strings.HasPrefix(form, "REST") {
			must(rest.FlushStageAuthorizersCache(t.Context(), &v1.FlushStageAuthorizersCacheInput{RestApiId: api, StageName: aws.String("prod")}))(t)
		} else {
			must(http.ResetAuthorizersCache(t.Context(), &v2.ResetAuthorizersCacheInput{ApiId: api, StageName: aws.String("$default")}))(t)
		}
		step("after the flush", "/a", "t1", 200, 6)
	}
}

// TestAnswersAreKeptForTheTTL goes by the cloud's clock, and forgets with the process.
func TestAnswersAreKeptForTheTTL(t *testing.T) {
	t.Parallel()
	db, err := store.Open(filepath.Join(t.TempDir(), "cloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := &atomicTime{}
	clock.set(start)
	c, a := openCloudAt(t, db, clock.now), &asked{}
	c.set(a.reply)
	guarded(t, c, "HTTP 2.0 simple", 60)
	a.says(`{"isAuthorized":true}`)
	for _, row := range []struct {
		at    time.Duration
		times int
	}{{0, 1}, {59 * time.Second, 1}, {60 * time.Second, 2}, {119 * time.Second, 2}, {2 * time.Minute, 3}} {
		clock.set(start.Add(row.at))
		if got := c.send(t, "GET", "/a", "", "Auth: x"); got.Status != 200 || a.times() != row.times {
			t.Errorf("after %s: %d, asked %d times, want %d", row.at, got.Status, a.times(), row.times)
		}
	}
	again := openCloudAt(t, db, clock.now)
	again.set(a.reply)
	if got := again.send(t, "GET", "/a", "", "Auth: x"); got.Status != 200 || a.times() != 4 {
		t.Errorf("after a restart: %d, asked %d times, want 4", got.Status, a.times())
	}
}

// TestTheRouteInTheKey keeps answers apart by route, as $context.routeKey among
// the identity sources does on AWS.
func TestTheRouteInTheKey(t *testing.T) {
	t.Parallel()
	c, a := newCloud(t), &asked{}
	c.set(a.reply)
	api, id := guarded(t, c, "HTTP 2.0 simple", 60)
	must(c.http("admin").UpdateAuthorizer(t.Context(), &v2.UpdateAuthorizerInput{
		ApiId: api, AuthorizerId: id, IdentitySource: []string{"$request.header.Auth", "$context.routeKey"},
	}))(t)
	a.says(`{"isAuthorized":true}`)
	if got := c.send(t, "GET", "/a", "", "Auth: x"); got.Status != 200 {
		t.Errorf("the first route: %+v", got)
	}
	a.says(`{"isAuthorized":false}`)
	for path, want := range map[string]int{"/a": 200, "/b/1": 403, "/b/2": 403} {
		if got := c.send(t, "GET", path, "", "Auth: x"); got.Status != want {
			t.Errorf("%s: %d, want %d", path, got.Status, want)
		}
	}
	if a.times() != 2 {
		t.Errorf("asked %d times, want 2: once for each route", a.times())
	}
	if event := a.lastOf(t, &a.events); !strings.Contains(event, `"identitySource":["x","GET /b/{id}"]`) {
		t.Errorf("event %s", event)
	}
}

// TestADeploymentHoldsItsAuthorizers: a change of a REST API's authorizer waits
// for the next deployment; an automatic stage of an HTTP API has it at once.
func TestADeploymentHoldsItsAuthorizers(t *testing.T) {
	t.Parallel()
	c, a := newCloud(t), &asked{}
	c.set(a.reply)
	api, id := guarded(t, c, "REST TOKEN", 0)
	a.says(policyOf("Allow", "*", ""))
	must(c.rest("admin").UpdateAuthorizer(t.Context(), &v1.UpdateAuthorizerInput{RestApiId: api, AuthorizerId: id, PatchOperations: []resttypes.PatchOperation{
		{Op: resttypes.OpReplace, Path: aws.String("/identitySource"), Value: aws.String("method.request.header.Other")},
	}}))(t)
	try := func(when string, auth, other int) {
		t.Helper()
		for header, want := range map[string]int{"Auth: x": auth, "Other: x": other} {
			if got := c.send(t, "GET", "/a", "", header); got.Status != want {
				t.Errorf("%s, with %s: %d, want %d", when, header, got.Status, want)
			}
		}
	}
	try("before the deployment", 200, 401)
	must(c.rest("admin").CreateDeployment(t.Context(), &v1.CreateDeploymentInput{RestApiId: api, StageName: aws.String("prod")}))(t)
	try("after it", 401, 200)

	c, a = newCloud(t), &asked{}
	c.set(a.reply)
	api, id = guarded(t, c, "HTTP 2.0", 0)
	a.says(policyOf("Allow", "*", ""))
	must(c.http("admin").UpdateAuthorizer(t.Context(), &v2.UpdateAuthorizerInput{ApiId: api, AuthorizerId: id, IdentitySource: []string{"$request.header.Other"}}))(t)
	try("an HTTP API", 401, 200)
}
