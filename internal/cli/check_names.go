package cli

import (
	"context"
	"net/http"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server"
)

// known is an error when a list is asked for about a type or an action that the model does not have: it would be
// empty, whoever asks.
func known(names server.ModelNames, q *authz.Query) error {
	err := unheard(names, q.Subject.Type, q.Resource.Type, q.Action.Name)
	if err == nil {
		return nil
	}
	return asUsage(err)
}

// asUsage makes an error one of the command line, where its words were written.
func asUsage(err error) error {
	usage := writ.Errorf(writ.CodeUsage, "%w", err)
	if e, ok := err.(*writ.Error); ok {
		usage.Hint = e.Hint
	}
	return usage
}

func (l *localSource) names(context.Context) (server.ModelNames, error) {
	return server.NamesOf(l.snapshot.Model()), nil
}

func (r *remoteSource) names(ctx context.Context) (server.ModelNames, error) {
	info, err := r.model(ctx)
	return info.Types, err
}

// model asks for the model that decides.
func (s *remoteServer) model(ctx context.Context) (info server.ModelInfo, err error) {
	return info, s.call(ctx, http.MethodGet, server.PathModel, nil, &info)
}
