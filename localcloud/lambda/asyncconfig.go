package lambda

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/delivery"
	"github.com/writ-dev/writ/localcloud/gate"
)

// The bounds of an asynchronous invocation, and AWS's defaults: Lambda
// Developer Guide, "Configuring error handling settings for Lambda
// asynchronous invocations".
const (
	usualRetries       = 2
	shortestAge        = 60
	longestAge         = 6 * 60 * 60
	maxDestinationText = 350
)

// asyncConfig is how a version of a function is invoked asynchronously.
type asyncConfig struct {
	Retries   *int      `json:"retries,omitempty"`
	AgeSec    *int      `json:"age,omitempty"`
	OnSuccess string    `json:"onSuccess,omitempty"` // ARN, "" for none
	OnFailure string    `json:"onFailure,omitempty"`
	Modified  time.Time `json:"modified"`
}

// retries is how often a failed event is tried once more.
func (c *asyncConfig) retries() int {
	if c == nil || c.Retries == nil {
		return usualRetries
	}
	return *c.Retries
}

// age is how old an event may become.
func (c *asyncConfig) age() time.Duration {
	if c == nil || c.AgeSec == nil {
		return longestAge * time.Second
	}
	return time.Duration(*c.AgeSec) * time.Second
}

// destination is where the record of an event goes, "" for nowhere.
func (c *asyncConfig) destination(succeeded bool) string {
	switch {
	case c == nil:
		return ""
	case succeeded:
		return c.OnSuccess
	}
	return c.OnFailure
}

type destination struct {
	Destination string `json:",omitempty"`
}

type destinations struct{ OnSuccess, OnFailure *destination }

type asyncRequest struct {
	MaximumRetryAttempts     *int
	MaximumEventAgeInSeconds *int
	DestinationConfig        *destinations
}

var destinationRule = regexp.MustCompile(`^$|^arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)$`)

// applyAsync checks a request and writes what it says into c; self is the ARN of
// the function.
func (s *Service) applyAsync(q *asyncRequest, c *asyncConfig, self string) error {
	if n := q.MaximumRetryAttempts; n != nil {
		if *n < 0 || *n > usualRetries {
			return outside("maximumRetryAttempts", *n, 0, usualRetries)
		}
		c.Retries = n
	}
	if n := q.MaximumEventAgeInSeconds; n != nil {
		if *n < shortestAge || *n > longestAge {
			return outside("maximumEventAgeInSeconds", *n, shortestAge, longestAge)
		}
		c.AgeSec = n
	}
	if q.DestinationConfig == nil {
		return nil
	}
	for _, one := range []struct {
		field string
		from  *destination
		to    *string
	}{{"onSuccess", q.DestinationConfig.OnSuccess, &c.OnSuccess}, {"onFailure", q.DestinationConfig.OnFailure, &c.OnFailure}} {
		if one.from == nil {
			continue
		}
		if err := s.checkDestination("destinationConfig."+one.field+".destination", one.from.Destination, self); err != nil {
			return err
		}
		*one.to = one.from.Destination
	}
	return nil
}

func outside(field string, n, low, high int) error {
	if n < low {
		return constraint(field, itoa(n), "Member must have value greater than or equal to "+itoa(low))
	}
	return constraint(field, itoa(n), "Member must have value less than or equal to "+itoa(high))
}

// checkDestination says what is wrong with a destination. A bucket, which AWS
// takes for failures, is refused: nothing would come there.
func (s *Service) checkDestination(field, arn, self string) error {
	switch {
	case arn == "":
		return nil
	case len(arn) > maxDestinationText:
		return constraint(field, arn, "Member must have length less than or equal to "+itoa(maxDestinationText))
	case !destinationRule.MatchString(arn):
		return constraint(field, arn, `Member must satisfy regular expression pattern: ^$|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)`)
	case strings.HasPrefix(arn, "arn:aws:s3:"):
		return invalid("The destination ARN %s is not supported by the local cloud: it sends records to functions, queues, topics and event buses.", arn)
	case !delivery.Reaches(arn) || strings.HasPrefix(arn, "arn:aws:logs:") || strings.HasSuffix(arn, ".fifo"): // standard queues and topics only
		return invalid("The destination ARN %s is invalid.", arn)
	case arn == self || strings.HasPrefix(arn, self+":"):
		return invalid("You can't specify the function as a destination for itself.")
	}
	if !strings.HasPrefix(arn, "arn:aws:lambda:") {
		return nil
	}
	if name, qualifier, err := s.parseName(arn); err != nil || s.find(name, qualifier) == nil {
		return invalid("The destination ARN %s is invalid.", arn)
	}
	return nil
}

func (s *Service) noAsync(in *input) error {
	return failure(404, "ResourceNotFoundException", "The function %s doesn't have an EventInvokeConfig", s.functionARN(in.name, orText(in.qualifier, latest)))
}

// changeAsync stores what edit makes of the configuration of the version that a
// call is about; nil means none.
func (s *Service) changeAsync(in *input, edit func(old *asyncConfig) (*asyncConfig, error)) (*function, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	fn, err := s.need(in)
	if err != nil {
		return nil, err
	}
	r := fn.record.clone()
	if r.Async, err = edit(r.Async); err != nil {
		return nil, err
	}
	return s.save(r)
}

// putAsync makes a configuration anew: what the request leaves out is AWS's default.
func (s *Service) putAsync(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	return s.setAsync(in, func(*asyncConfig) (asyncConfig, error) { return asyncConfig{}, nil })
}

// updateAsync changes what the request names.
func (s *Service) updateAsync(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	return s.setAsync(in, func(old *asyncConfig) (asyncConfig, error) {
		if old == nil {
			return asyncConfig{}, s.noAsync(in)
		}
		return *old, nil
	})
}

func (s *Service) setAsync(in *input, begin func(old *asyncConfig) (asyncConfig, error)) (*gate.Reply, error) {
	req := in.body.(*asyncRequest)
	fn, err := s.changeAsync(in, func(old *asyncConfig) (*asyncConfig, error) {
		c, err := begin(old)
		if err != nil {
			return nil, err
		}
		c.Modified = s.cfg.Now()
		return &c, s.applyAsync(req, &c, s.functionARN(in.name, ""))
	})
	if err != nil {
		return nil, err
	}
	return reply(200, s.asyncView(&fn.record))
}

func (s *Service) getAsync(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	fn, err := s.need(in)
	if err != nil {
		return nil, err
	}
	if fn.record.Async == nil {
		return nil, s.noAsync(in)
	}
	return reply(200, s.asyncView(&fn.record))
}

func (s *Service) deleteAsync(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	_, err := s.changeAsync(in, func(old *asyncConfig) (*asyncConfig, error) {
		if old == nil {
			return nil, s.noAsync(in)
		}
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	return reply(204, nil)
}

func (s *Service) listAsync(_ context.Context, c *gate.Call, in *input) (*gate.Reply, error) {
	if _, err := s.needLatest(in); err != nil {
		return nil, err
	}
	var keys []string
	for _, key := range s.versionsOf(in.name) {
		name, version, _ := strings.Cut(key, ":")
		if fn := s.find(name, version); fn != nil && fn.record.Async != nil {
			keys = append(keys, key)
		}
	}
	keys, next, err := page(c, keys, 50)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, key := range keys {
		name, version, _ := strings.Cut(key, ":")
		if fn := s.find(name, version); fn != nil && fn.record.Async != nil {
			list = append(list, s.asyncView(&fn.record))
		}
	}
	answer := map[string]any{"FunctionEventInvokeConfigs": list}
	if next != "" {
		answer["NextMarker"] = next
	}
	return reply(200, answer)
}

// asyncView is the FunctionEventInvokeConfig shape.
func (s *Service) asyncView(r *Record) map[string]any {
	c := r.Async
	view := map[string]any{
		"FunctionArn": s.functionARN(r.Name, r.Version), "LastModified": float64(c.Modified.UnixMilli()) / 1000,
		"DestinationConfig": destinations{&destination{c.OnSuccess}, &destination{c.OnFailure}},
	}
	if c.Retries != nil {
		view["MaximumRetryAttempts"] = *c.Retries
	}
	if c.AgeSec != nil {
		view["MaximumEventAgeInSeconds"] = *c.AgeSec
	}
	return view
}
