package diff

import (
	"bufio"
	"io"
	"regexp"
	"sort"
	"strings"

	"github.com/writ-dev/writ/cfn"
)

// TextOptions say how changes are printed. The zero value prints without
// colour and without a limit to the width.
type TextOptions struct {
	Color bool
	// Width is the terminal's width in columns, 0 for no limit.
	Width int
	// CDK prints what `cdk diff` prints for one stack, to the byte.
	CDK bool
	// SecurityOnly leaves out all but the tables of permissions.
	SecurityOnly bool
}

// cdkNote is what `cdk diff` says under its tables.
const cdkNote = "(NOTE: There may be security-related changes not in this list. See https://github.com/aws/aws-cdk/issues/1299)"

// printer carries the options through the parts of one print.
type printer struct {
	*bufio.Writer
	o     TextOptions
	paths map[string]string
}

// WriteText prints the tables of permissions, then the resources.
func (c *Changes) WriteText(w io.Writer, o TextOptions) error {
	p := &printer{Writer: bufio.NewWriter(w), o: o, paths: c.paths}
	if c.Stack != "" && !c.Empty() {
		p.line(p.bold("Stack " + p.inline(c.Stack)))
	}
	p.roleMode(c)
	p.entries(c, "Template", "AWSTemplateFormatVersion", "Transform", "Description")
	p.security(c)
	if o.SecurityOnly && !o.CDK && !c.Empty() && !c.Security() && c.RoleMode == nil {
		p.line("no change of permissions")
	}
	if !o.SecurityOnly {
		p.entries(c, "Parameters", "Parameters")
		p.entries(c, "Metadata", "Metadata")
		p.entries(c, "Mappings", "Mappings")
		p.entries(c, "Conditions", "Conditions")
		p.resources(c)
		p.entries(c, "Outputs", "Outputs")
		if !o.CDK { // cdk hides its own bootstrap rule
			p.entries(c, "Other Changes", "Rules")
		}
	}
	return p.Flush()
}

func (p *printer) line(text string) { _, _ = p.WriteString(text + "\n") } // Flush reports the error

func (p *printer) paint(code, text string) string {
	if !p.o.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[39m"
}

func (p *printer) bold(text string) string {
	if !p.o.Color {
		return text
	}
	return "\x1b[1m" + text + "\x1b[22m"
}

func (p *printer) title(text string) {
	if p.o.Color {
		text = "\x1b[4m\x1b[1m" + text + "\x1b[22m\x1b[24m"
	}
	p.line(text)
}

// mark gives [+], [-] or [~] in its colour.
func (p *printer) mark(c Change) string {
	switch c {
	case Added:
		return p.paint("32", "[+]")
	case Removed:
		return p.paint("31", "[-]")
	default:
		return p.paint("33", "[~]")
	}
}

func (p *printer) security(c *Changes) {
	if !c.Security() || p.o.CDK && !c.grants() {
		return
	}
	if p.o.CDK { // cdk knows one table
		p.statementTable("IAM Statement Changes", c.all)
	} else {
		p.statementTable("IAM Statement Changes", c.Statements)
		p.statementTable("Access to other sandboxes", c.Imports)
		p.statementTable("Permissions boundaries: the most that roles may do", c.Boundaries)
	}
	p.managedTable(c)
	if p.o.CDK {
		p.line(p.paint("33", cdkNote))
	}
	p.line("")
}

func (p *printer) statementTable(title string, changes StatementChanges) {
	var rows []row
	for _, s := range changes.Added {
		rows = append(rows, p.statementRow("+", s))
	}
	for _, s := range changes.Removed {
		rows = append(rows, p.statementRow("-", s))
	}
	if len(rows) > 0 {
		p.title(title)
		p.table([]string{"", "Resource", "Effect", "Action", "Principal", "Condition"}, rows)
	}
}

func (p *printer) managedTable(c *Changes) {
	var rows []row
	for _, a := range c.Managed.Added {
		rows = append(rows, row{sign: "+", cells: []string{"+", a.Identity, a.Policy}})
	}
	for _, a := range c.Managed.Removed {
		rows = append(rows, row{sign: "-", cells: []string{"-", a.Identity, a.Policy}})
	}
	if len(rows) > 0 {
		p.title("IAM Policy Changes")
		p.table([]string{"", "Resource", "Managed Policy ARN"}, rows)
	}
}

func (p *printer) statementRow(sign string, s Statement) row {
	if s.Unparsed != "" {
		return row{sign: sign, cells: []string{sign, s.Unparsed, "", "", "", ""}}
	}
	return row{sign: sign, cells: []string{
		sign, cell(s.Resources), s.Effect, cell(s.Actions), cell(s.Principals), conditionText(s.Condition),
	}}
}

func cell(t Targets) string {
	lines := make([]string, len(t.Values))
	for i, v := range t.Values {
		if t.Not {
			v = "NOT " + v
		}
		lines[i] = v
	}
	return strings.Join(lines, "\n")
}

// conditionText is the condition's indented JSON without its outer braces.
func conditionText(condition any) string {
	if o, ok := condition.(*cfn.Object); ok && o.Len() == 0 || condition == nil {
		return ""
	}
	text := pretty(condition)
	if !strings.HasPrefix(text, "{\n") {
		return text
	}
	lines := strings.Split(text, "\n")
	lines = lines[1 : len(lines)-1]
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}

var (
	reference = regexp.MustCompile(`\$\{([^.}]+)(\.[^}]+)?\}`)
	// cdkReference has an unescaped dot, so of two references side by side it
	// sees only one: that is how cdk prints them.
	cdkReference = regexp.MustCompile(`\$\{([^.}]+)(.[^}]+)?\}`)
)

// withPaths shows construct paths instead of logical ids.
func (p *printer) withPaths(text string) string {
	pattern := reference
	if p.o.CDK {
		pattern = cdkReference
	}
	return pattern.ReplaceAllStringFunc(text, func(match string) string {
		groups := pattern.FindStringSubmatch(match)
		path, ok := p.paths[groups[1]]
		if !ok {
			return match
		}
		return "${" + path + groups[2] + "}"
	})
}

// entries prints the changes of some sections under one title.
func (p *printer) entries(c *Changes, title string, names ...string) {
	var picked []Entry
	for _, e := range c.Sections {
		for _, name := range names {
			if e.Section == name && (p.o.CDK || c.RoleMode == nil || !e.onlyRoleMode()) {
				picked = append(picked, e)
			}
		}
	}
	if len(picked) == 0 {
		return
	}
	p.title(title)
	for _, e := range picked {
		label := strings.TrimSuffix(e.Section, "s") + " " + p.inline(p.entryName(c, e)) + ": "
		if e.Section == e.Name {
			label = e.Name + ": "
		}
		switch e.Change {
		case Added:
			p.line(p.mark(e.Change) + " " + label + p.inline(compact(e.New)))
		case Removed:
			p.line(p.mark(e.Change) + " " + label + p.inline(compact(e.Old)))
		default:
			p.line(p.mark(e.Change) + " " + label + p.inline(compact(map[string]any{"from": e.Old, "to": e.New})))
		}
	}
	p.line("")
}

// entryName is the path, as far as one is known, and the id, which cdk prints
// twice where no path is known.
func (p *printer) entryName(c *Changes, e Entry) string {
	if path := c.paths[e.Name]; path != "" {
		return path + " " + e.Name
	}
	if p.o.CDK {
		return e.Name + " " + e.Name
	}
	return e.Name
}

func (p *printer) resources(c *Changes) {
	if len(c.Resources) == 0 {
		return
	}
	p.title("Resources")
	for _, r := range c.Resources {
		line := p.mark(r.Change) + " " + p.paint("36", p.inline(r.Type))
		if r.Path != "" {
			line += " " + p.inline(r.Path) + " " + p.paint("90", p.inline(r.LogicalID))
		} else {
			line += " " + p.inline(r.LogicalID)
		}
		if words := p.impactWords(r.Impact); words != "" {
			line += " " + words
		}
		p.line(line)
		if r.Change == Updated {
			for i, part := range r.Parts {
				p.property(part, i == len(r.Parts)-1)
			}
		}
	}
	p.line("")
}

func (p *printer) impactWords(i Impact) string {
	switch i {
	case MayReplace:
		return p.paint("3;33", "may be replaced")
	case WillReplace:
		return p.paint("3;31", "replace")
	case WillDestroy:
		return p.paint("3;31", "destroy")
	case WillOrphan:
		return p.paint("3;33", "orphan")
	default:
		return ""
	}
}

// row is one row of a table; sign colours it.
type row struct {
	sign  string
	cells []string
}

// sortRows sorts by the second cell as it stands before paths replace ids.
func sortRows(rows []row) {
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].cells[1] < rows[j].cells[1] })
}
