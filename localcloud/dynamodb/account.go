package dynamodb

import (
	"context"
	"fmt"

	"github.com/writ-dev/writ/localcloud/gate"
)

// describeEndpoints is DescribeEndpoints.
type describeEndpoints struct{}

func (*describeEndpoints) prepare() error { return nil }

func (*describeEndpoints) asks(*Service) []gate.Ask { return accountAsk("DescribeEndpoints") }

type (
	endpoint struct {
		Address              string
		CachePeriodInMinutes int64
	}
	endpointsOutput struct{ Endpoints []endpoint }
)

func (*describeEndpoints) run(_ context.Context, s *Service) (any, error) {
	return endpointsOutput{[]endpoint{{fmt.Sprintf("dynamodb.%s.amazonaws.com", s.cfg.Region), 1440}}}, nil
}

// describeLimits is DescribeLimits.
type describeLimits struct{}

func (*describeLimits) prepare() error { return nil }

func (*describeLimits) asks(*Service) []gate.Ask { return accountAsk("DescribeLimits") }

type limitsOutput struct {
	AccountMaxReadCapacityUnits, AccountMaxWriteCapacityUnits, TableMaxReadCapacityUnits, TableMaxWriteCapacityUnits int64
}

func (*describeLimits) run(context.Context, *Service) (any, error) {
	return limitsOutput{80000, 80000, 40000, 40000}, nil
}

// describeContinuousBackups is DescribeContinuousBackups. There are no backups.
type describeContinuousBackups struct{ TableName string }

func (r *describeContinuousBackups) prepare() error { return checkTableName(r.TableName) }

func (r *describeContinuousBackups) asks(s *Service) []gate.Ask {
	return []gate.Ask{s.ask(r.TableName, access{operation: "DescribeContinuousBackups"})}
}

type (
	pointInTime       struct{ PointInTimeRecoveryStatus string }
	continuousBackups struct {
		ContinuousBackupsStatus        string
		PointInTimeRecoveryDescription *pointInTime
	}
	backupsOutput struct{ ContinuousBackupsDescription *continuousBackups }
)

func (r *describeContinuousBackups) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	name, _ := s.bareName(r.TableName)
	if _, err := s.find(r.TableName); err != nil {
		return nil, gate.Errorf("TableNotFoundException", "Table not found: %s", name)
	}
	return backupsOutput{&continuousBackups{"ENABLED", &pointInTime{"DISABLED"}}}, nil
}

// describeContributorInsights is DescribeContributorInsights. They are off.
type describeContributorInsights struct{ TableName, IndexName string }

func (r *describeContributorInsights) prepare() error { return checkTableName(r.TableName) }

func (r *describeContributorInsights) asks(s *Service) []gate.Ask {
	return []gate.Ask{s.ask(r.TableName, access{operation: "DescribeContributorInsights", index: r.IndexName})}
}

type insightsOutput struct{ TableName, IndexName, ContributorInsightsStatus string }

func (r *describeContributorInsights) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.named(r.TableName)
	if err != nil {
		return nil, err
	}
	if r.IndexName != "" && t.index(r.IndexName) == nil {
		return nil, errNotFound()
	}
	return insightsOutput{t.Name, r.IndexName, "DISABLED"}, nil
}
