package directory

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// matched names a statement and its policy as AWS does. The policy that a key
// is taken to have is none of the simulation's.
func (in *simulation) matched(m iam.Match) (out matchedXML, ok bool) {
	out = matchedXML{SourcePolicyType: "IAM Policy"}
	if m.Origin.Type != iam.TypeIdentity {
		out.SourcePolicyType = "Resource Policy"
	}
	for _, s := range in.sources {
		same := s.origin.Name == m.Origin.Name && s.origin.ARN == m.Origin.ARN
		if !same || s.origin.Type == iam.TypeBoundary || m.Statement >= len(s.document.Statements) {
			continue
		}
		start := s.document.Statements[m.Statement].Position
		out.SourcePolicyId = s.id
		out.StartPosition = positionXML{start.Line, start.Col}
		out.EndPosition = endOf(s.text, start)
		return out, true
	}
	return out, false
}

// endOf finds where the JSON value that begins at start ends.
func endOf(text string, start writ.Position) positionXML {
	lines := strings.SplitAfter(text, "\n")
	if start.Line < 1 || start.Line > len(lines) {
		return positionXML{}
	}
	offset := len(strings.Join(lines[:start.Line-1], ""))
	for i := range lines[start.Line-1] { // columns count characters
		if start.Col--; start.Col == 0 {
			offset += i
			break
		}
	}
	decoder := json.NewDecoder(strings.NewReader(text[offset:]))
	var value json.RawMessage
	if decoder.Decode(&value) != nil {
		return positionXML{}
	}
	before := text[:offset+int(decoder.InputOffset())]
	line := strings.LastIndexByte(before, '\n') + 1
	return positionXML{strings.Count(before, "\n") + 1, len([]rune(before[line:])) + 1}
}

// missingKeys are the keys that conditions and variables ask for, and that the
// request does not give.
func (in *simulation) missingKeys() []string {
	found := map[string]string{}
	ask := func(key string) {
		if _, given := in.context[iam.Key(key)]; !given {
			if _, known := found[iam.Key(key)]; !known {
				found[iam.Key(key)] = key
			}
		}
	}
	for _, source := range in.sources {
		for _, s := range source.document.Statements {
			texts := slices.Concat(s.Resource, s.NotResource)
			for _, condition := range s.Conditions {
				ask(condition.Key)
				texts = append(texts, condition.Values...)
			}
			if source.document.Version == iam.Version2012 {
				eachVariable(texts, ask)
			}
		}
	}
	keys := make([]string, 0, len(found))
	for _, key := range found {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// eachVariable visits the keys of variables that have no default.
func eachVariable(texts []string, visit func(key string)) {
	for _, text := range texts {
		for text != "" {
			size := iam.VariableLen(text)
			if size == 0 {
				text = text[1:]
				continue
			}
			if name := text[len("${") : size-len("}")]; strings.Contains(name, ":") && !strings.Contains(name, ",") {
				visit(name)
			}
			text = text[size:]
		}
	}
}
