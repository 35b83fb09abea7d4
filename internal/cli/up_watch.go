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

// newWatcher begins to note what changes below DIR and beside role files; nil,
// and a message, where that cannot be done.
func (u *up) newWatcher() *fsnotify.Watcher {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		showError(u.log, writ.Errorf(writ.CodeExternal, "watch %s: %w", u.dir, err))
		return nil
	}
	if err := watchTree(watcher, u.dir); err != nil {
		showError(u.log, writ.Errorf(writ.CodeExternal, "watch %s: %w", u.dir, err))
		_ = watcher.Close() // nothing was noted
		return nil
	}
	u.watchRoleFiles(watcher)
	return watcher
}

// watch deploys again when something changes, until ctx ends. What is broken is
// shown and the old version runs on.
func (u *up) watch(ctx context.Context, watcher *fsnotify.Watcher) {
	defer watcher.Close() // the process ends
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
			u.watchRoleFiles(watcher)
		}
	}
}

// watchRoleFiles watches the folders of role files, which may lie outside DIR.
func (u *up) watchRoleFiles(w *fsnotify.Watcher) {
	systems := u.running.Load()
	if systems == nil {
		return
	}
	for _, s := range *systems {
		for _, path := range s.roles.set.Paths() {
			if err := w.Add(filepath.Dir(filepath.FromSlash(path))); err != nil {
				showError(u.log, writ.Errorf(writ.CodeExternal, "watch %s: %w", path, err))
			}
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

// oneSave is how long after an error the same one is taken for that of the same save: many editors write a file, and
// soon after write or rename it again.
const oneSave = 2 * time.Second

// failure is the last error of a deploy that followed a change.
type failure struct {
	text string
	at   time.Time
}

// news reports whether the error of a deploy that began and ended then is to be shown, and remembers it.
func (f *failure) news(err error, began, ended time.Time) bool {
	text := err.Error()
	again := text == f.text && began.Sub(f.at) < oneSave
	f.text, f.at = text, ended
	return !again
}

func (u *up) redeploy(ctx context.Context) {
	start := time.Now()
	systems, err := u.load(ctx)
	if err == nil {
		err = u.deployAll(ctx, systems)
	}
	if err != nil {
		if ctx.Err() == nil && u.failed.news(err, start, time.Now()) {
			showError(u.log, err)
			fmt.Fprintln(u.log, u.style.yellow("the old version runs on"))
		}
		return
	}
	u.failed = failure{}
	if len(systems) > 0 {
		u.reloadPolicy(ctx, systems)
	}
	u.banner(systems)
	fmt.Fprintln(u.log, u.style.faint(fmt.Sprintf("up to date after %.1f s", time.Since(start).Seconds())))
}
