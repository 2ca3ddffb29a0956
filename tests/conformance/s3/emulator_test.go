// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"net/http/httptest"
	"testing"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/conformance/s3"
)

const (
	keyID  = "3f0c5a2e9d1b4c6f8a7e2d3c4b5a6978"
	secret = "conformance-suite-secret-access-key"
)

// emulator is R2's S3 endpoint with one key.
func emulator(dir string) *r2.S3 {
	return &r2.S3{
		Store: &r2.Store{Dir: dir},
		Credential: func(id string) (string, string, bool) {
			return secret, "0123456789abcdef0123456789abcdef", id == keyID
		},
	}
}

// TestEmulator runs the suite over plain HTTP, where the SDK signs whole bodies, with everything in memory.
func TestEmulator(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(emulator(""))
	t.Cleanup(server.Close)
	s3.Run(t, s3.Target{
		Endpoint: server.URL, Region: "auto", AccessKeyID: keyID, SecretAccessKey: secret, HTTP: server.Client(),
	})
}

// TestEmulatorOverTLS runs it over TLS, where the SDK streams bodies with checksums in trailers, and on disk.
func TestEmulatorOverTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(emulator(t.TempDir()))
	t.Cleanup(server.Close)
	s3.Run(t, s3.Target{
		Endpoint: server.URL, Region: "auto", AccessKeyID: keyID, SecretAccessKey: secret, HTTP: server.Client(),
	})
}
