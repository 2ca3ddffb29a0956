// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// The paths of products that are only bound to.
const (
	hyperdrives  = account + "/hyperdrive/configs"
	indexes      = account + "/vectorize/v2/indexes"
	dispatch     = account + "/workers/dispatch/namespaces"
	certificates = account + "/mtls_certificates"
)

// origin is a database with changes to it; nil removes a member.
func origin(change object) object {
	all := object{
		"scheme": "postgres", "host": "db.example.com", "port": 5432, "database": "main", "user": "app",
		"password": "pa55w0rd",
	}
	maps.Copy(all, change)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	return all
}

// keyPair is a certificate that signed itself, and its key.
func keyPair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(4711), NotAfter: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
		// Not in the order in which Go would write them.
		Subject: pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: []int{2, 5, 4, 10}, Value: "Example"},
			{Type: []int{2, 5, 4, 8}, Value: "CA"},
			{Type: []int{2, 5, 4, 6}, Value: "US"},
			{Type: []int{2, 5, 4, 3}, Value: "Root"},
		}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// hasNone checks that none of the secrets is in an answer or in the dump.
func (c *client) hasNone(got reply, secrets ...string) {
	c.t.Helper()
	for _, secret := range secrets {
		text, err := json.Marshal(secret)
		require.NoError(c.t, err)
		for _, shown := range []string{got.Body, c.server.Dump()} {
			assert.NotContains(c.t, shown, strings.Trim(string(text), `"`))
			assert.NotContains(c.t, shown, secret)
		}
	}
}

func TestTheLifeOfAHyperdriveConfiguration(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 1, 2, 3, 0, time.UTC)
	c := start(t, &emulator.Server{Now: func() time.Time { return now }})
	empty := c.server.Dump()
	var made map[string]any
	got := c.must(http.MethodPost, hyperdrives, object{"name": "hd", "origin": origin(nil)}, &made)
	c.hasNone(got, "pa55w0rd")
	path := hyperdrives + "/" + made["id"].(string)
	assert.Len(t, made["id"], 32)
	delete(made, "id")
	want := map[string]any{
		"name": "hd", "origin_connection_limit": 60.0,
		"origin": map[string]any{
			"scheme": "postgres", "host": "db.example.com", "port": 5432.0, "database": "main", "user": "app",
		},
		"caching":    map[string]any{"disabled": false, "max_age": 60.0, "stale_while_revalidate": 15.0},
		"created_on": "2026-11-21T01:02:03.000000Z", "modified_on": "2026-11-21T01:02:03.000000Z",
	}
	assert.Equal(t, want, made)
	read := func() (got map[string]any) {
		t.Helper()
		c.hasNone(c.must(http.MethodGet, path, nil, &got), "pa55w0rd", "n3w", "acc3ss")
		delete(got, "id")
		return got
	}
	assert.Equal(t, want, read())

	now = now.Add(time.Hour)
	before := c.server.Dump()
	c.must(http.MethodPatch, path, object{"origin": object{"password": "n3w"}}, nil)
	assert.NotEqual(t, before, c.server.Dump(), "the dump tells passwords apart")
	c.must(http.MethodPatch, path, object{"origin": object{"user": "other"}, "caching": object{"max_age": 5}}, nil)
	want["origin"].(map[string]any)["user"] = "other"
	want["caching"].(map[string]any)["max_age"] = 5.0
	want["modified_on"] = "2026-11-21T02:02:03.000000Z"
	assert.Equal(t, want, read(), "what is left out stays")
	c.must(http.MethodPatch, path, object{"origin": object{
		"host": "tunnel.example.com", "access_client_id": "id", "access_client_secret": "acc3ss",
	}}, nil)
	want["origin"] = map[string]any{
		"scheme": "postgres", "host": "tunnel.example.com", "access_client_id": "id", "database": "main", "user": "other",
	}
	assert.Equal(t, want, read(), "how the origin is reached changes as a whole")
	c.must(http.MethodPatch, path, object{"origin": object{"service_id": "vpc"}, "caching": object{"disabled": true}}, nil)
	want["origin"] = map[string]any{"scheme": "postgres", "service_id": "vpc", "database": "main", "user": "other"}
	want["caching"] = map[string]any{"disabled": true}
	assert.Equal(t, want, read())

	c.must(http.MethodPut, path, object{"name": "my", "origin": origin(object{"scheme": "mysql", "port": nil})}, nil)
	all := read()
	assert.Equal(t, "my", all["name"])
	assert.InDelta(t, 3306, all["origin"].(map[string]any)["port"], 0, "the scheme's own port")
	assert.Equal(t, map[string]any{"disabled": false, "max_age": 60.0, "stale_while_revalidate": 15.0}, all["caching"])
	assert.Equal(t, "2026-11-21T01:02:03.000000Z", all["created_on"])

	var listed []struct{ Name string }
	c.must(http.MethodPost, hyperdrives, object{"name": "hd", "origin": origin(nil)}, nil)
	c.must(http.MethodGet, hyperdrives+"?per_page=1&page=1", nil, &listed)
	require.Len(t, listed, 1)
	assert.Equal(t, "my", listed[0].Name)
	var second []struct{ ID string }
	c.hasNone(c.must(http.MethodGet, hyperdrives+"?per_page=1&page=2", nil, &second), "pa55w0rd")
	require.Len(t, second, 1)
	c.must(http.MethodDelete, hyperdrives+"/"+second[0].ID, nil, nil)
	c.must(http.MethodDelete, path, nil, nil)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		c.refused(http.StatusNotFound, 2006, method, path, object{"name": "x", "origin": origin(nil)})
	}
	assert.Equal(t, empty, c.server.Dump())
}

func TestHyperdriveIsStrict(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.must(http.MethodPost, hyperdrives, object{"name": "taken", "origin": origin(nil)}, nil)
	var own struct{ ID string }
	c.must(http.MethodPost, hyperdrives, object{"name": "own", "origin": origin(nil)}, &own)
	before := c.server.Dump()
	for name, test := range map[string]struct {
		code int
		body object
	}{
		"no name":        {2007, object{"name": "", "origin": origin(nil)}},
		"a scheme":       {2007, object{"name": "n", "origin": origin(object{"scheme": "oracle"})}},
		"no database":    {2007, object{"name": "n", "origin": origin(object{"database": ""})}},
		"no user":        {2007, object{"name": "n", "origin": origin(object{"user": ""})}},
		"no password":    {2007, object{"name": "n", "origin": origin(object{"password": ""})}},
		"no host":        {2007, object{"name": "n", "origin": origin(object{"host": ""})}},
		"a port":         {2007, object{"name": "n", "origin": origin(object{"port": 65536})}},
		"half of Access": {2007, object{"name": "n", "origin": origin(object{"port": nil, "access_client_id": "x"})}},
		"Access and a port": {2007, object{
			"name": "n", "origin": origin(object{"access_client_id": "x", "access_client_secret": "y"}),
		}},
		"two ways":           {2007, object{"name": "n", "origin": origin(object{"service_id": "x"})}},
		"a private host":     {2009, object{"name": "n", "origin": origin(object{"host": "localhost"})}},
		"a private address":  {2009, object{"name": "n", "origin": origin(object{"host": "10.1.2.3"})}},
		"an SSL mode":        {2007, object{"name": "n", "origin": origin(nil), "mtls": object{"sslmode": "REQUIRED"}}},
		"no certificate":     {2007, object{"name": "n", "origin": origin(nil), "mtls": object{"ca_certificate_id": "x"}}},
		"negative seconds":   {2007, object{"name": "n", "origin": origin(nil), "caching": object{"max_age": -1}}},
		"too many":           {2007, object{"name": "n", "origin": origin(nil), "origin_connection_limit": 101}},
		"a name that exists": {2017, object{"name": "taken", "origin": origin(nil)}},
		"no form":            {2007, object{"name": "n", "origin": origin(object{"password": 1})}},
		"TLS of a VPC service": {2007, object{
			"name": "n", "origin": origin(object{"host": nil, "port": nil, "service_id": "x"}),
			"mtls": object{"sslmode": "require"},
		}},
	} {
		status := http.StatusBadRequest
		if test.code == 2017 {
			status = http.StatusConflict
		}
		got := c.refused(status, test.code, http.MethodPost, hyperdrives, test.body)
		assert.NotContains(t, got.Body, "pa55w0rd", name)
		for _, method := range []string{http.MethodPut, http.MethodPatch} {
			c.refused(status, test.code, method, hyperdrives+"/"+own.ID, test.body)
		}
		assert.Equal(t, before, c.server.Dump(), name)
	}
	c.must(http.MethodPut, hyperdrives+"/"+own.ID, object{"name": "own", "origin": origin(nil)}, nil)
	assert.Equal(t, before, c.server.Dump(), "its own name is not taken")
}

func TestTheLifeOfAVectorizeIndex(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 1, 2, 3, 0, time.UTC)
	c := start(t, &emulator.Server{Now: func() time.Time { return now }})
	empty := c.server.Dump()
	body := object{
		"name": "idx", "description": "d", "config": object{"dimensions": 1536, "metric": "dot-product"},
	}
	var made map[string]any
	assert.Equal(t, http.StatusCreated, c.must(http.MethodPost, indexes, body, &made).Status)
	want := map[string]any{
		"name": "idx", "description": "d", "config": map[string]any{"dimensions": 1536.0, "metric": "dot-product"},
		"created_on": "2026-11-21T01:02:03.000000Z", "modified_on": "2026-11-21T01:02:03.000000Z",
	}
	assert.Equal(t, want, made)
	one := c.server.Dump()
	assert.Contains(t, one, "vectorize idx")
	for _, wrong := range []object{
		{"name": "", "config": object{"dimensions": 1, "metric": "cosine"}},
		{"name": strings.Repeat("n", 65), "config": object{"dimensions": 1, "metric": "cosine"}},
		{"name": "n", "config": object{"dimensions": 0, "metric": "cosine"}},
		{"name": "n", "config": object{"dimensions": 1537, "metric": "cosine"}},
		{"name": "n", "config": object{"dimensions": 1, "metric": "taxi"}},
		{"name": "n", "config": object{"preset": "none"}},
		{"name": "n"},
		{"name": 1},
	} {
		c.refused(http.StatusBadRequest, 3001, http.MethodPost, indexes, wrong)
	}
	c.refusedWith(409, 3002, `vectorize.index.duplicate_name - Index name "idx"`, http.MethodPost, indexes, body)
	assert.Equal(t, one, c.server.Dump())
	c.must(http.MethodGet, indexes+"/idx", nil, &made)
	assert.Equal(t, want, made)
	c.must(http.MethodPost, indexes, object{"name": "a", "config": object{"preset": "@cf/baai/bge-large-en-v1.5"}}, nil)
	var all []struct {
		Name   string
		Config struct {
			Dimensions int
			Metric     string
		}
	}
	c.must(http.MethodGet, indexes, nil, &all)
	require.Len(t, all, 2)
	assert.Equal(t, 1024, all[0].Config.Dimensions)
	assert.Equal(t, "cosine", all[0].Config.Metric)
	c.must(http.MethodDelete, indexes+"/a", nil, nil)
	c.must(http.MethodDelete, indexes+"/idx", nil, nil)
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		c.refusedWith(404, 3000, `vectorize.index.not_found - Index name "idx"`, method, indexes+"/idx", nil)
	}
	assert.Equal(t, empty, c.server.Dump())
	c.must(http.MethodPost, indexes, body, nil)
}

func TestTheLifeOfADispatchNamespace(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	empty := c.server.Dump()
	var made, got map[string]any
	c.must(http.MethodPost, dispatch, object{"name": "b"}, &made)
	assert.Equal(t, "b", made["namespace_name"])
	assert.Len(t, made["namespace_id"], 36)
	assert.Equal(t, false, made["trusted_workers"])
	assert.InDelta(t, 0, made["script_count"], 0)
	one := c.server.Dump()
	assert.Contains(t, one, "dispatch namespace b\n")
	c.refused(http.StatusConflict, 100120, http.MethodPost, dispatch, object{"name": "b"})
	c.refused(http.StatusBadRequest, 10026, http.MethodPost, dispatch, object{"name": ""})
	assert.Equal(t, one, c.server.Dump())
	c.must(http.MethodPost, dispatch, object{"name": "a"}, nil)
	c.must(http.MethodGet, dispatch+"/b", nil, &got)
	assert.Equal(t, made, got)
	var all []struct {
		Name string `json:"namespace_name"`
	}
	c.must(http.MethodGet, dispatch, nil, &all)
	require.Len(t, all, 2)
	assert.Equal(t, "a", all[0].Name)
	c.refused(http.StatusNotImplemented, 7000, http.MethodPut, dispatch+"/a", object{"name": "c"})
	c.must(http.MethodDelete, dispatch+"/a", nil, nil)
	c.must(http.MethodDelete, dispatch+"/b", nil, nil)
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		c.refusedWith(404, 100119, "does not exist on this account", method, dispatch+"/b", nil)
	}
	assert.Equal(t, empty, c.server.Dump())
}

func TestTheLifeOfAnMTLSCertificate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 1, 2, 3, 0, time.UTC)
	c := start(t, &emulator.Server{Now: func() time.Time { now = now.Add(time.Second); return now }})
	empty := c.server.Dump()
	certificate, key := keyPair(t)
	_, otherKey := keyPair(t)
	var made, read map[string]any
	got := c.must(http.MethodPost, certificates,
		object{"name": "leaf", "ca": false, "certificates": certificate, "private_key": key}, &made)
	c.hasNone(got, key)
	path := certificates + "/" + made["id"].(string)
	assert.Len(t, made["id"], 36)
	assert.Equal(t, made["uploaded_on"], made["updated_at"])
	delete(made, "updated_at")
	assert.Equal(t, map[string]any{
		"id": made["id"], "name": "leaf", "ca": false, "certificates": certificate, "serial_number": "4711",
		"issuer": "CN=Root,C=US,ST=CA,O=Example", "expires_on": "2030-01-02T03:04:05.000000Z",
		"signature": "ECDSAWithSHA256", "type": "custom", "uploaded_on": made["uploaded_on"],
	}, made)
	c.hasNone(c.must(http.MethodGet, path, nil, &read), key)
	assert.Equal(t, made, read)
	one := c.server.Dump()
	c.refused(http.StatusBadRequest, 2200, http.MethodPost, certificates,
		object{"ca": false, "certificates": certificate, "private_key": otherKey})
	for _, wrong := range []object{
		{"certificates": certificate, "private_key": key},
		{"ca": false, "certificates": key},
		{"ca": false, "certificates": "none"},
		{"ca": false, "certificates": strings.Replace(certificate, "MII", "MIA", 1)},
		{"ca": "yes", "certificates": certificate},
	} {
		refusal := c.refused(http.StatusBadRequest, 1400, http.MethodPost, certificates, wrong)
		c.hasNone(refusal, key)
	}
	assert.Equal(t, one, c.server.Dump())
	var root struct{ ID string }
	c.must(http.MethodPost, certificates, object{"name": "root", "ca": true, "certificates": certificate}, &root)
	for query, want := range map[string][]string{
		"": {"leaf", "root"}, "?ca=false": {"leaf"}, "?ca=true": {"root"}, "?ca=true&name=leaf": nil, "?name=root": {"root"},
	} {
		var all []struct{ Name string }
		var names []string
		c.hasNone(c.must(http.MethodGet, certificates+query, nil, &all), key)
		for _, m := range all {
			names = append(names, m.Name)
		}
		assert.Equal(t, want, names, query)
	}
	var hd struct {
		ID   string
		MTLS map[string]string `json:"mtls"`
	}
	tls := object{"ca_certificate_id": root.ID, "mtls_certificate_id": made["id"], "sslmode": "verify-full"}
	c.must(http.MethodPost, hyperdrives, object{"name": "hd", "origin": origin(nil), "mtls": tls}, &hd)
	assert.Equal(t, root.ID, hd.MTLS["ca_certificate_id"])
	c.must(http.MethodDelete, hyperdrives+"/"+hd.ID, nil, nil)
	c.must(http.MethodDelete, certificates+"/"+root.ID, nil, nil)
	c.hasNone(c.must(http.MethodDelete, path, nil, &read), key)
	assert.Equal(t, made, read, "the answer is what was deleted")
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		c.refused(http.StatusNotFound, 1551, method, path, nil)
	}
	assert.Equal(t, empty, c.server.Dump())
}

func TestWorkersAreBoundToWhatIsOnlyStored(t *testing.T) {
	t.Parallel()
	dump := func(dir string, fill bool) string {
		c := start(t, &emulator.Server{DataDir: dir})
		if !fill {
			return c.server.Dump()
		}
		certificate, key := keyPair(t)
		var hd, m struct{ ID string }
		c.must(http.MethodPost, hyperdrives, object{"name": "hd", "origin": origin(nil)}, &hd)
		c.must(http.MethodPost, indexes, object{"name": "idx", "config": object{"dimensions": 3, "metric": "cosine"}}, nil)
		c.must(http.MethodPost, dispatch, object{"name": "ns"}, nil)
		c.must(http.MethodPost, certificates, object{"ca": false, "certificates": certificate, "private_key": key}, &m)
		bindings := []object{
			{"type": "hyperdrive", "name": "HD", "id": hd.ID},
			{"type": "vectorize", "name": "IDX", "index_name": "idx"},
			{"type": "dispatch_namespace", "name": "NS", "namespace": "ns"},
			{"type": "mtls_certificate", "name": "TLS", "certificate_id": m.ID},
		}
		id := c.upload("hello", hello, object{"bindings": bindings})
		for i, got := range c.bindings("hello", id) {
			assert.Equal(t, map[string]any(bindings[i]), got)
		}
		dumped := c.server.Dump()
		for _, random := range []string{hd.ID, m.ID} {
			assert.NotContains(t, dumped, random)
		}
		assert.Contains(t, dumped, `binding {"id":"hd","name":"HD","type":"hyperdrive"}`)
		return dumped
	}
	dir := t.TempDir()
	assert.Equal(t, dump(dir, true), dump(dir, false), "all of it is kept")
}
