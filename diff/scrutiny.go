package diff

// Which resource types and properties hold policies: facts of
// @aws-cdk/aws-service-spec 0.1.216 (Apache-2.0).

// identityPolicies are types that are a policy of identities.
var identityPolicies = map[string]bool{
	"AWS::IAM::GroupPolicy":   true,
	"AWS::IAM::ManagedPolicy": true,
	"AWS::IAM::Policy":        true,
	"AWS::IAM::RolePolicy":    true,
	"AWS::IAM::UserPolicy":    true,
}

// resourcePolicies are types that are a policy of another resource.
var resourcePolicies = map[string]bool{
	"AWS::Bedrock::KnowledgeBasePolicy":         true,
	"AWS::Bedrock::ResourcePolicy":              true,
	"AWS::CloudTrail::ResourcePolicy":           true,
	"AWS::ECR::RegistryPolicy":                  true,
	"AWS::EventSchemas::RegistryPolicy":         true,
	"AWS::EventsV2::ResourcePolicy":             true,
	"AWS::IoT::Policy":                          true,
	"AWS::Kinesis::ResourcePolicy":              true,
	"AWS::Lambda::ResourcePolicy":               true,
	"AWS::Lex::ResourcePolicy":                  true,
	"AWS::Logs::ResourcePolicy":                 true,
	"AWS::MSK::ClusterPolicy":                   true,
	"AWS::MediaPackageV2::ChannelPolicy":        true,
	"AWS::MediaPackageV2::OriginEndpointPolicy": true,
	"AWS::MediaTailor::ChannelPolicy":           true,
	"AWS::S3::BucketPolicy":                     true,
	"AWS::S3::MultiRegionAccessPointPolicy":     true,
	"AWS::S3Express::BucketPolicy":              true,
	"AWS::S3Files::FileSystemPolicy":            true,
	"AWS::S3ObjectLambda::AccessPointPolicy":    true,
	"AWS::S3Outposts::BucketPolicy":             true,
	"AWS::S3Tables::TableBucketPolicy":          true,
	"AWS::S3Tables::TablePolicy":                true,
	"AWS::S3Vectors::VectorBucketPolicy":        true,
	"AWS::SMSVOICE::ResourcePolicy":             true,
	"AWS::SNS::TopicInlinePolicy":               true,
	"AWS::SNS::TopicPolicy":                     true,
	"AWS::SQS::QueueInlinePolicy":               true,
	"AWS::SQS::QueuePolicy":                     true,
	"AWS::SSM::ResourcePolicy":                  true,
	"AWS::SecretsManager::ResourcePolicy":       true,
	"AWS::VpcLattice::AuthPolicy":               true,
	"AWS::VpcLattice::ResourcePolicy":           true,
}

// inlineIdentity are properties that hold policies of the identity itself.
var inlineIdentity = map[string]bool{
	"AWS::IAM::Group.Policies":        true,
	"AWS::IAM::Role.Policies":         true,
	"AWS::IAM::User.Policies":         true,
	"AWS::MPA::ApprovalTeam.Policies": true,
}

// inlineResource are properties that hold the policy of the resource itself.
var inlineResource = map[string]bool{
	"AWS::ApiGateway::DomainNameV2.Policy":                       true,
	"AWS::ApiGateway::RestApi.Policy":                            true,
	"AWS::Backup::BackupVault.AccessPolicy":                      true,
	"AWS::Backup::LogicallyAirGappedBackupVault.AccessPolicy":    true,
	"AWS::CodeArtifact::Domain.PermissionsPolicyDocument":        true,
	"AWS::CodeArtifact::Repository.PermissionsPolicyDocument":    true,
	"AWS::DynamoDB::Table.ResourcePolicy":                        true,
	"AWS::EC2::VPCEndpoint.PolicyDocument":                       true,
	"AWS::ECR::PublicRepository.RepositoryPolicyText":            true,
	"AWS::ECR::Repository.RepositoryPolicyText":                  true,
	"AWS::EFS::FileSystem.FileSystemPolicy":                      true,
	"AWS::Events::EventBus.Policy":                               true,
	"AWS::IAM::Role.AssumeRolePolicyDocument":                    true,
	"AWS::KMS::Key.KeyPolicy":                                    true,
	"AWS::KMS::ReplicaKey.KeyPolicy":                             true,
	"AWS::Logs::LogGroup.DataProtectionPolicy":                   true,
	"AWS::Logs::LogGroup.ResourcePolicyDocument":                 true,
	"AWS::NetworkManager::CoreNetwork.PolicyDocument":            true,
	"AWS::Oam::Sink.Policy":                                      true,
	"AWS::Omics::SequenceStore.S3AccessPolicy":                   true,
	"AWS::RAM::Permission.PolicyTemplate":                        true,
	"AWS::Redshift::Cluster.NamespaceResourcePolicy":             true,
	"AWS::RedshiftServerless::Namespace.NamespaceResourcePolicy": true,
	"AWS::S3::AccessPoint.Policy":                                true,
	"AWS::S3Express::AccessPoint.Policy":                         true,
	"AWS::S3Outposts::AccessPoint.Policy":                        true,
	"AWS::SNS::Subscription.RedrivePolicy":                       true,
	"AWS::SNS::Subscription.ReplayPolicy":                        true,
	"AWS::SNS::Topic.ArchivePolicy":                              true,
	"AWS::SNS::Topic.DataProtectionPolicy":                       true,
	"AWS::SQS::Queue.RedriveAllowPolicy":                         true,
	"AWS::SSO::PermissionSet.InlinePolicy":                       true,
	"AWS::SageMaker::ModelPackageGroup.ModelPackageGroupPolicy":  true,
	"AWS::Serverless::Function.AssumeRolePolicyDocument":         true,
}

// managedPolicies are properties that attach managed policies.
var managedPolicies = map[string]bool{
	"AWS::IAM::Group.ManagedPolicyArns":             true,
	"AWS::IAM::Role.ManagedPolicyArns":              true,
	"AWS::IAM::User.ManagedPolicyArns":              true,
	"AWS::RolesAnywhere::Profile.ManagedPolicyArns": true,
	"AWS::SSO::PermissionSet.ManagedPolicies":       true,
}
