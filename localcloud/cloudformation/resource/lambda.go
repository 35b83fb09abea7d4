package resource

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/cfn"
)

const functionsPath = "/2015-03-31/functions"

// configured are the properties that UpdateFunctionConfiguration takes too.
const configured = "DeadLetterConfig Description Environment EphemeralStorage Handler LoggingConfig MemorySize Role Runtime Timeout"

// function is AWS::Lambda::Function.
type function struct{}

func functionPath(name string, more string) string {
	return functionsPath + "/" + url.PathEscape(name) + more
}

func (function) Create(ctx context.Context, w *Work) (Result, error) {
	body := pick(w.Properties, configured+" Architectures PackageType")
	body.Set("FunctionName", w.Physical)
	code, err := functionCode(w)
	if err != nil {
		return Result{}, err
	}
	body.Set("Code", code)
	if all := tags(w.Tags, w.Properties); len(all) > 0 {
		body.Set("Tags", all)
	}
	var out struct{ FunctionArn string }
	if err := w.Cloud.rest(ctx, "lambda", http.MethodPost, functionsPath, body, &out); err != nil {
		return Result{}, err
	}
	return Result{Physical: w.Physical, Attributes: map[string]string{"Arn": out.FunctionArn}}, nil
}

// functionCode gives the Code member of a request. Inline text becomes a zip
// with one file index.js or index.py, as CloudFormation makes it.
func functionCode(w *Work) (*cfn.Object, error) {
	given := w.Properties.Object("Code")
	if given == nil {
		return nil, missing(w, "Code")
	}
	source, ok := text(given, "ZipFile")
	if !ok {
		return pick(given, "S3Bucket S3Key S3ObjectVersion ImageUri"), nil
	}
	runtime, _ := text(w.Properties, "Runtime")
	name := "index.js"
	if strings.HasPrefix(runtime, "python") {
		name = "index.py"
	}
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	file, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
	if err == nil {
		_, err = file.Write([]byte(source))
	}
	if err == nil {
		err = archive.Close()
	}
	return cfn.Obj("ZipFile", base64.StdEncoding.EncodeToString(b.Bytes())), err
}

func (function) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	if w.changed(configured) {
		if err := w.Cloud.rest(ctx, "lambda", http.MethodPut, functionPath(w.Physical, "/configuration"), functionConfig(w), nil); err != nil {
			return result, err
		}
	}
	if w.changed("Code Architectures") {
		code, err := functionCode(w)
		if err != nil {
			return result, err
		}
		if v, ok := w.Properties.Get("Architectures"); ok {
			code.Set("Architectures", v)
		}
		if err := w.Cloud.rest(ctx, "lambda", http.MethodPut, functionPath(w.Physical, "/code"), code, nil); err != nil {
			return result, err
		}
	}
	return result, lambdaTags(ctx, w, w.Attributes["Arn"])
}

// lambdaTags changes the tags of what Lambda knows by an ARN.
func lambdaTags(ctx context.Context, w *Work, arn string) error {
	set, remove := w.tagChange()
	path := "/2017-03-31/tags/" + url.PathEscape(arn)
	if len(set) > 0 {
		if err := w.Cloud.rest(ctx, "lambda", http.MethodPost, path, map[string]any{"Tags": set}, nil); err != nil {
			return err
		}
	}
	if len(remove) > 0 {
		return w.Cloud.rest(ctx, "lambda", http.MethodDelete, path+"?"+url.Values{"tagKeys": remove}.Encode(), nil, nil)
	}
	return nil
}

// functionConfig sets what the template no longer says back to the default.
func functionConfig(w *Work) *cfn.Object {
	body := pick(w.Properties, configured)
	for key, value := range map[string]any{
		"Description": "", "Environment": cfn.Obj("Variables", &cfn.Object{}), "MemorySize": 128, "Timeout": 3,
		"EphemeralStorage": cfn.Obj("Size", 512), "DeadLetterConfig": cfn.Obj("TargetArn", ""),
	} {
		_, now := w.Properties.Get(key)
		if _, before := w.Old.Get(key); before && !now {
			body.Set(key, value)
		}
	}
	return body
}

func (function) Delete(ctx context.Context, w *Work) error {
	return gone(w.Cloud.rest(ctx, "lambda", http.MethodDelete, functionPath(w.Physical, ""), nil, nil))
}

// permission is AWS::Lambda::Permission; its physical id is the statement's id.
type permission struct{}

func (permission) Create(ctx context.Context, w *Work) (Result, error) {
	name, ok := text(w.Properties, "FunctionName")
	if !ok {
		return Result{}, missing(w, "FunctionName")
	}
	body := pick(w.Properties, "Action EventSourceToken FunctionUrlAuthType Principal PrincipalOrgID SourceAccount SourceArn")
	body.Set("StatementId", w.Physical)
	if err := w.Cloud.rest(ctx, "lambda", http.MethodPost, functionPath(name, "/policy"), body, nil); err != nil {
		return Result{}, err
	}
	return Result{Physical: w.Physical, Attributes: map[string]string{"Id": w.Physical}}, nil
}

// Update has nothing to do: a change of any property makes a new permission.
func (permission) Update(_ context.Context, w *Work) (Result, error) {
	return Result{Physical: w.Physical, Attributes: w.Attributes}, nil
}

func (permission) Delete(ctx context.Context, w *Work) error {
	name, _ := text(w.Properties, "FunctionName")
	return gone(w.Cloud.rest(ctx, "lambda", http.MethodDelete, functionPath(name, "/policy/"+url.PathEscape(w.Physical)), nil, nil))
}

// logGroup is AWS::Logs::LogGroup.
type logGroup struct{}

func (g logGroup) Create(ctx context.Context, w *Work) (Result, error) {
	in := map[string]any{"logGroupName": w.Physical}
	if all := tags(w.Tags, w.Properties); len(all) > 0 {
		in["tags"] = all
	}
	if err := w.Cloud.json(ctx, "logs", "CreateLogGroup", in, nil); err != nil {
		return Result{}, err
	}
	arn := w.Cloud.arn("logs", w.Cloud.Region, "log-group:"+w.Physical+":*")
	result := Result{Physical: w.Physical, Attributes: map[string]string{"Arn": arn}}
	if _, ok := w.Properties.Get("RetentionInDays"); !ok {
		return result, nil
	}
	return result, g.retain(ctx, w)
}

func (logGroup) retain(ctx context.Context, w *Work) error {
	days, ok := text(w.Properties, "RetentionInDays")
	if !ok {
		return w.Cloud.json(ctx, "logs", "DeleteRetentionPolicy", map[string]any{"logGroupName": w.Physical}, nil)
	}
	n, err := strconv.Atoi(days)
	if err != nil {
		return err
	}
	return w.Cloud.json(ctx, "logs", "PutRetentionPolicy", map[string]any{"logGroupName": w.Physical, "retentionInDays": n}, nil)
}

func (g logGroup) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	if w.changed("RetentionInDays") {
		if err := g.retain(ctx, w); err != nil {
			return result, err
		}
	}
	arn := strings.TrimSuffix(w.Attributes["Arn"], ":*")
	set, remove := w.tagChange()
	if len(set) > 0 {
		if err := w.Cloud.json(ctx, "logs", "TagResource", map[string]any{"resourceArn": arn, "tags": set}, nil); err != nil {
			return result, err
		}
	}
	if len(remove) > 0 {
		return result, w.Cloud.json(ctx, "logs", "UntagResource", map[string]any{"resourceArn": arn, "tagKeys": remove}, nil)
	}
	return result, nil
}

func (logGroup) Delete(ctx context.Context, w *Work) error {
	return gone(w.Cloud.json(ctx, "logs", "DeleteLogGroup", map[string]any{"logGroupName": w.Physical}, nil))
}

// nothing is a type that makes nothing, such as AWS::CDK::Metadata.
type nothing struct{}

func (nothing) Create(_ context.Context, w *Work) (Result, error) {
	return Result{Physical: w.Physical, Attributes: map[string]string{"Id": w.Physical}}, nil
}

func (nothing) Update(_ context.Context, w *Work) (Result, error) {
	return Result{Physical: w.Physical, Attributes: w.Attributes}, nil
}

func (nothing) Delete(context.Context, *Work) error { return nil }
