package cfn

// Template is one CloudFormation template.
type Template struct {
	// Root is the whole document, in its own key order.
	Root *Object
	// File is its name, for messages.
	File string
}

// Resources gives the Resources section, nil when there is none.
func (t *Template) Resources() *Object { return t.Root.Object("Resources") }
