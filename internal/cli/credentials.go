package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
)

func newCredentials(sh *shell) *cobra.Command {
	var profile, format string
	var role actAsFlags
	cmd := &cobra.Command{
		Use:   "credentials [DIR]",
		Short: "Print credentials of the local cloud, the developer's or a role's, or write them as an AWS profile",
		Long: `Prints shell commands that point the AWS CLI and SDKs to the local cloud that
` + "`writ up`" + ` runs in DIR, as the developer's administrator role:

  eval "$(writ credentials)"
  aws lambda list-functions

--role ROLE prints those of a short session of any role of the local account, to
see what the role sees: an IAM role by its name or ARN, or in the words of the
topology function/NAME, event/NAME, schedule, route (KIND/NAMESPACE/NAME where
several topologies have one). The role's trust policy is not asked, so that also
a role which only a service may take on can be tried. Only the developer can do
this, only on the local cloud.

  (eval "$(writ credentials --role function/hello)"; aws dynamodb list-tables)

--profile NAME writes them as a profile to the AWS configuration files instead;
--format json prints what the AWS setting credential_process takes.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			if err := role.check(); err != nil {
				return err
			}
			local, err := readRunningCloud(dirArg(args))
			if err != nil {
				return err
			}
			if role.role != "" {
				if local, err = role.actAs(cmd.Context(), sh, dirArg(args), local); err != nil {
					return err
				}
			}
			if profile != "" {
				return writeProfile(sh, profile, local)
			}
			if format == "json" {
				return json.NewEncoder(sh.stdout).Encode(map[string]any{
					"Version": 1, "AccessKeyId": local.AccessKeyID, "SecretAccessKey": local.SecretKey,
					"SessionToken": local.Token, "Expiration": local.Expires.UTC().Format(time.RFC3339),
				})
			}
			_, err = fmt.Fprintf(sh.stdout, "export AWS_ENDPOINT_URL=%s\nexport AWS_ENDPOINT_URL_SQS=%s\nexport AWS_REGION=%s\nexport AWS_DEFAULT_REGION=%s\nexport AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\nexport AWS_SESSION_TOKEN=%s\n",
				local.AWS, local.AWS, local.Region, local.Region, local.AccessKeyID, local.SecretKey, local.Token)
			return err
		},
	}
	cmd.Flags().StringVar(&profile, "profile", "", "write an AWS profile of this name")
	cmd.Flags().StringVar(&role.role, "role", "", "a `ROLE` of the local account, by its name, its ARN, or in the topology's words: function/NAME, event/NAME, schedule, route")
	cmd.Flags().StringVarP(&role.sandbox, "sandbox", "s", "", "the sandbox that the topology's words are about (default \""+defaultSandbox+"\")")
	cmd.Flags().DurationVar(&role.duration, "duration", 0, "how long the role's session lasts, at most 1h (default 15m)")
	formatFlag(cmd, &format)
	return cmd
}

// writeProfile sets one profile in the two files of the AWS CLI and leaves the
// rest of them as it is.
func writeProfile(sh *shell, name string, local runningCloud) error {
	if strings.ContainsAny(name, "[]\n\r \t") {
		return writ.Errorf(writ.CodeUsage, "%q cannot be the name of a profile", name)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return writ.Errorf(writ.CodeExternal, "find the home directory: %w", err)
	}
	file := func(variable, base string) string {
		if path := sh.getenv(variable); path != "" {
			return path
		}
		return filepath.Join(home, ".aws", base)
	}
	credentials, config := file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), file("AWS_CONFIG_FILE", "config")
	err = setSection(credentials, name, []string{
		"aws_access_key_id = " + local.AccessKeyID,
		"aws_secret_access_key = " + local.SecretKey,
		"aws_session_token = " + local.Token,
	})
	if err != nil {
		return err
	}
	if err := setSection(config, "profile "+name, []string{"region = " + local.Region, "endpoint_url = " + local.AWS}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(sh.stdout, "profile %s written to %s and %s: aws --profile %s lambda list-functions\n", name, config, credentials, name)
	return err
}

// setSection replaces or adds one section of an INI file.
func setSection(path, section string, lines []string) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return writ.Errorf(writ.CodeExternal, "read %s: %w", path, err)
	}
	var kept strings.Builder
	inside := false
	for line := range strings.Lines(string(old)) {
		if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "[") {
			inside = trimmed == "["+section+"]"
		}
		if !inside {
			kept.WriteString(line)
		}
	}
	text := strings.TrimRight(kept.String(), "\n")
	if text != "" {
		text += "\n\n"
	}
	text += "[" + section + "]\n" + strings.Join(lines, "\n") + "\n"
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return writ.Errorf(writ.CodeExternal, "make %s: %w", filepath.Dir(path), err)
	}
	temporary := path + ".writ"
	if err := os.WriteFile(temporary, []byte(text), 0o600); err != nil {
		return writ.Errorf(writ.CodeExternal, "write %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return writ.Errorf(writ.CodeExternal, "write %s: %w", path, err)
	}
	return nil
}
