package cli

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/writ-dev/writ"
)

// settle is how long the files must be quiet before a deploy: editors write in
// several steps.
const settle = 150 * time.Millisecond

// watch deploys again when something below DIR changes, until ctx ends. What
// is broken is shown and the old version runs on.
func (u *up) watch(ctx context.Context) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		showError(u.log, writ.Errorf(writ.CodeExternal, "watch %s: %w", u.dir, err))
		return
	}
	defer watcher.Close() // the process ends
	if err := watchTree(watcher, u.dir); err != nil {
		showError(u.log, writ.Errorf(writ.CodeExternal, "watch %s: %w", u.dir, err))
		return
	}
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-watcher.Events:
			if ignored(event.Name) || event.Op == fsnotify.Chmod {
				continue
			}
			if event.Op.Has(fsnotify.Create) {
				_ = watchTree(watcher, event.Name) // a file, or gone again
			}
			timer.Reset(settle)
		case err := <-watcher.Errors:
			showError(u.log, writ.Errorf(writ.CodeExternal, "watch %s: %w", u.dir, err))
		case <-timer.C:
			u.redeploy(ctx)
		}
	}
}

func watchTree(w *fsnotify.Watcher, root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if path != root && ignored(path) {
			return filepath.SkipDir
		}
		return w.Add(path)
	})
}

// ignored names what is not source: hidden files, state, what tools leave.
func ignored(path string) bool {
	name := filepath.Base(path)
	return strings.HasPrefix(name, ".") && name != "." && name != ".." || name == "node_modules" || name == "__pycache__" ||
		strings.HasSuffix(name, "~") || strings.HasSuffix(name, ".pyc")
}

func (u *up) redeploy(ctx context.Context) {
	start := time.Now()
	systems, err := u.load(ctx)
	if err == nil {
		err = u.deployAll(ctx, systems)
	}
	if err != nil {
		if ctx.Err() == nil {
			showError(u.log, err)
			fmt.Fprintln(u.log, u.style.yellow("the old version runs on"))
		}
		return
	}
	u.banner(systems)
	fmt.Fprintln(u.log, u.style.faint(fmt.Sprintf("up to date after %.1f s", time.Since(start).Seconds())))
}
