// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Codes of mTLS certificates. 2200 is what Cloudflare's SSL products say to a key of another certificate
// (cloudflare/cloudflare-docs pull request 30931, custom certificates); the words "Unable to parse certificate" are
// quoted in cloudflare/terraform-provider-cloudflare issue 5546. The other codes are ours, and so are the statuses.
const (
	codeBadCertificate = 1400
	codeNoCertificate  = 1551
	codeBadKeyPair     = 2200
)

// mtlsCertificate is an uploaded certificate, with what is read from it.
type mtlsCertificate struct {
	ID           string    `json:"id"` // a UUID (workers-sdk, packages/wrangler/e2e/cert.test.ts)
	Name         string    `json:"name"`
	CA           bool      `json:"ca"`
	Certificates string    `json:"certificates"`
	PrivateKey   string    `json:"privateKey,omitempty"` // never shown
	Expires      timestamp `json:"expires"`
	Issuer       string    `json:"issuer"`
	Serial       string    `json:"serial"` // decimal
	Signature    string    `json:"signature"`
	Uploaded     timestamp `json:"uploaded"`
}

// view is the certificate as the API shows it (cloudflare-go mtls_certificates.MTLSCertificate).
func (m *mtlsCertificate) view() map[string]any {
	view := map[string]any{
		"id": m.ID, "ca": m.CA, "certificates": m.Certificates, "expires_on": m.Expires, "issuer": m.Issuer,
		"serial_number": m.Serial, "signature": m.Signature, "type": "custom", "uploaded_on": m.Uploaded,
	}
	if m.Name != "" {
		view["name"] = m.Name
	}
	return view
}

// read fills in what the first certificate says about itself. The form of the issuer: workers-sdk,
// packages/wrangler/e2e/cert.test.ts; those of the number and the signature: the example in the API description,
// "SHA256WithRSA".
func (m *mtlsCertificate) read() error {
	bad := refuse(http.StatusBadRequest, codeBadCertificate, "Unable to parse certificate")
	block, _ := pem.Decode([]byte(m.Certificates))
	if block == nil || block.Type != "CERTIFICATE" {
		return bad
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return bad
	}
	var issuer pkix.RDNSequence
	if _, err := asn1.Unmarshal(parsed.RawIssuer, &issuer); err != nil {
		return bad
	}
	m.Expires, m.Issuer, m.Serial = timestamp(parsed.NotAfter), issuer.String(), parsed.SerialNumber.String()
	m.Signature = strings.Replace(parsed.SignatureAlgorithm.String(), "-", "With", 1)
	return nil
}

// certificate returns the certificate that the path names.
func (c *call) certificate() (*mtlsCertificate, error) {
	if m := c.account.MTLS[c.path("certificate")]; m != nil {
		return m, nil
	}
	return nil, refuse(http.StatusNotFound, codeNoCertificate, "mTLS certificate '%s' not found", c.path("certificate"))
}

// listCertificates answers GET /accounts/{account}/mtls_certificates?ca=&name= (workers-sdk, packages/wrangler/src/api/
// mtls-certificate.ts, listMTlsCertificates). The order and the size of a page are best guesses.
func listCertificates(c *call) (any, error) {
	all := sorted(c.account.MTLS)
	slices.SortStableFunc(all, func(a, b *mtlsCertificate) int { return a.Uploaded.compare(b.Uploaded) })
	views := []any{}
	for _, m := range all {
		ca, err := strconv.ParseBool(c.query("ca"))
		if (err != nil || ca == m.CA) && (c.query("name") == "" || c.query("name") == m.Name) {
			views = append(views, m.view())
		}
	}
	return paged(c.r, views, 50), nil
}

// uploadCertificate answers POST /accounts/{account}/mtls_certificates (cloudflare-go
// mtls_certificates.MTLSCertificateNewParams). Names may repeat: wrangler is ready for it.
func uploadCertificate(c *call) (any, error) {
	var want struct {
		Name         string `json:"name"`
		CA           *bool  `json:"ca"`
		Certificates string `json:"certificates"`
		PrivateKey   string `json:"private_key"`
	}
	if err := c.decode(&want, codeBadCertificate); err != nil {
		return nil, err
	}
	if want.CA == nil {
		return nil, refuse(http.StatusBadRequest, codeBadCertificate, "ca is missing")
	}
	m := &mtlsCertificate{
		ID: newUUID(), Name: want.Name, CA: *want.CA, Certificates: want.Certificates, PrivateKey: want.PrivateKey,
		Uploaded: c.now(),
	}
	if err := m.read(); err != nil {
		return nil, err
	}
	if m.PrivateKey != "" {
		// The error may say something of the key.
		if _, err := tls.X509KeyPair([]byte(m.Certificates), []byte(m.PrivateKey)); err != nil {
			return nil, refuse(http.StatusBadRequest, codeBadKeyPair,
				"The certificate and private key pair you uploaded is invalid")
		}
	}
	c.account.MTLS = kept(c.account.MTLS, m.ID, m)
	view := m.view()
	view["updated_at"] = m.Uploaded
	return view, nil
}

// getCertificate answers GET /accounts/{account}/mtls_certificates/{certificate}.
func getCertificate(c *call) (any, error) {
	m, err := c.certificate()
	if err != nil {
		return nil, err
	}
	return m.view(), nil
}

// deleteCertificate answers DELETE /accounts/{account}/mtls_certificates/{certificate} with what was deleted
// (cloudflare-go mtls_certificates.MTLSCertificateDeleteResponseEnvelope). That Workers or Hyperdrive use it is no
// obstacle: a best guess.
func deleteCertificate(c *call) (any, error) {
	m, err := c.certificate()
	if err != nil {
		return nil, err
	}
	delete(c.account.MTLS, m.ID)
	return m.view(), nil
}
