package iam

import "strings"

// actionPattern is one entry of Action or NotAction.
type actionPattern struct {
	pattern
	// service is the prefix with its colon, in lower case; "" when a wildcard
	// stands before the colon, or for "*".
	service string
	never   bool
}

// compileAction compiles one entry. The whole is compared without regard to
// case, ASCII only; white space never matches.
func compileAction(s string) actionPattern {
	if strings.ContainsAny(s, " \t\r\n") {
		return actionPattern{never: true}
	}
	p := actionPattern{pattern: compilePattern(s, syntax{wildcards: true, fold: true})}
	if p.isAny {
		return p
	}
	colon := strings.IndexByte(s, ':')
	if colon < 0 {
		return actionPattern{never: true}
	}
	if service := s[:colon]; !strings.ContainsAny(service, "*?") {
		p.service = lowerASCII(s[:colon+1])
	}
	return p
}

// matchesAction decides the Action or NotAction element.
func (s *statement) matchesAction(action string) bool {
	for i := range s.actions {
		a := &s.actions[i]
		if !a.never && a.match(action, nil) {
			return !s.notAction
		}
	}
	return s.notAction
}

// names reports whether an entry is this very action, given in lower case.
func (s *statement) names(action string) bool {
	for i := range s.actions {
		if a := &s.actions[i]; a.isLiteral && !a.never && a.literal == action {
			return true
		}
	}
	return false
}
