package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/localcloud/store"
)

func open(t *testing.T, path string) *store.DB {
	t.Helper()
	db, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func put(key, value string) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		b, err := tx.Bucket("things")
		if err != nil {
			return err
		}
		return b.Put([]byte(key), []byte(value))
	}
}

func get(t *testing.T, db *store.DB, key string) (value string) {
	t.Helper()
	err := db.View(func(tx *store.Tx) error {
		b, err := tx.Bucket("things")
		if err != nil {
			return err
		}
		value = string(b.Get([]byte(key)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestWritesThatComeTogetherStandAlone(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "cloud.db"))
	boom := errors.New("boom")
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			err := db.Update(func(tx *store.Tx) error {
				if i%10 == 3 {
					return boom // before any change
				}
				if err := put(fmt.Sprint(i), "x")(tx); err != nil {
					return err
				}
				if i%10 == 7 {
					return boom // after a change, which must not stay
				}
				return nil
			})
			if wantErr := i%10 == 3 || i%10 == 7; wantErr != errors.Is(err, boom) {
				t.Errorf("write %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	for i := range 200 {
		want := "x"
		if i%10 == 3 || i%10 == 7 {
			want = ""
		}
		if got := get(t, db, fmt.Sprint(i)); got != want {
			t.Errorf("key %d = %q, want %q", i, got, want)
		}
	}
}

func TestAPanickingWriteIsAnError(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "cloud.db"))
	if err := db.Update(func(*store.Tx) error { panic("no") }); err == nil {
		t.Fatal("no error")
	}
	if err := db.Update(put("a", "1")); err != nil {
		t.Fatal(err)
	}
}

func TestStateOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cloud.db")
	db := open(t, path)
	if err := db.Update(put("a", "1")); err != nil {
		t.Fatal(err)
	}
	// A copy taken while the file is open is what kill -9 leaves.
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(copied, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := get(t, open(t, copied), "a"); got != "1" {
		t.Fatalf("a = %q after a crash, want 1", got)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cloud.db")
	open(t, path)
	if _, err := store.Open(path); writ.CodeOf(err) != writ.CodeConflict {
		t.Errorf("a file in use: %v", err)
	}
	garbage := filepath.Join(t.TempDir(), "cloud.db")
	if err := os.WriteFile(garbage, make([]byte, 16384), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(garbage); writ.CodeOf(err) != writ.CodeInvalid {
		t.Errorf("a damaged file: %v", err)
	}
	if data, _ := os.ReadFile(garbage); len(data) != 16384 {
		t.Error("the damaged file was changed")
	}
}

func TestUpdateAfterCloseIsAnError(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "cloud.db"))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(put("a", "1")); writ.CodeOf(err) != writ.CodeCancelled {
		t.Errorf("got %v", err)
	}
}

// A file cut short is damaged wherever it was cut, and is left as it is.
func TestOpenRefusesAFileCutShort(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cloud.db")
	db := open(t, path)
	for i := range 200 {
		if err := db.Update(put(fmt.Sprint(i), string(make([]byte, 2000)))); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, 4096, 8192, 12288, 16384, 65536, 200_000} {
		cut := filepath.Join(t.TempDir(), "cloud.db")
		if err := os.WriteFile(cut, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(cut)
		var e *writ.Error
		if !errors.As(err, &e) || e.Code != writ.CodeInvalid || e.Hint == "" {
			t.Errorf("cut to %d bytes of %d: %v", size, len(whole), err)
		}
		if data, _ := os.ReadFile(cut); len(data) != size {
			t.Errorf("cut to %d bytes: it has %d now", size, len(data))
		}
	}
}
