package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/sigv4"
	"github.com/writ-dev/writ/localcloud"
	"github.com/writ-dev/writ/localcloud/impersonate"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// actAsFlags say which role's credentials are wanted.
type actAsFlags struct {
	role, sandbox string
	duration      time.Duration
}

func (f *actAsFlags) check() error {
	switch {
	case f.role == "" && (f.sandbox != "" || f.duration != 0):
		return writ.Errorf(writ.CodeUsage, "--sandbox and --duration belong to --role").
			WithHint("name the role, such as --role function/NAME")
	case f.duration != 0 && (f.duration < time.Second || f.duration > impersonate.MaxDuration):
		return writ.Errorf(writ.CodeUsage, "--duration %s is out of range", f.duration).
			WithHint("it takes 1s to %s; the default is %s", impersonate.MaxDuration, impersonate.DefaultDuration)
	}
	return nil
}

// actAs gives local with the credentials of a session of the role.
func (f *actAsFlags) actAs(ctx context.Context, sh *shell, dir string, local runningCloud) (runningCloud, error) {
	request := impersonate.Request{Role: f.role, DurationSeconds: int(f.duration / time.Second)}
	known, err := f.words(ctx, sh, dir, local)
	if err != nil {
		return local, err
	}
	if known != nil {
		word, err := known.find(f.role)
		if err != nil {
			return local, err
		}
		request.Role, request.FunctionARN = word.role, word.function
	}
	answer, err := takeRole(ctx, local, request)
	if err != nil {
		return local, f.explain(ctx, err, dir, local, known != nil, request.Role)
	}
	fmt.Fprintf(sh.stderr, "a session of %s until %s; as you are the developer, its trust policy was not asked\n",
		answer.RoleArn, answer.Credentials.Expiration.Local().Format(time.TimeOnly))
	c := answer.Credentials
	local.AccessKeyID, local.SecretKey, local.Token, local.Expires = c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.Expiration
	return local, nil
}

// roleWord is what the topology calls a role.
type roleWord struct {
	text           string // "function/hello"
	qualified      string // "function/NAMESPACE/hello"
	role, function string // the role's name, the function's ARN
}

type roleWords []roleWord

// words lists what the roles of the sandbox are called, nil when the role is
// not named by such a word.
func (f *actAsFlags) words(ctx context.Context, sh *shell, dir string, local runningCloud) (roleWords, error) {
	if strings.HasPrefix(f.role, "arn:") {
		return nil, nil
	}
	kind, _, _ := strings.Cut(strings.Replace(f.role, ":", "/", 1), "/")
	if _, acts := actingKinds[kind]; !acts && kind != "function" && !strings.ContainsAny(f.role, "/:") {
		return nil, nil
	}
	sandbox := f.sandbox
	if sandbox == "" {
		sandbox = defaultSandbox
	}
	account, err := local.open(ctx) // it knows how the roles of the sandbox were made
	if err != nil {
		return nil, err
	}
	systems, err := sh.load(ctx, order{dir: dir, sandbox: sandbox, profile: localEnv, where: onAWS, hash: noCode, account: account})
	if err != nil {
		return nil, err
	}
	words := roleWords{}
	for _, s := range systems {
		words = append(words, wordsOf(s)...)
	}
	return words, nil
}

func wordsOf(s *system) (words roleWords) {
	t := s.topology
	for _, fn := range t.Functions {
		words = append(words, roleWord{
			text: "function/" + fn.Name, qualified: "function/" + t.Name + "/" + fn.Name, role: s.roleName(topology.KindFunction, fn.Name),
			function: "arn:aws:lambda:" + localcloud.DefaultRegion + ":" + localcloud.DefaultAccount + ":function:" + synth.FunctionName(t, fn.Name, s.sandbox),
		})
	}
	for _, acting := range actingRoles(t) {
		word := roleWord{
			text: string(acting.kind), qualified: string(acting.kind) + "/" + t.Name,
			role: s.roleName(acting.kind, acting.role),
		}
		if acting.name != "" {
			word.text, word.qualified = word.text+"/"+acting.name, word.qualified+"/"+acting.name
		}
		if word.role != "" {
			words = append(words, word)
		}
	}
	return words
}

// roleName gives the name or ARN of the role that an entity of the system acts
// as, "" for none.
func (s *system) roleName(kind topology.Kind, name string) string {
	for _, r := range s.output.Roles {
		switch {
		case r.Kind != kind || r.Name != name:
		case strings.HasPrefix(r.RoleName, "arn:"):
			return r.RoleName
		default:
			return bareName(r.RoleName)
		}
	}
	return ""
}

func (words roleWords) find(name string) (roleWord, error) {
	word, rest, _ := strings.Cut(strings.Replace(name, ":", "/", 1), "/")
	if kind, ok := actingKinds[word]; ok { // also "schedules", "states"
		word = string(kind)
	}
	if rest != "" {
		word += "/" + rest
	}
	var found, known, all []string
	at := 0
	for i, w := range words {
		if w.text == word || w.qualified == word {
			found, at = append(found, w.qualified), i
		}
		known, all = append(known, w.text, w.qualified), append(all, w.qualified)
	}
	switch len(found) {
	case 1:
		return words[at], nil
	case 0:
		err := writ.Errorf(writ.CodeNotFound, "nothing of the topology that has a role is called %s", name)
		if near := writ.Nearest(word, known); near != "" {
			return roleWord{}, err.WithHint("did you mean %s?", near)
		}
		return roleWord{}, err.WithHint("it has %s", strings.Join(all, ", "))
	}
	return roleWord{}, writ.Errorf(writ.CodeUsage, "several topologies have a %s", name).
		WithHint("write %s", strings.Join(found, " or "))
}

// explain says what helps when the cloud refused.
func (f *actAsFlags) explain(ctx context.Context, err error, dir string, local runningCloud, ofTopology bool, role string) error {
	refused, ok := err.(*refusal)
	switch {
	case !ok:
		return err
	case refused.code != "NoSuchEntity":
		return writ.Errorf(writ.CodeExternal, "the local cloud refuses: %s", refused.message)
	case ofTopology:
		return writ.Errorf(writ.CodeNotFound, "the role %s of %s is not there", role, f.role).
			WithHint("is it deployed? `writ diff %s` shows what is missing", quoted(dir))
	}
	missing := writ.Errorf(writ.CodeNotFound, "the local account has no role %s", role)
	if names, err := roleNames(ctx, local); err == nil {
		if near := writ.Nearest(role[strings.LastIndex(role, "/")+1:], names); near != "" {
			return missing.WithHint("did you mean %s?", near)
		}
	}
	return missing.WithHint("a role is an IAM name, an ARN, or a word of the topology such as function/NAME, schedule, route, event/NAME;\n`aws iam list-roles` shows them all")
}

func takeRole(ctx context.Context, local runningCloud, in impersonate.Request) (answer impersonate.Answer, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return answer, err
	}
	header := http.Header{"X-Amz-Target": {impersonate.Target}, "Content-Type": {"application/x-amz-json-1.1"}}
	data, err := callLocal(ctx, local, impersonate.Name, header, body)
	if err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(data, &answer)
}

// roleNames lists the roles of the local account.
func roleNames(ctx context.Context, local runningCloud) ([]string, error) {
	form := url.Values{"Action": {"ListRoles"}, "Version": {"2010-05-08"}, "MaxItems": {"1000"}}
	data, err := callLocal(ctx, local, "iam", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form.Encode()))
	if err != nil {
		return nil, err
	}
	var list struct {
		Names []string `xml:"ListRolesResult>Roles>member>RoleName"`
	}
	return list.Names, xml.Unmarshal(data, &list)
}

// refusal is an error that the cloud answered.
type refusal struct{ code, message string }

func (r *refusal) Error() string { return r.message }

// callLocal makes one signed call as the developer, to this machine only.
func callLocal(ctx context.Context, local runningCloud, service string, header http.Header, body []byte) ([]byte, error) {
	u, err := url.Parse(local.AWS)
	if err != nil || !net.ParseIP(u.Hostname()).IsLoopback() {
		return nil, writ.Errorf(writ.CodeInvalid, "%q is no cloud on this machine", local.AWS).
			WithHint("stop `writ up` and start it again")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, local.AWS+"/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = header
	key := sigv4.Key{AccessKeyID: local.AccessKeyID, Secret: local.SecretKey, Token: local.Token}
	if err := sigv4.Sign(r, sigv4.HashBody(body), key, sigv4.Scope{Region: local.Region, Service: service}, time.Now()); err != nil {
		return nil, err
	}
	// Not through a proxy of the environment: the call is for this machine.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	response, err := client.Do(r)
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "call the local cloud: %w", err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "call the local cloud: %w", err)
	}
	if response.StatusCode == http.StatusOK {
		return data, nil
	}
	var said struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(data, &said) // else it is shown as it came
	if said.Message == "" {
		said.Message = response.Status
	}
	return nil, &refusal{said.Type[strings.LastIndex(said.Type, "#")+1:], said.Message}
}
