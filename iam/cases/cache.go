package cases

import "github.com/writ-dev/writ/iam"

// Cache keeps compiled policies by their text: the cases of one file often
// share them. The zero value is ready; it is not for several goroutines at once.
type Cache struct {
	policies map[cacheKey]*iam.Policy
	size     int
}

type cacheKey struct {
	kind iam.PolicyType
	text string
}

// maxCached bounds the text that is kept; a full cache is emptied.
const maxCached = 2 << 20

// IAM is [Case.IAM] with the cache.
func (k *Cache) IAM(c *Case) (*iam.Request, *iam.Policies, error) { return c.compile(k) }

func (k *Cache) find(t iam.PolicyType, raw []byte) *iam.Policy {
	if k == nil {
		return nil
	}
	return k.policies[cacheKey{t, string(raw)}]
}

func (k *Cache) keep(t iam.PolicyType, raw []byte, p *iam.Policy) {
	if k == nil || len(raw) > maxCached/8 {
		return
	}
	if k.size+len(raw) > maxCached || k.policies == nil {
		k.policies, k.size = map[cacheKey]*iam.Policy{}, 0
	}
	k.size += len(raw)
	k.policies[cacheKey{t, string(raw)}] = p
}
