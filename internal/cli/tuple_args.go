package cli

import (
	"net/url"
	"os"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server"
)

// tuples reads TUPLE... [DIR].
func (f *tupleFlags) tuples(args []string) (tuples []server.Tuple, dir string, err error) {
	dir = "."
	args = f.joined(args)
	for i, arg := range args {
		t, ok := f.tuple(arg)
		switch {
		case ok:
			tuples = append(tuples, server.TupleOf(t))
		case i == len(args)-1 && i > 0 && isDir(arg):
			dir = arg
		default:
			return nil, "", f.noTuple(arg)
		}
	}
	if len(tuples) > server.MostTuples {
		return nil, "", writ.Errorf(writ.CodeUsage, "%d tuples are more than the %d of one write", len(tuples), server.MostTuples).
			WithHint("write them in parts")
	}
	return tuples, dir, nil
}

// joined makes one argument of a tuple that was written in words: SUBJECT RELATION OBJECT, in a tenant SUBJECT
// ROLE. Words that are tuples by themselves stay apart, and a directory after them is left.
func (f *tupleFlags) joined(args []string) []string {
	n := 3
	if f.in != "" {
		n = 2
	}
	if len(args) < n || len(args) > n+1 || isDir(args[n-1]) || len(args) == n+1 && !isDir(args[n]) {
		return args
	}
	for _, word := range args[:n] {
		if _, whole := f.tuple(word); whole || strings.ContainsAny(word, " \t") {
			return args
		}
	}
	one := strings.Join(args[:n], " ")
	if _, ok := f.tuple(one); !ok && f.typed(one) == "" {
		return args
	}
	return append([]string{one}, args[n:]...)
}

// typed is a tuple in words whose subject has no type, with the type of users; "" when that makes it none.
func (f *tupleFlags) typed(text string) string {
	words := strings.Fields(text)
	if len(words) == 0 || strings.Contains(words[0], ":") {
		return ""
	}
	words[0] = "user:" + words[0]
	with := strings.Join(words, " ")
	if _, ok := f.tuple(with); !ok {
		return ""
	}
	return with
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// tuple reads OBJECT#RELATION@SUBJECT or 'SUBJECT RELATION OBJECT'; in a tenant ROLE@SUBJECT or 'SUBJECT ROLE'.
func (f *tupleFlags) tuple(text string) (authz.Tuple, bool) {
	if f.in == "" {
		t, err := authz.ParseSaid(text)
		return t, err == nil
	}
	t := authz.Tuple{Object: authz.Entity{Type: authz.TenantType, ID: f.in}}
	role, subject, ok := strings.Cut(text, "@")
	// A subject may have an @ in its ID, and a role may have a colon in its name: the one with a type is the subject.
	if words := strings.Fields(text); len(words) == 2 && (!ok || strings.Contains(role, ":")) {
		subject, role, ok = words[0], words[1], true
	}
	if !ok || role == "" || strings.ContainsAny(role, "# ") {
		return t, false
	}
	var err error
	t.Relation = role
	t.Subject, err = authz.ParseHolder(subject)
	return t, err == nil
}

func (f *tupleFlags) noTuple(text string) error {
	if with := f.typed(text); with != "" {
		return writ.Errorf(writ.CodeUsage, "%q is no tuple: its subject has no type", oneLine(text)).
			WithHint("write '%s'", oneLine(with))
	}
	if f.in != "" {
		return writ.Errorf(writ.CodeUsage, "%q is no role of somebody", oneLine(text)).
			WithHint("with --in TENANT write ROLE@SUBJECT, as in  admin@user:ann")
	}
	return writ.Errorf(writ.CodeUsage, "%q is no tuple", oneLine(text)).
		WithHint("write OBJECT#RELATION@SUBJECT, as in  'document:budget#viewer@user:ann'\nor a role in a tenant, as in  admin@user:ann --in acme")
}

// filter reads [OBJECT|OBJECT#RELATION|@SUBJECT] [DIR]. What is listed has a colon; a word without one is DIR.
func (f *tupleFlags) filter(args []string) (query url.Values, dir string, err error) {
	query, dir = url.Values{}, "."
	if f.in != "" {
		query.Set("object", authz.TenantType+":"+f.in)
	}
	what := ""
	switch {
	case len(args) == 2:
		what, dir = args[0], args[1]
	case len(args) == 1 && strings.Contains(args[0], ":"):
		what = args[0]
	case len(args) == 1 && isDir(args[0]):
		dir = args[0]
	case len(args) == 1:
		return nil, "", noTupleList(args[0])
	}
	if what == "" {
		return query, dir, nil
	}
	if subject, ok := strings.CutPrefix(what, "@"); ok {
		_, err = authz.ParseHolder(subject)
		query.Set("subject", subject)
	} else {
		object, relation, hashed := strings.Cut(what, "#")
		if _, err = authz.ParseEntity(object); f.in != "" || hashed && (relation == "" || strings.Contains(relation, "@")) {
			return nil, "", noTupleList(what)
		}
		query.Set("object", object)
		query.Set("relation", relation)
	}
	if err != nil {
		return nil, "", noTupleList(what)
	}
	return query, dir, nil
}

func noTupleList(what string) error {
	return writ.Errorf(writ.CodeUsage, "%q is nothing that tuples are listed of, and no directory", oneLine(what)).
		WithHint("write OBJECT, OBJECT#RELATION or @SUBJECT, as in  document:budget  or  @user:ann ; for a tenant --in TENANT")
}

// tupleCommand is the command that writes tuples, to be pasted into a shell; "" when it could not be shown as it is.
func tupleCommand(tuples []authz.Tuple, flags, dir []string) string {
	in := ""
	for i, t := range tuples {
		if t.Object.Type != authz.TenantType || i > 0 && t.Object.ID != in {
			in = ""
			break
		}
		in = t.Object.ID
	}
	var words []string
	for _, t := range tuples {
		if in == "" {
			words = append(words, t.String())
		} else {
			words = append(words, t.Relation+"@"+t.Subject.String())
		}
	}
	if words = append(words, dir...); in != "" {
		flags = append([]string{"--in", in}, flags...)
	}
	all := append(words, flags...)
	if len(words) > 0 && strings.HasPrefix(words[0], "-") { // it is no flag
		all = append(append(flags, "--"), words...)
	}
	line := "writ tuple add"
	for _, word := range all {
		line += " " + quoted(word)
	}
	if oneLine(line) != line {
		return ""
	}
	return line
}
