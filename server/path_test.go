package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/writ-dev/writ/server"
)

// A path that names an environment is opened by its keys alone, and needs the role that the path without it needs.
func TestPathsOfEnvironments(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{}).open()
	reader, _ := s.key(server.Read, time.Hour)
	admin, _ := s.key(server.Admin, time.Hour)
	own, other := server.PathOf(server.DefaultProject, server.DefaultEnv), server.PathOf("shop", "production")
	for _, c := range []struct {
		method, path, token, body string
		want                      int
	}{
		{http.MethodPost, own + server.PathCheck, reader, question("ann", "read"), 200},
		{http.MethodPost, other + server.PathCheck, reader, question("ann", "read"), 403},
		{http.MethodPost, own + "x" + server.PathCheck, reader, question("ann", "read"), 403},
		{http.MethodPost, own + server.PathCheck, "", question("ann", "read"), 401},
		{http.MethodPost, own + server.PathTuples, reader, `{"add": []}`, 403},
		{http.MethodPost, own + server.PathKeys, reader, `{"role": "admin"}`, 403},
		{http.MethodGet, own + server.PathKeys, reader, "", 403},
		{http.MethodGet, own + "/" + server.PathKeys, reader, "", 403}, // a detour to the keys meets the gate again
		{http.MethodGet, own + server.PathKeys, admin, "", 200},
		{http.MethodGet, other + server.PathKeys, admin, "", 403},
		{http.MethodPost, other + server.PathTuples, admin, `{"add": []}`, 403},
		{http.MethodGet, own + server.PathModel, reader, "", 200},
		{http.MethodGet, own + "/v1/nothing", reader, "", 404},
	} {
		s.ask(c.method, c.path, c.token, c.body, c.want)
	}
}
