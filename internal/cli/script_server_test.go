package cli_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// callServer calls the server that runs in a directory and prints status, body and some headers:
// `server DIR METHOD PATH [BODY] [NAME: VALUE]...`. The key is that of $ENVIRONMENT. $PORT names
// another port in ready.json, which holds the ready line.
func callServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: server DIR METHOD PATH [BODY] [NAME: VALUE]...")
	}
	var running struct {
		URL  string
		Keys map[string]string
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(filepath.Join(args[0], ".writ", "server.json"))), &running))
	url, body := running.URL, ""
	if name := ts.Getenv("PORT"); name != "" {
		var ready map[string]any
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("ready.json")), &ready))
		url, _ = ready[name].(string)
	}
	environment := ts.Getenv("ENVIRONMENT")
	if environment == "" {
		environment = "default/default"
	}
	if len(args) > 3 {
		body = args[3]
	}
	request, err := http.NewRequest(args[1], url+args[2], strings.NewReader(body))
	ts.Check(err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+running.Keys[environment])
	for _, header := range args[min(4, len(args)):] {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	answer, err := client.Do(request)
	ts.Check(err)
	defer answer.Body.Close() // only read
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%d %s\n", answer.StatusCode, text)
	for _, name := range []string{"Retry-After", "Writ-Revision"} {
		if value := answer.Header.Get(name); value != "" {
			fmt.Fprintf(ts.Stdout(), "%s: %s\n", name, value)
		}
	}
}

// makeCertificate makes a certificate that nobody trusts, and its key: `certificate CERT KEY`.
func makeCertificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: certificate CERT KEY")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	for i, block := range []pem.Block{{Type: "CERTIFICATE", Bytes: der}, {Type: "PRIVATE KEY", Bytes: private}} {
		ts.Check(os.WriteFile(ts.MkAbs(args[i]), pem.EncodeToMemory(&block), 0o600))
	}
}
