package sts

// Operations lists the operations that there are, sorted.
func Operations() []string { return []string{"AssumeRole", "GetCallerIdentity", "GetSessionToken"} }
