package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server"
)

// noteMisfit says on standard error when facts that are stored in a directory would not fit its policy.
func noteMisfit(ctx context.Context, sh *shell, dir string, m *authz.Model) {
	if !isDir(dir) || sh.getenv("WRIT_STORE") != "" {
		return
	}
	misfit, err := storedMisfit(ctx, sh, dir, m)
	switch {
	case err != nil:
		note(sh, fmt.Sprintf("whether the facts that are stored in %s fit is not known: %v", dir, err))
	case misfit != nil:
		note(sh, fmt.Sprintf("facts that are stored in %s do not fit this policy, and `writ serve` would not start with it: %v; "+
			"`writ serve %s --keep-model` starts with the stored one, to remove them", dir, misfit, quoted(dir)))
	}
}

// storedMisfit holds what is stored in a directory against a model: asked of the server that runs there, or read.
func storedMisfit(ctx context.Context, sh *shell, dir string, m *authz.Model) (misfit, err error) {
	e := serveEnvironment{project: server.DefaultProject, env: server.DefaultEnv}
	running, ok, err := readRunningServer(dir)
	if err != nil {
		return nil, err
	}
	if ok {
		if key := running.Keys[e.String()]; key != "" {
			return servedMisfit(ctx, &remoteServer{url: running.URL, key: key, client: running.client()}, m)
		}
		return nil, nil // its environments are others, with policies of their own
	}
	store, closing, err := openExisting(ctx, dir, "", e)
	if err != nil || store == nil {
		return nil, err
	}
	defer func() { _ = closing() }() // nothing was written
	live, err := openEnvironment(ctx, store, nil, sh.now)
	if err != nil {
		return nil, err
	}
	_, misfit = live.State().Snapshot.WithModel(m)
	return misfit, nil
}

// servedMisfit holds the tuples of a server against a model, page by page up to the first that does not fit.
func servedMisfit(ctx context.Context, remote *remoteServer, m *authz.Model) (misfit, err error) {
	empty, err := authz.New(m)
	if err != nil {
		return nil, err
	}
	query := url.Values{}
	for {
		var page server.TuplePage
		if err := remote.call(ctx, http.MethodGet, server.PathTuples+"?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		edit := empty.Edit()
		for _, t := range page.Tuples {
			stored, err := t.Stored()
			if err == nil {
				err = edit.Apply(&authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &stored}})
			}
			if err != nil {
				return fmt.Errorf("%s#%s@%s: %w", t.Object, t.Relation, t.Subject, err), nil
			}
		}
		if page.Next == "" {
			return nil, nil
		}
		query.Set("after", page.Next)
	}
}
