//go:build !unix

package storetest

import "time"

// processorTime is not known here: the figures say 0.
func processorTime() time.Duration { return 0 }
