package localcloud_test

import (
	"os/exec"
	"testing"
)

// signedJS is a caller of AWS APIs without an SDK: functions of the tests sign
// by hand, so that they need nothing but the interpreter.
const signedJS = `
const crypto = require("node:crypto"), http = require("node:http");
const sha = (s) => crypto.createHash("sha256").update(s).digest("hex");
const mac = (k, s) => crypto.createHmac("sha256", k).update(s).digest();
exports.call = (service, path, headers, payload) => new Promise((resolve, reject) => {
  const e = process.env, url = new URL(e.AWS_ENDPOINT_URL), body = JSON.stringify(payload);
  const at = new Date().toISOString().replace(/[-:]|\.\d+/g, ""), day = at.slice(0, 8);
  const all = {...headers, host: url.host, "x-amz-date": at, "x-amz-security-token": e.AWS_SESSION_TOKEN};
  const names = Object.keys(all).sort(), list = names.join(";");
  const canonical = ["POST", path, "", ...names.map((n) => n + ":" + all[n]), "", list, sha(body)].join("\n");
  const scope = [day, e.AWS_REGION, service, "aws4_request"].join("/");
  let key = mac("AWS4" + e.AWS_SECRET_ACCESS_KEY, day);
  for (const part of [e.AWS_REGION, service, "aws4_request"]) key = mac(key, part);
  const signature = mac(key, ["AWS4-HMAC-SHA256", at, scope, sha(canonical)].join("\n")).toString("hex");
  all.authorization = "AWS4-HMAC-SHA256 Credential=" + e.AWS_ACCESS_KEY_ID + "/" + scope + ", SignedHeaders=" + list + ", Signature=" + signature;
  const r = http.request({host: url.hostname, port: url.port, path, method: "POST", headers: all}, (answer) => {
    let text = ""; answer.on("data", (d) => text += d).on("end", () => {
      const out = JSON.parse(text || "null");
      if (answer.statusCode >= 300) { const err = new Error(out.message || out.Message); err.name = answer.headers["x-amzn-errortype"]; reject(err); } else resolve(out);
    });
  });
  r.on("error", reject); r.end(body);
});
exports.dynamodb = (operation, input) => exports.call("dynamodb", "/", {"content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810." + operation}, input);
exports.invoke = (name, input) => exports.call("lambda", "/2015-03-31/functions/" + name + "/invocations", {}, input);
`

// helloJS and hitcounterJS are the two handlers of the CDK workshop.
const helloJS = `exports.handler = async (event) => ({statusCode: 200, headers: {"Content-Type": "text/plain"}, body: "Good Night, CDK! You've hit " + event.path + "\n"});`

const hitcounterJS = `const {dynamodb, invoke} = require("./signed.js");
exports.handler = async (event) => {
  await dynamodb("UpdateItem", {TableName: process.env.HITS_TABLE_NAME, Key: {path: {S: event.path}},
    UpdateExpression: "ADD hits :incr", ExpressionAttributeValues: {":incr": {N: "1"}}});
  return invoke(process.env.DOWNSTREAM_FUNCTION_NAME, event);
};`

// needNode skips a test where no Node.js is.
func needNode(t testing.TB) {
	t.Helper()
	if out, err := exec.Command("node", "--version").CombinedOutput(); err != nil {
		t.Skipf("no function runs: there is no node here (%v %s)", err, out)
	}
}
