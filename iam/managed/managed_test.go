package managed_test

import (
	"fmt"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/managed"
)

func Example() {
	p, ok := managed.ByARN("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
	fmt.Println(ok, p.Document)
	_, ok = managed.ByARN("arn:aws:iam::aws:policy/ReadOnlyAccess")
	fmt.Println(ok)
	// Output:
	// true {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}
	// false
}

// TestDocuments: every document of the table is a policy, found by its own ARN.
func TestDocuments(t *testing.T) {
	t.Parallel()
	all := managed.All()
	for _, p := range all {
		if _, err := iam.Load([]byte(p.Document), iam.Origin{Type: iam.TypeIdentity}); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if found, ok := managed.ByARN(p.ARN()); !ok || found != p {
			t.Errorf("%s is not found by its ARN", p.Name)
		}
	}
	if len(all) == 0 {
		t.Error("no policies are known")
	}
	for _, arn := range []string{"", "arn:aws:iam::111122223333:policy/AdministratorAccess", "arn:evil:iam::aws:policy/AdministratorAccess", "x:aws:iam::aws:policy/AdministratorAccess"} {
		if _, ok := managed.ByARN(arn); ok {
			t.Errorf("%q is taken for a policy of AWS", arn)
		}
	}
}
