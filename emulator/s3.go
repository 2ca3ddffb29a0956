// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
)

// S3 returns R2's S3 endpoint. Its access key is derived from the API token, as on Cloudflare: the token's id with the
// hex SHA-256 of the token as secret. On Cloudflare the host names the account and the jurisdiction,
// <account>.<jurisdiction>.r2.cloudflarestorage.com; here so does a host that begins with them, and any other host
// means the first account, and the jurisdiction that has the bucket. Requests appear in Calls as "S3 GET /bucket/key"
// and pass the hooks.
func (s *Server) S3() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.Open(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		s.observe(w, r, "S3 ", s.serveS3, refuseS3)
	})
}

// R2Credential returns the access key that S3 accepts: that of the API token.
func (s *Server) R2Credential() (accessKeyID, secretAccessKey string) {
	return derivedID("token", s.token()), digestOf([]byte(s.token()))
}

func (s *Server) serveS3(w http.ResponseWriter, r *http.Request) {
	account, jurisdiction := s.Accounts[0].ID, ""
	labels := strings.Split(strings.ToLower(r.Host), ".")
	for _, a := range s.Accounts {
		if labels[0] == a.ID {
			account, jurisdiction = a.ID, "default"
			if len(labels) > 1 && (labels[1] == "eu" || labels[1] == "fedramp") {
				jurisdiction = labels[1]
			}
		}
	}
	endpoint := &r2.S3{
		Store: s.R2, Jurisdiction: jurisdiction, Account: account, Now: s.clock,
		Credential: func(accessKeyID string) (secret, owner string, ok bool) {
			id, secret := s.R2Credential()
			return secret, account, accessKeyID == id
		},
	}
	endpoint.ServeHTTP(w, r)
}

// refuseS3 answers an S3 request with a status that Before chose.
func refuseS3(w http.ResponseWriter, status int) {
	type document struct {
		XMLName xml.Name `xml:"Error"`
		Code    string   `xml:"Code"`
		Message string   `xml:"Message"`
	}
	code := r2.ErrInternal.Code
	switch status {
	case http.StatusServiceUnavailable:
		code = "ServiceUnavailable"
	case http.StatusTooManyRequests:
		code = "SlowDown"
	case http.StatusForbidden:
		code = r2.ErrAccessDenied.Code
	}
	text, err := xml.Marshal(document{Code: code, Message: http.StatusText(status)})
	if err != nil { // two strings: cannot happen
		text = nil
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	// A client that went away cannot be told.
	_, _ = w.Write(text)
}
