package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/writ-dev/writ"
)

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
	if err := refuseForeign(credentials, config, name); err != nil {
		return err
	}
	err = setSection(credentials, name, []string{
		"aws_access_key_id = " + local.AccessKeyID,
		"aws_secret_access_key = " + local.SecretKey,
		"aws_session_token = " + local.Token,
	})
	if err != nil {
		return err
	}
	if err := setSection(config, "profile "+name, []string{
		"region = " + local.Region,
		"endpoint_url = " + local.AWS,
		// In this region the AWS CLI 1 and boto3 would presign URLs with version 2.
		"s3 =", "    signature_version = s3v4",
	}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(sh.stdout, "profile %s written to %s and %s: aws --profile %s lambda list-functions\n", name, config, credentials, name)
	return err
}

// refuseForeign is an error when there is a profile of the name that does not
// speak to a local cloud: its keys would be lost.
func refuseForeign(credentials, config, name string) error {
	keys, err := readSection(credentials, name)
	if err != nil {
		return err
	}
	settings, err := readSection(config, "profile "+name)
	if err != nil {
		return err
	}
	if name == "default" { // in this file it has two names
		more, err := readSection(config, name)
		if err != nil {
			return err
		}
		settings = append(settings, more...)
	}
	for _, line := range settings {
		key, value, _ := strings.Cut(line, "=")
		if strings.TrimSpace(key) == "endpoint_url" && strings.HasPrefix(strings.TrimSpace(value), "http://127.0.0.1:") {
			return nil
		}
	}
	if len(keys)+len(settings) == 0 {
		return nil
	}
	path := credentials
	if len(keys) == 0 {
		path = config
	}
	return writ.Errorf(writ.CodeConflict, "%s has a profile %s, which is not of a local cloud", path, name).
		WithHint("give another name; this one's keys and settings would be overwritten")
}

// readSection gives the lines of one section of an INI file that say something.
func readSection(path, section string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, writ.Errorf(writ.CodeExternal, "read %s: %w", path, err)
	}
	var lines []string
	inside := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "["):
			inside = line == "["+section+"]"
		case inside && line != "" && line[0] != '#' && line[0] != ';':
			lines = append(lines, line)
		}
	}
	return lines, nil
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
