package cli

import (
	"context"
	"net/http"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server"
)

// nothingKnown is an error when a list is empty because the model does not have the type or the action that was asked for.
func nothingKnown(ctx context.Context, source checkSource, q *authz.Query) error {
	info, err := source.model(ctx)
	if err != nil {
		return err
	}
	names := info.Types
	if err := names.Asked(q.Resource.Type, q.Action.Name); err != nil {
		return asUsage(err)
	}
	if err := names.Known(q.Subject.Type, q.SubjectRelation); err != nil {
		return asUsage(err)
	}
	return nil
}

// asUsage makes an error one of the command line, where its words were written.
func asUsage(err error) error {
	usage := writ.Errorf(writ.CodeUsage, "%w", err)
	if e, ok := err.(*writ.Error); ok {
		usage.Hint = e.Hint
	}
	return usage
}

func (l *localSource) model(context.Context) (server.ModelInfo, error) {
	return server.InfoOfModel(l.snapshot), nil
}

// model asks for the model that decides.
func (s *remoteServer) model(ctx context.Context) (info server.ModelInfo, err error) {
	return info, s.call(ctx, http.MethodGet, server.PathModel, nil, &info)
}
