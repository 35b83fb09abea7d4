package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// measureExample measures start-up and calls of one example.
func measureExample(ctx context.Context, writ, dir string) error {
	name := filepath.Base(dir)
	if err := os.RemoveAll(filepath.Join(dir, ".writ")); err != nil {
		return err
	}
	first, err := start(writ, dir)
	if err != nil {
		return err
	}
	row(name+": `writ up` to ready, empty state, warm build cache", "%.2f s", first.Ready.Seconds())
	cold, err := get(first.HTTP + "/hello")
	if err != nil {
		first.stop()
		return err
	}
	row(name+": first request (two cold functions)", "%.0f ms", ms(cold))
	first.stop()

	again, err := start(writ, dir)
	if err != nil {
		return err
	}
	defer again.stop()
	row(name+": `writ up` to ready, state there", "%.2f s", again.Ready.Seconds())
	row(name+": memory of writ, idle", "%.0f MB", resident(again.cmd.Process.Pid))
	if _, err := get(again.HTTP + "/hello"); err != nil {
		return err
	}
	var requests sample
	for range 500 {
		took, err := get(again.HTTP + "/hello")
		if err != nil {
			return err
		}
		requests = append(requests, took)
	}
	row(name+": GET /hello, warm (route, function, table, function)", "%s", requests)
	clients, err := connect(again)
	if err != nil {
		return err
	}
	var invokes sample
	function := name + "_hello_dev"
	for range 1000 {
		begin := time.Now()
		if _, err := clients.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: []byte(`{"path":"/x"}`)}); err != nil {
			return err
		}
		invokes = append(invokes, time.Since(begin))
	}
	row(name+": lambda Invoke through the SDK, warm", "%s", invokes)
	row(name+": memory of writ, after", "%.0f MB", resident(again.cmd.Process.Pid))
	return nil
}
