package cli

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
)

// keyFlags say what the context holds beside what follows from caller and resource.
type keyFlags struct{ given, absent []string }

func (f *keyFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.given, "context", nil, "a context key, KEY=VALUE; a key that is repeated has several values, KEY= has none and is absent")
	cmd.Flags().StringArrayVar(&f.absent, "absent", nil, "a context key that the call does not have; may be repeated")
}

// setContext puts the --context and --absent flags into the request: a key that
// is given more than once, or that AWS lists as one of several values, has a
// set of them.
func (q *question) setContext(f keyFlags) error {
	for key := range q.req.Context {
		q.assumed = append(q.assumed, key)
	}
	given := iam.Context{}
	for _, pair := range f.given {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return writ.Errorf(writ.CodeUsage, "--context %s is not of the form KEY=VALUE", pair).
				WithHint("such as --context aws:SourceIp=203.0.113.7")
		}
		kind := q.checkKey(key)
		if value == "" {
			f.absent = append(slices.Clip(f.absent), key)
			continue
		}
		if err := checkValue(key, value, kind.Base()); err != nil {
			return err
		}
		name := iam.Key(key)
		v := given[name]
		v.Values = append(v.Values, value)
		v.Multi = kind.Multi() || len(v.Values) > 1
		given[name] = v
		q.given = append(q.given, key)
	}
	for key, value := range given {
		q.req.Context[key] = value
		delete(q.guessed, key)
	}
	for _, key := range f.absent {
		q.checkKey(key)
		name := iam.Key(key)
		if _, both := given[name]; both {
			return writ.Errorf(writ.CodeUsage, "%s is given, and said to be absent", key)
		}
		delete(q.req.Context, name)
		delete(q.guessed, name)
		q.absent = append(q.absent, name)
	}
	q.assumed = slices.DeleteFunc(q.assumed, func(key string) bool {
		_, ok := given[key]
		return ok || slices.Contains(q.absent, key)
	})
	slices.Sort(q.assumed)
	return nil
}

// checkKey looks a key up and warns of one that AWS does not have.
func (q *question) checkKey(key string) catalog.Type {
	service, _, _ := strings.Cut(q.req.Action, ":")
	kind, known := catalog.AWS().Key(service, key)
	if !known && !isClaim(key) {
		warning := "AWS has no condition key " + key + " for " + service
		if near := catalog.AWS().NearestKey(service, key); near != "" {
			warning += "; did you mean " + near + "?"
		}
		q.warn(warning)
	}
	return kind
}

func (q *question) warn(text string) {
	if !slices.Contains(q.warnings, text) {
		q.warnings = append(q.warnings, text)
	}
}

// isClaim reports the keys that every identity provider's tokens have, by the
// provider's host: "token.actions.githubusercontent.com:sub" (IAM User Guide,
// "Available keys for AWS OIDC federation").
func isClaim(key string) bool {
	at := strings.LastIndexByte(key, ':')
	return at > 0 && strings.Contains(key[:at], ".") && slices.Contains([]string{"aud", "sub", "amr", "azp", "oaud"}, strings.ToLower(key[at+1:]))
}

// checkValue refuses what a key of this type never holds: it would decide
// silently, for it matches nothing.
func checkValue(key, value string, kind catalog.Type) error {
	ok, like := true, ""
	switch kind {
	case "IPAddress":
		_, err := netip.ParseAddr(value)
		ok, like = err == nil, "an address such as 203.0.113.7"
	case "Bool":
		ok, like = strings.EqualFold(value, "true") || strings.EqualFold(value, "false"), "true or false"
	case "Numeric":
		_, err := strconv.ParseFloat(value, 64)
		ok, like = err == nil, "a number"
	case "Date":
		_, err := time.Parse(time.RFC3339, value)
		_, seconds := strconv.ParseInt(value, 10, 64)
		_, day := time.Parse(time.DateOnly, value)
		ok, like = err == nil || seconds == nil || day == nil, "a date such as 2026-01-31T12:00:00Z, or seconds since 1970"
	case "ARN":
		ok, like = strings.HasPrefix(value, "arn:"), "an ARN"
	}
	if ok {
		return nil
	}
	return writ.Errorf(writ.CodeUsage, "--context %s=%s: the key never holds this", key, value).WithHint("its values are %s", like)
}

var accountID = regexp.MustCompile(`^\d{12}$`)

// checkAccount refuses a number that is no account's; flag names where it stands.
func checkAccount(flag, account string) error {
	if account == "" || accountID.MatchString(account) {
		return nil
	}
	return writ.Errorf(writ.CodeUsage, "%s: %q is not an account", flag, account).WithHint("an account's number has twelve digits")
}

// checkARN refuses an ARN whose account is none.
func checkARN(flag, arn string) error {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" || parts[4] == "aws" || strings.ContainsAny(parts[4], "*?") {
		return nil
	}
	return checkAccount(flag+" "+arn, parts[4])
}

// providers are the identity providers that a trust policy names without an ARN.
var providers = []string{"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}

// checkPrincipal refuses a caller that nobody can be, where no topology or
// template could hold one of that name.
func checkPrincipal(name string) error {
	p := iam.ParsePrincipal(name)
	switch {
	case strings.HasPrefix(name, "arn:"):
		if len(strings.SplitN(name, ":", 6)) == 6 && p.Account != "" {
			return checkARN("--principal", name)
		}
	case p.Kind == iam.PrincipalService, p.Kind == iam.PrincipalAnonymous, p.Kind == iam.PrincipalCanonical, slices.Contains(providers, name):
		return nil
	}
	return writ.Errorf(writ.CodeUsage, "--principal %s: nobody is called so", name).
		WithHint("a caller is an ARN (arn:aws:iam::111122223333:user/ann), a service (s3.amazonaws.com) or \"anonymous\"; with -s, --template or --account-details also a name")
}

// setTime gives the request the time of the call, where a policy asks for it.
func (q *question) setTime(now time.Time) {
	keys := q.policies.Keys()
	for key, value := range map[string]string{
		"aws:currenttime": now.UTC().Format(time.RFC3339), "aws:epochtime": strconv.FormatInt(now.Unix(), 10),
	} {
		if slices.Contains(keys, key) {
			if _, given := q.req.Context[key]; !given && !slices.Contains(q.absent, key) {
				q.req.Context[key] = iam.One(value)
				q.assumed = append(q.assumed, key)
			}
		}
	}
	slices.Sort(q.assumed)
}

// unknown reports keys that a call may have and the question does not give.
func (q *question) unknown(key string) bool {
	if q.guessed[key] {
		return true
	}
	if _, given := q.req.Context[key]; given && !q.isOf(key) || slices.Contains(q.absent, key) {
		return false
	}
	service := q.caller.Kind == iam.PrincipalService
	nobody := q.caller.Kind == iam.PrincipalAnonymous && !q.crowd
	switch {
	case strings.HasPrefix(key, "aws:principaltag/"), key == "lambda:sourcefunctionarn":
		return q.caller.Entity == nil && !service && !nobody
	case key == "aws:username":
		return q.caller.Entity == nil && q.caller.Kind != iam.PrincipalSession && q.caller.Kind != iam.PrincipalRole && !service && !nobody
	case strings.HasPrefix(key, "aws:principal"):
		return !service && !nobody
	case strings.HasPrefix(key, "aws:resourcetag/"):
		return q.world == nil || q.world.inv.Owner(q.req.Resource) == nil
	case key == "aws:sourcearn", key == "aws:sourceaccount", key == "aws:sourceowner", key == "aws:sourceorgid", strings.HasPrefix(key, "aws:sourceorgpaths"):
		// Only services call on behalf of something; everybody includes them.
		return service || q.crowd && q.caller.Kind == iam.PrincipalAnonymous
	case key == "aws:multifactorauthpresent", key == "aws:multifactorauthage":
		return q.caller.Function == nil && !service && !nobody
	case strings.HasPrefix(key, "aws:calledvia"):
		via := q.req.Context["aws:viaawsservice"].Values // nobody calls for the caller, unless it is said
		return len(via) != 1 || via[0] != "false"
	}
	return q.mayHave(key)
}

// isOf reports a key that was filled in for the one who stands for the many.
func (q *question) isOf(key string) bool {
	switch key {
	case "aws:principalarn", "aws:principaltype", "aws:principalisawsservice":
		return q.crowd && slices.Contains(q.assumed, key)
	}
	return false
}

// mayHave reports whether the catalogue has requests for the action with a key
// of its own service; of other keys that is not known.
func (q *question) mayHave(key string) bool {
	action, ok := catalog.AWS().Action(q.req.Action)
	if !ok || catalog.AWS().IsGlobal(key) || !strings.HasPrefix(key, strings.ToLower(action.Service)+":") {
		return true
	}
	return slices.ContainsFunc(catalog.AWS().KeysOf(action), func(name string) bool { return catalog.KeyMatches(name, key) })
}

// answerHang is a condition that the verdict hangs on, for nobody said what its
// key holds.
type answerHang struct {
	Key      string     `json:"key"`
	Operator string     `json:"operator"`
	Wanted   []string   `json:"wanted"`
	Effect   iam.Effect `json:"effect"`
	// Statement is its policy and Sid or number.
	Statement string `json:"statement"`
	// Assumed says that the key has a value, which was assumed.
	Assumed bool `json:"assumed,omitempty"`
}

// hanging gives the conditions that decide and are not known: the verdict is
// found with all of them in the caller's favour and against, and if the two
// agree there are none.
func (q *question) hanging() []answerHang {
	favour, against := q.policies.Assume(q.unknown, true), q.policies.Assume(q.unknown, false)
	if (iam.Decide(q.req, favour) == iam.Allowed) == (iam.Decide(q.req, against) == iam.Allowed) {
		return nil
	}
	worst := iam.Explain(q.req, against)
	var sure []iam.PolicyType
	for _, m := range worst.Matched {
		// Of an organisation every level has to allow: one that does is not all.
		if m.Effect == iam.Allow && m.Origin.Type != iam.TypeSCP && m.Origin.Type != iam.TypeRCP {
			sure = append(sure, m.Origin.Type)
		}
	}
	var list []answerHang
	for _, m := range iam.Explain(q.req, favour).Matched {
		if m.Effect == iam.Allow && !slices.Contains(sure, m.Origin.Type) {
			list = append(list, q.unknownConditions(m)...)
		}
	}
	for _, m := range worst.Matched {
		if m.Effect == iam.Deny {
			list = append(list, q.unknownConditions(m)...)
		}
	}
	return list
}

func (q *question) unknownConditions(m iam.Match) []answerHang {
	var list []answerHang
	for _, c := range m.Source().Conditions {
		if key := iam.Key(c.Key); q.unknown(key) {
			list = append(list, answerHang{
				Key: c.Key, Operator: c.Operator, Wanted: append([]string{}, c.Values...), Effect: m.Effect, Statement: m.Rule(), Assumed: q.guessed[key],
			})
		}
	}
	return list
}
