package lint

// Rule is one check, for documentation and for tools that list rules.
type Rule struct {
	// Code is stable: tools may rely on it.
	Code string
	// Severity is the usual one; a finding can be of another.
	Severity Severity
	// Doc says in a sentence or two what is found and why it matters.
	Doc string
}

type rule struct {
	Rule
	document  func(*checker, *policy)
	statement func(*checker, *statement)
	together  func(*checker)
}

// Rules lists all checks in the order in which they are made.
func Rules() []Rule {
	var all []Rule
	for i := range rules {
		all = append(all, rules[i].Rule)
	}
	return all
}

// rules is the table of checks. Those of what is dead come before those of
// combinations, which leave dead statements out.
var rules = []rule{
	{Rule: Rule{"invalid-policy", Error, "The document breaks a rule of the policy language or of its kind of policy; AWS refuses it."}, document: invalid},
	{Rule: Rule{"unreadable", Error, "A file that looks like a policy or a template, by its keys, and cannot be read: nobody has checked what is in it."}, document: unreadable},
	{Rule: Rule{"no-version", Suggestion, "A document without Version, which AWS reads by the language of 2008."}, document: withoutVersion},

	{Rule: Rule{"unknown-service", Error, "An action names a service that AWS does not have. It matches nothing."}, statement: unknownService},
	{Rule: Rule{"unknown-action", Error, "An action that its service does not have: a misspelling, or the name of an API operation that another action guards."}, statement: unknownAction},
	{Rule: Rule{"action-matches-nothing", Error, "A pattern that no action of the service has."}, statement: emptyPattern},
	{Rule: Rule{"rcp-service", Error, "An action of a resource control policy whose service such policies do not bind."}, statement: rcpService},
	{Rule: Rule{"unknown-principal", Error, "A service principal that AWS does not have; a likely misspelling of one is a warning."}, statement: unknownPrincipal},
	{Rule: Rule{"unknown-condition-key", Error, "A condition key that is neither global nor one of a service. Keys of identity providers are not checked."}, statement: unknownKey},
	{Rule: Rule{"condition-key-not-set", Error, "A key that no request for the statement's actions has. A positive test of it never holds; a negated one always does (warning)."}, statement: keyNotSet},
	{Rule: Rule{"operator-type-mismatch", Error, "An operator that cannot compare values of the key's type, such as Numeric on text; comparing numbers or dates as text is a warning."}, statement: wrongOperator},
	{Rule: Rule{"missing-set-operator", Error, "A key with many values under an operator without ForAnyValue or ForAllValues: it never matches."}, statement: setOperator},
	{Rule: Rule{"set-operator-on-single-value", Security, "A set operator on a key with one value. With ForAllValues in an Allow, requests without the key are allowed; else it is a suggestion."}, statement: setOnSingle},
	{Rule: Rule{"duplicate-key", Warning, "One condition key twice under one operator, in different case: both must hold."}, statement: duplicateKey},
	{Rule: Rule{"unreadable-value", Error, "A value that its operator cannot compare: text under Numeric, \"/33\" under IpAddress, a variable where none is replaced, Null with neither true nor false."}, statement: unreadableValue},
	{Rule: Rule{"literal-wildcard", Warning, "A star under an operator for exact text, such as StringEquals. Where a Deny misses by it what it is for, or an Allow excepts nothing, it is of severity security."}, statement: literalWildcard},
	{Rule: Rule{"implausible-value", Warning, "A value that its key never has, or an ARN that no resource has: an account of eleven digits, a region or service that AWS does not have, a private address for aws:SourceIp."}, statement: implausible},
	{Rule: Rule{"expired", Warning, "A statement that a date in the past has ended."}, statement: expired},
	{Rule: Rule{"broken-variable", Error, "A policy variable that is not closed, has no key, a key that AWS does not have, or a default without quotes; $(…) for ${…}."}, statement: brokenVariable},
	{Rule: Rule{"misplaced-variable", Error, "A policy variable before the fifth colon of an ARN, where it is literal text."}, statement: misplacedVariable},
	{Rule: Rule{"short-arn", Warning, "An ARN of fewer than six parts. In NotResource, and where AWS does not fill it up, the statement has no effect (error)."}, statement: shortARN},
	{Rule: Rule{"wildcard-type", Warning, "A wildcard in the service of an ARN, or in the word that says the type of the resource."}, statement: wildcardType},
	{Rule: Rule{"secret-without-suffix", Warning, "The ARN of a secret without the six characters that Secrets Manager puts behind its name: it matches nothing."}, statement: secretSuffix},
	{Rule: Rule{"action-needs-star", Error, "An action without resource level beside named resources: only a statement with Resource \"*\" grants or denies it. Known ballast of tools is a suggestion."}, statement: actionNeedsStar},
	{Rule: Rule{"action-without-resource", Error, "An action for which none of the statement's resources is of a type that it takes: this part of the statement has no effect. Dead actions that tools are known to put beside others are suggestions."}, statement: actionWithoutResource},
	{Rule: Rule{"resource-unused", Warning, "A resource that none of the statement's actions takes."}, statement: resourceUnused},
	{Rule: Rule{"dependent-action-missing", Suggestion, "An action that makes AWS call another one for the caller, which nothing in the owner's policies allows."}, statement: dependentMissing},
	{Rule: Rule{"variables-without-version", Warning, "A policy variable in a document without Version 2012-10-17, where it is literal text."}, statement: literalVariables},

	{Rule: Rule{"allow-all", Security, "Every action on every resource; under a condition it is a warning."}, statement: allowAll},
	{Rule: Rule{"allow-service", Warning, "Every action of a service, also those that AWS adds later."}, statement: allowService},
	{Rule: Rule{"allow-not-action", Security, "Allow with NotAction: everything that is not named. On named resources it is a warning."}, statement: allowNotAction},
	{Rule: Rule{"allow-not-resource", Warning, "Allow with NotResource: every resource that is not named."}, statement: allowNotResource},
	{Rule: Rule{"variable-in-not-resource", Security, "A variable in the NotResource of an Allow: for a caller without a value of it, nothing is excepted."}, statement: variableInNotResource},
	{Rule: Rule{"wildcard-resource", Warning, "Actions that write to every resource of their types; those that change permissions are of severity security. Statements with conditions are left out."}, statement: wildcardResource},
	{Rule: Rule{"data-exposure", Security, "Reading of contents that names no resource: secrets, parameters, decryption, objects, items. Messages, logs and code are warnings."}, statement: dataExposure},
	{Rule: Rule{"pass-role-any", Security, "iam:PassRole on every role; under a condition it is a warning."}, statement: passRoleStar},
	{Rule: Rule{"assume-role-any", Security, "sts:AssumeRole on every role."}, statement: assumeRoleStar},
	{Rule: Rule{"principal-everybody", Security, "A policy of a resource that allows everybody, without a condition that says who."}, statement: principalStar},
	{Rule: Rule{"open-url", Security, "A function's URL that everybody can call (AuthType NONE)."}, statement: openURL},
	{Rule: Rule{"open-federation", Security, "A trust policy that takes everybody whom an identity provider signs in: no condition says who. SAML without SAML:aud is a warning, an audience alone at a provider of one's own a suggestion."}, statement: openFederation},
	{Rule: Rule{"mfa-bypass", Security, "A test of aws:MultiFactorAuthPresent that requests with an access key, which do not have the key, get past."}, statement: missingSecond},
	{Rule: Rule{"allow-not-principal", Security, "Allow with NotPrincipal: everybody who is not named, also callers who are not signed in."}, statement: allowNotPrincipal},
	{Rule: Rule{"for-all-values-without-null", Security, "ForAllValues in an Allow holds when the key is not in the request at all; a Null condition closes that."}, statement: forAllValues},
	{Rule: Rule{"confused-deputy", Warning, "A service may use the role or resource on behalf of any account: a condition on aws:SourceArn or aws:SourceAccount is missing. For a resource it is of severity security. In trust policies, services that only get a role through iam:PassRole are left out."}, statement: confusedDeputy},

	{Rule: Rule{"contradiction", Warning, "Conditions that cannot hold together, so that the statement never applies."}, statement: impossible},
	{Rule: Rule{"condition-always-true", Suggestion, "A condition that holds for every request."}, statement: alwaysTrue},
	{Rule: Rule{"redundant-statement", Suggestion, "A statement that another one of the same effect covers: the owner's policies decide the same without it."}, together: redundant},
	{Rule: Rule{"shadowed-statement", Warning, "An Allow that a Deny of the same policy, or of the same owner, covers whole: it never allows anything."}, together: shadowed},

	{Rule: Rule{"privilege-escalation", Security, "Actions that together let the owner get more than its policies say, such as iam:PassRole with lambda:CreateFunction. On named resources, or under a condition, it is a warning."}, together: escalate},
}
