package cli

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
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
