package scheduler_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/scheduler"
	"github.com/writ-dev/writ/localcloud/store"
)

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := store.Open(filepath.Join(dir, "cloud.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	service, err := scheduler.New(scheduler.Config{DB: db, Account: "000000000000", Region: "us-east-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	call := &gate.Call{Method: "POST", Path: "/schedules/nightly", Body: []byte(
		`{"ScheduleExpression":"cron(0 3 * * ? *)","FlexibleTimeWindow":{"Mode":"OFF"},
		  "Target":{"Arn":"arn:aws:lambda:us-east-1:000000000000:function:clean","RoleArn":"arn:aws:iam::000000000000:role/clean"}}`,
	)}
	call.Operation, _ = service.Info().Route(call)
	asks, err := service.Describe(call) // what IAM would have to allow
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, ask := range asks {
		fmt.Println(ask.Action, ask.Resource, ask.Context["iam:passedtoservice"].Values)
	}
	// Output:
	// scheduler:CreateSchedule arn:aws:scheduler:us-east-1:000000000000:schedule/default/nightly []
	// iam:PassRole arn:aws:iam::000000000000:role/clean [scheduler.amazonaws.com]
}
