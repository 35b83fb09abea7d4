package cli

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func newCredentials(sh *shell) *cobra.Command {
	var profile, format string
	cmd := &cobra.Command{
		Use:   "credentials [DIR]",
		Short: "Print the developer's credentials of the local cloud, or write them as an AWS profile",
		Long: `Prints shell commands that point the AWS CLI and SDKs to the local cloud that
` + "`writ up`" + ` runs in DIR, as the developer's administrator role:

  eval "$(writ credentials)"
  aws lambda list-functions

--profile NAME writes them as a profile to the AWS configuration files instead;
--format json prints what the AWS setting credential_process takes.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			local, err := readRunningCloud(dirArg(args))
			if err != nil {
				return err
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
	formatFlag(cmd, &format)
	return cmd
}
