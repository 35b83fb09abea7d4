package memory_test

import (
	"testing"

	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/environment/storetest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) storetest.Place {
		s := &memory.Store{}
		return func(*testing.T) environment.Store { return s }
	})
}
