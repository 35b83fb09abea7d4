package server_test

import (
	"strings"
	"testing"

	"github.com/writ-dev/writ/server"
)

// A key of the role ask gets decisions, and reads nothing that is stored.
func TestAsk(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{}).open()
	token, _ := s.key(server.Ask, 0)
	reader, _ := s.key(server.Read, 0)
	explain := strings.TrimSuffix(question("ann", "read"), "}") + `,"explain":true}`
	in := server.PathOf(server.DefaultProject, server.DefaultEnv)
	s.ask("POST", server.PathCheck, token, question("ann", "read"), 200)
	s.ask("POST", in+server.PathCheck, token, question("ann", "read"), 200)
	s.ask("POST", server.PathCheck, token, explain, 403)
	s.ask("POST", server.PathCheck, reader, explain, 200)
	for _, path := range []string{server.PathTuples, server.PathModel, server.PathKeys} {
		s.ask("GET", path, token, "", 403)
		s.ask("GET", in+path, token, "", 403)
	}
	s.ask("POST", server.PathTuples, token, `{"add": []}`, 403)
}
