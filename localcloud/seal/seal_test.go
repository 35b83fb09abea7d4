package seal_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/writ-dev/writ/localcloud/seal"
)

func Example() {
	sealer, err := seal.New(make([]byte, 32), "secrets")
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed := sealer.Seal([]byte("hush"), "password 1")
	value, err := sealer.Open(sealed, "password 1")
	fmt.Println(string(value), err)
	_, err = sealer.Open(sealed, "password 2")
	fmt.Println(err)
	// Output:
	// hush <nil>
	// the sealed value of password 2 cannot be opened: it is damaged, or the cloud's key is another
}

func TestASealHolds(t *testing.T) {
	t.Parallel()
	one, err := seal.New(bytes.Repeat([]byte{1}, 32), "a")
	if err != nil {
		t.Fatal(err)
	}
	sealed := one.Seal([]byte("hush"), "x")
	if bytes.Contains(sealed, []byte("hush")) || bytes.Equal(sealed, one.Seal([]byte("hush"), "x")) {
		t.Error("the value can be told from what is stored")
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := one.Open(bad, "x"); err == nil {
			t.Errorf("byte %d was changed and nobody saw it", i)
		}
	}
	if _, err := one.Open(sealed[:5], "x"); err == nil {
		t.Error("a value cut short is opened")
	}
	other, err := seal.New(bytes.Repeat([]byte{1}, 32), "b")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(sealed, "x"); err == nil {
		t.Error("another purpose opens it")
	}
	if _, err := seal.New(nil, "a"); err == nil {
		t.Error("no key is a key")
	}
}
