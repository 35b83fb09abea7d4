package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Document is what a [Fetch] got.
type Document struct {
	Body []byte
	// MaxAge is how long the sender says it stays true; zero when it says nothing. Keys are fetched again
	// after that, but no sooner than five minutes and no later than an hour.
	MaxAge time.Duration
}

// Fetch gets the document at a URL, which is always one of the configuration. It must end when ctx
// does; it is called in the goroutine of one who wants to verify a token, and by one at a time for each issuer.
type Fetch func(ctx context.Context, url string) (Document, error)

// OverHTTP gives the [Fetch] over HTTPS: five seconds, 1 MB, status 200, and redirects on the same host alone. Plain
// HTTP is for this machine only. A nil transport is [http.DefaultTransport].
func OverHTTP(transport http.RoundTripper) Fetch {
	client := &http.Client{Transport: transport, Timeout: mostFetch, CheckRedirect: checkRedirect}
	return func(ctx context.Context, url string) (Document, error) {
		if err := checkURL(url); err != nil {
			return Document{}, err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return Document{}, errors.New("the URL cannot be asked for")
		}
		request.Header.Set("Accept", "application/json")
		answer, err := client.Do(request)
		if err != nil {
			return Document{}, fmt.Errorf("the issuer does not answer: %w", err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return Document{}, fmt.Errorf("the issuer answers with status %d", answer.StatusCode)
		}
		body, err := io.ReadAll(io.LimitReader(answer.Body, mostBody+1))
		switch {
		case err != nil:
			return Document{}, fmt.Errorf("the issuer's answer breaks off: %w", err)
		case len(body) > mostBody:
			return Document{}, fmt.Errorf("the answer has more than %d bytes", mostBody)
		}
		return Document{body, maxAge(answer.Header)}, nil
	}
}

// checkRedirect: whoever can make an issuer's host redirect must not choose our keys.
func checkRedirect(next *http.Request, before []*http.Request) error {
	const most = 3
	first := before[0].URL
	switch {
	case len(before) > most:
		return fmt.Errorf("it redirects more than %d times", most)
	case next.URL.Scheme != first.Scheme || !strings.EqualFold(next.URL.Host, first.Host):
		return fmt.Errorf("it redirects to %s://%s, and keys come from %s alone", next.URL.Scheme, next.URL.Host, first.Host)
	}
	return nil
}

// checkURL takes https, and http for a loopback address.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return fmt.Errorf("%s is no URL of a host", shown(text))
	case u.User != nil:
		return errors.New("the URL has a user or password in it")
	case u.Fragment != "":
		return fmt.Errorf("%s has a fragment", shown(text))
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%s is not https", shown(text))
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// maxAge reads Cache-Control (RFC 9111 §5.2.2). What must not be kept is kept for the least time there is.
func maxAge(h http.Header) time.Duration {
	var age time.Duration
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return leastFresh
		case "max-age":
			if n, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				age = max(time.Duration(n)*time.Second, time.Second)
			}
		}
	}
	return age
}
