package cli

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/internal/bundle"
	"github.com/writ-dev/writ/localcloud"
	"github.com/writ-dev/writ/synth"
)

// deployer brings systems into an account: code first, then the stack.
type deployer struct {
	account *awscloud.Account
	// workDir is where builds make their temporary directories.
	workDir  string
	progress io.Writer
	style    style
	// quiet shows only failures of single resources.
	quiet bool
}

// deploy builds and uploads what the account does not have yet and applies the
// template. It reports whether the stack changed.
func (d *deployer) deploy(ctx context.Context, s *system) (stack awscloud.Stack, changed bool, err error) {
	identity, err := d.account.Identity(ctx)
	if err != nil {
		return stack, false, err
	}
	bucket := strings.NewReplacer("${AWS::AccountId}", identity.Account, "${AWS::Region}", d.account.Region).Replace(assetBucket)
	if err := d.account.EnsureBucket(ctx, bucket); err != nil {
		return stack, false, err
	}
	target := targetOf(d.account, identity)
	if err := d.upload(ctx, s, bucket, target); err != nil {
		return stack, false, err
	}
	done := working(d.progress, d.style, "preparing a change set for "+s.stack)
	plan, err := d.account.Plan(ctx, awscloud.Deployment{
		Stack: s.stack, Template: s.template, Bucket: bucket,
		Tags: stackTags(s.topology, s.sandbox),
	})
	done()
	if err != nil {
		return stack, false, inTopology(err, s)
	}
	defer working(d.progress, d.style, "deploying "+s.stack)()
	stack, err = d.account.Apply(ctx, plan, d.showEvent)
	if err != nil {
		return stack, false, inTopology(err, s)
	}
	return stack, !plan.Empty, d.restore(ctx, s, bucket, target)
}

// targetOf is the machine that runs the account's functions: this one, when the
// account is a local cloud, also one that is reached by an AWS profile.
func targetOf(account *awscloud.Account, who awscloud.Identity) bundle.Target {
	developer := fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/", localcloud.DefaultAccount, localcloud.DeveloperRole)
	if account.Local || strings.HasPrefix(who.ARN, developer) {
		return bundle.Target{OS: runtime.GOOS, Arch: runtime.GOARCH}
	}
	return bundle.Target{OS: "linux", Arch: "amd64", Release: true}
}

// targetOf is the machine that a source is built for: in AWS an authorizer has a processor of its own.
func (s *system) targetOf(source bundle.Source, target bundle.Target) bundle.Target {
	for _, f := range s.topology.Functions {
		if f.Name == source.Name && f.Authorizer != nil && target.Release && f.Authorizer.Architecture != "x86_64" {
			target.Arch = "arm64"
		}
	}
	return target
}

func (d *deployer) upload(ctx context.Context, s *system, bucket string, target bundle.Target) error {
	return eachSource(s.sources, func(_ int, source bundle.Source) error {
		key := s.assets[source.Name].Key
		there, err := d.account.HasAsset(ctx, bucket, key)
		if err != nil || there {
			return err
		}
		return d.build(ctx, source, bucket, key, s.targetOf(source, target))
	})
}

// restore brings code again that a local cloud has lost: to CloudFormation
// nothing has changed.
func (d *deployer) restore(ctx context.Context, s *system, bucket string, target bundle.Target) error {
	if !d.account.Local {
		return nil
	}
	return eachSource(s.sources, func(_ int, source bundle.Source) error {
		function, key := synth.FunctionName(s.topology, source.Name, s.sandbox), s.assets[source.Name].Key
		lost, err := d.account.LostCode(ctx, function)
		if err != nil || !lost {
			return err
		}
		if err := d.build(ctx, source, bucket, key, s.targetOf(source, target)); err != nil {
			return err
		}
		return d.account.UpdateCode(ctx, function, bucket, key)
	})
}

// build makes a function's code and uploads it.
func (d *deployer) build(ctx context.Context, source bundle.Source, bucket, key string, target bundle.Target) error {
	start := time.Now()
	d.say("building %s", source.Name)
	zip, err := bundle.Build(ctx, source, target, d.workDir)
	if err != nil {
		return err
	}
	d.say("built %s, %.1f MB in %.1f s", source.Name, float64(len(zip))/1e6, time.Since(start).Seconds())
	defer working(d.progress, d.style, "uploading "+source.Name)()
	return d.account.PutAsset(ctx, bucket, key, zip)
}

func (d *deployer) say(format string, args ...any) {
	fmt.Fprintf(d.progress, "%s\n", d.style.faint(fmt.Sprintf(format, args...)))
}

func (d *deployer) showEvent(e awscloud.StackEvent) {
	if d.quiet && !e.Failed() {
		return
	}
	line := fmt.Sprintf("%-36s %-32s %s", e.Status, e.Type, e.LogicalID)
	if e.Reason != "" {
		line += "  " + e.Reason
	}
	line = oneLine(line)
	switch {
	case e.Failed():
		line = d.style.red(line)
	case strings.HasSuffix(e.Status, "_COMPLETE"):
		line = d.style.green(line)
	default:
		line = d.style.faint(line)
	}
	fmt.Fprintln(d.progress, line)
}
