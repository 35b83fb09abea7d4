package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/client"
)

// checkSource answers questions: a server, or a policy in this process.
type checkSource interface {
	check(ctx context.Context, q authz.Query, explain bool) (writ.Decision, *authz.Node, error)
	// list gives what is allowed, in parts.
	list(ctx context.Context, what string, q authz.Query, part func(ids []string, everyone bool)) error
	// model has the words that questions may have.
	model(ctx context.Context) (server.ModelInfo, error)
	// remedy says how a fix is followed there.
	remedy() remedy
	// note tells of a policy file that is not the policy that answers.
	note(ctx context.Context)
	close()
}

// open finds who is to answer.
func (f *checkFlags) open(ctx context.Context, sh *shell, dir string) (checkSource, error) {
	e, err := f.environment.read()
	if err != nil {
		return nil, err
	}
	if f.policy == "" {
		remote, err := findServer(sh, dir, f.server, &f.environment)
		if err != nil {
			return nil, err
		}
		if remote != nil {
			return f.openRemote(sh, remote, dir)
		}
		source, err := f.openStored(ctx, sh, dir, e)
		if err != nil || source != nil {
			return source, err
		}
	}
	if f.environment.given() && !e.byDefault() {
		return nil, noSuchEnvironment(sh, dir, e)
	}
	return f.openFile(sh, dir)
}

// noSuchEnvironment is nothingStored when something else could be asked.
func noSuchEnvironment(sh *shell, dir string, e serveEnvironment) error {
	where := sh.getenv("WRIT_STORE")
	err := writ.Errorf(writ.CodeNotFound, "no server is running in %s, and nothing is stored there of environment %s", dir, e)
	if near := writ.Nearest(e.String(), storedEnvironments(dir, where)); near != "" {
		return err.WithHint("did you mean %s?", near)
	}
	return err.WithHint("a policy file has no environments: leave out --environment to ask that of %s", quoted(dir))
}

// openFile reads a policy that no server has stored yet.
func (f *checkFlags) openFile(sh *shell, dir string) (checkSource, error) {
	if f.asOf != "" || f.atLeast != "" {
		return nil, writ.Errorf(writ.CodeUsage, "a policy file has no history").
			WithHint("--as-of and --at-least ask a server, or what one has stored")
	}
	var p *startPolicy
	var err error
	if f.policy != "" {
		p, err = readStart(f.policy)
	} else {
		info, statErr := os.Stat(dir)
		if statErr != nil {
			return nil, writ.Errorf(writ.CodeNotFound, "there is no directory %s", dir).
				WithHint("a question has three words, as in  writ check ann read document:budget ; after them comes a directory")
		}
		if !info.IsDir() {
			return nil, writ.Errorf(writ.CodeUsage, "%s is no directory", dir).WithHint("a file is asked with  --policy %s", quoted(dir))
		}
		p, err = findPolicy(dir, nil)
	}
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, writ.Errorf(writ.CodeNotFound, "there is no server running in %s, and no policy", dir).
			WithHint("it is looked for in %s", policyPlaces())
	}
	s, err := p.snapshot()
	if err != nil {
		return nil, err
	}
	return &localSource{snapshot: s, now: sh.now(), closing: func() {}, how: f.remedyOf(dir, p)}, nil
}

// openStored reads what a server has stored, while none runs; nil when there is no policy among it, but in a file.
func (f *checkFlags) openStored(ctx context.Context, sh *shell, dir string, e serveEnvironment) (checkSource, error) {
	where := sh.getenv("WRIT_STORE")
	store, closing, err := openExisting(ctx, dir, where, e)
	if err != nil || store == nil {
		return nil, err
	}
	how := f.remedy(dir)
	how.serve = "writ serve " + quoted(dir)
	source := &localSource{now: sh.now(), how: how, closing: func() { _ = closing() }} // nothing was written
	var file *startPolicy
	var broken error
	if e.byDefault() && where == "" {
		file, broken = findPolicy(dir, nil)
	}
	state, err := f.state(ctx, sh, store, source, file)
	if err != nil {
		source.close()
		return nil, err
	}
	if f.asOf == "" && f.atLeast == "" && isBare(state) && (file != nil || broken != nil) {
		source.close()
		note(sh, fmt.Sprintf("no policy is stored in %s yet: its file answers; `writ serve %s` stores it", dir, quoted(dir)))
		return nil, nil
	}
	source.snapshot, source.revision = state.Snapshot, strconv.FormatUint(state.Head.Seq, 10)
	source.noting = func() { f.noteStored(sh, dir, e, state) }
	return source, nil
}

// isBare: nobody has given the environment a policy or a fact.
func isBare(s *environment.State) bool {
	tuples, records := s.Snapshot.Count()
	return s.Source == emptyPolicy() && tuples+records == 0
}

func (f *checkFlags) state(ctx context.Context, sh *shell, store environment.Store, source *localSource, file *startPolicy) (*environment.State, error) {
	live, err := openEnvironment(ctx, store, file, sh.now)
	if err != nil {
		return nil, err
	}
	if f.asOf != "" {
		if source.now, err = f.moment(); err != nil {
			return nil, err
		}
		return live.AsOf(ctx, source.now)
	}
	state := live.State()
	if f.atLeast != "" {
		least, err := f.revision()
		if err != nil {
			return nil, err
		}
		if state.Head.Seq < least {
			return nil, writ.Errorf(writ.CodeNotFound, "revision %d is not here: the newest is %d", least, state.Head.Seq)
		}
	}
	return state, nil
}

// localSource answers in this process.
type localSource struct {
	snapshot *authz.Snapshot
	revision string
	now      time.Time
	closing  func()
	noting   func() // nil: there is nothing to tell
	how      remedy
}

func (l *localSource) close()         { l.closing() }
func (l *localSource) remedy() remedy { return l.how }

func (l *localSource) note(context.Context) {
	if l.noting != nil {
		l.noting()
	}
}

func (l *localSource) check(_ context.Context, q authz.Query, explain bool) (d writ.Decision, tree *authz.Node, err error) {
	q.Now = l.now
	if d, err = l.snapshot.Check(&q); err != nil {
		return writ.Decision{}, nil, err
	}
	d.Revision = l.revision
	if explain {
		tree, err = l.snapshot.Explain(&q)
	}
	return d, tree, err
}

func (l *localSource) list(_ context.Context, what string, q authz.Query, part func([]string, bool)) error {
	q.Now = l.now
	ask := authz.List{Query: q}
	list := (*authz.Snapshot).Resources
	switch what {
	case listActions:
		ids, err := l.snapshot.Actions(&q)
		part(ids, false)
		return err
	case listSubjects:
		ask.Type, list = q.Subject.Type, (*authz.Snapshot).Subjects
	default:
		ask.Type = q.Resource.Type
	}
	for {
		page, err := list(l.snapshot, &ask)
		if err != nil {
			return err
		}
		part(page.IDs, page.Everyone)
		if page.Next == "" {
			return nil
		}
		ask.After = page.Next
	}
}

// remoteSource asks a server.
type remoteSource struct {
	*remoteServer
	client *client.Client
	how    remedy
	noting func(context.Context)
}

func (f *checkFlags) openRemote(sh *shell, s *remoteServer, dir string) (checkSource, error) {
	c, err := client.New(client.Config{URL: s.url, Key: s.key, HTTP: s.client, Timeout: time.Minute})
	if err != nil {
		return nil, err
	}
	switch {
	case f.asOf != "":
		t, err := f.moment()
		if err != nil {
			return nil, err
		}
		c, s.header = c.AsOf(t), map[string]string{server.AsOfHeader: t.UTC().Format(time.RFC3339)}
	case f.atLeast != "":
		if _, err := f.revision(); err != nil {
			return nil, err
		}
		c, s.header = c.At(f.atLeast), map[string]string{server.RevisionHeader: f.atLeast}
	}
	return &remoteSource{s, c, f.remedy(dir), func(ctx context.Context) { f.noteRemote(ctx, sh, s, dir) }}, nil
}

func (*remoteSource) close()                     {}
func (r *remoteSource) remedy() remedy           { return r.how }
func (r *remoteSource) note(ctx context.Context) { r.noting(ctx) }

// withTenant puts the tenant where the wire has it.
func withTenant(q authz.Query) writ.Request {
	if q.Tenant != "" {
		properties := maps.Clone(q.Resource.Properties)
		if properties == nil {
			properties = map[string]any{}
		}
		properties[tenantProperty] = q.Tenant
		q.Resource.Properties = properties
	}
	return q.Request
}

// tenantProperty is the property of a resource that names the tenant of a request.
const tenantProperty = "tenant"

func (r *remoteSource) check(ctx context.Context, q authz.Query, explain bool) (writ.Decision, *authz.Node, error) {
	text, err := json.Marshal(server.Question{Request: withTenant(q), Explain: explain})
	if err != nil {
		return writ.Decision{}, nil, err
	}
	var answer server.Answered
	err = r.call(ctx, http.MethodPost, server.PathCheck, bytes.NewReader(text), &answer)
	return answer.Decision, answer.Tree, err
}

func (r *remoteSource) list(ctx context.Context, what string, q authz.Query, part func([]string, bool)) error {
	list := map[string]func(context.Context, writ.Request, client.Page) (client.Found, error){
		listResources: r.client.Resources, listSubjects: r.client.Subjects, listActions: r.client.Actions,
	}[what]
	page := client.Page{Limit: 1000}
	for {
		found, err := list(ctx, withTenant(q), page)
		if err != nil {
			return writ.Errorf(exitCode(err), "%s", strings.TrimSpace(err.Error()))
		}
		part(found.IDs, found.Everyone)
		if found.Next == "" {
			return nil
		}
		page.Token = found.Next
	}
}

// exitCode is the code of an error of the way to the server: a key that is refused is no denial
// of the question.
func exitCode(err error) writ.Code {
	if code := writ.CodeOf(err); code != writ.CodeDenied && code != writ.CodeAuth {
		return code
	}
	return writ.CodeExternal
}
