package identity

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
)

// Part says which part of a certificate names the caller.
type Part string

// The parts: the common name, the URI of the subject's alternative names (SPIFFE writes it there), or
// the whole distinguished name.
const (
	CommonName        Part = "cn"
	URI               Part = "uri"
	DistinguishedName Part = "dn"
)

// CertificateRules say which certificates are proof, and of whom.
type CertificateRules struct {
	// Subject is the part that names the caller. It is needed: each is chosen by a CA in its own way.
	Subject Part
	// Issuers are the distinguished names of those that may have issued it, as RFC 2253 writes them ("CN=Devices
	// CA,O=Example"), to the letter. At least one is needed.
	Issuers []string
	// SubjectPrefix is put before each subject.
	SubjectPrefix string
	// Now is the clock. It is needed.
	Now func() time.Time
}

// Certificates tells who a client certificate speaks for. It does not build chains: whoever ended
// the TLS connection has verified that the caller holds the key and that a trusted CA issued the certificate.
type Certificates struct {
	rules CertificateRules
}

// NewCertificates checks rules; what is wrong with them is a CodeInvalid error.
func NewCertificates(r CertificateRules) (*Certificates, error) {
	switch {
	case r.Now == nil:
		return nil, writ.Errorf(writ.CodeInvalid, "certificates need a clock")
	case r.Subject != CommonName && r.Subject != URI && r.Subject != DistinguishedName:
		return nil, writ.Errorf(writ.CodeInvalid, "the subject of a certificate is its %s; it can be cn, uri or dn", shown(string(r.Subject)))
	case len(r.Issuers) == 0 || slices.Contains(r.Issuers, ""):
		return nil, writ.Errorf(writ.CodeInvalid, "certificates need issuers, none of them empty: each CA that the door trusts could name any subject")
	}
	r.Issuers = slices.Clone(r.Issuers)
	return &Certificates{r}, nil
}

// VerifyPEM gives the caller of a certificate as API Gateway hands it on after mutual TLS, in `clientCertPem`
// of requestContext.identity.clientCert (REST, HTTP API 1.0) or requestContext.authentication.clientCert (2.0). The
// fields beside it (subjectDN, issuerDN, serialNumber, validity) say the same in text and are not read.
func (c *Certificates) VerifyPEM(text string) (Caller, error) {
	const most = 16 << 10
	if len(text) > most {
		return Caller{}, certificateNotValid.because("it has %d bytes, which is more than %d", len(text), most)
	}
	text = strings.TrimSpace(text)
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil || !strings.HasPrefix(text, "-----BEGIN CERTIFICATE-----") || block.Type != "CERTIFICATE" || len(block.Headers) > 0:
		return Caller{}, certificateNotValid.because("it is no certificate in PEM")
	case len(rest) > 0:
		return Caller{}, certificateNotValid.because("something follows the certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return Caller{}, certificateNotValid.because("it cannot be read: %s", shown(err.Error()))
	}
	return c.Verify(cert)
}

// VerifyConnection gives the caller of a TLS connection to this process, which must have verified the client's chain
// ([tls.RequireAndVerifyClientCert]).
func (c *Certificates) VerifyConnection(s *tls.ConnectionState) (Caller, error) {
	if s == nil || len(s.VerifiedChains) == 0 || len(s.VerifiedChains[0]) == 0 {
		return Caller{}, certificateNotValid.because("the connection has no client certificate whose chain was verified")
	}
	return c.Verify(s.VerifiedChains[0][0])
}

// Verify gives the caller of a certificate whose chain the door has verified.
func (c *Certificates) Verify(cert *x509.Certificate) (Caller, error) {
	subject, err := namesOf(cert.RawSubject)
	if err != nil {
		return Caller{}, certificateNotValid.because("its subject %w", err)
	}
	issuer, err := namesOf(cert.RawIssuer)
	if err != nil {
		return Caller{}, certificateNotValid.because("its issuer %w", err)
	}
	if err := c.checkPurpose(cert, issuer.String()); err != nil {
		return Caller{}, err
	}
	id, err := c.subject(cert, subject)
	if err == nil {
		err = checkSubject(id)
	}
	if err != nil {
		return Caller{}, certificateNotValid.because("its %s %w", c.rules.Subject, err)
	}
	sum := sha256.Sum256(cert.Raw)
	uris := []any{}
	for _, u := range cert.URIs {
		uris = append(uris, u.String())
	}
	return Caller{
		Kind: Certificate, Subject: c.rules.SubjectPrefix + id, Prefix: c.rules.SubjectPrefix, Issuer: issuer.String(), Expires: cert.NotAfter.UTC(),
		Claims: map[string]any{
			"subject_dn": subject.String(), "issuer_dn": issuer.String(),
			"serial": cert.SerialNumber.Text(16), "sha256": hex.EncodeToString(sum[:]),
			"dns": texts(cert.DNSNames), "email": texts(cert.EmailAddresses), "uri": uris,
		},
	}, nil
}

// checkPurpose: RFC 5280 §4.1.2.5 (validity), §4.2 (critical extensions), §4.2.1.12 (what the key is for).
func (c *Certificates) checkPurpose(cert *x509.Certificate, issuer string) error {
	now := c.rules.Now()
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	client := func(u x509.ExtKeyUsage) bool { return u == x509.ExtKeyUsageClientAuth || u == x509.ExtKeyUsageAny }
	switch {
	case now.Before(cert.NotBefore):
		return certificateNotValid.because("it begins at %s, and it is %s", at(cert.NotBefore), at(now))
	case now.After(cert.NotAfter):
		return certificateNotValid.because("it ended at %s, and it is %s", at(cert.NotAfter), at(now))
	case !slices.Contains(c.rules.Issuers, issuer):
		return certificateNotValid.because("its issuer is %s; wanted is %s", shown(issuer), strings.Join(c.rules.Issuers, " or "))
	case len(cert.UnhandledCriticalExtensions) > 0:
		return certificateNotValid.because("it has the critical extension %s, which is not understood", cert.UnhandledCriticalExtensions[0])
	case len(cert.ExtKeyUsage)+len(cert.UnknownExtKeyUsage) > 0 && !slices.ContainsFunc(cert.ExtKeyUsage, client):
		return certificateNotValid.because("its key is not for clients (extended key usage)")
	}
	return nil
}

func (c *Certificates) subject(cert *x509.Certificate, names pkix.RDNSequence) (string, error) {
	switch c.rules.Subject {
	case DistinguishedName:
		return names.String(), nil
	case URI:
		if len(cert.URIs) != 1 {
			return "", fmt.Errorf("is one of %d, and must be the only one", len(cert.URIs))
		}
		return cert.URIs[0].String(), nil
	}
	var found []string
	for _, set := range names {
		for _, name := range set {
			if name.Type.Equal(asn1.ObjectIdentifier{2, 5, 4, 3}) { // id-at-commonName
				s, _ := name.Value.(string)
				found = append(found, s)
			}
		}
	}
	if len(found) != 1 { // readers differ in whether the first or the last counts
		return "", fmt.Errorf("is one of %d, and must be the only one", len(found))
	}
	return found[0], nil
}

// namesOf reads a distinguished name with everything in it, in its order; [pkix.Name] keeps only the last of two
// common names.
func namesOf(raw []byte) (pkix.RDNSequence, error) {
	var names pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &names); err != nil || len(rest) > 0 {
		return nil, errors.New("cannot be read")
	}
	return names, nil
}

func texts(list []string) []any {
	out := []any{}
	for _, s := range list {
		out = append(out, s)
	}
	return out
}
