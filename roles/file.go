package roles

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// maxFileBytes bounds a role file. AWS takes 10,240 characters for all inline
// policies of a role, and 6,144 for a boundary.
const maxFileBytes = 256 << 10

// File is a policy document of the platform team, with template variables in it.
type File struct {
	// Path is the file as the user would name it.
	Path string
	text []byte
}

// variable is {{sandbox}} and the like; tc also takes three braces. In
// "${aws:PrincipalTag/{{sandbox}}}" the last brace is the policy's.
var variable = regexp.MustCompile(`\{\{\{[^{}"\n]*\}\}\}|\{\{[^{}"\n]*\}\}`)

// wide are characters that mean more than themselves where a policy or a
// template holds them: a value with one of them would change what a file says.
const wide = "*?$\"\\{}"

func read(path string) (*File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, writ.Errorf(writ.CodeNotFound, "there is no role file %s", path)
	case err != nil:
		return nil, writ.Errorf(writ.CodeExternal, "read role file: %w", err)
	case !info.Mode().IsRegular():
		return nil, writ.Errorf(writ.CodeInvalid, "role file %s is not a file", path)
	case info.Size() > maxFileBytes:
		return nil, writ.Errorf(writ.CodeTooLarge, "role file %s has %d bytes, and %d are read", path, info.Size(), maxFileBytes)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "read role file: %w", err)
	}
	return &File{Path: filepath.ToSlash(path), text: text}, nil
}

// Document renders the file with plain text in the place of each variable and
// checks it as AWS checks the policy of a role: an element that the language
// does not have, a Sid that is no Sid or a variable without a value is a
// *writ.Error at its place in the file. values gives why a name has no value.
func (f *File) Document(values func(name string) (value, why string)) (*iam.Document, error) {
	r := rendered{file: f}
	rest := 0
	for _, at := range variable.FindAllIndex(f.text, -1) {
		name := strings.Trim(string(f.text[at[0]:at[1]]), "{} \t\r\n")
		value, why := values(name)
		switch {
		case why != "":
		case value == "":
			why = "{{" + name + "}} has no value"
		case !isPlain(value):
			why = fmt.Sprintf("the value %.40q of {{%s}} would change what the policy says: it may hold letters, digits and signs, but none of %s", value, name, wide)
		}
		if why != "" {
			err := writ.Errorf(writ.CodeInvalid, "%s", why)
			return nil, f.wrong(err.WithHint("%s", variableHint(name)), f.place(at[0]))
		}
		if err := f.unclosed(rest, at[0]); err != nil {
			return nil, err
		}
		r.add(f.text[rest:at[0]], rest)
		r.add([]byte(value), at[0])
		rest = at[1]
	}
	if err := f.unclosed(rest, len(f.text)); err != nil {
		return nil, err
	}
	r.add(f.text[rest:], rest)
	document, err := iam.Parse(r.text)
	if err == nil {
		err = document.Validate(iam.TypeIdentity)
	}
	if err != nil {
		return nil, r.inFile(err)
	}
	for i := range document.Statements {
		if at, hidden := hiddenBraces(&document.Statements[i]); hidden {
			return nil, r.inFile(writ.Errorf(writ.CodeInvalid, "two braces stand here, and for no variable: CloudFormation would read them").
				WithHint("write a variable without escapes: {{sandbox}}").At(at, ""))
		}
	}
	if strings.Contains(document.ID, "{{") {
		return nil, r.inFile(writ.Errorf(writ.CodeInvalid, "two braces stand in the Id, and for no variable").At(writ.Position{Line: 1, Col: 1}, ""))
	}
	for i := range document.Statements {
		document.Statements[i].Position = r.place(document.Statements[i].Position)
	}
	return document, nil
}

// unclosed refuses a {{ in a part of the file in which no variable is: no policy
// has one, and as plain text it would match nothing.
func (f *File) unclosed(from, to int) error {
	i := bytes.Index(f.text[from:to], []byte("{{"))
	if i < 0 {
		return nil
	}
	return f.wrong(writ.Errorf(writ.CodeInvalid, "{{ is not closed").WithHint("write it as {{sandbox}}"), f.place(from+i))
}

// The variables of role files, and those among them that a variable of the
// environment gives.
var (
	variables = []string{
		"account", "region", "namespace", "sandbox", "sandbox_trimmed", "abbr_namespace", "env", "ASSET_BUCKET", "ASSET_ACCOUNT", "repo",
	}
	ofEnvironment = map[string]string{"ASSET_BUCKET": "TC_ASSET_BUCKET", "ASSET_ACCOUNT": "TC_ASSET_ACCOUNT", "repo": "TC_ECR_REPO"}
)

// variableHint says what helps where a variable has no value.
func variableHint(name string) string {
	if given := ofEnvironment[name]; given != "" {
		return "it is the value of the environment variable " + given + ", which is not set"
	}
	if name == "env" || name == "profile" {
		return "name the profile with -e"
	}
	if near := writ.Nearest(name, variables); near != "" {
		return "did you mean {{" + near + "}}?"
	}
	return "the variables are " + strings.Join(variables, ", ")
}

// isPlain reports whether a value stands for itself alone wherever it is put.
func isPlain(value string) bool {
	return utf8.ValidString(value) && !strings.ContainsAny(value, wide) && !strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) })
}

// hiddenBraces finds "{{" in what a statement says. All variables are filled in
// by then: these were written with escapes, and {{resolve:...}} would make
// CloudFormation put in a text that nobody reviewed.
func hiddenBraces(s *iam.Statement) (at writ.Position, found bool) {
	texts := slices.Concat([]string{s.Sid}, s.Action, s.NotAction, s.Resource, s.NotResource)
	for _, c := range s.Conditions {
		texts = append(append(texts, c.Operator, c.Key), c.Values...)
	}
	return s.Position, slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "{{") })
}

// place gives line and column of an offset of the file as written.
func (f *File) place(offset int) writ.Position {
	p := iam.PlaceOf(f.text, offset, 0, writ.Position{Line: 1, Col: 1})
	p.File = f.Path
	return p
}

// wrong puts an error at a place of the file.
func (f *File) wrong(err *writ.Error, at writ.Position) error {
	lines := strings.Split(string(f.text), "\n")
	source := ""
	if at.Line > 0 && at.Line <= len(lines) {
		source = lines[at.Line-1]
	}
	return err.At(at, source)
}

// Text is the file as written.
func (f *File) Text() []byte { return bytes.Clone(f.text) }

// rendered is a file with its variables filled in, and where each part of it
// stands in the file.
type rendered struct {
	file  *File
	text  []byte
	parts []part
}

// part starts at offset at of the rendered text and offset from of the file.
type part struct{ at, from int }

func (r *rendered) add(text []byte, from int) {
	r.parts = append(r.parts, part{len(r.text), from})
	r.text = append(r.text, text...)
}

// place gives the place in the file of a place in the rendered text.
func (r *rendered) place(p writ.Position) writ.Position {
	if p.Line == 0 {
		return writ.Position{File: r.file.Path}
	}
	offset := 0
	for line := 1; line < p.Line; line++ {
		next := bytes.IndexByte(r.text[offset:], '\n')
		if next < 0 {
			break
		}
		offset += next + 1
	}
	for range p.Col - 1 { // columns count characters
		if offset < len(r.text) {
			offset += len(firstRune(r.text[offset:]))
		}
	}
	for i := len(r.parts) - 1; i >= 0; i-- {
		if p := r.parts[i]; p.at <= offset {
			end := len(r.file.text)
			if i+1 < len(r.parts) {
				end = r.parts[i+1].from
			}
			return r.file.place(min(p.from+offset-p.at, end))
		}
	}
	return writ.Position{File: r.file.Path}
}

func firstRune(text []byte) []byte {
	_, size := utf8.DecodeRune(text)
	return text[:size]
}

// inFile puts an error about the rendered text at its place in the file.
func (r *rendered) inFile(err error) error {
	var known *writ.Error
	if !errors.As(err, &known) {
		return writ.Errorf(writ.CodeInvalid, "%s: %w", r.file.Path, err)
	}
	copied := *known
	return r.file.wrong(&copied, r.place(known.Position))
}
