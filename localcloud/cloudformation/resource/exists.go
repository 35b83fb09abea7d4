package resource

import (
	"context"
	"net/http"

	"github.com/writ-dev/writ/localcloud/gate"
)

// found turns the outcome of a read into whether the thing is there.
func found(err error) (bool, error) {
	if err == nil {
		return true, nil
	}
	return false, gone(err)
}

// Exists asks IAM.
func (role) Exists(ctx context.Context, w *Work) (bool, error) {
	return found(w.Cloud.iam(ctx, "GetRole", "RoleName", w.Physical))
}

// Exists asks IAM.
func (p managedPolicy) Exists(ctx context.Context, w *Work) (bool, error) {
	return found(w.Cloud.iam(ctx, "GetPolicy", "PolicyArn", p.intended(w)))
}

// Exists asks Lambda.
func (function) Exists(ctx context.Context, w *Work) (bool, error) {
	return found(w.Cloud.rest(ctx, "lambda", http.MethodGet, functionPath(w.Physical, "/configuration"), nil, nil))
}

// Exists asks CloudWatch Logs, which only lists by prefix.
func (logGroup) Exists(ctx context.Context, w *Work) (bool, error) {
	var out struct {
		LogGroups []struct {
			LogGroupName string `json:"logGroupName"`
		} `json:"logGroups"`
	}
	err := w.Cloud.json(ctx, "logs", "DescribeLogGroups", map[string]any{"logGroupNamePrefix": w.Physical, "limit": 1}, &out)
	return len(out.LogGroups) > 0 && out.LogGroups[0].LogGroupName == w.Physical, err
}

// Exists asks DynamoDB.
func (table) Exists(ctx context.Context, w *Work) (bool, error) {
	return found(w.Cloud.json(ctx, "dynamodb", "DescribeTable", map[string]string{"TableName": w.Physical}, nil))
}

// Exists asks S3.
func (bucket) Exists(ctx context.Context, w *Work) (bool, error) {
	_, err := w.Cloud.raw(ctx, "s3", http.MethodHead, bucketPath(w.Physical, ""), nil)
	if code := gate.CodeOf(err); code == "NotFound" || code == "404" {
		return false, nil
	}
	return found(err)
}
