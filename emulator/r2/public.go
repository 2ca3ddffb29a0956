// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ManagedDomain is a bucket's address on r2.dev. Source: cloudflare-go v7, r2.BucketDomainManagedUpdateResponse.
type ManagedDomain struct {
	BucketID string `json:"bucketId"`
	Domain   string `json:"domain"`
	Enabled  bool   `json:"enabled"`
}

// CustomDomain is an address of a bucket in a zone. Source: cloudflare-go v7, r2.BucketDomainCustomListResponseDomain.
type CustomDomain struct {
	Domain   string       `json:"domain"`
	Enabled  bool         `json:"enabled"`
	Status   DomainStatus `json:"status"`
	Ciphers  []string     `json:"ciphers,omitempty"`
	MinTLS   string       `json:"minTLS,omitempty"`
	ZoneID   string       `json:"zoneId,omitempty"`
	ZoneName string       `json:"zoneName,omitempty"`
}

// DomainStatus is how far a [CustomDomain] has come.
type DomainStatus struct {
	Ownership string `json:"ownership"`
	SSL       string `json:"ssl"`
}

// Managed returns the bucket's address on r2.dev.
func (b Bucket) Managed() (domain ManagedDomain, err error) {
	return domain, b.setting(SettingManaged, &domain)
}

// Domains returns the bucket's addresses in zones.
func (b Bucket) Domains() (domains []CustomDomain, err error) {
	return domains, b.setting(SettingDomains, &domains)
}

// PublicBucket returns the bucket that is public at host.
func (s *Store) PublicBucket(host string) (BucketID, bool) {
	unlock, err := s.lock()
	if err != nil {
		return BucketID{}, false
	}
	defer unlock()
	for id, b := range s.buckets {
		managed, managedErr := b.Managed()
		domains, domainsErr := b.Domains()
		custom := func(d CustomDomain) bool { return d.Enabled && d.Domain == host }
		if managedErr == nil && managed.Enabled && managed.Domain == host ||
			domainsErr == nil && slices.ContainsFunc(domains, custom) {
			return id, true
		}
	}
	return BucketID{}, false
}

// ServePublic answers a request to a public address of a bucket: its path is the key. Objects can be read and nothing
// else; what other methods are answered with has no source. There is no list of objects and no index
// (https://developers.cloudflare.com/r2/buckets/public-buckets/).
func (s *Store) ServePublic(w http.ResponseWriter, r *http.Request, id BucketID) {
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		s.preflight(w, r, id)
		return
	}
	s.applyCORS(w.Header(), r, id)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "This bucket can be read only.", http.StatusMethodNotAllowed)
		return
	}
	req := &request{Request: r, w: w, store: s, query: url.Values{}, bucket: id, now: s.now()}
	req.key = strings.TrimPrefix(r.URL.Path, "/")
	err := error(ErrNoSuchKey)
	if req.key != "" {
		err = req.getObject()
	}
	refusal := ErrInternal
	switch {
	case err == nil:
	case errors.Is(err, ErrNoSuchKey):
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<h1>Object not found</h1>") // The client is gone if this fails.
	case errors.As(err, &refusal):
		http.Error(w, refusal.Message, refusal.Status)
	default:
		http.Error(w, refusal.Message, refusal.Status)
	}
}
