package apigateway

import (
	"maps"
	"regexp"

	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
)

var stageName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// createDeployment keeps the API as it is now; with a stageName it also makes
// or moves that stage.
func (s *Service) createDeployment(r *request) (any, error) {
	var input struct {
		StageName        string            `json:"stageName"`
		StageDescription string            `json:"stageDescription"`
		Description      string            `json:"description"`
		Variables        map[string]string `json:"variables"`
	}
	if err := r.decode(&input); err != nil {
		return nil, err
	}
	if input.StageName != "" && !stageName.MatchString(input.StageName) {
		return nil, badRequest("Stage name only allows a-zA-Z0-9_-")
	}
	dep := restDeployment{ID: s.newID(6), Description: input.Description, CreatedDate: epoch{s.cfg.Now()}}
	err := s.changeREST(r, func(d *restDoc) error {
		if err := checkDeployable(d); err != nil {
			return err
		}
		kept := dep
		kept.Snapshot = &restSnapshot{Resources: d.Resources, Authorizers: d.Authorizers, BinaryMediaTypes: d.API.BinaryMediaTypes, Policy: d.API.Policy}
		d.Deployments[dep.ID] = &kept
		if input.StageName == "" {
			return nil
		}
		stage := d.Stages[input.StageName]
		if stage == nil {
			stage = &restStage{StageName: input.StageName, CacheClusterStatus: "NOT_AVAILABLE", CreatedDate: dep.CreatedDate}
			d.Stages[input.StageName] = stage
		}
		stage.DeploymentID, stage.LastUpdatedDate = dep.ID, dep.CreatedDate
		if input.StageDescription != "" {
			stage.Description = input.StageDescription
		}
		if stage.Variables == nil {
			stage.Variables = map[string]string{}
		}
		maps.Copy(stage.Variables, input.Variables)
		return nil
	})
	return dep, err
}

func checkDeployable(d *restDoc) error {
	methods := 0
	for _, res := range d.Resources {
		for _, m := range res.ResourceMethods {
			methods++
			if m.MethodIntegration == nil {
				return badRequest("No integration defined for method")
			}
		}
	}
	if methods == 0 {
		return badRequest("The REST API doesn't contain any methods")
	}
	return nil
}

// shown is a deployment as it is answered: without the snapshot.
func (d *restDeployment) shown() restDeployment {
	answer := *d
	answer.Snapshot = nil
	return answer
}

func (s *Service) getDeployments(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	list := page[restDeployment]{Item: []restDeployment{}}
	for _, d := range sortedValues(doc.Deployments) {
		list.Item = append(list.Item, d.shown())
	}
	return list, nil
}

func (d *restDoc) deployment(r *request) (*restDeployment, error) {
	if dep := d.Deployments[r.vars["deploymentId"]]; dep != nil {
		return dep, nil
	}
	return nil, notFound("Invalid Deployment identifier specified")
}

func (s *Service) getDeployment(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	dep, err := doc.deployment(r)
	if err != nil {
		return nil, err
	}
	return dep.shown(), nil
}

func (s *Service) updateDeployment(r *request) (any, error) {
	var answer restDeployment
	err := s.changeREST(r, func(d *restDoc) error {
		dep, err := d.deployment(r)
		if err != nil {
			return err
		}
		answer = dep.shown()
		if err := r.patch(&answer, map[string]patchKind{"description": patchText}); err != nil {
			return err
		}
		dep.Description = answer.Description
		return nil
	})
	return answer, err
}

func (s *Service) deleteDeployment(r *request) (any, error) {
	return nil, s.changeREST(r, func(d *restDoc) error {
		dep, err := d.deployment(r)
		if err != nil {
			return err
		}
		for _, stage := range d.Stages {
			if stage.DeploymentID == dep.ID {
				return badRequest("Active stages pointing to this deployment must be moved or deleted")
			}
		}
		delete(d.Deployments, dep.ID)
		return nil
	})
}

func (s *Service) createStage(r *request) (any, error) {
	now := epoch{s.cfg.Now()}
	var stage restStage
	if err := r.decode(&stage); err != nil {
		return nil, err
	}
	if !stageName.MatchString(stage.StageName) {
		return nil, badRequest("Stage name only allows a-zA-Z0-9_-")
	}
	stage.CreatedDate, stage.LastUpdatedDate, stage.CacheClusterStatus = now, now, "NOT_AVAILABLE"
	err := s.changeREST(r, func(d *restDoc) error {
		if d.Deployments[stage.DeploymentID] == nil {
			return badRequest("Deployment id does not exist")
		}
		if d.Stages[stage.StageName] != nil {
			return conflict("Stage already exists")
		}
		d.Stages[stage.StageName] = &stage
		return nil
	})
	return stage, err
}

func (s *Service) getStages(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	only := r.call.Query.Get("deploymentId")
	list := []*restStage{}
	for _, stage := range sortedValues(doc.Stages) {
		if only == "" || stage.DeploymentID == only {
			list = append(list, stage)
		}
	}
	return page[*restStage]{Item: list}, nil
}

func (d *restDoc) stage(r *request) (*restStage, error) {
	if stage := d.Stages[r.vars["stageName"]]; stage != nil {
		return stage, nil
	}
	return nil, notFound("Invalid stage identifier specified")
}

func (s *Service) getStage(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	return doc.stage(r)
}

func (s *Service) updateStage(r *request) (any, error) {
	var stage *restStage
	err := s.changeREST(r, func(d *restDoc) (err error) {
		if stage, err = d.stage(r); err != nil {
			return err
		}
		if err := r.patch(stage, map[string]patchKind{
			"deploymentId": patchText, "description": patchText, "variables": patchMap, "tracingEnabled": patchFlag,
		}); err != nil {
			return err
		}
		if d.Deployments[stage.DeploymentID] == nil {
			return badRequest("Deployment id does not exist")
		}
		stage.LastUpdatedDate = epoch{s.cfg.Now()}
		return nil
	})
	return stage, err
}

func (s *Service) deleteStage(r *request) (any, error) {
	err := s.changeREST(r, func(d *restDoc) error {
		stage, err := d.stage(r)
		if err != nil {
			return err
		}
		delete(d.Stages, stage.StageName)
		return nil
	})
	r.flush = &authorize.Scope{API: r.vars["restApiId"], Stage: r.vars["stageName"]}
	return nil, err
}
