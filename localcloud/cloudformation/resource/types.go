package resource

// Types are all resource types of the local cloud.
var Types = []Type{
	{
		Name: "AWS::IAM::Role", Handler: role{}, IAM: true, Tagged: true,
		Properties:   words("AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path PermissionsBoundary Policies RoleName Tags"),
		Replace:      words("Path RoleName"),
		Attributes:   words("Arn RoleId"),
		NameProperty: "RoleName", NameLimit: 64,
	},
	{
		Name: "AWS::IAM::Policy", Handler: rolePolicies{}, IAM: true,
		Properties: words("PolicyDocument PolicyName Roles Users Groups"),
		Attributes: words("Id"), NameLimit: 128,
	},
	{
		Name: "AWS::IAM::RolePolicy", Handler: rolePolicy{}, IAM: true,
		Properties: words("PolicyDocument PolicyName RoleName"),
		Replace:    words("PolicyName RoleName"), NameLimit: 128,
	},
	{
		Name: "AWS::IAM::ManagedPolicy", Handler: managedPolicy{}, IAM: true,
		Properties:   words("Description ManagedPolicyName Path PolicyDocument Roles Users Groups"),
		Replace:      words("Description ManagedPolicyName Path"),
		Attributes:   words("PolicyArn PolicyId"),
		NameProperty: "ManagedPolicyName", NameLimit: 128,
	},
	{
		Name: "AWS::Lambda::Function", Handler: function{}, Tagged: true,
		Properties: words("Architectures Code DeadLetterConfig Description Environment EphemeralStorage FunctionName Handler LoggingConfig MemorySize PackageType Role Runtime Tags Timeout"),
		Inert: words("CodeSigningConfigArn FileSystemConfigs KmsKeyArn RecursiveLoop ReservedConcurrentExecutions " +
			"RuntimeManagementConfig SnapStart TracingConfig VpcConfig"),
		Replace:      words("FunctionName PackageType TenancyConfig"),
		Attributes:   words("Arn"),
		NameProperty: "FunctionName", NameLimit: 64,
	},
	{
		Name: "AWS::Lambda::Permission", Handler: permission{},
		Properties: words("Action EventSourceToken FunctionName FunctionUrlAuthType Principal PrincipalOrgID SourceAccount SourceArn"),
		Replace: words("Action EventSourceToken FunctionName FunctionUrlAuthType InvokedViaFunctionUrl Principal PrincipalOrgID " +
			"SourceAccount SourceArn"),
		Attributes: words("Id"), NameLimit: 100,
	},
	{
		Name: "AWS::Lambda::EventInvokeConfig", Handler: asyncInvocation{},
		Properties: words("DestinationConfig FunctionName MaximumEventAgeInSeconds MaximumRetryAttempts Qualifier"),
		Replace:    words("FunctionName Qualifier"), NameLimit: 128,
	},
	{
		Name: "AWS::Lambda::EventSourceMapping", Handler: eventSource{}, Tagged: true,
		Properties: words("BatchSize Enabled EventSourceArn FunctionName FunctionResponseTypes MaximumBatchingWindowInSeconds ScalingConfig Tags"),
		Replace: words("AmazonManagedKafkaEventSourceConfig EventSourceArn SelfManagedEventSource SelfManagedKafkaEventSourceConfig " +
			"StartingPosition StartingPositionTimestamp"),
		Attributes: words("EventSourceMappingArn Id"),
	},
	{
		Name: "AWS::SQS::Queue", Handler: sqsQueue{}, Tagged: true,
		Properties: words("ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit KmsDataKeyReusePeriodSeconds " +
			"KmsMasterKeyId MaximumMessageSize MessageRetentionPeriod QueueName ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy " +
			"SqsManagedSseEnabled Tags VisibilityTimeout"),
		Replace:      words("FifoQueue QueueName"),
		Attributes:   words("Arn QueueName QueueUrl"),
		NameProperty: "QueueName", NameLimit: 80,
	},
	{
		Name: "AWS::SQS::QueuePolicy", Handler: queuePolicy{}, NameLimit: 128,
		Properties: words("PolicyDocument Queues"), Attributes: words("Id"),
	},
	{
		Name: "AWS::SNS::Topic", Handler: topic{}, Tagged: true,
		Properties:   words("DisplayName FifoTopic KmsMasterKeyId SignatureVersion Subscription Tags TopicName TracingConfig"),
		Inert:        words("DataProtectionPolicy DeliveryStatusLogging"),
		Replace:      words("FifoTopic TopicName"),
		Attributes:   words("TopicArn TopicName"),
		NameProperty: "TopicName", NameLimit: 256,
	},
	{
		Name: "AWS::SNS::Subscription", Handler: subscription{},
		Properties: words("DeliveryPolicy Endpoint FilterPolicy FilterPolicyScope Protocol RawMessageDelivery RedrivePolicy TopicArn"),
		Inert:      words("Region"),
		Replace:    words("Endpoint Protocol TopicArn"), Attributes: words("Arn"),
	},
	{
		Name: "AWS::SNS::TopicPolicy", Handler: topicPolicy{}, NameLimit: 128,
		Properties: words("PolicyDocument Topics"), Attributes: words("Id"),
	},
	{
		Name: "AWS::SecretsManager::Secret", Handler: managedSecret{}, Tagged: true,
		Properties: words("Description GenerateSecretString KmsKeyId Name SecretString Tags"),
		Replace:    words("Name"), Attributes: words("Id"),
		NameProperty: "Name", NameLimit: 255,
	},
	{
		Name: "AWS::SecretsManager::ResourcePolicy", Handler: secretPolicy{},
		Properties: words("BlockPublicPolicy ResourcePolicy SecretId"), Replace: words("SecretId"), Attributes: words("Id"),
	},
	{
		Name: "AWS::SSM::Parameter", Handler: parameter{}, Tagged: true,
		Properties: words("AllowedPattern DataType Description Name Tags Tier Type Value"),
		Replace:    words("Name"), Attributes: words("Type Value"),
		NameProperty: "Name", NameLimit: 255,
	},
	{
		Name: "AWS::Logs::LogGroup", Handler: logGroup{}, Tagged: true,
		Properties:   words("LogGroupName RetentionInDays Tags"),
		Inert:        words("DataProtectionPolicy FieldIndexPolicies KmsKeyId LogGroupClass"),
		Replace:      words("LogGroupName"),
		Attributes:   words("Arn"),
		NameProperty: "LogGroupName", NameLimit: 512,
	},
	{
		Name: "AWS::DynamoDB::Table", Handler: table{}, Tagged: true,
		Properties: words("AttributeDefinitions BillingMode DeletionProtectionEnabled GlobalSecondaryIndexes KeySchema LocalSecondaryIndexes " +
			"ProvisionedThroughput StreamSpecification TableClass TableName Tags TimeToLiveSpecification"),
		Inert: words("ContributorInsightsSpecification KinesisStreamSpecification OnDemandThroughput PointInTimeRecoverySpecification " +
			"SSESpecification WarmThroughput"),
		Replace:      words("ImportSourceSpecification KeySchema LocalSecondaryIndexes TableName"),
		Attributes:   words("Arn StreamArn"),
		NameProperty: "TableName", NameLimit: 255,
	},
	{
		Name: "AWS::S3::Bucket", Handler: bucket{}, Tagged: true,
		Properties: words("BucketName NotificationConfiguration Tags VersioningConfiguration"),
		Inert: words("AccelerateConfiguration AccessControl BucketEncryption LifecycleConfiguration LoggingConfiguration " +
			"OwnershipControls PublicAccessBlockConfiguration"),
		Replace:      words("BucketName BucketNamePrefix BucketNamespace ObjectLockEnabled"),
		Attributes:   words("Arn DomainName RegionalDomainName DualStackDomainName WebsiteURL"),
		NameProperty: "BucketName", NameLimit: 63, Lower: true,
	},
	{
		Name: "AWS::S3::BucketPolicy", Handler: bucketPolicy{},
		Properties: words("Bucket PolicyDocument"), Replace: words("Bucket"),
	},
	{
		Name: "AWS::Events::EventBus", Handler: eventBus{}, Tagged: true,
		Properties:   words("DeadLetterConfig Description EventSourceName KmsKeyIdentifier Name Policy Tags"),
		Inert:        words("LogConfig"),
		Replace:      words("EventSourceName Name"),
		Attributes:   words("Arn Name Policy"),
		NameProperty: "Name", NameLimit: 256,
	},
	{
		Name: "AWS::Events::EventBusPolicy", Handler: eventBusPolicy{}, NameLimit: 128,
		Properties: words("Action Condition EventBusName Principal Statement StatementId"),
		Replace:    words("EventBusName StatementId"), Attributes: words("Id"),
	},
	{
		Name: "AWS::Events::Rule", Handler: eventRule{}, Tagged: true,
		Properties:   words("Description EventBusName EventPattern Name RoleArn ScheduleExpression State Tags Targets"),
		Replace:      words("EventBusName Name"),
		Attributes:   words("Arn"),
		NameProperty: "Name", NameLimit: 64,
	},
	{
		Name: "AWS::Scheduler::ScheduleGroup", Handler: scheduleGroup{}, Tagged: true,
		Properties: words("Name Tags"), Replace: words("Name"),
		Attributes:   words("Arn CreationDate LastModificationDate State"),
		NameProperty: "Name", NameLimit: 64,
	},
	{
		Name: "AWS::Scheduler::Schedule", Handler: timer{},
		Properties: words("Description EndDate FlexibleTimeWindow GroupName KmsKeyArn Name ScheduleExpression ScheduleExpressionTimezone StartDate " +
			"State Target"),
		Replace: words("Name"), Attributes: words("Arn"),
		NameProperty: "Name", NameLimit: 64,
	},
	{
		Name: "AWS::ApiGateway::RestApi", Handler: restAPI{}, Tagged: true,
		Properties: words("ApiKeySourceType BinaryMediaTypes Description DisableExecuteApiEndpoint EndpointConfiguration MinimumCompressionSize " +
			"Name Policy Tags"),
		Inert:      words("FailOnWarnings"),
		Attributes: words("RestApiId RootResourceId"),
	},
	{
		Name: "AWS::ApiGateway::Resource", Handler: restResource{},
		Properties: words("ParentId PathPart RestApiId"), Replace: words("ParentId PathPart RestApiId"),
		Attributes: words("ResourceId"),
	},
	{
		Name: "AWS::ApiGateway::Method", Handler: restMethod{},
		Properties: words("ApiKeyRequired AuthorizationScopes AuthorizationType AuthorizerId HttpMethod Integration MethodResponses " +
			"OperationName RequestModels RequestParameters RequestValidatorId ResourceId RestApiId"),
		Replace: words("HttpMethod ResourceId RestApiId"), NameLimit: 128,
	},
	{
		Name: "AWS::ApiGateway::Authorizer", Handler: restAuthorizer{},
		Properties: words("AuthType AuthorizerCredentials AuthorizerResultTtlInSeconds AuthorizerUri IdentitySource IdentityValidationExpression " +
			"Name ProviderARNs RestApiId Type"),
		Replace: words("RestApiId"), Attributes: words("AuthorizerId"),
	},
	{
		Name: "AWS::ApiGateway::Deployment", Handler: restDeployment{},
		Properties: words("Description RestApiId StageName"),
		Inert:      words("StageDescription"),
		Replace:    words("DeploymentCanarySettings RestApiId"), Attributes: words("DeploymentId"),
	},
	{
		Name: "AWS::ApiGateway::Stage", Handler: restStage{}, Tagged: true,
		Properties: words("DeploymentId Description RestApiId StageName Tags Variables"),
		Inert: words("AccessLogSetting CacheClusterEnabled CacheClusterSize ClientCertificateId DocumentationVersion MethodSettings " +
			"TracingEnabled"),
		Replace: words("RestApiId StageName"),
	},
	{
		Name: "AWS::ApiGateway::Account", Handler: restAccount{}, NameLimit: 128,
		Properties: words("CloudWatchRoleArn"), Attributes: words("Id"),
	},
	{
		Name: "AWS::ApiGatewayV2::Api", Handler: httpAPI, Tagged: true,
		Properties: words("ApiKeySelectionExpression CorsConfiguration CredentialsArn Description DisableExecuteApiEndpoint DisableSchemaValidation " +
			"Name ProtocolType RouteKey RouteSelectionExpression Tags Target Version"),
		Inert:   words("FailOnWarnings IpAddressType"),
		Replace: words("ProtocolType"), Attributes: words("ApiEndpoint ApiId"),
	},
	{
		Name: "AWS::ApiGatewayV2::Integration", Handler: httpIntegration,
		Properties: words("ApiId ConnectionId ConnectionType ContentHandlingStrategy CredentialsArn Description IntegrationMethod IntegrationSubtype " +
			"IntegrationType IntegrationUri PassthroughBehavior PayloadFormatVersion RequestParameters RequestTemplates ResponseParameters " +
			"TemplateSelectionExpression TimeoutInMillis TlsConfig"),
		Replace: words("ApiId"), Attributes: words("IntegrationId"),
	},
	{
		Name: "AWS::ApiGatewayV2::Route", Handler: httpRoute,
		Properties: words("ApiId ApiKeyRequired AuthorizationScopes AuthorizationType AuthorizerId ModelSelectionExpression OperationName " +
			"RequestModels RequestParameters RouteKey RouteResponseSelectionExpression Target"),
		Replace: words("ApiId"), Attributes: words("RouteId"),
	},
	{
		Name: "AWS::ApiGatewayV2::Authorizer", Handler: httpAuthorizer,
		Properties: words("ApiId AuthorizerCredentialsArn AuthorizerPayloadFormatVersion AuthorizerResultTtlInSeconds AuthorizerType AuthorizerUri " +
			"EnableSimpleResponses IdentitySource IdentityValidationExpression JwtConfiguration Name"),
		Replace: words("ApiId"), Attributes: words("AuthorizerId"),
	},
	{
		Name: "AWS::ApiGatewayV2::Stage", Handler: httpStage, Tagged: true,
		Properties: words("ApiId AutoDeploy DeploymentId Description StageName StageVariables Tags"),
		Inert:      words("AccessLogSettings AccessPolicyId ClientCertificateId DefaultRouteSettings RouteSettings"),
		Replace:    words("ApiId StageName"),
	},
	{
		Name: "AWS::CDK::Metadata", Handler: nothing{}, NameLimit: 128,
		Inert: words("Analytics"),
	},
}
