package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
)

// load opens an environment and gives it the policy of its file. One that was written through the API
// since is replaced with a warning, or kept when the flag says so.
func (s *serving) load(ctx context.Context, sp *space) (*environment.Environment, error) {
	store, err := s.openStore(ctx, sp.serveEnvironment)
	if err != nil {
		return nil, err
	}
	c := environmentConfig(store, sp.policy, s.sh.now)
	c.MaxBehind, c.Parse = s.config.maxBehind, sp.reader.read
	sp.reader.file.Store(sp.policy)
	live, err := environment.Open(ctx, c)
	if err != nil || sp.policy == nil || live.State().Source == sp.policy.source {
		sp.took.policy = policyUnchanged
		if err == nil && live.State().Head.Seq == 1 {
			sp.took.policy = policyStored
		}
		return live, sp.giveFacts(ctx, live, err)
	}
	if _, misfit := live.State().Snapshot.WithModel(sp.policy.model); misfit != nil {
		if !s.flags.keepModel {
			return nil, s.unfit(sp, misfit)
		}
		s.note(fmt.Sprintf("%s: the stored policy is kept; stored facts do not fit %s, which is not read: %v", sp, sp.policy.file, misfit))
		sp.policy, sp.took.policy = nil, ""
		return live, nil
	}
	sp.took.policy = policyReplaced
	if live.State().Source == emptyPolicy() {
		sp.took.policy = policyStored
	}
	written, err := lastModel(ctx, store)
	if err != nil {
		return nil, err
	}
	if written.Actor.Type != systemActor().Type {
		who := fmt.Sprintf("the policy that %s %s wrote at %s (revision %d)", written.Actor.Type, written.Actor.ID, written.Time.UTC().Format(time.RFC3339), written.Seq)
		if s.flags.keepModel {
			s.note(fmt.Sprintf("%s: %s is kept; %s is not read", sp, who, sp.policy.file))
			sp.policy, sp.took.policy = nil, ""
			return live, nil
		}
		s.note(fmt.Sprintf("%s: %s replaces %s; --keep-model keeps such a one", sp, sp.policy.file, who))
	}
	return live, sp.giveFacts(ctx, live, sp.policy.giveModel(ctx, live))
}

// unfit is the error of a policy file that stored facts do not fit, with the way to remove them.
func (s *serving) unfit(sp *space, misfit error) error {
	command := "writ serve " + quoted(s.dir)
	if s.config.file != "" {
		command += " --config " + quoted(s.config.file)
	}
	return writ.Errorf(writ.CodeInvalid, "stored facts do not fit %s: %w", sp.policy.file, misfit).
		WithHint("keep what they name in the policy; or start with the stored one by `%s --keep-model`,\nremove the facts with `writ tuple remove`, and start again", command)
}

// note says something on standard error that is no error.
func (s *serving) note(line string) {
	fmt.Fprintln(s.sh.stderr, style{s.sh.colorErr}.yellow(oneLine(line)))
}

// lastModel is the entry that the model of a store comes from.
func lastModel(ctx context.Context, store environment.Store) (last environment.Commit, err error) {
	err = store.Commits(ctx, 0, func(c environment.Commit) error {
		for i := range c.Changes {
			if c.Changes[i].Model != nil {
				last = environment.Commit{Entry: c.Entry}
			}
		}
		return nil
	})
	return last, err
}

// openEnvironment opens what is stored; an empty store gets a policy to begin with.
func openEnvironment(ctx context.Context, store environment.Store, p *startPolicy, now func() time.Time) (*environment.Environment, error) {
	return environment.Open(ctx, environmentConfig(store, p, now))
}

func environmentConfig(store environment.Store, p *startPolicy, now func() time.Time) environment.Config {
	initial := emptyPolicy()
	if p != nil {
		initial = p.source
	}
	var reader sourceReader
	reader.file.Store(p)
	return environment.Config{Store: store, Parse: reader.read, Now: now, Initial: initial}
}

// giveModel makes the policy of a file the environment's.
func (p *startPolicy) giveModel(ctx context.Context, live *environment.Environment) error {
	_, err := live.Write(ctx, environment.Write{
		Actor: systemActor(), Kind: "model.write", Subject: "model",
		Plan: func(s *environment.State) ([]authz.Change, error) {
			if s.Source == p.source {
				return nil, nil
			}
			return []authz.Change{{Model: &authz.Step[authz.Source]{After: &p.source}}}, nil
		},
	})
	return err
}

// giveFacts writes the facts of the policy's file into an environment that has none, unless something failed before.
func (sp *space) giveFacts(ctx context.Context, live *environment.Environment, before error) error {
	if before != nil || sp.policy == nil {
		return before
	}
	_, err := live.Write(ctx, environment.Write{
		Actor: systemActor(), Kind: "facts.write", Subject: "facts",
		Plan: func(s *environment.State) ([]authz.Change, error) {
			if tuples, records := s.Snapshot.Count(); tuples+records > 0 {
				sp.took.factsRead, sp.took.differ = false, sp.policy.differing(s.Snapshot)
				return nil, nil
			}
			sp.took.factsRead = true
			all := make([]authz.Change, 0, len(sp.policy.facts))
			for _, f := range sp.policy.facts {
				all = append(all, f.Change)
			}
			return all, nil
		},
	})
	return err
}

// reload gives the environment of `writ up` the policy of its files when these have changed. Facts
// are those that a new environment begins with: they are not read again.
func (s *serving) reload(ctx context.Context) (changed bool, err error) {
	p, err := findPolicy(s.dir, nil)
	if err != nil {
		return false, err
	}
	sp := s.spaces[0]
	if p == nil || sp.policy == nil || p.source == sp.policy.source {
		return false, nil
	}
	sp.reader.file.Store(p)
	if err := p.giveModel(ctx, sp.live); err != nil {
		return false, err
	}
	sp.policy = p
	return true, nil
}

// systemActor is who does what nobody asked for: the server at its start.
func systemActor() writ.Subject { return writ.Subject{Type: "system", ID: "writ"} }
