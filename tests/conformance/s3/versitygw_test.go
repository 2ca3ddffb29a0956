// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/conformance/s3"
)

// TestVersitygw proves the suite by an S3 server that others wrote, over plain HTTP.
func TestVersitygw(t *testing.T) {
	t.Parallel()
	socket := versitygw(t)
	target := versitygwTarget("http://versitygw.test", socket)
	s3.Run(t, target)
}

// TestVersitygwOverTLS proves it over TLS, where the SDK streams bodies with checksums in trailers.
func TestVersitygwOverTLS(t *testing.T) {
	t.Parallel()
	certificate, roots := certificate(t)
	socket := versitygw(t, certificate...)
	target := versitygwTarget("https://example.com", socket)
	target.HTTP.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	s3.Run(t, target)
}

// versitygwTarget says where versitygw, which is like AWS, differs from R2.
func versitygwTarget(endpoint, socket string) s3.Target {
	return s3.Target{
		Endpoint: endpoint, Region: "us-east-1", AccessKeyID: keyID, SecretAccessKey: secret,
		HTTP: &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "unix", socket)
			},
		}},
		Answers: map[s3.Refusal]s3.Answer{
			s3.UnknownAccessKey: {
				Status: http.StatusNotFound, Code: "XAdminUserNotFound",
				Reason: "versitygw with a single account reports its account store's error",
			},
			s3.Unsigned: {
				Status: http.StatusForbidden, Code: "AccessDenied", Reason: "AWS lets anonymous requests be denied",
			},
			s3.ExpiredURL: {
				Status: http.StatusForbidden, Code: "AccessDenied", Reason: "AWS has no code of its own for it",
			},
			s3.BucketExists: {
				Status: http.StatusConflict, Code: "BucketAlreadyOwnedByYou", Reason: "AWS tells whose bucket it is",
			},
			s3.UnchangedSource: {
				Status: http.StatusNotModified, Code: "NotModified", Reason: "versitygw answers as it does to a read",
			},
		},
		Without: map[string]string{
			"MalformedRangesAreRefused":     "AWS ignores a Range that it does not understand",
			"UnimplementedFeaturesAreNamed": "versitygw implements what R2 does not",
			"StorageClassesAreKept":         "a file system has one class",
			"KeysCanBeEncoded":              "versitygw ignores encoding-type",
			"CompletedUploadsAreGone":       "AWS answers a completion that is repeated as it did before",
			"PartsOfUnequalSizeAreRefused":  "the rule is R2's own",
		},
	}
}

// versitygw starts the gateway on a socket in a directory of its own and stops it when the test ends.
func versitygw(t *testing.T, options ...string) (socket string) {
	t.Helper()
	binary := tool(t, "versitygw")
	dir, err := os.MkdirTemp("", "vgw") //nolint:usetesting // Its names are too long for a socket on some systems.
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	data := filepath.Join(dir, "data")
	require.NoError(t, os.Mkdir(data, 0o755))
	socket = filepath.Join(dir, "s")
	arguments := append([]string{"--port", socket, "--quiet", "--keep-alive"}, options...)
	arguments = append(arguments, "posix", data)
	command := exec.Command(binary, arguments...)
	command.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+keyID, "ROOT_SECRET_KEY="+secret)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		assert.NoError(t, command.Process.Signal(syscall.SIGTERM))
		assert.NoError(t, command.Wait(), output.String())
	})
	require.Eventually(t, func() bool {
		connection, err := new(net.Dialer).DialContext(t.Context(), "unix", socket)
		return err == nil && connection.Close() == nil
	}, 30*time.Second, 20*time.Millisecond, "versitygw does not listen")
	return socket
}

// tool finds a program that `make setup` builds.
func tool(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		path := filepath.Join(dir, ".tools", "bin", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
		parent := filepath.Dir(dir)
		require.NotEqual(t, dir, parent, "%s is missing: run `make setup`", name)
		dir = parent
	}
}

// certificate writes a certificate for example.com and its key, borrowed from net/http/httptest, and returns the
// options that name them and the roots that trust it.
func certificate(t *testing.T) (options []string, roots *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{
		"cert": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		"key":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		path := filepath.Join(dir, name+".pem")
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
		options = append(options, "--"+name, path)
	}
	roots = x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return options, roots
}
