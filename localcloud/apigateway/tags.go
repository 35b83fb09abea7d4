package apigateway

import (
	"maps"
	"strings"

	"github.com/writ-dev/writ/localcloud/store"
)

// tagged finds the tags that an ARN names: of an API or of a stage. It gives
// the document to keep after a change.
func (s *Service) tagged(tx *store.Tx, arn string) (tags *map[string]string, save func() error, err error) {
	_, path, ok := strings.Cut(arn, "::/")
	parts := strings.Split(path, "/")
	isStage := len(parts) == 4 && parts[2] == "stages"
	if !ok || (len(parts) != 2 && !isStage) {
		return nil, nil, badRequest("Invalid ARN: %s", arn)
	}
	switch parts[0] {
	case "restapis":
		doc, err := s.loadREST(tx, parts[1])
		if err != nil {
			return nil, nil, err
		}
		save = func() error { return putDoc(tx, bucketREST, doc.API.ID, doc) }
		if !isStage {
			return &doc.API.Tags, save, nil
		}
		stage, err := pick(doc.Stages, parts[3], "stage")
		if err != nil {
			return nil, nil, err
		}
		return &stage.Tags, save, nil
	case "apis":
		doc, err := s.loadHTTP(tx, parts[1])
		if err != nil {
			return nil, nil, err
		}
		save = func() error { return putDoc(tx, bucketHTTP, doc.API.APIID, doc) }
		if !isStage {
			return &doc.API.Tags, save, nil
		}
		stage, err := pick(doc.Stages, parts[3], "stage")
		if err != nil {
			return nil, nil, err
		}
		return &stage.Tags, save, nil
	}
	return nil, nil, badRequest("Invalid ARN: %s", arn)
}

func (s *Service) tagResource(r *request) (any, error) {
	var input struct {
		Tags map[string]string `json:"tags"`
	}
	if err := r.decode(&input); err != nil {
		return nil, err
	}
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		tags, save, err := s.tagged(tx, r.vars["resourceArn"])
		if err != nil {
			return err
		}
		if *tags == nil {
			*tags = map[string]string{}
		}
		maps.Copy(*tags, input.Tags)
		return save()
	})
	if r.op.status == 201 { // v2 answers with an empty object
		return struct{}{}, err
	}
	return nil, err
}

func (s *Service) untagResource(r *request) (any, error) {
	return nil, s.cfg.DB.Update(func(tx *store.Tx) error {
		tags, save, err := s.tagged(tx, r.vars["resourceArn"])
		if err != nil {
			return err
		}
		for _, key := range r.call.Query["tagKeys"] {
			delete(*tags, key)
		}
		return save()
	})
}

func (s *Service) getTags(r *request) (any, error) {
	answer := struct {
		Tags map[string]string `json:"tags"`
	}{Tags: map[string]string{}}
	err := s.cfg.DB.View(func(tx *store.Tx) error {
		tags, _, err := s.tagged(tx, r.vars["resourceArn"])
		if err == nil && *tags != nil {
			answer.Tags = *tags
		}
		return err
	})
	return answer, err
}

// tagsOf gives the tags of the API that a call names, for aws:ResourceTag.
func (s *Service) tagsOf(r *request) (map[string]string, error) {
	path := r.vars["resourceArn"]
	switch {
	case r.vars["restApiId"] != "":
		path = "::/restapis/" + r.vars["restApiId"]
	case r.vars["apiId"] != "":
		path = "::/apis/" + r.vars["apiId"]
	case path == "":
		return nil, nil
	}
	var found map[string]string
	err := s.cfg.DB.View(func(tx *store.Tx) error {
		// An API that is not there is Handle's to say, once the call is allowed.
		if tags, _, err := s.tagged(tx, path); err == nil {
			found = *tags
		}
		return nil
	})
	return found, err
}
