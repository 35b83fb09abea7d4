package topology

import "slices"

// ImportProps say what is imported, from where and for what; see [Import].
type ImportProps struct {
	// Sandbox is where the entity is, "" for the one that is deployed; Namespace
	// is whose it is, "" for the topology's own. One of the two differs.
	Sandbox, Namespace string
	// Entity is KIND/NAME as the other topology calls it: "queue/orders",
	// "queue/orders.fifo", "table/ledger".
	Entity string
	// Access are the verbs of a grant on that kind.
	Access []string
	// Bus is the bus that an event is on, "" for the account's default bus.
	Bus string
	// Hyphenated says that the other topology has hyphenated names.
	Hyphenated bool
	// Functions use the import, beside those that [Import.Grant] names.
	Functions []*Function
}

// Import makes access to an entity of another sandbox or namespace. With no
// function that uses it, it is for the one function that the topology has.
func (s *Scope) Import(id string, props ImportProps) *Import {
	at := callerPosition()
	i := &Import{
		Name: s.claim(id, "import"), Sandbox: props.Sandbox, Namespace: props.Namespace, Bus: props.Bus, Hyphenated: props.Hyphenated,
		Access: slices.Clone(props.Access), Functions: s.functions("import "+id, props.Functions, at), Pos: at,
	}
	i.Kind, i.Entity, i.FIFO = splitEntity(props.Entity)
	if i.Entity == "" {
		s.made.wrong(at, "import "+i.Name+" does not say of what", `set  Entity: "queue/orders"`)
	}
	s.made.topology.Imports = append(s.made.topology.Imports, i)
	return i
}

// Grant lets grantee use the import.
func (i *Import) Grant(grantee *Function) {
	if i == nil {
		grantee.grantNil("use", "import")
		return
	}
	grantee.grantOn(KindImport, i.Name, "")
}

// NameRef stands for the AWS name of what is imported in an environment value;
// for an event, that of its bus.
func (i *Import) NameRef() string { return "${imports." + i.Name + ".name}" }

// ARNRef stands for its ARN. A secret has none: its ARN ends in what AWS adds.
func (i *Import) ARNRef() string { return "${imports." + i.Name + ".arn}" }

// URLRef stands for the URL of a queue.
func (i *Import) URLRef() string { return "${imports." + i.Name + ".url}" }
