package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// measureExample measures start-up and calls of one example.
func measureExample(ctx context.Context, writ, dir string) error {
	name := filepath.Base(dir)
	if err := os.RemoveAll(filepath.Join(dir, ".writ")); err != nil {
		return err
	}
	if err := measureStart(writ, dir, name+": `writ up` to ready, empty state, warm build cache"); err != nil {
		return err
	}
	c, err := start(writ, dir)
	if err != nil {
		return err
	}
	defer c.stop()
	row(name+": `writ up` to ready, state there", "%.2f s", c.Ready.Seconds())
	time.Sleep(time.Second)
	row(name+": memory of writ, idle", "%.0f MB", resident(c.cmd.Process.Pid))
	clients, err := connect(c)
	if err != nil {
		return err
	}
	if err := measureInvokes(ctx, name, clients.lambda); err != nil {
		return err
	}
	// Last, because the handlers may want an SDK that is not installed.
	if err := measureRequests(name, c); err != nil {
		log.Printf("%s: requests not measured: %v", name, err)
	}
	row(name+": memory of writ, after", "%.0f MB", resident(c.cmd.Process.Pid))
	return nil
}

// measureStart measures a start whose state is then thrown away by nobody:
// the next one finds it.
func measureStart(writ, dir, what string) error {
	c, err := start(writ, dir)
	if err != nil {
		return err
	}
	defer c.stop()
	row(what, "%.2f s", c.Ready.Seconds())
	time.Sleep(time.Second)
	row(filepath.Base(dir)+": memory of writ, idle after the first deploy", "%.0f MB", resident(c.cmd.Process.Pid))
	cold, err := get(c.HTTP + "/hello")
	if err != nil {
		log.Printf("%s: first request not measured: %v", filepath.Base(dir), err)
		return nil
	}
	row(filepath.Base(dir)+": first request (two cold functions)", "%.0f ms", ms(cold))
	return nil
}

// measureInvokes calls the function that only answers. A change of its
// configuration stops its processes, so that the next call is cold.
func measureInvokes(ctx context.Context, name string, client *lambda.Client) error {
	function := name + "_hello_dev"
	invoke := func() (time.Duration, error) {
		begin := time.Now()
		out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: []byte(`{"path":"/x"}`)})
		if err == nil && out.FunctionError != nil {
			err = fmt.Errorf("%s: %s", *out.FunctionError, out.Payload)
		}
		return time.Since(begin), err
	}
	var cold, warm sample
	for i := range 30 {
		_, err := client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &function, Timeout: aws.Int32(int32(20 + i%2))})
		if err != nil {
			return err
		}
		took, err := invoke()
		if err != nil {
			return err
		}
		cold = append(cold, took)
	}
	for range 1000 {
		took, err := invoke()
		if err != nil {
			return err
		}
		warm = append(warm, took)
	}
	row(name+": Invoke through the SDK, cold", "%s", cold)
	row(name+": Invoke through the SDK, warm", "%s", warm)
	return nil
}

// measureRequests makes requests that pass a route, two functions and a table.
func measureRequests(name string, c *cloud) error {
	if _, err := get(c.HTTP + "/hello"); err != nil {
		return err
	}
	var requests sample
	for range 500 {
		took, err := get(c.HTTP + "/hello")
		if err != nil {
			return err
		}
		requests = append(requests, took)
	}
	row(name+": GET /hello, warm (route, function, table, function)", "%s", requests)
	return nil
}
