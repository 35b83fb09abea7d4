package identity_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
)

const ca = "CN=Devices CA,O=Example"

// certificate makes one from a CA, in PEM.
func certificate(issuer string, change func(*x509.Certificate)) string {
	parent := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: issuer, Organization: []string{"Example"}},
		NotBefore: start, NotAfter: start.Add(9999 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(0xabc), Subject: pkix.Name{CommonName: "sensor-1", Organization: []string{"Example, Inc"}},
		NotBefore: start.Add(-time.Hour), NotAfter: start.Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		DNSNames: []string{"sensor.example.com"}, EmailAddresses: []string{"ops@example.com"}, URIs: []*url.URL{{Scheme: "spiffe", Host: "example.com", Path: "/sensor/1"}},
	}
	if change != nil {
		change(leaf)
	}
	key := ecKey().private.(*ecdsa.PrivateKey)
	der := must(x509.CreateCertificate(rand.Reader, leaf, parent, key.Public(), key))
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func rules(part identity.Part) identity.CertificateRules {
	return identity.CertificateRules{Subject: part, Issuers: []string{ca}, Now: (&clock{}).now}
}

func names(common ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		var sequence pkix.RDNSequence
		for _, name := range common {
			sequence = append(sequence, pkix.RelativeDistinguishedNameSET{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: name}})
		}
		c.RawSubject = must(asn1.Marshal(sequence))
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	good := certificate("Devices CA", nil)
	uris := func(all ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.URIs = nil
			for _, u := range all {
				c.URIs = append(c.URIs, must(url.Parse(u)))
			}
		}
	}
	for _, row := range []struct {
		name, pem string
		part      identity.Part
		subject   string // empty: refused because of want
		want      string
	}{
		{"common name", good, identity.CommonName, "sensor-1", ""},
		{"URI", good, identity.URI, "spiffe://example.com/sensor/1", ""},
		{"whole name", good, identity.DistinguishedName, `CN=sensor-1,O=Example\, Inc`, ""},
		{"spaces around", "\n " + good + "\n", identity.CommonName, "sensor-1", ""},
		{"no usage", certificate("Devices CA", func(c *x509.Certificate) { c.ExtKeyUsage = nil }), identity.CommonName, "sensor-1", ""},

		{"nothing", "", identity.CommonName, "", "no certificate in PEM"},
		{"text", "CN=sensor-1", identity.CommonName, "", "no certificate in PEM"},
		{"text before it", "x\n" + good, identity.CommonName, "", "no certificate in PEM"},
		{"headers in it", strings.Replace(good, "-----\n", "-----\nA: b\n\n", 1), identity.CommonName, "", "no certificate in PEM"},
		{"a key", strings.ReplaceAll(good, "CERTIFICATE", "PRIVATE KEY"), identity.CommonName, "", "no certificate in PEM"},
		{"two", good + certificate("Devices CA", nil), identity.CommonName, "", "something follows"},
		{"more than 16 KB", good + strings.Repeat(" ", 16<<10), identity.CommonName, "", "more than 16384"},
		{"cut off", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{0x30, 3, 2, 1, 1}})), identity.CommonName, "", "cannot be read"},
		{"of another CA", certificate("Other CA", nil), identity.CommonName, "", `its issuer is "CN=Other CA,O=Example"; wanted is CN=Devices CA,O=Example`},
		{"ended", certificate("Devices CA", func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Second) }), identity.CommonName, "", "it ended at 2026-05-04T11:59:59Z, and it is 2026-05-04T12:00:00Z"},
		{"not yet", certificate("Devices CA", func(c *x509.Certificate) { c.NotBefore = start.Add(time.Second) }), identity.CommonName, "", "it begins at"},
		{"for servers", certificate("Devices CA", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), identity.CommonName, "", "not for clients"},
		{"for something unknown", certificate("Devices CA", func(c *x509.Certificate) {
			c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, []asn1.ObjectIdentifier{{1, 2, 3}}
		}), identity.CommonName, "", "not for clients"},
		{"a critical extension", certificate("Devices CA", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		}), identity.CommonName, "", "critical extension 1.2.3.4"},
		{"two common names", certificate("Devices CA", names("sensor-1", "admin")), identity.CommonName, "", "one of 2"},
		{"no common name", certificate("Devices CA", names()), identity.CommonName, "", "one of 0"},
		{"an empty one", certificate("Devices CA", names("")), identity.CommonName, "", "is empty"},
		{"with a line end", certificate("Devices CA", names("a\nb")), identity.CommonName, "", "no ID has"},
		{"two URIs", certificate("Devices CA", uris("spiffe://a/b", "spiffe://a/c")), identity.URI, "", "one of 2"},
		{"no URI", certificate("Devices CA", uris()), identity.URI, "", "one of 0"},
		{"no name", certificate("Devices CA", names()), identity.DistinguishedName, "", "is empty"},
	} {
		c, err := identity.NewCertificates(rules(row.part))
		if err != nil {
			t.Fatal(err)
		}
		caller, err := c.VerifyPEM(row.pem)
		if row.subject != "" {
			if err != nil || caller.Subject != row.subject || caller.Issuer != ca || caller.Kind != identity.Certificate || !caller.Expires.Equal(start.Add(time.Hour)) {
				t.Errorf("%s: %+v, %v", row.name, caller, err)
			}
			continue
		}
		if writ.CodeOf(err) != writ.CodeAuth || !strings.Contains(err.Error(), row.want) || identity.Public(err) != "certificate not valid" {
			t.Errorf("%s: %+v, %v; wanted %q", row.name, caller, err, row.want)
		}
	}
	c, _ := identity.NewCertificates(rules(identity.URI))
	caller, _ := c.VerifyPEM(good)
	if caller.Claims["serial"] != "abc" || caller.Claims["subject_dn"] != `CN=sensor-1,O=Example\, Inc` || caller.Claims["dns"].([]any)[0] != "sensor.example.com" ||
		caller.Claims["email"].([]any)[0] != "ops@example.com" || len(caller.Claims["sha256"].(string)) != 64 {
		t.Errorf("claims: %v", caller.Claims)
	}
}

// TestConnection: a certificate that the connection did not verify is nobody's proof.
func TestConnection(t *testing.T) {
	t.Parallel()
	block, _ := pem.Decode([]byte(certificate("Devices CA", nil)))
	cert := must(x509.ParseCertificate(block.Bytes))
	c, _ := identity.NewCertificates(rules(identity.CommonName))
	for name, state := range map[string]*tls.ConnectionState{
		"no TLS": nil, "none": {}, "not verified": {PeerCertificates: []*x509.Certificate{cert}}, "empty chain": {VerifiedChains: [][]*x509.Certificate{{}}},
	} {
		if _, err := c.VerifyConnection(state); writ.CodeOf(err) != writ.CodeAuth {
			t.Errorf("%s: %v", name, err)
		}
	}
	if caller, err := c.VerifyConnection(&tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{cert}}}); err != nil || caller.Subject != "sensor-1" {
		t.Errorf("verified: %+v, %v", caller, err)
	}
}

func TestRulesThatAreRefused(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*identity.CertificateRules){
		"need a clock":             func(r *identity.CertificateRules) { r.Now = nil },
		"it can be cn, uri or dn":  func(r *identity.CertificateRules) { r.Subject = "" },
		"certificates need issuer": func(r *identity.CertificateRules) { r.Issuers = nil },
		"none of them empty":       func(r *identity.CertificateRules) { r.Issuers = []string{""} },
	} {
		r := rules(identity.CommonName)
		change(&r)
		if _, err := identity.NewCertificates(r); writ.CodeOf(err) != writ.CodeInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; wanted %q", err, want)
		}
	}
}
