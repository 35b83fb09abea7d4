package postgres_test

import (
	"testing"

	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/storetest"
)

func BenchmarkDurableWrites(b *testing.B) {
	storetest.BenchmarkDurableWrites(b, func(b *testing.B) environment.Store { return open(b, fresh()) })
}

func BenchmarkOpenMillion(b *testing.B) { storetest.BenchmarkOpen(b, open(b, fresh())) }
