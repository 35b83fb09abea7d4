package secretsmanager

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
)

// PasswordRules say what a random password is made of (GetRandomPassword).
type PasswordRules struct {
	PasswordLength                     *int
	ExcludeCharacters                  string
	ExcludeNumbers, ExcludePunctuation bool
	ExcludeUppercase, ExcludeLowercase bool
	IncludeSpace                       bool
	RequireEachIncludedType            *bool
}

// below gives a random number from 0 to n-1, each as likely as the others.
func (s *Service) below(n int) (int, error) {
	v, err := rand.Int(s.cfg.Rand, big.NewInt(int64(n)))
	if err != nil {
		return 0, fmt.Errorf("read randomness: %w", err)
	}
	return int(v.Int64()), nil
}

// groups are the kinds of letters that a password may have.
func (q *PasswordRules) groups() (out []string) {
	for _, group := range []struct {
		letters string
		without bool
	}{
		{"abcdefghijklmnopqrstuvwxyz", q.ExcludeLowercase},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZ", q.ExcludeUppercase},
		{"0123456789", q.ExcludeNumbers},
		{"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", q.ExcludePunctuation},
		{" ", !q.IncludeSpace},
	} {
		if group.without {
			continue
		}
		left := strings.Map(func(r rune) rune {
			if strings.ContainsRune(q.ExcludeCharacters, r) {
				return -1
			}
			return r
		}, group.letters)
		if left != "" {
			out = append(out, left)
		}
	}
	return out
}

// password makes a password: one letter of each kind when that is required,
// the rest of all kinds, in random order.
func (s *Service) password(q *PasswordRules) (string, error) {
	length := 32
	if q.PasswordLength != nil {
		length = *q.PasswordLength
	}
	groups := q.groups()
	each := q.RequireEachIncludedType == nil || *q.RequireEachIncludedType
	switch {
	case length < 1 || length > 4096:
		return "", invalidParameter("Password length must be between 1 and 4096.")
	case len(groups) == 0:
		return "", invalidParameter("The password can't be generated: all characters are excluded.")
	case each && length < len(groups):
		return "", invalidParameter("Password length %d is too short based on the required types.", length)
	}
	all := strings.Join(groups, "")
	letters := make([]byte, length)
	for i := range letters {
		from := all
		if each && i < len(groups) {
			from = groups[i]
		}
		n, err := s.below(len(from))
		if err != nil {
			return "", err
		}
		letters[i] = from[n]
	}
	for i := len(letters) - 1; i > 0; i-- {
		j, err := s.below(i + 1)
		if err != nil {
			return "", err
		}
		letters[i], letters[j] = letters[j], letters[i]
	}
	return string(letters), nil
}

func (s *Service) getRandomPassword(q *request) (any, error) {
	text, err := s.password(&q.PasswordRules)
	if err != nil {
		return nil, err
	}
	return map[string]string{"RandomPassword": text}, nil
}
