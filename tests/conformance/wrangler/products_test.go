// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keyPair is a certificate that signed itself, and its key.
func keyPair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root", Country: []string{"US"}},
		NotAfter: time.Date(2030, 6, 15, 12, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

func TestProductsThatAreOnlyBoundTo(t *testing.T) {
	t.Parallel()
	w := open(t)
	empty := w.server.Dump()
	certificate, key := keyPair(t)
	never := []string{"pa55w0rd", "n3w-pa55"}
	const url = "http://plain.emulator.workers.dev/"
	code := `export default { async fetch(request, env) {
		let said = [];
		const uses = [() => env.HD.connectionString, () => env.IDX.query([1]), () => env.NS.get("a"),
			() => env.TLS.fetch("/")];
		for (const use of uses) {
			try { await use(); said.push("works") } catch (e) { said.push(e.message.split(",")[0]) }
		}
		return new Response(said.join("; ")) } }`
	bound := func(hd, index, namespace, tls string) config {
		return plain("plain").with(config{
			"hyperdrive":          []config{{"binding": "HD", "id": hd}},
			"vectorize":           []config{{"binding": "IDX", "index_name": index}},
			"dispatch_namespaces": []config{{"binding": "NS", "namespace": namespace}},
			"mtls_certificates":   []config{{"binding": "TLS", "certificate_id": tls}},
		})
	}
	w.steps(
		step{
			run:   "hyperdrive create hd --connection-string=postgres://app:pa55w0rd@db.example.com/main --max-age 30",
			files: map[string]string{"index.js": code, "cert.pem": certificate, "key.pem": key}, config: plain("plain"),
			out: []string{"Created new Hyperdrive PostgreSQL config"}, never: never, capture: `config: (?P<hd>[0-9a-f]{32})`,
		},
		step{
			run:   "hyperdrive create hd --connection-string=postgres://app:pa55w0rd@db.example.com/main",
			fails: true, out: []string{"A Hyperdrive config with the given name already exists", "2017"}, never: never,
		},
		step{
			run:   "hyperdrive create local --connection-string=postgres://app:pa55w0rd@localhost/main",
			fails: true, out: []string{"2009"}, never: never,
		},
		step{
			run:   "hyperdrive list",
			out:   []string{"{hd}", "hd", "db.example.com", "5432", "PostgreSQL", "main", "max_age: 30"},
			never: never,
		},
		step{
			run:   "hyperdrive update {hd} --name db --origin-password n3w-pa55 --caching-disabled --sslmode require",
			out:   []string{"Updated {hd} Hyperdrive config", `"name": "db"`, `"sslmode": "require"`, `"disabled": true`},
			never: never,
		},
		step{run: "hyperdrive get {hd}", out: []string{`"user": "app"`, `"port": 5432`}, never: never},
		step{run: "vectorize list", out: []string{"You haven't created any indexes"}},
		step{
			run: "vectorize create idx --dimensions 32 --metric cosine --description text",
			out: []string{"Successfully created a new Vectorize index: 'idx'"},
		},
		step{
			run: "vectorize create idx --preset openai/text-embedding-ada-002", fails: true,
			out: []string{"vectorize.index.duplicate_name", "3002"},
		},
		step{run: "vectorize get idx", out: []string{"idx", "32", "cosine", "text"}},
		step{
			run: "dispatch-namespace create tenants", out: []string{`Created dispatch namespace "tenants" with ID`},
			capture: `with ID "(?P<ns>[0-9a-f-]{36})"`,
		},
		step{run: "dispatch-namespace create tenants", fails: true, out: []string{"100120"}},
		step{run: "dispatch-namespace get tenants", out: []string{"tenants", "{ns}"}},
		step{
			run:     "mtls-certificate upload --cert cert.pem --key key.pem --name leaf",
			out:     []string{"Success! Uploaded mTLS Certificate leaf", "Issuer: CN=Root,C=US", "Expires on 6/15/2030"},
			capture: `ID: (?P<tls>[0-9a-f-]{36})`,
		},
		step{run: "mtls-certificate list", out: []string{"{tls}", "leaf", "CN=Root,C=US"}, never: []string{key}},

		step{run: "deploy", config: bound("{ns}", "idx", "tenants", "{tls}"), fails: true, out: []string{"10157"}},
		step{run: "deploy", config: bound("{hd}", "none", "tenants", "{tls}"), fails: true, out: []string{"10159"}},
		// Wrangler makes a namespace that is not there.
		step{run: "deploy", config: bound("{hd}", "idx", "made", "{tls}"), out: []string{"NS provisioned"}},
		step{run: "dispatch-namespace delete made"},
		step{run: "deploy", config: bound("{hd}", "idx", "tenants", "{ns}"), fails: true, out: []string{"100143"}},
		step{
			run: "deploy", config: bound("{hd}", "idx", "tenants", "{tls}"),
			out: []string{"env.HD ({hd})", "env.IDX (idx)", "env.NS (tenants)", "env.TLS ({tls})"},
			get: map[string]string{url: `binding "HD" is of type "hyperdrive"; binding "IDX" is of type "vectorize"; ` +
				`binding "NS" is of type "dispatch_namespace"; binding "TLS" is of type "mtls_certificate"`},
		},
		step{run: "delete --force"},
		step{run: "hyperdrive delete {hd}", out: []string{"Deleted"}},
		step{run: "vectorize delete idx --force", out: []string{"Deleted index idx"}},
		step{run: "dispatch-namespace delete tenants", out: []string{`Deleted dispatch namespace "tenants"`}},
		step{run: "mtls-certificate delete --name leaf", out: []string{"Deleted certificate {tls} (leaf) successfully"}},
	)
	assert.Equal(t, empty, w.server.Dump(), "nothing is left")
}
