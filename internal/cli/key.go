package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/server"
)

// apiKeyFlags are those of all commands about keys.
type apiKeyFlags struct {
	environment environmentFlag
	server      string
	format      string
}

func newKey(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make, list and revoke the API keys of the server",
		Long: `Makes, lists and revokes API keys: of the server that runs in DIR, of the one at
--server URL (with an admin key in WRIT_API_KEY), or, when none runs, in what is
stored. A key opens one environment, in one role: ask asks for decisions, read reads
what is stored too, write changes facts too, admin changes the policy and keys too. An application needs one;
the commands of the user who started the server need none.

  writ key create --role read --name app
  writ key list
  writ key revoke 98a9858ab098`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKeyCreate(sh), newKeyList(sh), newKeyRevoke(sh))
	return cmd
}

func (f *apiKeyFlags) register(cmd *cobra.Command) {
	f.environment.register(cmd, "of the key")
	cmd.Flags().StringVar(&f.server, "server", "", "the `URL` of a server, with its admin key in WRIT_API_KEY")
	formatFlag(cmd, &f.format)
}

func newKeyCreate(sh *shell) *cobra.Command {
	var f apiKeyFlags
	var role, name, expires string
	cmd := &cobra.Command{
		Use:   "create [DIR]",
		Short: "Make an API key and print it, once",
		Long: `Makes an API key and prints it, once: what is stored of it opens nothing. The end of
--expires is a time from now (8h, 30d, 2w), a day at whose beginning in UTC it opens nothing
any more (2027-01-01), or a moment (2027-01-01T12:00:00Z).

  writ key create --role read --name app
  writ key create --role write --name importer --expires 30d`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkChoice("role", server.Role(role), server.Roles()); err != nil {
				return err
			}
			end, err := readEnd(expires, sh.now())
			if err != nil {
				return err
			}
			asked := server.KeyInfo{Name: name, Role: server.Role(role), Expires: end}
			return f.with(cmd.Context(), sh, args, true, func(k keyring) error {
				made, err := k.create(cmd.Context(), asked)
				if err != nil {
					return err
				}
				if f.format == "json" {
					return writeJSON(sh.stdout, made)
				}
				_, err = fmt.Fprintln(sh.stdout, made.Token)
				return err
			})
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&role, "role", string(server.Read), "what the key may do: ask, read, write or admin")
	cmd.Flags().StringVar(&name, "name", "", "a name to know it by")
	cmd.Flags().StringVar(&expires, "expires", "", "how long or until `WHEN` it is to live: 8h, 30d, 2027-01-01; for ever if not given")
	return cmd
}

func newKeyList(sh *shell) *cobra.Command {
	var f apiKeyFlags
	cmd := &cobra.Command{
		Use:   "list [DIR]",
		Short: "List API keys, without their secrets",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(cmd.Context(), sh, args, false, func(k keyring) error {
				keys, err := k.list(cmd.Context())
				if err != nil {
					return err
				}
				if f.format == "json" {
					return writeJSON(sh.stdout, keys)
				}
				if len(keys) == 0 {
					return nil
				}
				w := tabwriter.NewWriter(sh.stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tROLE\tLIFE\tNAME")
				for _, key := range keys {
					life := "for ever"
					if !key.Expires.IsZero() {
						life = "until " + key.Expires.UTC().Format(time.RFC3339)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", key.ID, key.Role, life, oneLine(key.Name))
				}
				return w.Flush()
			})
		},
	}
	f.register(cmd)
	return cmd
}

func newKeyRevoke(sh *shell) *cobra.Command {
	var f apiKeyFlags
	cmd := &cobra.Command{
		Use:   "revoke ID [DIR]",
		Short: "Revoke an API key: it opens nothing any more, on any node",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(cmd.Context(), sh, args[1:], false, func(k keyring) error {
				if err := k.revoke(cmd.Context(), args[0]); err != nil {
					return err
				}
				if f.format == "json" {
					return writeJSON(sh.stdout, map[string]string{"revoked": args[0]})
				}
				_, err := fmt.Fprintf(sh.stdout, "key %s is revoked\n", args[0])
				return err
			})
		},
	}
	f.register(cmd)
	return cmd
}

// keyring is where keys are: behind a server, or in a store.
type keyring interface {
	create(ctx context.Context, asked server.KeyInfo) (server.KeyInfo, error)
	list(ctx context.Context) ([]server.KeyInfo, error)
	revoke(ctx context.Context, id string) error
}

// with opens the keys that the flags mean. To make one an environment is stored as `writ serve` would begin it.
func (f *apiKeyFlags) with(ctx context.Context, sh *shell, args []string, begin bool, do func(keyring) error) (err error) {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	e, err := f.environment.read()
	if err != nil {
		return err
	}
	dir, where := dirArg(args), sh.getenv("WRIT_STORE")
	remote, err := findServer(sh, dir, f.server, &f.environment)
	if err != nil {
		return err
	}
	if remote != nil {
		return do(remoteKeys{remote})
	}
	store, closing, err := openExisting(ctx, dir, where, e)
	if err != nil {
		return err
	}
	var first *startPolicy
	if store == nil {
		// Of another environment than the one by default only a server's configuration knows the policy.
		if !begin || !e.byDefault() || where == "memory" {
			return nothingStored(dir, where, e)
		}
		if first, err = findPolicy(dir, nil); err != nil {
			return err
		}
		if store, closing, err = openStore(ctx, dir, where, e); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, closing()) }()
	live, err := openEnvironment(ctx, store, first, sh.now)
	if err != nil {
		return err
	}
	if err := (&space{serveEnvironment: e, policy: first}).giveFacts(ctx, live, nil); err != nil {
		return err
	}
	return do(storedKeys{sh, e, live})
}

// storedKeys are those of an environment that this process has opened.
type storedKeys struct {
	sh   *shell
	of   serveEnvironment
	live *environment.Environment
}

func (k storedKeys) create(ctx context.Context, asked server.KeyInfo) (server.KeyInfo, error) {
	token, key, err := server.NewKey(k.of.env, asked.Name, asked.Role, k.sh.now(), asked.Expires)
	if err != nil {
		return server.KeyInfo{}, err
	}
	info := server.InfoOf(key)
	info.Token = token
	return info, server.AddKey(ctx, k.live, systemActor(), key)
}

func (k storedKeys) list(context.Context) ([]server.KeyInfo, error) {
	keys := []server.KeyInfo{}
	for _, key := range k.live.State().Keys {
		keys = append(keys, server.InfoOf(key))
	}
	return keys, nil
}

func (k storedKeys) revoke(ctx context.Context, id string) error {
	return server.RevokeKey(ctx, k.live, systemActor(), id)
}

// remoteKeys are those of a server.
type remoteKeys struct{ *remoteServer }

func (k remoteKeys) create(ctx context.Context, asked server.KeyInfo) (made server.KeyInfo, err error) {
	text, err := json.Marshal(asked)
	if err != nil {
		return made, err
	}
	return made, k.call(ctx, http.MethodPost, server.PathKeys, bytes.NewReader(text), &made)
}

func (k remoteKeys) list(ctx context.Context) ([]server.KeyInfo, error) {
	var answer struct{ Keys []server.KeyInfo }
	err := k.call(ctx, http.MethodGet, server.PathKeys, nil, &answer)
	return answer.Keys, err
}

func (k remoteKeys) revoke(ctx context.Context, id string) error {
	if strings.ContainsAny(id, "/?#%") {
		return writ.Errorf(writ.CodeNotFound, "there is no key %s", oneLine(id))
	}
	return k.call(ctx, http.MethodDelete, server.PathKeys+"/"+id, nil, nil)
}
