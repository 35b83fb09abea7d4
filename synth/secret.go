package synth

import (
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// secretLength is how long the random value of a new secret is.
const secretLength = 32

// secret adds a secret with a random value: none ever stands in a template.
func (b *builder) secret(s *topology.Secret) {
	if s.External != "" {
		return
	}
	x := b.things[node{Kind: topology.KindSecret, Name: s.Name}]
	p := cfn.Obj("Name", x.physical)
	describe(p, s.Description)
	p.Set("GenerateSecretString", cfn.Obj("PasswordLength", number(secretLength), "ExcludePunctuation", true))
	p.Set("Tags", b.tags())
	b.add(x.id(), "secret "+s.Name, s.Pos, cfn.Obj("Type", "AWS::SecretsManager::Secret", "DeletionPolicy", "Delete", "UpdateReplacePolicy", "Delete", "Properties", p))
	b.output(x.id()+"Arn", "ARN of secret "+s.Name, ref(x.id()))
}

func (b *builder) parameter(s *topology.Parameter) {
	if s.External != "" {
		return
	}
	x := b.things[node{Kind: topology.KindParameter, Name: s.Name}]
	p := cfn.Obj("Name", x.physical, "Type", "String", "Value", b.render(s.Value, s.Pos))
	describe(p, s.Description)
	p.Set("Tags", b.tagMap())
	b.add(x.id(), "parameter "+s.Name, s.Pos, cfn.Obj("Type", "AWS::SSM::Parameter", "Properties", p))
}

// key adds a key that the policies of its account decide about (AWS KMS
// Developer Guide, "Default key policy"), and its alias. KMS waits 30 days
// before it deletes one.
func (b *builder) key(k *topology.EncryptionKey) {
	x := b.things[node{Kind: topology.KindKey, Name: k.Name}]
	if x.external != "" {
		return
	}
	p := &cfn.Object{}
	describe(p, k.Description)
	p.Set("EnableKeyRotation", true)
	p.Set("KeyPolicy", cfn.Obj("Version", "2012-10-17", "Statement", []any{cfn.Obj(
		"Sid", "Account", "Effect", "Allow", "Principal", cfn.Obj("AWS", sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")),
		"Action", "kms:*", "Resource", "*",
	)}))
	p.Set("Tags", b.tags())
	b.add(x.id(), "key "+k.Name, k.Pos, cfn.Obj("Type", "AWS::KMS::Key", "DeletionPolicy", "Delete", "UpdateReplacePolicy", "Delete", "Properties", p))
	b.add(x.id()+"Alias", "the alias of key "+k.Name, k.Pos, cfn.Obj(
		"Type", "AWS::KMS::Alias", "Properties", cfn.Obj("AliasName", "alias/"+x.physical, "TargetKeyId", getAtt(x.id(), "Arn"))))
}

func (b *builder) bus(s *topology.Bus) {
	if s.External != "" {
		return
	}
	x := b.things[node{Kind: topology.KindBus, Name: s.Name}]
	b.add(x.id(), "bus "+s.Name, s.Pos, cfn.Obj("Type", "AWS::Events::EventBus", "Properties", cfn.Obj("Name", x.physical, "Tags", b.tags())))
	b.output(x.id()+"Name", "Name of bus "+s.Name, ref(x.id()))
}

func describe(p *cfn.Object, text string) {
	if text != "" {
		p.Set("Description", text)
	}
}
