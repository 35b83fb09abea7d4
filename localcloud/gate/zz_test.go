package gate_test
import ("testing";"os";"os/exec";"fmt")
func TestZZ(t *testing.T){
 c:=newCloud(t,nil); cfg:=c.config(t,"admin")
 k,_:=cfg.Credentials.Retrieve(t.Context())
 cmd:=exec.Command("bash","/tmp/sig/manual.sh",c.url)
 cmd.Env=append(os.Environ(),"AWS_ACCESS_KEY_ID="+k.AccessKeyID,"AWS_SECRET_ACCESS_KEY="+k.SecretAccessKey,"AWS_SESSION_TOKEN="+k.SessionToken,"AWS_DEFAULT_REGION=us-east-1","AWS_ENDPOINT_URL="+c.url)
 out,err:=cmd.CombinedOutput(); fmt.Println(string(out),err)
 if c.last!=nil { fmt.Println(len(c.last.Body), c.last.Header)}
}
