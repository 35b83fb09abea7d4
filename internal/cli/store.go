package cli

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/postgres"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/sqlite"
)

// openStore opens the place where an environment is kept.
func (s *serving) openStore(ctx context.Context, e serveEnvironment) (environment.Store, error) {
	store, closing, err := openStore(ctx, s.dir, s.config.store, e)
	if err != nil {
		return nil, err
	}
	s.stores = append(s.stores, closing)
	return store, nil
}

// openStore opens the store of an environment: where names a folder of SQLite files
// (sqlite:FOLDER), "" for the one in DIR, a PostgreSQL database, or memory.
func openStore(ctx context.Context, dir, where string, e serveEnvironment) (environment.Store, func() error, error) {
	switch {
	case where == "memory":
		return &memory.Store{}, func() error { return nil }, nil
	case where == "":
		if err := makeStateDir(dir); err != nil {
			return nil, nil, err
		}
	case strings.HasPrefix(where, "postgres://"), strings.HasPrefix(where, "postgresql://"):
		store, err := postgres.Open(ctx, postgres.Config{URL: where, Schema: schemaOf(e)})
		if err != nil {
			return nil, nil, err
		}
		return store, store.Close, nil
	case !strings.HasPrefix(where, "sqlite:"):
		return nil, nil, writ.Errorf(writ.CodeInvalid, "the store %q is not known", firstWord(where)).
			WithHint("it is sqlite:FOLDER, postgres://... or memory")
	}
	folder, _ := storeFolder(dir, where)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, nil, writ.Errorf(writ.CodeExternal, "make the folder of the store: %w", err)
	}
	store, err := sqlite.Open(ctx, filepath.Join(folder, storeFile(e)))
	if err != nil {
		return nil, nil, err
	}
	return store, store.Close, nil
}

// schemaOf names the SQL schema of an environment: what may be read of its name, and a sum that
// keeps names apart which look the same then.
func schemaOf(e serveEnvironment) string {
	if e.project == server.DefaultProject && e.env == server.DefaultEnv {
		return "writ"
	}
	readable := strings.ReplaceAll(e.project+"_"+e.env, "-", "_")
	return fmt.Sprintf("writ_%.32s_%08x", readable, crc32.ChecksumIEEE([]byte(e.String())))
}

// firstWord is the kind of a store without what may be a password.
func firstWord(where string) string {
	kind, _, _ := strings.Cut(where, ":")
	return kind
}

// storeFolder is where SQLite files are; ok is false when the store is no folder of them.
func storeFolder(dir, where string) (folder string, ok bool) {
	if where == "" {
		return filepath.Join(stateDir(dir), "policy"), true
	}
	return strings.CutPrefix(where, "sqlite:")
}

const storeSuffix = ".db"

func storeFile(e serveEnvironment) string { return e.project + "." + e.env + storeSuffix }

// openExisting opens the store of an environment that something is stored of; nil when nothing is. It makes
// no file.
func openExisting(ctx context.Context, dir, where string, e serveEnvironment) (environment.Store, func() error, error) {
	if folder, ok := storeFolder(dir, where); ok && !fileThere(filepath.Join(folder, storeFile(e))) {
		return nil, nil, nil
	}
	store, closing, err := openStore(ctx, dir, where, e)
	if err != nil {
		return nil, nil, err
	}
	began, err := hasHistory(ctx, store)
	if err == nil && began {
		return store, closing, nil
	}
	return nil, nil, errors.Join(err, closing())
}

// hasHistory reports whether a store has an entry.
func hasHistory(ctx context.Context, store environment.Store) (bool, error) {
	found := errors.New("there is one")
	err := store.Commits(ctx, 0, func(environment.Commit) error { return found })
	if errors.Is(err, found) {
		return true, nil
	}
	return false, err
}

// nothingStored is the error of an environment that is asked for and is not there, with those that are.
func nothingStored(dir, where string, e serveEnvironment) error {
	place := dir
	if where != "" {
		place = "the store of WRIT_STORE"
	}
	err := writ.Errorf(writ.CodeNotFound, "nothing is stored in %s of environment %s", place, e)
	names := storedEnvironments(dir, where)
	switch near := writ.Nearest(e.String(), names); {
	case near != "":
		return err.WithHint("did you mean %s?", near)
	case len(names) > 0:
		return err.WithHint("there is %s", strings.Join(names, ", "))
	}
	return err.WithHint("`writ serve %s` stores it, and makes its first key", quoted(dir))
}

// storedEnvironments are the names of those that have a file.
func storedEnvironments(dir, where string) (names []string) {
	folder, ok := storeFolder(dir, where)
	if !ok {
		return nil
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil // there are none
	}
	for _, file := range files {
		name, ok := strings.CutSuffix(file.Name(), storeSuffix)
		if project, env, both := strings.Cut(name, "."); ok && both {
			names = append(names, project+"/"+env)
		}
	}
	return names
}
