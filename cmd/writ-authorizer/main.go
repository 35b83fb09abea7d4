// Command writ-authorizer is a Lambda authorizer of API Gateway, and with --listen a service of decisions for the other programs
// of its machine. docs/authorizer.md says how it is configured; `writ authorizer build` makes the zip of it.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/authorizer"
)

// mostInit is how long loading may take: Lambda gives the start of a function ten seconds.
const mostInit = 9500 * time.Millisecond

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		writ.WriteError(os.Stderr, err)
		os.Exit(writ.CodeOf(err).ExitStatus())
	}
}

func run(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("writ-authorizer", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", os.Getenv("WRIT_AUTHORIZER_LISTEN"), "answer AuthZEN's evaluation at `127.0.0.1:PORT`")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return writ.Errorf(writ.CodeUsage, "writ-authorizer takes --listen 127.0.0.1:PORT, or nothing at all")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	a, transport, err := open(ctx, log)
	if err != nil {
		return err
	}
	api := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	switch {
	case *listen != "":
		return serve(ctx, a, *listen, log, func() error {
			if api == "" {
				<-ctx.Done()
				return nil
			}
			return authorizer.Extend(ctx, transport, api, filepath.Base(os.Args[0]))
		})
	case api == "":
		return writ.Errorf(writ.CodeUsage, "this is a function of AWS Lambda, which starts it").
			WithHint("--listen 127.0.0.1:PORT answers on this machine")
	}
	lambda.Start(a.Gateway.Handle)
	return nil
}

// open puts the configuration to work.
func open(ctx context.Context, log *slog.Logger) (*authorizer.Authorizer, http.RoundTripper, error) {
	ctx, cancel := context.WithTimeout(ctx, mostInit)
	defer cancel()
	file, err := authorizer.File(os.Getenv)
	if err != nil {
		return nil, nil, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true,
	}
	defer loading()()
	started := time.Now()
	a, err := authorizer.Open(ctx, file, authorizer.Surroundings{
		Getenv: os.Getenv, Now: time.Now, Log: log, Transport: transport, TempDir: os.TempDir(),
	})
	if err != nil {
		return nil, nil, err
	}
	log.InfoContext(ctx, "ready", "decides", a.About, "config", file, "took", time.Since(started).String())
	return a, transport, nil
}

// loading lets memory grow while a snapshot is read, all of which stays, up to what the function has; the function that it
// gives ends that.
func loading() func() {
	mb, err := strconv.Atoi(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	if err != nil || mb <= 0 {
		return func() {}
	}
	debug.SetMemoryLimit(int64(mb) << 20 / 10 * 8) // what is not on the heap needs room too
	before := debug.SetGCPercent(-1)
	return func() { debug.SetGCPercent(before) }
}

// serve answers other programs for as long as until takes.
func serve(ctx context.Context, a *authorizer.Authorizer, address string, log *slog.Logger, until func() error) error {
	l, err := authorizer.Listen(ctx, address)
	if err != nil {
		return err
	}
	log.InfoContext(ctx, "listening", "address", l.Addr().String())
	ctx, end := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- a.Serve(ctx, l, log) }()
	waited := make(chan error, 1)
	go func() { waited <- until() }()
	select {
	case err = <-served:
		end()
		return err
	case err = <-waited:
	}
	end()
	if failed := <-served; err == nil {
		err = failed
	}
	return err
}
