package store_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/writ-dev/writ/localcloud/store"
)

func Example() {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(filepath.Join(dir, "cloud.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	// The write is on disk when Update returns.
	err = db.Update(func(tx *store.Tx) error {
		hits, err := tx.Bucket("dynamodb", "hits")
		if err != nil {
			return err
		}
		for _, path := range []string{"/b", "/a"} {
			if err := hits.Put([]byte(path), []byte("1")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	err = db.View(func(tx *store.Tx) error {
		hits, err := tx.Bucket("dynamodb", "hits")
		if err != nil {
			return err
		}
		c := hits.Cursor()
		for key, value := c.First(); key != nil; key, value = c.Next() {
			fmt.Printf("%s %s\n", key, value)
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// /a 1
	// /b 1
}
