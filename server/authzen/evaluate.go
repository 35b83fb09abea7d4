package authzen

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server"
)

// The semantics of a batch: answer all, or stop at the first denial or permit.
const (
	executeAll    = "execute_all"
	denyOnFirst   = "deny_on_first_deny"
	permitOnFirst = "permit_on_first_permit"
)

// answer is the wire form of a decision.
type answer struct {
	Decision bool           `json:"decision"`
	Context  *answerContext `json:"context,omitempty"`
}

// answerContext says why. The two reasons are by language, as in the examples of the specification: for
// administrators what the policy says, for users no more than the outcome.
type answerContext struct {
	ReasonAdmin map[string]string `json:"reason_admin,omitempty"`
	ReasonUser  map[string]string `json:"reason_user,omitempty"`
	Reasons     []writ.Reason     `json:"reasons,omitempty"`
	Revision    string            `json:"revision,omitempty"`
	Error       *itemError        `json:"error,omitempty"`
}

// itemError says why one item of a batch got no answer.
type itemError struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
}

func (h *handler) evaluation(w http.ResponseWriter, r *http.Request, body []byte) error {
	var f four
	if err := decodeFour(body, &f, nil); err != nil {
		return err
	}
	return h.single(w, r, &f)
}

// single answers one evaluation.
func (h *handler) single(w http.ResponseWriter, r *http.Request, f *four) error {
	if err := f.lacks(needAll); err != nil {
		return err
	}
	caller := server.CallerOf(r.Context())
	view, err := caller.View(w, r)
	if err != nil {
		return err
	}
	d, err := h.decide(r, &view, f)
	if err != nil {
		return err
	}
	return write(w, h.answer(d))
}

// decide asks the engine and has the answer counted.
func (h *handler) decide(r *http.Request, view *server.View, f *four) (writ.Decision, error) {
	q := authz.Query{Request: f.request(), Now: view.Now}
	a := server.Answer{Query: &q, Snapshot: view.Snapshot, Start: server.CallerOf(r.Context()).Now()}
	if h.config.Brief {
		a.Decision.Allowed, a.Err = view.Snapshot.Allowed(&q)
	} else {
		a.Decision, a.Err = view.Snapshot.Check(&q)
	}
	if a.Err != nil {
		a.Decision.Allowed = false
		a.Err = unanswered(a.Err)
	}
	a.Decision.Revision = strconv.FormatUint(view.Head.Seq, 10)
	server.Observe(r.Context(), &a)
	return a.Decision, a.Err
}

// unanswered gives errors of the engine the status 500: the request was well formed,
// and a bound of this server was hit. What the engine finds wrong with the request stays 400.
func unanswered(err error) error {
	var e *writ.Error
	if errors.As(err, &e) && e.Code != writ.CodeInternal && e.Code != writ.CodeInvalid {
		return &server.StatusError{Status: http.StatusInternalServerError, Err: e}
	}
	return err
}

func (h *handler) answer(d writ.Decision) *answer {
	c := &answerContext{Revision: d.Revision}
	if !h.config.Brief {
		c.Reasons = d.Reasons
		if len(d.Reasons) > 0 {
			c.ReasonAdmin = map[string]string{"en": d.Reasons[0].Message}
		}
		if !d.Allowed {
			c.ReasonUser = map[string]string{"en": "You are not allowed to do this"}
		}
	}
	return &answer{Decision: d.Allowed, Context: c}
}

func (h *handler) evaluations(w http.ResponseWriter, r *http.Request, body []byte) error {
	b, err := decodeBatch(body, h.config.MaxEvaluations)
	if err != nil {
		return err
	}
	if len(b.items) == 0 {
		return h.single(w, r, &b.four)
	}
	if b.bad != nil {
		return b.bad
	}
	caller := server.CallerOf(r.Context())
	view, err := caller.View(w, r)
	if err != nil {
		return err
	}
	answers := make([]*answer, 0, len(b.items))
	for i := range b.items {
		if err := r.Context().Err(); err != nil {
			return &server.StatusError{Status: http.StatusInternalServerError, Err: writ.Errorf(writ.CodeCancelled, "the batch took too long: %d of %d evaluations are answered", i, len(b.items))}
		}
		a := h.item(r, &view, &b.items[i], &b.four)
		answers = append(answers, a)
		if b.semantic == denyOnFirst && !a.Decision || b.semantic == permitOnFirst && a.Decision {
			break
		}
	}
	return write(w, map[string]any{"evaluations": answers})
}

// item answers one evaluation of a batch: what is wrong with it denies it, and nothing else.
func (h *handler) item(r *http.Request, view *server.View, f, defaults *four) *answer {
	f.defaults(defaults)
	err := f.lacks(needAll)
	var d writ.Decision
	if err == nil {
		d, err = h.decide(r, view, f)
	}
	if err != nil {
		_, message := server.Public(r, err)
		return &answer{Context: &answerContext{Error: &itemError{server.StatusOf(err), message}}}
	}
	return h.answer(d)
}

// write sends an answer.
func write(w http.ResponseWriter, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return writ.Errorf(writ.CodeInternal, "the answer is no JSON: %w", err)
	}
	header := w.Header()
	header["Content-Type"] = []string{"application/json"}
	header["Content-Length"] = []string{strconv.Itoa(len(text))}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(text) // the client may be gone
	return nil
}
