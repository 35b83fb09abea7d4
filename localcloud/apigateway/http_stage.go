package apigateway

import (
	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
	"github.com/writ-dev/writ/localcloud/apigateway/front"
)

// createDeployment2 keeps the API as it is now; with a stageName it also moves
// that stage to it.
func (s *Service) createDeployment2(r *request) (any, error) {
	var input struct {
		StageName   string `json:"stageName"`
		Description string `json:"description"`
	}
	if err := r.decode(&input); err != nil {
		return nil, err
	}
	dep := httpDeployment{DeploymentID: s.newID(6), DeploymentStatus: "DEPLOYED", Description: input.Description, CreatedDate: s.cfg.Now().UTC()}
	err := s.changeHTTP(r, func(d *httpDoc) error {
		if len(d.Routes) == 0 {
			return badRequest("At least one route is required before deploying the Api.")
		}
		kept := dep
		kept.Snapshot = &httpSnapshot{Integrations: d.Integrations, Routes: d.Routes, Authorizers: d.Authorizers, CORS: d.API.CORSConfiguration}
		d.Deployments[dep.DeploymentID] = &kept
		if input.StageName == "" {
			return nil
		}
		stage, err := pick(d.Stages, input.StageName, "stage")
		if err != nil {
			return err
		}
		if stage.AutoDeploy {
			return badRequest("Deployment is not allowed for a stage with auto deploy: %s", input.StageName)
		}
		stage.DeploymentID, stage.LastUpdatedDate = dep.DeploymentID, dep.CreatedDate
		return nil
	})
	return dep, err
}

// shown is a deployment as it is answered: without the snapshot.
func (d *httpDeployment) shown() httpDeployment {
	answer := *d
	answer.Snapshot = nil
	return answer
}

func (s *Service) getDeployments2(r *request) (any, error) {
	doc, err := s.viewHTTP(r)
	if err != nil {
		return nil, err
	}
	list := items[httpDeployment]{Items: []httpDeployment{}}
	for _, d := range sortedValues(doc.Deployments) {
		list.Items = append(list.Items, d.shown())
	}
	return list, nil
}

func (s *Service) getDeployment2(r *request) (any, error) {
	doc, err := s.viewHTTP(r)
	if err != nil {
		return nil, err
	}
	dep, err := pick(doc.Deployments, r.vars["deploymentId"], "Deployment")
	if err != nil {
		return nil, err
	}
	return dep.shown(), nil
}

func (s *Service) deleteDeployment2(r *request) (any, error) {
	return nil, s.changeHTTP(r, func(d *httpDoc) error {
		dep, err := pick(d.Deployments, r.vars["deploymentId"], "Deployment")
		if err != nil {
			return err
		}
		for _, stage := range d.Stages {
			if stage.DeploymentID == dep.DeploymentID {
				return badRequest("Active stages pointing to this deployment must be moved or deleted")
			}
		}
		delete(d.Deployments, dep.DeploymentID)
		return nil
	})
}

func (s *Service) createStage2(r *request) (any, error) {
	var stage httpStage
	if err := r.decode(&stage); err != nil {
		return nil, err
	}
	stage.CreatedDate = s.cfg.Now().UTC()
	stage.LastUpdatedDate = stage.CreatedDate
	if stage.StageName != front.Default && !stageName.MatchString(stage.StageName) {
		return nil, badRequest("Stage name only allows a-zA-Z0-9_- or $default")
	}
	err := s.changeHTTP(r, func(d *httpDoc) error {
		if d.Stages[stage.StageName] != nil {
			return conflict("Stage already exists")
		}
		if err := checkStage2(d, &stage); err != nil {
			return err
		}
		d.Stages[stage.StageName] = &stage
		return nil
	})
	return stage, err
}

func checkStage2(d *httpDoc, stage *httpStage) error {
	if stage.DeploymentID != "" && d.Deployments[stage.DeploymentID] == nil {
		return badRequest("Deployment id does not exist")
	}
	return nil
}

func (s *Service) getStages2(r *request) (any, error) {
	doc, err := s.viewHTTP(r)
	if err != nil {
		return nil, err
	}
	return items[*httpStage]{sortedValues(doc.Stages)}, nil
}

func (s *Service) getStage2(r *request) (any, error) {
	doc, err := s.viewHTTP(r)
	if err != nil {
		return nil, err
	}
	return pick(doc.Stages, r.vars["stageName"], "stage")
}

func (s *Service) updateStage2(r *request) (any, error) {
	var stage *httpStage
	err := s.changeHTTP(r, func(d *httpDoc) (err error) {
		if stage, err = pick(d.Stages, r.vars["stageName"], "stage"); err != nil {
			return err
		}
		before := *stage
		if err := r.decode(stage); err != nil {
			return err
		}
		stage.StageName, stage.CreatedDate, stage.Tags = before.StageName, before.CreatedDate, before.Tags
		stage.LastUpdatedDate = s.cfg.Now().UTC()
		return checkStage2(d, stage)
	})
	return stage, err
}

func (s *Service) deleteStage2(r *request) (any, error) {
	err := s.changeHTTP(r, func(d *httpDoc) error {
		stage, err := pick(d.Stages, r.vars["stageName"], "stage")
		if err != nil {
			return err
		}
		delete(d.Stages, stage.StageName)
		return nil
	})
	r.flush = &authorize.Scope{API: r.vars["apiId"], Stage: r.vars["stageName"]}
	return nil, err
}
