package topology

// GrantReadData lets grantee read the table's items, as CDK's grantReadData.
func (s *Store) GrantReadData(grantee *Function) { s.grant(grantee, "readData") }

// GrantWriteData lets grantee write the table's items.
func (s *Store) GrantWriteData(grantee *Function) { s.grant(grantee, "writeData") }

// GrantReadWriteData lets grantee read and write the table's items.
func (s *Store) GrantReadWriteData(grantee *Function) { s.grant(grantee, "readWriteData") }

// GrantFullAccess lets grantee do everything to the table.
func (s *Store) GrantFullAccess(grantee *Function) { s.grant(grantee, "fullAccess") }

// GrantStreamRead lets grantee read the table's stream.
func (s *Store) GrantStreamRead(grantee *Function) { s.grant(grantee, "streamRead") }

// GrantRead lets grantee read the bucket's objects.
func (s *Store) GrantRead(grantee *Function) { s.grant(grantee, "read") }

// GrantWrite lets grantee write the bucket's objects.
func (s *Store) GrantWrite(grantee *Function) { s.grant(grantee, "write") }

// GrantReadWrite lets grantee read and write the bucket's objects.
func (s *Store) GrantReadWrite(grantee *Function) { s.grant(grantee, "readWrite") }

// GrantPut lets grantee put objects into the bucket, but not delete them.
func (s *Store) GrantPut(grantee *Function) { s.grant(grantee, "put") }

// GrantPutACL lets grantee change who may reach the bucket's objects.
func (s *Store) GrantPutACL(grantee *Function) { s.grant(grantee, "putAcl") }

// GrantDelete lets grantee delete the bucket's objects.
func (s *Store) GrantDelete(grantee *Function) { s.grant(grantee, "delete") }

// NameRef stands for the store's physical name in an environment value.
func (s *Store) NameRef() string { return "${stores." + s.Name + ".name}" }

// ARNRef stands for the store's ARN in an environment value.
func (s *Store) ARNRef() string { return "${stores." + s.Name + ".arn}" }

// grant adds the edge to the grantee. A verb that the store's kind does not
// take is reported when the topology is loaded.
func (s *Store) grant(grantee *Function, access string) {
	switch {
	case s == nil && grantee == nil:
	case s == nil:
		grantee.wrong("a grant of " + access + " on a store that is nil")
	case grantee == nil:
		s.Misuse = append(s.Misuse, misuse(callerPosition(), "store "+s.Name+" grants "+access+" to a function that is nil", nilHint))
	default:
		grantee.GrantAccess(KindStore, s.Name, access)
	}
}

const nilHint = "make the function and the store before the grant"

func (f *Function) wrong(message string) {
	f.Misuse = append(f.Misuse, misuse(callerPosition(), "function "+f.Name+": "+message, nilHint))
}

// GrantInvoke lets grantee call f, as CDK's grantInvoke.
func (f *Function) GrantInvoke(grantee *Function) { f.grant(grantee, "invoke") }

// GrantInvokeURL lets grantee call f's URL.
func (f *Function) GrantInvokeURL(grantee *Function) { f.grant(grantee, "invokeUrl") }

func (f *Function) grant(grantee *Function, access string) {
	switch {
	case f == nil && grantee == nil:
	case f == nil:
		grantee.wrong("a grant of " + access + " on a function that is nil")
	case grantee == nil:
		f.wrong("grants " + access + " to a function that is nil")
	default:
		grantee.GrantAccess(KindFunction, f.Name, access)
	}
}

// GrantAccess lets f do something to an entity by its kind and name, such as a
// state machine, which has no construct. The verbs are those of [Verbs].
func (f *Function) GrantAccess(kind Kind, name, access string) {
	f.Grants = append(f.Grants, Grant{Kind: kind, Name: name, Access: access, Pos: callerPosition()})
}

// AddEnvironment sets an environment variable.
func (f *Function) AddEnvironment(name, value string) {
	f.Environment = setEnv(f.Environment, EnvVar{Name: name, Value: value, Pos: callerPosition()})
}

// NameRef stands for the function's physical name in an environment value.
func (f *Function) NameRef() string { return "${functions." + f.Name + ".name}" }

// ARNRef stands for the function's ARN in an environment value.
func (f *Function) ARNRef() string { return "${functions." + f.Name + ".arn}" }
