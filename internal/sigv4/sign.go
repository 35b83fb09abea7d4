package sigv4

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Key is a set of credentials to sign with. Token is "" for long-lived ones.
type Key struct{ AccessKeyID, Secret, Token string }

func (k Key) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.Secret, SessionToken: k.Token}
}

// HashBody gives the payload hash of a body.
func HashBody(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// options are the signer's for a service: S3's paths are escaped only once.
func options(service string) func(*v4.SignerOptions) {
	return func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" }
}

// Sign signs a request in its headers. The date of scope is taken from at.
func Sign(r *http.Request, bodyHash string, key Key, scope Scope, at time.Time) error {
	if scope.Service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", bodyHash)
	}
	return v4.NewSigner().SignHTTP(context.Background(), key.credentials(), r, bodyHash, scope.Service, scope.Region, at, options(scope.Service))
}

// Presign gives the URL of the request signed in its query, good for expires.
func Presign(r *http.Request, bodyHash string, key Key, scope Scope, at time.Time, expires time.Duration) (string, error) {
	r = r.Clone(r.Context())
	query := r.URL.Query()
	query.Set("X-Amz-Expires", strconv.FormatInt(int64(expires/time.Second), 10))
	r.URL.RawQuery = query.Encode()
	signed, _, err := v4.NewSigner().PresignHTTP(r.Context(), key.credentials(), r, bodyHash, scope.Service, scope.Region, at, options(scope.Service))
	return signed, err
}
