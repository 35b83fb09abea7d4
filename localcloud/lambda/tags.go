package lambda

import (
	"context"
	"maps"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/lambda/poller"
)

type tagRequest struct{ Tags map[string]string }

// changeTags changes the tags of a function or an event source mapping.
func (s *Service) changeTags(in *input, edit func(tags map[string]string) error) error {
	if in.mapping != "" {
		m, ok := s.pollers.Get(in.mapping)
		if !ok {
			return poller.NotFound()
		}
		tags := maps.Clone(m.Tags)
		if tags == nil {
			tags = map[string]string{}
		}
		if err := edit(tags); err != nil {
			return err
		}
		return s.pollers.Tag(in.mapping, tags)
	}
	_, err := s.change(in, "", func(r *Record) error {
		tags := maps.Clone(r.Tags)
		if tags == nil {
			tags = map[string]string{}
		}
		r.Tags = tags
		return edit(tags)
	})
	return err
}

// addTags adds tags; those that AWS sets itself may stay as they are.
func addTags(tags, more map[string]string) error {
	for k, v := range more {
		if k == "" || len(k) > 128 || len(v) > 256 || strings.HasPrefix(strings.ToLower(k), "aws:") && tags[k] != v {
			return invalid("The tag key or value is not valid: %s", k)
		}
		tags[k] = v
	}
	if len(tags) > 50 {
		return invalid("The number of tags exceeds the limit of 50.")
	}
	return nil
}

func (s *Service) tagResource(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	err := s.changeTags(in, func(tags map[string]string) error { return addTags(tags, in.body.(*tagRequest).Tags) })
	if err != nil {
		return nil, err
	}
	return reply(204, nil)
}

func (s *Service) untagResource(_ context.Context, c *gate.Call, in *input) (*gate.Reply, error) {
	err := s.changeTags(in, func(tags map[string]string) error {
		for _, k := range c.Query["tagKeys"] {
			delete(tags, k)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return reply(204, nil)
}

func (s *Service) listTags(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	var tags map[string]string
	if in.mapping != "" {
		m, ok := s.pollers.Get(in.mapping)
		if !ok {
			return nil, poller.NotFound()
		}
		tags = m.Tags
	} else {
		fn, err := s.needLatest(in)
		if err != nil {
			return nil, err
		}
		tags = fn.record.Tags
	}
	if tags == nil {
		tags = map[string]string{}
	}
	return reply(200, map[string]any{"Tags": tags})
}
