package main

import (
	"fmt"
	"strings"

	"github.com/minio/pkg/v3/policy"
)

// minio gives the workload as minio/pkg takes it: all policies merged into
// one, which is what its server does. (AGPL: it is a peer here and nowhere else.)
func (w *workload) minio() ([]policy.Args, *policy.Policy, error) {
	var parsed []policy.Policy
	statements := 0
	for _, text := range w.documents {
		p, err := policy.ParseConfig(strings.NewReader(text))
		if err != nil {
			return nil, nil, err
		}
		statements += strings.Count(text, `"Effect"`)
		parsed = append(parsed, *p)
	}
	merged := policy.MergePolicies(parsed...)
	if len(merged.Statements) != statements {
		return nil, nil, fmt.Errorf("%s: %d of %d statements are left: some are alike, which would not be the same work", w.name, len(merged.Statements), statements)
	}
	var list []policy.Args
	for i := range w.requests {
		list = append(list, w.requests[i].minio())
	}
	return list, &merged, nil
}

func (r *request) minio() policy.Args {
	return policy.Args{
		AccountName: username,
		Action:      policy.Action(r.action),
		BucketName:  r.bucket,
		ObjectName:  r.object,
		ConditionValues: map[string][]string{
			"SourceIp":        {r.sourceIP},
			"UserAgent":       {r.userAgent},
			"SecureTransport": {fmt.Sprint(r.secure)},
			"username":        {username},
			"userid":          {userID},
		},
	}
}
