package directory_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/writ-dev/writ/localcloud/directory"
	"github.com/writ-dev/writ/localcloud/store"
)

func ExampleDirectory_EnsureRole() {
	dir, err := os.MkdirTemp("", "directory")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := store.Open(filepath.Join(dir, "cloud.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	d, err := directory.New(directory.Config{DB: db, Account: "000000000000"})
	if err != nil {
		fmt.Println(err)
		return
	}
	access, err := d.EnsureRole(directory.RoleSpec{
		Name: "developer",
		Trust: `{"Version": "2012-10-17", "Statement": [
			{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}]}`,
		Attached: []string{"arn:aws:iam::aws:policy/AdministratorAccess"},
	})
	fmt.Println(access.ARN, len(access.Identity), err)
	// Output: arn:aws:iam::000000000000:role/developer 1 <nil>
}
