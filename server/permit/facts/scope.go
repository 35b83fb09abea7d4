package facts

import (
	"net/http"
	"time"

	"github.com/writ-dev/writ"
)

// scopeRoutes say what a key opens: one environment of one project.
func scopeRoutes() []route {
	return []route{
		{"GET /api-key/scope", func(c *call) error {
			return c.Send(http.StatusOK, map[string]any{
				"organization_id": c.ID("organization"), "project_id": c.ID("project"), "environment_id": c.ID("environment"),
			})
		}},
		{"GET /projects", func(c *call) error { return c.Send(http.StatusOK, []any{c.readProject()}) }},
		{"POST /projects", refuseCreation},
		{"GET /projects/{proj}", func(c *call) error { return c.Send(http.StatusOK, c.readProject()) }},
		{"GET /projects/{proj}/envs", func(c *call) error { return c.Send(http.StatusOK, []any{c.readEnv()}) }},
		{"POST /projects/{proj}/envs", refuseCreation},
		{"GET /projects/{proj}/envs/{env}", func(c *call) error { return c.Send(http.StatusOK, c.readEnv()) }},
		{"GET /projects/{proj}/envs/{env}/stats", func(c *call) error {
			tuples, records := c.State.Snapshot.Count()
			m := c.readEnv()
			m["stats"] = map[string]any{"tuples": tuples, "records": records}
			return c.Send(http.StatusOK, m)
		}},
	}
}

// refuseCreation: a key opens one environment, and nothing above it.
func refuseCreation(*call) error {
	return writ.Errorf(writ.CodeDenied, "a key of an environment cannot create projects or environments").
		WithHint("they are made where the server runs")
}

func (c *call) readProject() map[string]any {
	m := c.Common(c.ID("project"), c.Caller.Project, time.Time{}, time.Time{})
	delete(m, "project_id")
	delete(m, "environment_id")
	m["name"], m["urn_namespace"] = c.Caller.Project, c.Caller.Project
	return m
}

func (c *call) readEnv() map[string]any {
	m := c.Common(c.ID("environment"), c.Caller.Env, time.Time{}, time.Time{})
	delete(m, "environment_id")
	m["name"] = c.Caller.Env
	return m
}
