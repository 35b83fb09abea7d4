package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/storetest"
	"github.com/writ-dev/writ/sqlite"
)

func benchStore(b *testing.B) environment.Store {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

func BenchmarkDurableWrites(b *testing.B) { storetest.BenchmarkDurableWrites(b, benchStore) }

func BenchmarkOpenMillion(b *testing.B) { storetest.BenchmarkOpen(b, benchStore(b)) }
