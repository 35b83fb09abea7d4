package resource

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/localcloud/gate"
)

// managedSecret is AWS::SecretsManager::Secret. Its physical id is its ARN.
type managedSecret struct{}

func (c *Cloud) secrets(ctx context.Context, operation string, in, out any) error {
	return c.json(ctx, "secretsmanager", operation, in, out)
}

// secretValue gives the value that a template says, or makes one by
// GenerateSecretString; ok is false when there is none.
func secretValue(ctx context.Context, w *Work) (value string, ok bool, err error) {
	if value, ok = text(w.Properties, "SecretString"); ok {
		return value, true, nil
	}
	rules := w.Properties.Object("GenerateSecretString")
	if rules == nil {
		return "", false, nil
	}
	in := pick(rules, "ExcludeCharacters ExcludeLowercase ExcludeNumbers ExcludePunctuation ExcludeUppercase IncludeSpace PasswordLength RequireEachIncludedType")
	var out struct{ RandomPassword string }
	if err := w.Cloud.secrets(ctx, "GetRandomPassword", in, &out); err != nil {
		return "", false, err
	}
	template, templated := text(rules, "SecretStringTemplate")
	key, keyed := text(rules, "GenerateStringKey")
	if templated != keyed {
		return "", false, fmt.Errorf("GenerateSecretString: SecretStringTemplate and GenerateStringKey must be given together")
	}
	if !templated {
		return out.RandomPassword, true, nil
	}
	all := map[string]any{}
	if err := json.Unmarshal([]byte(template), &all); err != nil {
		return "", false, fmt.Errorf("GenerateSecretString: SecretStringTemplate is not a JSON object: %w", err)
	}
	all[key] = out.RandomPassword
	raw, err := json.Marshal(all)
	return string(raw), true, err
}

func (managedSecret) Create(ctx context.Context, w *Work) (Result, error) {
	in := pick(w.Properties, "Description KmsKeyId")
	in.Set("Name", w.Physical)
	value, ok, err := secretValue(ctx, w)
	if err != nil {
		return Result{}, err
	}
	if ok {
		in.Set("SecretString", value)
	}
	if all := tags(w.Tags, w.Properties); len(all) > 0 {
		in.Set("Tags", tagList(all))
	}
	var out struct{ ARN string }
	if err := w.Cloud.secrets(ctx, "CreateSecret", in, &out); err != nil {
		return Result{}, err
	}
	return Result{Physical: out.ARN, Attributes: map[string]string{"Id": out.ARN}}, nil
}

// Update keeps a generated value unless what it is made of changes.
func (managedSecret) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	in := cfn.Obj("SecretId", w.Physical)
	for _, key := range words("Description KmsKeyId") {
		if w.changed(key) {
			value, _ := text(w.Properties, key)
			in.Set(key, value)
		}
	}
	if w.changed("SecretString GenerateSecretString") {
		value, ok, err := secretValue(ctx, w)
		if err != nil {
			return result, err
		}
		if ok {
			in.Set("SecretString", value)
		}
	}
	if in.Len() > 1 {
		if err := w.Cloud.secrets(ctx, "UpdateSecret", in, nil); err != nil {
			return result, err
		}
	}
	set, remove := w.tagChange()
	if len(set) > 0 {
		if err := w.Cloud.secrets(ctx, "TagResource", map[string]any{"SecretId": w.Physical, "Tags": tagList(set)}, nil); err != nil {
			return result, err
		}
	}
	if len(remove) > 0 {
		return result, w.Cloud.secrets(ctx, "UntagResource", map[string]any{"SecretId": w.Physical, "TagKeys": remove}, nil)
	}
	return result, nil
}

// Delete removes a secret at once, as CloudFormation does.
func (managedSecret) Delete(ctx context.Context, w *Work) error {
	return gone(w.Cloud.secrets(ctx, "DeleteSecret", map[string]any{"SecretId": w.Physical, "ForceDeleteWithoutRecovery": true}, nil))
}

// Exists asks Secrets Manager.
func (managedSecret) Exists(ctx context.Context, w *Work) (bool, error) {
	return found(w.Cloud.secrets(ctx, "DescribeSecret", map[string]any{"SecretId": w.Physical}, nil))
}

// secretPolicy is AWS::SecretsManager::ResourcePolicy. Its physical id is the secret's.
type secretPolicy struct{}

func (secretPolicy) Create(ctx context.Context, w *Work) (Result, error) {
	id, ok := text(w.Properties, "SecretId")
	if !ok {
		return Result{}, missing(w, "SecretId")
	}
	policy, err := document(w.Properties, "ResourcePolicy")
	if err != nil {
		return Result{}, err
	}
	in := cfn.Obj("SecretId", id, "ResourcePolicy", policy)
	if block, _ := text(w.Properties, "BlockPublicPolicy"); block == "true" {
		in.Set("BlockPublicPolicy", true)
	}
	if err := w.Cloud.secrets(ctx, "PutResourcePolicy", in, nil); err != nil {
		return Result{}, err
	}
	return Result{Physical: id, Attributes: map[string]string{"Id": id}}, nil
}

func (p secretPolicy) Update(ctx context.Context, w *Work) (Result, error) { return p.Create(ctx, w) }

func (secretPolicy) Delete(ctx context.Context, w *Work) error {
	id, _ := text(w.Properties, "SecretId")
	return gone(w.Cloud.secrets(ctx, "DeleteResourcePolicy", map[string]any{"SecretId": id}, nil))
}

// parameter is AWS::SSM::Parameter. Its physical id is its name.
type parameter struct{}

func (p parameter) put(ctx context.Context, w *Work, overwrite bool) error {
	in := pick(w.Properties, "AllowedPattern DataType Description Tier Type Value")
	in.Set("Name", w.Physical)
	if kind, _ := text(w.Properties, "Type"); kind == "SecureString" {
		return gate.Errorf("ValidationException", "AWS CloudFormation doesn't support creating a SecureString parameter type.")
	}
	if overwrite {
		in.Set("Overwrite", true)
	} else if all := tags(w.Tags, w.Properties); len(all) > 0 {
		in.Set("Tags", tagList(all))
	}
	return w.Cloud.json(ctx, "ssm", "PutParameter", in, nil)
}

func (p parameter) Create(ctx context.Context, w *Work) (Result, error) {
	if err := p.put(ctx, w, false); err != nil {
		return Result{}, err
	}
	return p.result(w), nil
}

func (parameter) result(w *Work) Result {
	kind, _ := text(w.Properties, "Type")
	value, _ := text(w.Properties, "Value")
	return Result{Physical: w.Physical, Attributes: map[string]string{"Type": kind, "Value": value}}
}

func (p parameter) Update(ctx context.Context, w *Work) (Result, error) {
	if w.changed("AllowedPattern DataType Description Tier Type Value") {
		if err := p.put(ctx, w, true); err != nil {
			return Result{Physical: w.Physical, Attributes: w.Attributes}, err
		}
	}
	set, remove := w.tagChange()
	of := map[string]any{"ResourceType": "Parameter", "ResourceId": w.Physical}
	if len(set) > 0 {
		of["Tags"] = tagList(set)
		if err := w.Cloud.json(ctx, "ssm", "AddTagsToResource", of, nil); err != nil {
			return p.result(w), err
		}
	}
	if len(remove) > 0 {
		delete(of, "Tags")
		of["TagKeys"] = remove
		return p.result(w), w.Cloud.json(ctx, "ssm", "RemoveTagsFromResource", of, nil)
	}
	return p.result(w), nil
}

func (parameter) Delete(ctx context.Context, w *Work) error {
	return gone(w.Cloud.json(ctx, "ssm", "DeleteParameter", map[string]any{"Name": w.Physical}, nil))
}

// Exists asks the Parameter Store.
func (parameter) Exists(ctx context.Context, w *Work) (bool, error) {
	return found(w.Cloud.json(ctx, "ssm", "GetParameter", map[string]any{"Name": w.Physical}, nil))
}
