package synth

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ/topology"
)

// FunctionName gives the Lambda name of a function: NAMESPACE_NAME_SANDBOX, or
// with hyphens where the topology says so.
func FunctionName(t *topology.Topology, function, sandbox string) string {
	name := separated(t, t.Name, function, sandbox)
	return fit(name, replace(name, "-_"), 64)
}

// TableName gives the DynamoDB name of a store's table.
func TableName(t *topology.Topology, store, sandbox string) string {
	name := separated(t, t.Name, store, sandbox)
	return fit(name, replace(name, "-_."), 255)
}

// RoleName gives the IAM role of a function: tc-NAMESPACE-NAME-SANDBOX.
func RoleName(t *topology.Topology, function, sandbox string) string {
	name := "tc-" + t.Name + "-" + function + "-" + sandbox
	return fit(name, replace(name, "+=,.@_-"), 64)
}

// PrincipalRoleName gives the IAM role of any entity that acts:
// tc-NAMESPACE-KIND-NAME-SANDBOX, without the name where a namespace has one
// role for all of a kind, and without the kind for a function.
func PrincipalRoleName(t *topology.Topology, kind topology.Kind, name, sandbox string) string {
	switch {
	case kind == topology.KindFunction:
		return RoleName(t, name, sandbox)
	case name == "":
		return RoleName(t, string(kind), sandbox)
	}
	return RoleName(t, string(kind)+"-"+name, sandbox)
}

// StackName gives the CloudFormation stack of a topology: NAMESPACE-SANDBOX.
func StackName(t *topology.Topology, sandbox string) string {
	name := t.Name + "-" + sandbox
	if name[0]|0x20 < 'a' || name[0]|0x20 > 'z' {
		name = "s-" + name // a stack's name starts with a letter
	}
	return fit(name, replace(name, "-"), 128)
}

// BucketName gives the first part of the S3 name of a store's bucket. Bucket
// names are shared by all AWS accounts, so "-ACCOUNT-REGION" follows it.
func BucketName(t *topology.Topology, store, sandbox string) string {
	name := t.Name + "-" + store + "-" + sandbox
	clean := strings.TrimLeft(replace(strings.ToLower(name), "-"), "-")
	// 63 characters less the longest "-ACCOUNT-REGION", "-123456789012-ap-southeast-1".
	return fit(name, clean, 35)
}

// EntityName gives the AWS name of a queue, topic, stream, bus, event (its
// rule), schedule, secret, parameter or key (its alias, without "alias/") that
// the stack makes: NAMESPACE_NAME_SANDBOX; /NAMESPACE/SANDBOX/NAME for a parameter.
func EntityName(t *topology.Topology, kind topology.Kind, name, sandbox string) string {
	full := separated(t, t.Name, name, sandbox)
	switch kind {
	case topology.KindQueue:
		if isFIFO(t, name) { // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
			return fit(full, replace(full, "-_"), 75) + ".fifo"
		}
		return fit(full, replace(full, "-_"), 80)
	case topology.KindTopic:
		return fit(full, replace(full, "-_"), 256)
	case topology.KindStream:
		return fit(full, replace(full, "-_."), 128)
	case topology.KindBus:
		return fit(full, replace(full, "-_."), 256)
	case topology.KindEvent, topology.KindSchedule:
		return fit(full, replace(full, "-_."), 64)
	case topology.KindSecret: // "-" and six characters at the end would look like AWS's own
		return fit(full, replace(full, "/_+=.@-"), 512)
	case topology.KindParameter:
		full = "/" + t.Name + "/" + sandbox + "/" + name
		return fit(full, replace(full, "/_.-"), 1011)
	}
	return fit(full, replace(full, "/_-"), 250)
}

func isFIFO(t *topology.Topology, queue string) bool {
	return slices.ContainsFunc(t.Queues, func(q *topology.Queue) bool { return q.Name == queue && q.FIFO })
}

// GroupName gives the schedule group of a topology: NAMESPACE_SANDBOX.
func GroupName(t *topology.Topology, sandbox string) string {
	name := separated(t, t.Name, sandbox)
	return fit(name, replace(name, "-_."), 64)
}

// apiName names the topology's APIs.
func apiName(t *topology.Topology, sandbox string) string {
	return separated(t, t.Name, sandbox)
}

func separated(t *topology.Topology, parts ...string) string {
	if t.Hyphenated {
		return strings.Join(parts, "-")
	}
	return strings.Join(parts, "_")
}

// fit gives clean, the form of name that a service takes. If it was changed or
// is too long, it ends in a hash of the whole name, so that different names
// stay different.
func fit(name, clean string, limit int) string {
	if clean == name && len(name) <= limit {
		return name
	}
	keep := min(len(clean), limit-hashDigits-1)
	return clean[:keep] + "-" + shortHash(name)
}

// replace puts "-" for what is neither an ASCII letter or digit nor in extra.
func replace(name, extra string) string {
	return strings.Map(func(r rune) rune {
		if letterOrDigit(r) || strings.ContainsRune(extra, r) {
			return r
		}
		return '-'
	}, name)
}

func letterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

const hashDigits = 8

// shortHash is the first 8 hexadecimal digits of a name's SHA-256.
func shortHash(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])[:hashDigits]
}

var (
	plainName = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	hashEnd   = regexp.MustCompile(`[0-9a-f]{8}$`)
)

// logicalID gives the stem of an entity's logical ids. It depends on the name
// alone, so that an entity never changes its ids because of another. Names
// that are not plain words carry a hash, and so does a plain word that looks as
// if it had one.
func logicalID(name string) string {
	if plainName.MatchString(name) && !hashEnd.MatchString(name) {
		return title(name)
	}
	return camel(name) + shortHash(name)
}

// camel gives the letters and digits of a name, each word with a capital.
func camel(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !letterOrDigit(r) })
	var b strings.Builder
	for _, w := range words {
		b.WriteString(title(w))
	}
	text := b.String()
	return text[:min(len(text), 150)] // a logical id has at most 255 characters
}

func title(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}
