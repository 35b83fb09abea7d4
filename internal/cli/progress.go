package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// patience is how long a step may take before it says what it is doing.
const patience = time.Second

// working says what is being done when it takes longer than a second, and
// again every ten. The caller calls done at the end of the step.
func working(w io.Writer, st style, what string) (done func()) {
	if w == nil {
		return func() {}
	}
	start, stop := time.Now(), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		pause := patience
		for {
			timer := time.NewTimer(pause)
			select {
			case <-stop:
				timer.Stop()
				return
			case <-timer.C:
				fmt.Fprintln(w, st.faint(fmt.Sprintf("%s … %.0f s", what, time.Since(start).Seconds())))
				pause = 10 * time.Second
			}
		}
	})
	return func() {
		close(stop)
		wg.Wait() // nothing is said after the step
	}
}
