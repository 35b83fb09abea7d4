package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// roleFlags say how the roles of a sandbox are made.
type roleFlags struct{ mode, way, dir string }

func (f *roleFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.mode, "roles", "", "how roles are made: "+alternatives(roles.Modes)+" (default: as the sandbox was made; shared where the repository has role files; else dynamic)")
	flags.StringVar(&f.way, "way", "", "what a role file does to the rights of the edges: "+alternatives(roles.Ways)+" (default replace)")
	flags.StringVar(&f.dir, "infra-dir", "", "the `DIR` of the shared role files (default: $TC_INFRA_DIR, else infrastructure/tc in the repository)")
}

// acceptFlag adds --allow-missing to a command that deploys.
func acceptFlag(cmd *cobra.Command, accept *bool) {
	cmd.Flags().BoolVar(accept, "allow-missing", false, "deploy although roles that are not made here lack rights that edges need")
}

// settled is how the roles of one topology are made, and why.
type settled struct {
	set *roles.Set
	// from says who decided: "--roles", "TC_LEGACY_ROLES", "topology.yml:3:1", ...
	from string
	// notes are what the user should know and did not ask.
	notes []string
}

// settle decides how the roles of a topology are made: as the flags say, else
// the environment, else the topology or the one that holds it, else as the
// sandbox was made, else as the files that are there suggest.
func (sh *shell) settle(ctx context.Context, o order, t, root *topology.Topology) (settled, error) {
	owner := ownerOfRoles(t, root)
	s, from, err := sh.chosen(o.roles, owner.Roles)
	if err != nil {
		return settled{}, err
	}
	made, err := madeWith(ctx, o, t)
	if err != nil {
		return settled{}, err
	}
	kept := false // the way that the sandbox was made with
	switch {
	case made == nil || !made.Chosen:
	case s.Mode == "":
		if err := checkRecorded(t, *made); err != nil {
			return settled{}, writ.Errorf(writ.CodeInvalid, "the deployed template of %s says how its roles are made, and Writ did not write that: %w", synth.StackName(t, o.sandbox), err).At(t.Pos, "").
				WithHint("say it anew, such as --roles shared --infra-dir DIR")
		}
		way := s.Way
		s, from = *made, "as the sandbox was made"
		s.Way = cmp.Or(way, s.Way)
	case s.Mode != roles.Global && s.Way == "" && checkRecorded(t, *made) == nil:
		s.Way, kept = made.Way, true // a boundary does not end because somebody leaves a word out
	}
	places := sh.rolePlaces(o.roles, t, owner, s.Dir)
	s.Dir = places.Recorded
	files, err := roles.Find(t, places.Places)
	if err != nil {
		return settled{}, err
	}
	if s.Mode == "" && len(files.Shared()) > 0 {
		s.Mode, from = roles.Shared, files.Dir
	}
	if s.Mode == roles.Shared && len(files.Shared()) == 0 {
		return settled{}, writ.Errorf(writ.CodeNotFound, "the roles of %s are shared (%s), and there are no role files", t.Name, from).
			WithHint("name their directory with --infra-dir, or in the topology:  roles: {mode: shared, dir: ../platform}\nthe usual one is infrastructure/tc/base/roles at the root of the repository").At(t.Pos, "")
	}
	done := settled{set: files.Choose(s), from: from}
	if kept && !done.set.UsesFiles() {
		s.Way = ""
		done.set = files.Choose(s)
	}
	if made != nil && made.String() != s.String() {
		done.notes = append(done.notes, fmt.Sprintf("the roles of %s are deployed as %s, and are %s now (%s)", t.Name, made, s, from))
	}
	if unused := files.Shared(); s.Mode != roles.Shared && len(unused) > 0 {
		done.notes = append(done.notes, fmt.Sprintf("the roles of %s are %s (%s): %s", t.Name, s.Normal().Mode, from, unusedFiles(unused)))
	}
	if s.Way != "" && !done.set.UsesFiles() {
		done.notes = append(done.notes, fmt.Sprintf("the way %s does nothing for %s: no role file is used", s.Way, t.Name))
	}
	for _, path := range files.Unused {
		done.notes = append(done.notes, path+" is not used: Writ has nothing of that kind")
	}
	for _, path := range files.Passed {
		done.notes = append(done.notes, fmt.Sprintf("%s is not used: the role files of %s are in %s", path, t.Name, filepath.ToSlash(filepath.Join(t.Dir, topology.InfraDir(t), "roles"))))
	}
	return done, nil
}

// ownerOfRoles is the topology whose roles: holds for t: its own, else the
// outermost one's.
func ownerOfRoles(t, root *topology.Topology) *topology.Topology {
	if t.Roles != nil {
		return t
	}
	return root
}

func unusedFiles(paths []string) string {
	if len(paths) == 1 {
		return paths[0] + " is not used"
	}
	return strings.Join(paths, ", ") + " are not used"
}

// places are where role files are, and what of it is worth remembering.
type places struct {
	roles.Places
	// Recorded is the directory that a command named, relative to the topology's.
	Recorded string
}

// rolePlaces says where role files are; the roles: of owner hold for t, and
// recorded is what an earlier command named.
func (sh *shell) rolePlaces(f roleFlags, t, owner *topology.Topology, recorded string) places {
	p := places{Places: roles.Places{Work: "."}}
	named := f.dir
	if named == "" {
		named = sh.getenv("TC_INFRA_DIR")
	}
	switch {
	case named != "":
		p.Dir, p.Recorded = named, withinRepository(t.Dir, named)
	case owner.Roles != nil && owner.Roles.Dir != "":
		p.Dir, p.Position = filepath.Join(owner.Dir, filepath.FromSlash(owner.Roles.Dir)), owner.Roles.DirPos
	case recorded != "":
		p.Dir, p.Recorded = filepath.Join(t.Dir, filepath.FromSlash(recorded)), recorded
	}
	return p
}

// withinRepository gives a directory relative to the topology's, "" where it
// lies outside its repository: there it is another on another machine.
func withinRepository(dir, named string) string {
	from, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	to, err := filepath.Abs(named)
	if err != nil {
		return ""
	}
	root := roles.Repository(dir)
	if root == "" || to != root && !strings.HasPrefix(to, root+string(filepath.Separator)) {
		return ""
	}
	rel, err := filepath.Rel(from, to)
	if err != nil {
		return ""
	}
	return filepath.ToSlash(rel)
}

// chosen gives what somebody asked for; Mode is "" where nobody did.
func (sh *shell) chosen(f roleFlags, own *topology.RoleSettings) (s roles.Settings, from string, err error) {
	s = roles.Settings{Mode: roles.Mode(f.mode), Way: roles.Way(f.way), Chosen: true}
	if err := s.Check(); err != nil {
		return s, "", err
	}
	if own != nil && s.Way == "" {
		s.Way = roles.Way(own.Way)
	}
	switch legacy := sh.getenv("TC_LEGACY_ROLES"); {
	case s.Mode != "":
		return s, "--roles " + f.mode, nil
	case roles.Legacy(legacy):
		s.Mode = roles.Global
		return s, "TC_LEGACY_ROLES", nil
	case own != nil && own.Mode != "":
		s.Mode = roles.Mode(own.Mode)
		return s, own.Pos.String(), nil
	case f.dir != "":
		s.Mode = roles.Shared
		return s, "--infra-dir " + f.dir, nil
	}
	s.Chosen = s.Way != ""
	return s, "the default", nil
}

// madeWith gives how a sandbox that is deployed was made, Chosen where somebody
// asked for it; nil where it is not deployed, or there is no cloud to ask.
func madeWith(ctx context.Context, o order, t *topology.Topology) (*roles.Settings, error) {
	if o.account == nil {
		return nil, nil
	}
	stack := synth.StackName(t, o.sandbox)
	body, found, err := o.account.Template(ctx, stack)
	if err != nil || !found {
		return nil, err
	}
	deployed, err := cfn.Parse(body, "the deployed template of "+stack)
	if err != nil {
		return nil, err
	}
	settings, _ := synth.RecordedRoles(deployed) // without a record: dynamic, unasked
	return &settings, nil
}

// checkRecorded refuses what Writ does not record: whoever may change a template
// must not choose a directory of this machine.
func checkRecorded(t *topology.Topology, recorded roles.Settings) error {
	if err := recorded.Check(); err != nil {
		return err
	}
	if dir := recorded.Dir; dir != "" && withinRepository(t.Dir, filepath.Join(t.Dir, filepath.FromSlash(dir))) == "" {
		return writ.Errorf(writ.CodeInvalid, "the directory %q of role files is not in the repository", dir)
	}
	return nil
}

// existingRoles looks the roles up that a topology does not make, so that of the
// names which one may have, the one that is there is taken.
func existingRoles(ctx context.Context, account *awscloud.Account, set *roles.Set, have map[string]bool) error {
	if account == nil || set.Settings.Mode != roles.Global {
		return nil
	}
	for _, kind := range roles.Kinds {
		for _, name := range roles.GlobalNames(kind) {
			if _, asked := have[name]; asked {
				continue
			}
			found, err := account.HasRole(ctx, name)
			if err != nil {
				return err
			}
			have[name] = found
		}
	}
	return nil
}

// showRoles says how roles are made where that is not by the edges alone.
func showRoles(w io.Writer, st style, s *system) {
	settings := s.roles.set.Settings
	if settings.Mode != roles.Dynamic {
		line := fmt.Sprintf("%s: roles are %s: %s", s.stack, settings, s.roles.from)
		if settings.Mode == roles.Shared && s.roles.from != s.roles.set.Dir() {
			line += ", files of " + s.roles.set.Dir()
		}
		fmt.Fprintln(w, st.faint(oneLine(line)))
	}
	for _, note := range s.roles.notes {
		fmt.Fprintln(w, st.yellow("note: "+oneLine(note)))
	}
}
