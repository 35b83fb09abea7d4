package scheduler_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/writ-dev/writ/localcloud/gate"
)

// TestAttacks: what a caller puts into a request beside what its operation
// reads must not change what IAM is asked.
func TestAttacks(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	info := c.service.Info()
	const target = `"Target":{"Arn":"a","RoleArn":"r"}`
	for _, row := range []struct{ method, path, query, body, want string }{
		{"POST", "/schedules/s", "groupName=mine", `{"GroupName":"theirs",` + target + `}`, "scheduler:CreateSchedule " + prefix + "schedule/theirs/s iam:PassRole r"},
		{"POST", "/schedules/s", "", `{"Name":"other",` + target + `}`, "scheduler:CreateSchedule " + prefix + "schedule/default/s iam:PassRole r"},
		{"POST", "/schedules/s", "", `{}`, "ValidationException"},
		{"PUT", "/schedules/s", "groupName=mine", `{"group":"x",` + target + `}`, "scheduler:UpdateSchedule " + prefix + "schedule/default/s iam:PassRole r"},
		{"DELETE", "/schedules/s", "groupName=theirs", `{"GroupName":"mine"}`, "scheduler:DeleteSchedule " + prefix + "schedule/theirs/s"},
		{"GET", "/schedules/a%2Fb", "", "", "ValidationException"},
		{"GET", "/schedules/a/b", "", "", "ValidationException"},
		{"GET", "/schedules/", "", "", "none"},
		{"GET", "/schedules/*", "", "", "ValidationException"},
		{"PATCH", "/schedules/s", "", "", "none"},
		{"DELETE", "/schedule-groups/g", "name=mine", `{"Name":"mine"}`, "scheduler:DeleteScheduleGroup " + prefix + "schedule-group/g"},
		{"POST", "/tags/" + url.PathEscape(prefix+"schedule-group/g"), "", `{"ResourceArn":"x","Tags":[{"Key":"a","Value":"b"}]}`, "scheduler:TagResource " + prefix + "schedule-group/g"},
		{"POST", "/tags/" + url.PathEscape(prefix+"schedule/g/s"), "", `{}`, "ValidationException"},
		{"GET", "/tags/" + url.PathEscape("arn:aws:scheduler:us-east-1:111111111111:schedule-group/g"), "", "", "ValidationException"},
	} {
		query, err := url.ParseQuery(row.query)
		c.Must(err)
		call := &gate.Call{Service: "scheduler", Method: row.method, Path: row.path, Query: query, Body: []byte(row.body)}
		operation, ok := info.Route(call)
		if !ok {
			same(t, row.method+row.path, "none", row.want)
			continue
		}
		call.Operation = operation
		asks, err := c.service.Describe(call)
		var got []string
		for _, a := range asks {
			got = append(got, a.Action+" "+a.Resource)
		}
		if err != nil {
			got = append(got, gate.CodeOf(err))
		}
		same(t, row.method+row.path+row.body, strings.Join(got, " "), row.want)
	}
}
